"""From a dataset's definition to the files that it names now."""

from __future__ import annotations

import functools
import os
import posixpath
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from stoker.data._storage.base import Entry, Storage
from stoker.data._storage.patterns import Pattern
from stoker.exceptions import DatasetValidationError, UserErrorException

__all__ = ["Opener", "SourceFile", "SourceFiles", "opener_of", "resolve", "resolve_paths"]

_SMALL = 256 << 20
_IN_COLUMNS = (".parquet", ".pq", ".feather", ".arrow", ".orc")

Opener = Callable[[str], Storage]
"""From a datastore's name to its storage."""


class SourceFile:
    """One file of a dataset.

    Attributes
    ----------
    shown : str
        As messages, the column Path and people see it: `datastore://name/path`, a URL, or a local path.
    relative : str
        Its path below what all files of the dataset have in common; no two files share it.
    size : int
        Bytes.
    mark : str
        As in `Entry`; empty for a local file.
    mtime : float
    local : str or None
        Where it lies on this machine; None when it is elsewhere.
    storage : Storage
    path : str
        Its path there.
    """

    __slots__ = ("local", "mark", "mtime", "path", "relative", "shown", "size", "storage")

    def __init__(self, storage: Storage, entry: Entry, shown: str, relative: str, local: str | None) -> None:
        self.storage = storage
        self.path = entry.path
        self.size = entry.size
        self.mark = entry.mark
        self.mtime = entry.mtime
        self.shown = shown
        self.relative = relative
        self.local = local

    def open(self, whole: bool | None = None) -> BinaryIO:
        """Return the file for reading, seekable.

        Parameters
        ----------
        whole : bool, optional
            Whether all of it is going to be read: then a file from elsewhere comes through the cache, so that the next
            reader finds it here. Else only what is read is fetched, unless it is in the cache already. Default: whole
            up to 256 MiB, except Parquet, of which columns are read.
        """
        if self.local is not None:
            return _open_local(self)
        from stoker.data._storage.cache import Cache

        cache = Cache(limit=self.storage.cache_bytes)
        if whole is None:
            whole = self.size <= _SMALL and not self.path.lower().endswith(_IN_COLUMNS)
        kept = cache.open(self) if whole else cache.open_if_there(self)
        return kept if kept is not None else self.storage.open(self.path)

    def __repr__(self) -> str:
        return f"SourceFile({self.shown!r})"


class SourceFiles(list):  # type: ignore[type-arg]  # subscripted bases differ between 3.9 and now only in words
    """The files of a dataset, in order.

    Attributes
    ----------
    whole : str or None
        A folder of this machine that holds these files and no others, each at its `relative`; it can be used in their
        place.
    single : bool
        Whether the definition's path is that of a file. A folder or pattern with one file in it is none: what a script
        is told must not depend on how many files there are today.
    database : callable or None
        Of a query, which has no files: gives the address of its database, with the password.
    """

    whole: str | None = None
    single: bool = False
    database: Callable[[], str] | None = None


def resolve(definition: dict[str, Any], workspace: Any = None) -> SourceFiles:
    """Return the files that a definition names now.

    Parameters
    ----------
    definition : dict
        Its `source.paths` are looked at; a query has no files, but a `database`.
    workspace : Workspace or callable, optional
        Where its datastores are registered, or what opens them by name (`Opener`).

    Raises
    ------
    stoker.exceptions.DatasetValidationError
        A path or pattern names nothing; the message says what is there.
    """
    source = definition["source"]
    if source["type"] == "sql_query":
        from stoker.data._storage.databases import database_of

        files = SourceFiles()
        files.database = functools.partial(database_of, workspace, source["datastore"])
        return files
    return resolve_paths(source.get("paths") or [], workspace)


def resolve_paths(paths: Iterable[dict[str, str]], workspace: Any = None) -> SourceFiles:
    """Return the files that `paths`, as a definition has them, name now."""
    opener = workspace if callable(workspace) else opener_of(workspace)
    found = [_Source.of(path, opener) for path in paths]
    for source in found:
        source.look()
    common = _common([source.base for source in found])
    files = SourceFiles()
    for source in found:
        files.extend(source.files(common))
    if len(found) == 1:
        files.whole = found[0].whole()
        files.single = found[0].is_file()
    _tell_apart(files)
    return files


def opener_of(workspace: Any) -> Opener:
    """Return what opens a workspace's datastores by name, each once."""
    opened: dict[str, Storage] = {}

    def open_by_name(name: str) -> Storage:
        if workspace is None:
            raise UserErrorException(
                f"The dataset lies on the datastore {name!r}, and no workspace was given to look it up in. "
                "Get the dataset from its workspace (Dataset.get_by_name)."
            )
        key = name.lower()
        if key not in opened:
            from stoker.data._storage.opening import storage_of

            opened[key] = storage_of(workspace, name)
        return opened[key]

    return open_by_name


