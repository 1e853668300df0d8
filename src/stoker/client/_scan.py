"""Look at a source folder: its files, links and empty folders, less what is left out."""

from __future__ import annotations

import os
import stat as modes
from typing import Any

from stoker.client._ignore import ALWAYS, Ignore
from stoker.client._index import Stat
from stoker.exceptions import SnapshotException

__all__ = ["Limits", "Tree", "look_at", "stat_tuple", "unreadable"]

_KINDS = {
    modes.S_IFSOCK: "a socket",
    modes.S_IFIFO: "a named pipe",
    modes.S_IFCHR: "a device",
    modes.S_IFBLK: "a device",
}
_MB = 1 << 20
_ADVICE = (
    "Leave out what the run does not need by a line in .amlignore (or .stokerignore) at the root of the folder, "
    "in .gitignore's syntax"
)


class Limits:
    """How much a snapshot may hold.

    Parameters
    ----------
    max_bytes : int
        Size of all files together.
    max_files : int
    """

    def __init__(self, max_bytes: int, max_files: int) -> None:
        self.max_bytes = max_bytes
        self.max_files = max_files


class Tree:
    """What a source folder holds.

    Attributes
    ----------
    root : str
        The folder's real path.
    stats : dict of str to tuple
        Size, times, inode and mode of each file, by relative path with slashes.
    links : list of [str, str]
        Path and relative target of each symbolic link.
    dirs : list of str
        Folders that hold nothing else.
    warnings : list of str
        What could not be recorded.
    size : int
        Bytes of all files.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.stats: dict[str, Stat] = {}
        self.links: list[list[str]] = []
        self.dirs: list[str] = []
        self.warnings: list[str] = []
        self.size = 0

    @property
    def shape(self) -> tuple[Any, ...]:
        """Links and empty folders, comparable with those of an earlier look."""
        return tuple(map(tuple, self.links)), tuple(self.dirs)


def look_at(source: str, limits: Limits | None = None) -> Tree:
    """Return what the folder, or the one file, `source` holds.

    Raises
    ------
    stoker.exceptions.SnapshotException
        The folder is missing, unreadable or beyond `limits`, or a link leads out of it.
    """
    try:
        stat = os.stat(source)
    except OSError as error:
        raise SnapshotException(
            f"The source folder {source!r} can't be recorded: {error.strerror or error}. "
            "Give a folder or file that exists (source_directory).",
            error,
        ) from error
    if not modes.S_ISDIR(stat.st_mode):
        return _single_file(os.path.abspath(source), stat, limits)
    tree = Tree(os.path.realpath(source))
    _walk(tree, limits)
    tree.links.sort(key=_order)
    tree.dirs.sort(key=os.fsencode)
    _check(tree, limits)
    return tree


def _single_file(path: str, stat: os.stat_result, limits: Limits | None) -> Tree:
    if not modes.S_ISREG(stat.st_mode):
        raise SnapshotException(f"{path!r} is {_kind(stat.st_mode)}; only files and folders can be recorded. Name one.")
    tree = Tree(os.path.realpath(os.path.dirname(path)))
    tree.stats[os.path.basename(path)] = stat_tuple(stat)
    tree.size = stat.st_size
    _check(tree, limits)
    return tree


def stat_tuple(stat: os.stat_result) -> Stat:
    """Return the facts of a file that change whenever its content does."""
    return (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_mode)


def _order(link: list[str]) -> bytes:
    return os.fsencode(link[0])


def _walk(tree: Tree, limits: Limits | None) -> None:
    """Visit folder by folder; far beyond the limit of files it stops, as when a whole home folder was named."""
    enough = 2 * limits.max_files if limits is not None else None
    stack = [("", Ignore.of_root(tree.root))]
    while stack:
        prefix, ignore = stack.pop()
        path = os.path.join(tree.root, prefix)
        try:
            with os.scandir(path) as listing:
                entries = list(listing)
            if ignore.nested and any(entry.name == ".gitignore" for entry in entries):
                ignore = ignore.enter(path, prefix)
            kept, folders = _visit(tree, entries, prefix, ignore)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise unreadable(error, path, prefix) from error
        stack.extend((folder, ignore) for folder in folders)
        if not kept and prefix:
            tree.dirs.append(prefix[:-1])
        if enough is not None and len(tree.stats) > enough:
            return


def unreadable(error: OSError, path: str, name: str) -> SnapshotException:
    """Return the error of a file or folder (`name`: its path below the source folder) that can't be read."""
    return SnapshotException(
        f"{path!r} can't be read ({error.strerror or error}), so it can't be recorded. "
        f"Change its permissions, or leave it out by a line in .amlignore: /{name}",
        error,
        target=name,
    )


