"""A dataset's files as a folder or a file of this machine: seen in place where they can be, else fetched."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence

from stoker.data._storage.base import Progress
from stoker.data._storage.cache import Cache
from stoker.data._storage.copying import copy_file
from stoker.data._storage.fetching import beside
from stoker.data._storage.paths import check_path
from stoker.data._storage.resolve import SourceFile
from stoker.data._storage.threads import in_threads
from stoker.exceptions import UserErrorException

__all__ = ["materialise"]

MOST_LINKS = 10_000
"""Links that are worth the time they take, some tenths of a second; a folder of more files is seen itself."""


def materialise(
    files: Sequence[SourceFile],
    destination: str,
    mode: str = "mount",
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> str:
    """Make files readable under one path, and return it: of the path of a file that file, else the folder.

    Parameters
    ----------
    files : sequence of SourceFile
        As `resolve` returns them; of a plain list the folder is returned.
    destination : str
        A folder that is made; each file goes below it at its `relative` path.
    mode : {"mount", "download"}, default="mount"
        `download`: copies. `mount`: a tree of links below `destination`, whose folders are read-only, without a copy of
        what lies on this machine; what lies elsewhere comes through the cache, and is linked to where the file system
        allows it. Of a folder of more than `MOST_LINKS` files that folder itself, which can be written to.
    overwrite : bool, default=False
        Whether files in the way are replaced.
    progress : callable, optional

    Raises
    ------
    stoker.exceptions.UserErrorException
        A file is in the way, or can't be fetched or written.

    Examples
    --------
    >>> materialise(files, "data/in/train")  # doctest: +SKIP
    'data/in/train'
    """
    whole = getattr(files, "whole", None)
    if mode == "mount" and whole is not None and len(files) > MOST_LINKS:
        return str(whole)
    made = _unique(files)
    targets = [_target(destination, file) for file in made]
    _clear_way(targets, overwrite=overwrite)
    folders = _folders(destination, targets)
    _put_all(made, targets, mode, progress)
    if mode == "mount":
        _close_folders([*folders, destination])
    return targets[0] if getattr(files, "single", False) else destination


def _unique(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Return the files, one that is named twice once."""
    return list({file.relative: file for file in files}.values())


def _target(destination: str, file: SourceFile) -> str:
    return os.path.join(destination, *check_path(file.relative).split("/"))


def _clear_way(targets: Sequence[str], *, overwrite: bool) -> None:
    for target in targets:
        if os.path.lexists(target):
            if not overwrite or os.path.isdir(target):
                raise UserErrorException(
                    f"{target!r} is there already. Pass overwrite=True to replace files, or choose another folder.",
                    target="target_path",
                )
            os.unlink(target)


def _folders(destination: str, targets: Sequence[str]) -> list[str]:
    """Make the folders of all files; return those below `destination`, the deepest first."""
    try:
        os.makedirs(destination, exist_ok=True)
        needed = {os.path.dirname(target) for target in targets} - {destination}
        for folder in needed:
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UserErrorException(
            f"The folder {error.filename!r} can't be made: {error.strerror or error}. Choose another place.",
            error,
            target="target_path",
        ) from error
    every = set(needed)
    for folder in needed:
        above = os.path.dirname(folder)
        while len(above) > len(destination):
            every.add(above)
            above = os.path.dirname(above)
    return sorted(every, key=len, reverse=True)


def _put_all(files: Sequence[SourceFile], targets: Sequence[str], mode: str, progress: Progress | None) -> None:
    remote: list[tuple[SourceFile, str]] = []
    for file, target in zip(files, targets):
        if file.local is None:
            remote.append((file, target))
            continue
        _put_local(file, target, mode)
        if progress is not None:
            progress(1, file.size)
    if remote:
        _put_remote(remote, mode, progress)


def _put_local(file: SourceFile, target: str, mode: str) -> None:
    source = str(file.local)
    try:
        if mode == "mount":
            os.symlink(source, target)
            return
        part = beside(target)
        copy_file(source, part)
        os.replace(part, target)
    except OSError as error:
        raise _failed(file, target, error) from error


def _put_remote(pairs: Sequence[tuple[SourceFile, str]], mode: str, progress: Progress | None) -> None:
    def put(pair: tuple[SourceFile, str]) -> None:
        file, target = pair
        cache, part = Cache(limit=file.storage.cache_bytes), beside(target)
        try:
            cache.give(file, part, link=mode == "mount")
            os.replace(part, target)
        except OSError as error:
            raise _failed(file, target, error) from error
        finally:
            if os.path.lexists(part):
                os.unlink(part)
        if progress is not None:
            progress(1, file.size)

    in_threads(put, pairs)


def _close_folders(folders: Sequence[str]) -> None:
    for folder in folders:
        os.chmod(folder, 0o555)  # noqa: S103  # read-only is what it is for


def _failed(file: SourceFile, target: str, error: OSError) -> UserErrorException:
    name = posixpath.basename(file.relative)
    return UserErrorException(
        f"{name!r} ({file.shown}) can't be put at {target!r}: {error.strerror or error}. "
        "Look at the folder's permissions and free space, or choose another one.",
        error,
        target="target_path",
    )