class _Source:
    """One path of a definition: where it lies and what it matched."""

    def __init__(self, storage: Storage, pattern: str, scheme: str, wanted: str, shown: str = "") -> None:
        self._storage = storage
        self._pattern = Pattern(pattern)
        self._scheme = scheme
        self._wanted = wanted
        self._whole_shown = shown
        self._entries: list[Entry] = []
        self.base = ""

    @classmethod
    def of(cls, path: dict[str, str], opener: Opener) -> _Source:
        """Return the source of a path."""
        if "datastore" in path:
            storage, name = opener(path["datastore"]), path["datastore"]
            below = path.get("path") or ""
            return cls(storage, below, f"datastore://{name}", f"{below!r} on the datastore {name!r}")
        if "local" in path:
            return cls._local(path["local"])
        return cls._url(path["url"])

    @classmethod
    def _local(cls, path: str) -> _Source:
        from stoker.data._storage.folder import FolderStorage

        whole = os.path.abspath(path) + ("/" if path.endswith("/") else "")
        storage = FolderStorage(os.sep, "this machine", confined=False)
        return cls(storage, whole, "", repr(path))

    @classmethod
    def _url(cls, url: str) -> _Source:
        scheme = urllib.parse.urlsplit(url).scheme.lower()
        if scheme == "file":
            return cls._local(urllib.parse.unquote(urllib.parse.urlsplit(url).path))
        if scheme in {"http", "https"}:
            from stoker.data._storage.http import HttpFile

            file = HttpFile(url)
            return cls(file, file.path, "", repr(file.shown), file.shown)
        from stoker.data._storage.opening import storage_at

        storage, path = storage_at(url)
        return cls(storage, path, storage.name.rstrip("/"), repr(url))

    def look(self) -> None:
        """Ask the storage what the pattern matches.

        Raises
        ------
        DatasetValidationError
            Nothing.
        """
        self._entries = list(self._storage.glob(self._pattern.text))
        if not self._entries:
            raise DatasetValidationError(
                f"Nothing matches {self._wanted}. {self._what_is_there()} "
                "Correct the path; `**` stands for any number of folders.",
                target="path",
            )
        base = posixpath.dirname(self._pattern.base) if self.is_file() else self._pattern.base
        self.base = f"{self._storage.identity}\n{base}" if base else f"{self._storage.identity}\n"

    def is_file(self) -> bool:
        """Whether the path is that of a file, and no folder or pattern."""
        return not self._pattern.magic and [entry.path for entry in self._entries] == [self._pattern.base]

    def _what_is_there(self) -> str:
        """Return a sentence with some names below the nearest folder that is there."""
        base = self._pattern.base
        while True:
            names = _names_below(self._storage, base)
            if names or not base:
                break
            base = posixpath.dirname(base)
        where = f"In {self._scheme or ''}/{base}" if base else "At the root"
        return f"{where} there is {', '.join(map(repr, names))}." if names else "Nothing is there at all."

    def files(self, common: str) -> Iterable[SourceFile]:
        """Yield the files; their relative paths begin after `common`, or with the storage's name when that is empty."""
        identity, _, cut = common.partition("\n")
        prefix = f"{cut}/" if cut else ""
        ahead = "" if identity else f"{_as_folder(self._storage.name)}/"
        for entry in self._entries:
            relative = ahead + entry.path[len(prefix) :]
            shown = self._whole_shown or f"{self._scheme}/{entry.path}"
            yield SourceFile(self._storage, entry, shown, relative, self._storage.place(entry))

    def whole(self) -> str | None:
        """Return the folder of this machine that holds just the files."""
        pattern = self._pattern
        everything = not pattern.magic or pattern.text == f"{pattern.base}/**".lstrip("/")
        if not everything or self._entries[0].path == pattern.base:
            return None
        return self._storage.local_path(pattern.base)


def _names_below(storage: Storage, base: str) -> list[str]:
    """Return up to eight names of files and folders in a folder."""
    names: dict[str, None] = {}
    cut = len(base) + 1 if base else 0
    for count, entry in enumerate(storage.list(base)):
        rest = entry.path[cut:]
        head, slash, _ = rest.partition("/")
        names[head + slash] = None
        if len(names) == 8 or count > 1000:
            break
    return list(names)


def _common(bases: list[str]) -> str:
    """Return the storage and folder that all have in common, a line each; empty when storages differ."""
    pairs = [base.split("\n", 1) for base in bases]
    if len({identity for identity, _ in pairs}) != 1:
        return ""
    parts = [folder.split("/") for _, folder in pairs]
    shared = []
    for names in zip(*parts):
        if len(set(names)) != 1:
            break
        shared.append(names[0])
    return f"{pairs[0][0]}\n{'/'.join(shared)}"


def _as_folder(name: str) -> str:
    """Return a storage's name as the name of a folder."""
    return name.rpartition("://")[2].strip("/") or "files"


def _tell_apart(files: SourceFiles) -> None:
    """Give files that would share a relative path a number, unless they are one file named twice."""
    seen: dict[str, SourceFile] = {}
    for file in files:
        other = seen.setdefault(file.relative, file)
        if other is file or other.shown == file.shown:
            continue
        stem, extension = posixpath.splitext(file.relative)
        number = 2
        while f"{stem}_{number}{extension}" in seen:
            number += 1
        file.relative = f"{stem}_{number}{extension}"
        seen[file.relative] = file


def _open_local(file: SourceFile) -> BinaryIO:
    try:
        return open(str(file.local), "rb")
    except OSError as error:
        raise UserErrorException(
            f"The file {file.shown} can't be read: {error.strerror or error}. It may have been moved since the dataset "
            "was looked at. Bring it back, or make the dataset anew.",
            error,
        ) from error
