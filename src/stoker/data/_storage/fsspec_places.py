"""Storages at any other place that fsspec reaches: memory, SFTP, HDFS, ..."""

from __future__ import annotations

import contextlib
import os
import posixpath
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from stoker.base.redaction import redacted
from stoker.data._storage.base import Entry, Storage
from stoker.data._storage.copying import PARTS
from stoker.data._storage.paths import check_path, shown_path
from stoker.exceptions import AuthenticationException, NotFoundException, UserErrorException

__all__ = ["FsspecStorage"]

_BLOCK = 1 << 20


class FsspecStorage(Storage):
    """The files below an fsspec URL.

    A file is written under a hidden name and then moved to its own.

    Parameters
    ----------
    url : str
        As `memory://data`, `sftp://host/folder`, `hdfs://host:8020/folder`.
    options : dict
        For the file system: user, password, ...
    name : str
        As messages say it: the datastore's.
    """

    def __init__(self, url: str, options: dict[str, Any], name: str) -> None:
        self.name = name
        self._url = url
        self._shown = redacted(url)
        self._options = {key: value for key, value in options.items() if value is not None}
        self.identity = f"fsspec:{url.rstrip('/')}"
        self._opened: tuple[Any, str] | None = None

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[Entry]:
        """Yield the files below a folder, or the one file of that path."""
        clean = check_path(prefix)
        with self._errors(clean):
            files, root = self._files
            place = self._key(clean)
            files.invalidate_cache()
            found = files.find(place, maxdepth=None if recursive else 1, detail=True)
        entries = [self._entry(root, path, info) for path, info in found.items() if info.get("type") == "file"]
        for entry in sorted(entries):
            if PARTS not in entry.path:
                yield entry

    def _entry(self, root: str, path: str, info: dict[str, Any]) -> Entry:
        changed = next((info[key] for key in ("mtime", "LastModified", "created") if info.get(key)), 0)
        moment = changed.timestamp() if hasattr(changed, "timestamp") else float(changed or 0)
        size = int(info.get("size") or 0)
        mark = str(info.get("ETag") or info.get("etag") or f"{size}:{moment}")
        # The names are the server's: one that leads out would do so wherever the files are put.
        return Entry(check_path(path[len(root) :]), size, mark, moment)

    def open(self, path: str) -> BinaryIO:
        """Return a file for reading."""
        clean = check_path(path)
        if self.stat(clean) is None:
            # Of what is below a file, file systems say different things.
            raise self._absent(clean)
        with self._errors(clean):
            return cast("BinaryIO", self._files[0].open(self._key(clean), "rb"))

    def upload(self, local: str, path: str, overwrite: bool = False) -> bool:
        """Store a local file under a hidden name, then move it."""
        clean = check_path(path)
        if not clean or PARTS in clean:
            raise UserErrorException(
                f"A file on the datastore {self.name!r} can't be called {path!r}. Give it another name.", target="path"
            )
        if not overwrite and self.stat(clean) is not None:
            return False
        try:
            source = open(local, "rb")  # noqa: SIM115  # closed below; only its opening is a local error
        except OSError as error:
            raise UserErrorException(
                f"The file {local!r} can't be read: {error.strerror or error}. It was not uploaded.",
                error,
                target="files",
            ) from error
        with source, self._errors(clean):
            self._store(source, self._key(clean))
        return True

    def _store(self, source: BinaryIO, place: str) -> None:
        files = self._files[0]
        folder = posixpath.dirname(place)
        files.makedirs(folder, exist_ok=True)
        beside = f"{folder}/{PARTS}{os.getpid():x}-{os.urandom(6).hex()}"
        try:
            with files.open(beside, "wb") as target:
                while True:
                    block = source.read(_BLOCK)
                    if not block:
                        break
                    target.write(block)
            files.mv(beside, place)
        except BaseException:
            with contextlib.suppress(Exception):
                files.rm_file(beside)
            raise

    def download(self, path: str, local: str, mark: str | None = None) -> None:
        """Write a file's bytes to a local file."""
        del mark
        with open(local, "wb") as target, self.open(path) as source:
            while True:
                with self._errors(path):
                    block = source.read(_BLOCK)
                if not block:
                    return
                target.write(block)

    def delete(self, path: str) -> None:
        """Remove a file."""
        clean = check_path(path)
        with contextlib.suppress(NotFoundException), self._errors(clean):
            self._files[0].rm_file(self._key(clean))

    @property
    def _files(self) -> tuple[Any, str]:
        if self._opened is None:
            try:
                import fsspec
            except ImportError as error:
                raise UserErrorException(
                    f"The datastore {self.name!r} ({self._shown}) needs the library fsspec. Install it: pip install "
                    "fsspec.",
                    error,
                ) from error
            try:
                files, root = fsspec.core.url_to_fs(self._url, **self._options)
            except (ImportError, ValueError, TypeError) as error:
                raise UserErrorException(
                    f"The datastore {self.name!r} ({self._shown}) can't be opened: {self._redacted(error)}. "
                    "Install what it names, or register the datastore anew with other settings.",
                    error,
                ) from error
            self._opened = files, root.rstrip("/")
        return self._opened

    def _redacted(self, error: Exception) -> str:
        return str(error).replace(self._url, self._shown)

    def _key(self, clean: str) -> str:
        root = self._files[1]
        return f"{root}/{clean}" if clean else root or "/"

    def _absent(self, path: str) -> NotFoundException:
        return NotFoundException(
            f"There is no file {path!r} on the datastore {self.name!r}. "
            "Its path begins at the datastore's root; look at what is there and name one of it.",
            target="path",
        )

    @contextlib.contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        """Make the file system's errors ours."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._absent(path) from error
        except PermissionError as error:
            raise AuthenticationException(
                f"The datastore {self.name!r} refuses access to {shown_path(path)}: its secret is wrong, has "
                "expired, or may not do this. Register the datastore anew with a valid one (overwrite=True).",
                error,
            ) from error
        except (OSError, ValueError) as error:
            raise UserErrorException(
                f"The datastore {self.name!r} can't do this with {shown_path(path)} at {self._shown}: "
                f"{self._redacted(error)}. Look at the address and at the network, then try again.",
                error,
            ) from error