def _visit(tree: Tree, entries: list[os.DirEntry[str]], prefix: str, ignore: Ignore) -> tuple[int, list[str]]:
    """Record the entries of one folder; return how many were kept, and the folders to visit."""
    stats, active, excludes = tree.stats, ignore.active, ignore.excludes
    secretive = prefix.startswith(".azureml/") or "/.azureml/" in prefix
    kept, folders, size = 0, [], 0
    for entry in entries:
        name = entry.name
        if name in ALWAYS or (secretive and name.endswith(".json")):
            continue
        is_file = entry.is_file(follow_symlinks=False)
        is_dir = not is_file and entry.is_dir(follow_symlinks=False)
        if active and excludes(name, prefix, is_dir):
            continue
        if is_file:
            try:
                stat = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            # Not by stat_tuple: a call for each of 10,000 files is a tenth of the time that the look may take.
            stats[prefix + name] = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_mode)
            size += stat.st_size
        elif is_dir:
            folders.append(f"{prefix}{name}/")
        elif not _record_other(tree, entry, prefix + name):
            continue
        kept += 1
    tree.size += size
    return kept, folders


def _record_other(tree: Tree, entry: os.DirEntry[str], path: str) -> bool:
    """Record a link; warn of what is neither file, folder nor link. Return whether it was kept."""
    if entry.is_symlink():
        tree.links.append([path, _target(tree.root, path)])
        return True
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    tree.warnings.append(f"{path!r} was left out of the snapshot: it is {_kind(mode)}, not a file.")
    return False


def _kind(mode: int) -> str:
    return _KINDS.get(modes.S_IFMT(mode), "of an unknown kind")


def _target(root: str, path: str) -> str:
    """Return the target of a link, relative, so that it leads to the same place in a copy of the folder."""
    link = os.path.join(root, path)
    written = os.readlink(link)
    if _stays(root, path, written):
        return written.replace(os.sep, "/")
    place = os.path.join(os.path.dirname(link), written)
    real = os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))
    direct = os.path.relpath(real, os.path.dirname(link))
    if _stays(root, path, direct):
        return direct.replace(os.sep, "/")
    raise SnapshotException(
        f"The link {path!r} in {root!r} leads out of the folder, to {written!r}. A run gets a copy of the folder, in "
        "which such a link would point to nothing or to files that are not on record. Copy the target into the folder, "
        f"or leave the link out by a line in .amlignore: /{path}",
        target=path,
    )


def _stays(root: str, path: str, target: str) -> bool:
    """Whether a link ends inside the folder, both as it is written and through other links."""
    if os.path.isabs(target):
        return False
    written = os.path.normpath(os.path.join(os.path.dirname(path), target))
    if written == ".." or written.startswith(".." + os.sep):
        return False
    real = os.path.realpath(os.path.join(root, path))
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def _check(tree: Tree, limits: Limits | None) -> None:
    if limits is None:
        return
    count = len(tree.stats)
    if count > limits.max_files:
        least = "at least " if count > 2 * limits.max_files else ""
        found = f"{least}{count:,}, {_megabytes(tree.size)}"
        what = f"the number of files exceeds the limit of {limits.max_files:,} (it is {found})"
        raise _too_large(tree, what, "snapshot_max_files", 1)
    if tree.size > limits.max_bytes:
        found = f"{_megabytes(tree.size)} in {count:,} files"
        what = f"total snapshot size exceeds the limit of {_megabytes(limits.max_bytes)} (it is {found})"
        raise _too_large(tree, what, "snapshot_max_bytes", 0)


def _too_large(tree: Tree, what: str, setting: str, by: int) -> SnapshotException:
    largest = _largest(tree, by)
    return SnapshotException(
        f"The folder {tree.root!r} can't be recorded: {what}. The largest paths are {', '.join(largest)}. "
        f"{_ADVICE}, or raise the setting {setting} (or the variable STOKER_{setting.upper()}).",
        details={"largest": largest},
    )


def _largest(tree: Tree, by: int) -> list[str]:
    """Return the five largest paths in words, by bytes (0) or number of files (1); folders count all below them."""
    sums: dict[str, list[int]] = {}
    for path, stat in tree.stats.items():
        for name in _above(path) if by else (*_above(path), path):
            total = sums.setdefault(name, [0, 0])
            total[0] += stat[0]
            total[1] += 1
    for name in list(sums):
        # A folder that is nearly all one thing says less than that thing.
        for parent in _above(name):
            if parent in sums and sums[name][by] >= 0.9 * sums[parent][by]:
                del sums[parent]
    # What is next to nothing of the whole is not worth leaving out.
    least = (len(tree.stats) if by else tree.size) / 100
    ranked = sorted((name for name in sums if sums[name][by] >= least), key=lambda name: (-sums[name][by], name))
    return [_in_words(name, *sums[name]) for name in ranked[:5]]


def _above(path: str) -> list[str]:
    """Return the folders that hold a path: `./` and each below it, with a last slash."""
    parts = path.rstrip("/").split("/")[:-1]
    return [] if path == "./" else ["./", *("/".join(parts[: depth + 1]) + "/" for depth in range(len(parts)))]


def _in_words(name: str, size: int, count: int) -> str:
    files = f" in {count:,} files" if name.endswith("/") else ""
    return f"{name!r} ({_megabytes(size)}{files})"


def _megabytes(size: int) -> str:
    return f"{size / _MB:.1f} MB"
