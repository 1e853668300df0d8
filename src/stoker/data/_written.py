"""Files that are written from a table when somebody wants them: `to_csv_files`, `to_parquet_files`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile

from stoker.base.jsonio import canonical, read_json, write_json
from stoker.base.paths import cache_home
from stoker.data._definition import option
from stoker.data._storage.base import Entry, Storage
from stoker.data._storage.resolve import SourceFile, SourceFiles
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

__all__ = ["written_files"]


def written_files(definition: Mapping[str, Any], workspace: Any) -> SourceFiles:
    """Return the one file that holds the table, written anew only when the table's data have changed.

    Parameters
    ----------
    definition : dict
        Of a dataset whose source is `written_files`.
    workspace : Workspace or callable or None
        As `resolve` takes it.
    """
    storage = WrittenStorage(definition, workspace)
    return SourceFiles(
        SourceFile(storage, entry, f"written/{entry.path}", entry.path, None) for entry in storage.list()
    )


class WrittenStorage(Storage):
    """One file that is made of a table; it is kept in the content cache, and made again when that has let it go.

    Parameters
    ----------
    definition : dict
    workspace : Workspace or callable or None
    """

    def __init__(self, definition: Mapping[str, Any], workspace: Any) -> None:
        self._table = definition["source"]["of"]
        self._format = option(definition, "format")
        self._separator = option(definition, "separator")
        self._workspace = workspace
        self.name = "written"
        self._key = self._made_key(definition)
        self.identity = f"written:{self._key}"
        self._path = f"part-00000.{self._format}"

    def _made_key(self, definition: Mapping[str, Any]) -> str:
        """Return what stands for the table's content: a fresh key where that can't be known without reading it."""
        from stoker.data._files import source_files

        if self._table["source"]["type"] == "sql_query" or _depends_on_now(self._table):
            return os.urandom(16).hex()
        marks = [
            [file.shown, file.size, file.mark or file.mtime] for file in source_files(self._table, self._workspace)
        ]
        return hashlib.sha256(canonical([definition["source"], marks])).hexdigest()

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[Entry]:
        """Yield the file; it is written first when its size is not known yet."""
        del recursive
        if prefix in {"", self._path}:
            yield Entry(self._path, self._size(), self._key, 0.0)

    def _size(self) -> int:
        note = os.path.join(cache_home(), "data", "written", f"{self._key}.json")
        known = read_json(note)
        if isinstance(known, int):
            return known
        folder = os.path.dirname(note)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=folder, suffix=".part")
        os.close(descriptor)
        try:
            self._write(part)
            size = self._keep(part)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
        write_json(note, size)
        return size

    def _keep(self, part: str) -> int:
        """Put the written file where the cache would have fetched it to; return its size."""
        from stoker.data._storage.cache import Cache

        size = os.path.getsize(part)
        cache = Cache()
        if size <= cache.limit:
            file = SourceFile(self, Entry(self._path, size, self._key, 0.0), "", self._path, None)
            place = cache.path_of(file)
            os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
            os.chmod(part, 0o400)
            os.replace(part, place)
            cache.trim(added=size)
        return size

    def _write(self, path: str) -> None:
        from stoker.data import _engine
        from stoker.data._files import source_files

        rows = _engine.scan(self._table, source_files(self._table, self._workspace))
        with contextlib.closing(rows) as reader, open(path, "wb") as sink:
            if self._format == "csv":
                _engine.write_csv(reader, sink, separator=self._separator)
            else:
                _engine.write_parquet(reader, sink)

    def open(self, path: str) -> BinaryIO:
        """Return the file, written to a place that nobody else sees."""
        del path
        with tempfile.NamedTemporaryFile(suffix=f".{self._format}") as file:
            self._write(file.name)
            return open(file.name, "rb")

    def download(self, path: str, local: str, mark: str | None = None) -> None:
        """Write the file to `local`."""
        del path, mark
        self._write(local)

    def upload(self, local: str, path: str, overwrite: bool = False) -> bool:
        """Raise: files that are made can't be stored to."""
        del local, path, overwrite
        raise self._read_only()

    def delete(self, path: str) -> None:
        """Raise: files that are made can't be removed."""
        del path
        raise self._read_only()

    def _read_only(self) -> UserErrorException:
        return UserErrorException("Files that a dataset writes from a table can't be changed. Change the dataset.")


def _depends_on_now(definition: Mapping[str, Any]) -> bool:
    return any(step["op"] == "recent" for step in definition["steps"])
