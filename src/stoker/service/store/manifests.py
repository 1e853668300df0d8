"""Which manifests of source trees are sound, and the zip archive of one."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from posixpath import dirname
from typing import Any

from stoker.exceptions import UserErrorException
from stoker.service.store.names import name_problem
from stoker.service.store.objects import ArtifactStore, check_hash

__all__ = ["archive", "check_manifest", "hashes_of"]

FORMAT = 1
MOST_LINKS = 40
"""So many links in a row does Linux follow."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""Every member of an archive has this time, the earliest that zip knows: the same snapshot gives the same bytes."""


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Raise `UserErrorException` unless the manifest has its form and no path of it leads elsewhere.

    Examples
    --------
    >>> check_manifest({"format": 1, "files": [], "links": [], "dirs": []})
    """
    if not isinstance(manifest, Mapping) or manifest.get("format") != FORMAT:
        raise _unsound("it is not of format 1")
    if manifest.keys() != {"format", "files", "links", "dirs"}:
        raise _unsound("it has other entries than format, files, links and dirs")
    files = [_file(entry) for entry in _list(manifest, "files")]
    links = [_link(entry) for entry in _list(manifest, "links")]
    folders = [_path(entry) for entry in _list(manifest, "dirs")]
    _check_order(files)
    _check_tree(files + links, folders)
    _check_links(dict(manifest["links"]))


def hashes_of(manifest: Mapping[str, Any]) -> list[str]:
    """Return the hashes of the files, each once."""
    return list(dict.fromkeys(entry[1] for entry in manifest["files"]))


def archive(manifest: Mapping[str, Any], objects: ArtifactStore) -> Iterator[bytes]:
    """Return the bytes of a zip archive of the tree, made while they are read."""
    sink = _Sink()
    # zipfile asks for nothing more than `write` and `flush` of a file in which it can't move.
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for path in manifest["dirs"]:
            zipped.writestr(_info(path + "/", stat.S_IFDIR | 0o755), b"")
        for path, target in manifest["links"]:
            zipped.writestr(_info(path, stat.S_IFLNK | 0o777), _bytes(target))
        for path, sha256, size, mode in manifest["files"]:
            info = _info(path, stat.S_IFREG | (mode & 0o777))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.file_size = size
            with zipped.open(info, "w", force_zip64=size >= 1 << 31) as member:
                for block in objects.read(sha256):
                    member.write(block)
                    yield from sink.taken()
            yield from sink.taken()
    yield from sink.taken()


class _Sink(io.RawIOBase):
    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> list[bytes]:
        parts, self._parts = self._parts, []
        return [b"".join(parts)] if parts else []


def _info(path: str, mode: int) -> zipfile.ZipInfo:
    name = _bytes(path).decode("utf-8", "replace")
    info = zipfile.ZipInfo(name, EARLIEST)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _list(manifest: Mapping[str, Any], name: str) -> list[Any]:
    entries = manifest[name]
    if not isinstance(entries, list):
        raise _unsound(f"{name} is not a list")
    return entries


def _file(entry: Any) -> str:
    if not isinstance(entry, (list, tuple)) or len(entry) != 4:
        raise _unsound(f"the file {entry!r} is not [path, sha256, size, mode]")
    path, sha256, size, mode = entry
    for value, limit, word in ((size, 1 << 63, "size"), (mode, 0o10000, "mode")):
        if type(value) is not int or not 0 <= value < limit:
            raise _unsound(f"the {word} of {path!r} is {value!r}")
    check_hash(sha256)
    return _path(path)


def _link(entry: Any) -> str:
    if not isinstance(entry, (list, tuple)) or len(entry) != 2:
        raise _unsound(f"the link {entry!r} is not [path, target]")
    path, target = _path(entry[0]), entry[1]
    if not isinstance(target, str) or not target or "\0" in target or target.startswith("/"):
        raise _unsound(f"the link {path!r} has the target {target!r}, which is not relative")
    return path


def _path(path: Any) -> str:
    problem = name_problem(path)
    if problem is not None:
        raise _unsound(f"the path {path!r} can't be used: {problem}")
    return str(path)


def _check_order(paths: list[str]) -> None:
    keys = [_bytes(path) for path in paths]
    if any(first >= second for first, second in pairwise(keys)):
        raise _unsound("its files are not sorted by the bytes of their paths, each once")


def _check_tree(leaves: list[str], folders: list[str]) -> None:
    """Refuse a path that is two things, and one that passes through a file or a link."""
    if len({*leaves, *folders}) < len(leaves) + len(folders):
        raise _unsound("a path is there twice")
    ends = set(leaves)
    seen: set[str] = set()
    for path in (*leaves, *folders):
        above = dirname(path)
        while above and above not in seen:
            if above in ends:
                raise _unsound(f"the path {path!r} passes through {above!r}, which is no folder")
            seen.add(above)
            above = dirname(above)


def _check_links(links: dict[str, str]) -> None:
    for path, target in links.items():
        if _end([*path.split("/")[:-1]], target, links, [MOST_LINKS]) is None:
            raise _unsound(f"the link {path!r} leads out of the folder, by {target!r}")


def _end(place: list[str], target: str, links: dict[str, str], left: list[int]) -> list[str] | None:
    """Return where `target` leads from `place`, through other links too, or None when that is outside."""
    for part in target.split("/"):
        if part == ".." and not place:
            return None
        if part == "..":
            place = place[:-1]
        elif part not in {"", "."}:
            further = links.get("/".join([*place, part]))
            left[0] -= further is not None
            # A ring of links leads nowhere.
            found = [*place, part] if further is None or left[0] < 0 else _end(place, further, links, left)
            if found is None:
                return None
            place = found
    return place


def _unsound(problem: str) -> UserErrorException:
    return UserErrorException(
        f"The snapshot's manifest can't be stored: {problem}. Make it with this version of Stoker's client.",
        target="manifest",
    )
