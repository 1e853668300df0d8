"""What a dataset's files were at a time: so that a later use can say which of them changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any

from stoker.base.digest import stream_digest
from stoker.data._storage.hashes import HashIndex
from stoker.data._storage.resolve import SourceFile
from stoker.exceptions import UserErrorException

__all__ = ["HASH_BYTES", "MOST_ENTRIES", "VARIABLE", "compare", "fingerprint"]

MOST_ENTRIES = 100_000
"""How many files a fingerprint names; all are in its digest."""

HASH_BYTES = 4 << 30
"""Local files beyond this sum of bytes that must be read anew are known by size and time instead: 4 GiB."""

VARIABLE = "STOKER_DATA_HASH_BYTES"
"""The environment variable for another limit."""


def fingerprint(files: Sequence[SourceFile], *, limit: int | None = None) -> dict[str, Any]:
    """Return the fingerprint of files: number, bytes, digest and entries.

    A local file's mark is the SHA-256 of its content; files that were not touched since an earlier look are not read
    again. A remote one's is its ETag, else when it was changed; of one whose server says neither it is the content's
    SHA-256 too.

    Parameters
    ----------
    files : sequence of SourceFile
    limit : int, optional
        Bytes of local files that are read for it; beyond, a file's mark is `size:mtime`. Default:
        `STOKER_DATA_HASH_BYTES`, else 4 GiB.

    Returns
    -------
    dict
        `{"files", "bytes", "digest", "truncated", "entries": [[path, size, mark], ...]}`.
    """
    entries = sorted(_entries(files, _limit() if limit is None else limit))
    digest = hashlib.sha256()
    for path, size, mark in entries:
        digest.update(f"{path}\0{size}\0{mark}\n".encode("utf-8", "surrogatepass"))
    return {
        "files": len(entries),
        "bytes": sum(size for _, size, _ in entries),
        "digest": digest.hexdigest(),
        "truncated": len(entries) > MOST_ENTRIES,
        "entries": [list(entry) for entry in entries[:MOST_ENTRIES]],
    }


def _entries(files: Sequence[SourceFile], limit: int) -> Iterable[tuple[str, int, str]]:
    local: dict[str, list[SourceFile]] = {}
    for file in files:
        if file.local is None:
            yield file.relative, file.size, file.mark or _mark_of(file, limit)
        else:
            local.setdefault(_root(file), []).append(file)
    for root, group in local.items():
        yield from _local_entries(root, group, limit)
        limit -= sum(file.size for file in group)


def _mark_of(file: SourceFile, limit: int) -> str:
    if file.mtime or file.size > limit:
        return f"{file.size}:{file.mtime:.0f}"
    with file.open(whole=True) as content:
        return stream_digest(content)[0]


def _root(file: SourceFile) -> str:
    """Return the folder that a file's relative path begins in; the file's own when there is no such."""
    path, below = str(file.local), file.relative.replace("/", os.sep)
    return path[: -len(below) - 1] or os.sep if path.endswith(os.sep + below) else os.path.dirname(path)


def _local_entries(root: str, files: Sequence[SourceFile], limit: int) -> Iterable[tuple[str, int, str]]:
    index = HashIndex(root)
    try:
        marks = index.marks([str(file.local) for file in files], limit)
    except OSError as error:
        raise UserErrorException(
            f"The file {error.filename!r} can't be read: {error.strerror or error}. It was there a moment ago; "
            "look at its permissions and try again.",
            error,
        ) from error
    for file, (size, mark) in zip(files, marks):
        yield file.relative, size, mark


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return the paths of files that differ between two fingerprints, came or went; sorted.

    Empty when they are the same, and also when they differ beyond the files that are named: compare `digest` first.

    Examples
    --------
    >>> compare({"entries": [["a", 1, "x"]]}, {"entries": [["a", 1, "y"], ["b", 1, "z"]]})
    ['a', 'b']
    """
    before = {path: (size, mark) for path, size, mark in old.get("entries") or []}
    after = {path: (size, mark) for path, size, mark in new.get("entries") or []}
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def _limit() -> int:
    given = os.environ.get(VARIABLE)
    try:
        return int(float(given)) if given else HASH_BYTES
    except ValueError:
        raise UserErrorException(
            f"{VARIABLE} is {given!r}, which is no number of bytes. Set it to one, as {HASH_BYTES}.", target=VARIABLE
        ) from None
