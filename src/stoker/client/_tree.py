"""Write the tree of a manifest from the object store into a folder: by reflink or copy, never by hard link.

Used by the supervisor before a script starts, so it is quick and imports little.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from stoker.exceptions import StokerException

__all__ = ["write_tree"]

_SMALL = 128 * 1024
_BLOCK = 8 << 20
_FICLONE = 0x40049409
_CANT = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM, errno.EBADF}
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)

_no_reflink: set[tuple[int, int]] = set()


def write_tree(manifest: dict[str, Any], objects: str, destination: str) -> None:
    """Write all files, folders and links of a manifest below `destination`.

    What an earlier, broken attempt left there is replaced, so a call can be repeated.

    Parameters
    ----------
    manifest : dict
        As the service keeps it: `files`, `links`, `dirs`.
    objects : str
        Folder of contents, each at `ab/abcdef...` (its SHA-256).
    destination : str
        Made when absent. Nothing is written outside it.

    Raises
    ------
    stoker.exceptions.StokerException
        A content is missing or damaged, a path leads out of the folder, or the disk refuses.
    """
    folders: dict[str, list[list[Any]]] = {}
    for item in manifest["files"]:
        folders.setdefault(item[0].rpartition("/")[0], []).append(item)
    links = manifest.get("links", ())
    try:
        os.makedirs(destination, exist_ok=True)
        _make_folders(
            destination, [*folders, *manifest.get("dirs", ()), *(link[0].rpartition("/")[0] for link in links)]
        )
        for folder, items in folders.items():
            _write_folder(os.path.join(destination, folder), items, objects)
        _make_links(destination, links)
    except OSError as error:
        raise StokerException(
            f"The snapshot could not be written to {destination!r}: {error.strerror or error}"
            f"{f' ({error.filename!r})' if error.filename else ''}. "
            "Look at the disk's free space and the folder's permissions, then submit the run again.",
            error,
        ) from error


def _make_folders(destination: str, folders: list[str]) -> None:
    made = {""}
    for folder in sorted(set(folders) - made):
        part = ""
        for name in folder.split("/"):
            _check_name(folder, name)
            part = f"{part}/{name}" if part else name
            if part not in made:
                _make_folder(os.path.join(destination, part))
                made.add(part)


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path)
    except FileExistsError:
        if os.path.islink(path) or not os.path.isdir(path):
            os.unlink(path)
            os.mkdir(path)


def _check_name(path: str, name: str) -> None:
    if name in {"", ".", ".."} or "\0" in name or os.sep in name or path.startswith("/"):
        raise StokerException(
            f"The snapshot names the path {path!r}, which can't lie inside a folder. The snapshot is damaged; "
            "change any file of the source folder and submit again."
        )


def _write_folder(folder: str, items: list[list[Any]], objects: str) -> None:
    into = os.open(folder, _FOLDER)
    try:
        for path, digest, size, mode in items:
            name = path.rpartition("/")[2]
            _check_name(path, name)
            try:
                _write_file(into, name, f"{objects}/{digest[:2]}/{digest}", size, mode)
            except _Broken as error:
                raise StokerException(
                    f"The snapshot's file {path!r} can't be made: its content {digest} {error} in {objects!r}. "
                    "It may have been removed or changed by hand. Change any file of the source folder and submit "
                    "again: the new snapshot brings along what is missing."
                ) from error
    finally:
        os.close(into)


class _Broken(Exception):  # noqa: N818  # never leaves this module
    """A content that is not there, or not whole."""


def _write_file(into: int, name: str, content: str, size: int, mode: int) -> None:
    try:
        source = os.open(content, os.O_RDONLY)
    except FileNotFoundError:
        raise _Broken("is missing") from None
    try:
        target = _create(into, name, mode)
        try:
            _fill(source, target, size)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _create(into: int, name: str, mode: int) -> int:
    """Open a new file, readable by its owner and runnable or not as `mode` says; the umask decides on the rest."""
    bits = 0o777 if mode & 0o100 else 0o666
    try:
        return os.open(name, _NEW, bits, dir_fd=into)
    except FileExistsError:
        _remove(into, name)
        return os.open(name, _NEW, bits, dir_fd=into)


def _remove(into: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=into)
    except (IsADirectoryError, PermissionError):
        os.rmdir(name, dir_fd=into)


def _fill(source: int, target: int, size: int) -> None:
    if size > _SMALL:
        done = _reflink(source, target) or _copy(source, target)
    else:
        data = os.read(source, size + 1)
        done = len(data)
        written = os.write(target, data)
        while written < done:
            written += os.write(target, data[written:])
    if done != size:
        raise _Broken(f"is damaged (it has {done} bytes, not {size})")


def _reflink(source: int, target: int) -> int:
    """Share the blocks of the file where the file system can; return its size, or 0 where it can't."""
    pair = (os.fstat(source).st_dev, os.fstat(target).st_dev)
    if pair[0] != pair[1] or pair in _no_reflink:
        return 0
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _CANT:
            raise
        _no_reflink.add(pair)
        return 0
    return os.fstat(target).st_size


def _copy(source: int, target: int) -> int:
    """Copy inside the kernel where it can, else by hand; return the number of bytes."""
    done = 0
    if hasattr(os, "copy_file_range"):
        try:
            while True:
                count = os.copy_file_range(source, target, _BLOCK)
                done += count
                if not count:
                    break
        except OSError as error:
            if error.errno not in _CANT:
                raise
    while True:
        data = os.read(source, _BLOCK)
        if not data:
            return done
        done += len(data)
        while data:
            data = data[os.write(target, data) :]


def _make_links(destination: str, links: list[list[str]]) -> None:
    for path, target in links:
        folder, _, name = path.rpartition("/")
        _check_name(path, name)
        inside = os.path.normpath(os.path.join(folder, target))
        if os.path.isabs(target) or inside == ".." or inside.startswith("../"):
            raise _leads_out(path, target)
        place = os.path.join(destination, path)
        if os.path.lexists(place):
            os.unlink(place)
        os.symlink(target, place)
    _check_links(destination, [link for link in links if ".." in link[1]])


def _check_links(destination: str, links: list[list[str]]) -> None:
    """Refuse a link that leaves the folder by way of another link."""
    root = os.path.join(os.path.realpath(destination), "")
    for path, target in links:
        place = os.path.join(destination, path)
        if not os.path.join(os.path.realpath(place), "").startswith(root):
            os.unlink(place)
            raise _leads_out(path, target)


def _leads_out(path: str, target: str) -> StokerException:
    return StokerException(
        f"The snapshot's link {path!r} leads out of its folder, to {target!r}, so it was not made. "
        "The snapshot is damaged; change any file of the source folder and submit again."
    )
