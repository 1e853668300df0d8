"""Storages in S3, Azure Blob and Google Cloud Storage, by the library obstore."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, BinaryIO, NoReturn, cast

from stoker.data._storage.base import Entry, Storage
from stoker.data._storage.http import RangeReader
from stoker.data._storage.object_settings import KINDS, Settings
from stoker.data._storage.paths import check_path, shown_path
from stoker.exceptions import AuthenticationException, ConflictException, NotFoundException, UserErrorException

__all__ = ["ObjectStorage"]

_BLOCK = 4 << 20
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([^<]*)</Code>")
_SAID = re.compile(r"<Message>([^<]*)</Message>", re.DOTALL)
_MISSING_PLACES = {"NoSuchBucket", "ContainerNotFound", "InvalidBucketName", "InvalidResourceName"}
_BUSY = {429, 500, 502, 503, 504}


class ObjectStorage(Storage):
    """The objects of a bucket or container, below a prefix.

    An object appears when all of it has arrived; its mark is the ETag. What is read is compared with the mark that it
    was opened or listed with.

    Parameters
    ----------
    kind : {"s3", "azure", "gcs"}
    url : str
        As `s3://bucket/prefix`, `az://container/prefix`, `abfss://container@account.dfs.core.windows.net/prefix`.
    options : dict
        `endpoint_url`, `region`, `account_name`, ...: what is no secret.
    secret : dict
        `access_key_id` and `secret_access_key`, `account_key`, `sas_token`, ...
    name : str
        As messages say it: the datastore's.
    """

    def __init__(self, kind: str, url: str, options: dict[str, Any], secret: dict[str, Any], name: str) -> None:
        self.name = name
        self._settings = Settings(kind, url, options, secret)
        self._prefix = check_path(self._settings.prefix)
        self.identity = self._settings.identity
        self._made: Any = None

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[Entry]:
        """Yield the objects below a folder, or the one of that path."""
        clean = check_path(prefix)
        found = self._below(clean, recursive=recursive)
        if not found and clean:
            entry = self.stat(clean)
            found = [entry] if entry is not None else []
        yield from found

    def exists(self, path: str) -> bool:
        """Whether there is an object of that path, or one below it; looks at one page of a list."""
        clean = check_path(path)
        return self._has_some(clean) or self.stat(clean) is not None

    def check(self) -> None:
        """Look whether the place answers and lets us in."""
        self._has_some("")

    def _has_some(self, clean: str) -> bool:
        obstore = self._obstore
        with self._errors(clean):
            return any(page for page in obstore.list(self._store, self._key(clean) or None, chunk_size=1))

    def _below(self, clean: str, *, recursive: bool) -> Sequence[Entry]:
        obstore = self._obstore
        with self._errors(clean):
            if recursive:
                listed = [item for page in obstore.list(self._store, self._key(clean) or None) for item in page]
            else:
                listed = list(obstore.list_with_delimiter(self._store, self._key(clean) or None)["objects"])
        entries = sorted(self._entry(item) for item in listed)
        # A store with real folders lists them as empty objects.
        folders = {above for entry in entries for above in _above(entry.path)}
        return [entry for entry in entries if entry.path and not (entry.size == 0 and entry.path in folders)]

    def _entry(self, item: Any) -> Entry:
        path = item["path"][len(self._prefix) :].lstrip("/") if self._prefix else item["path"]
        mtime = item["last_modified"].timestamp()
        # Azure quotes the ETag in some answers only.
        mark = (item.get("e_tag") or "").strip('"')
        return Entry(path, item["size"], mark or f"{item['size']}:{mtime}", mtime)

    def stat(self, path: str) -> Entry | None:
        """Return the object of that path, or None."""
        obstore = self._obstore
        clean = check_path(path)
        if not clean:
            return None
        try:
            with self._errors(clean):
                return self._entry(obstore.head(self._store, self._key(clean)))
        except NotFoundException:
            return None

    def open(self, path: str) -> BinaryIO:
        """Return an object, fetched in ranges as it is read."""
        clean = check_path(path)
        entry = self.stat(clean)
        if entry is None:
            raise self._absent(clean)
        key, options = self._key(clean), _if_match(entry.mark)

        def fetch(start: int, end: int) -> bytes:
            obstore = self._obstore
            with self._errors(clean):
                got = obstore.get(self._store, key, options=cast("Any", {**options, "range": (start, end)}))
                return bytes(got.bytes())

        return cast("BinaryIO", io.BufferedReader(RangeReader(fetch, entry.size), _BLOCK))

    def upload(self, local: str, path: str, overwrite: bool = False) -> bool:
        """Store a local file; a large one in parts, which appear together."""
        obstore = self._obstore
        clean = check_path(path)
        if not clean:
            raise UserErrorException(f"A file on the datastore {self.name!r} wants a name.", target="path")
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
            obstore.put(self._store, self._key(clean), source)
        return True

    def download(self, path: str, local: str, mark: str | None = None) -> None:
        """Write an object's bytes to a local file."""
        obstore = self._obstore
        clean = check_path(path)
        options: Any = _if_match(mark or "")
        # Opened first: a place that can't be written is no error of the store.
        with open(local, "wb") as file, self._errors(clean):
            got = obstore.get(self._store, self._key(clean), options=options)
            for block in got.stream(min_chunk_size=_BLOCK):
                _write(file, block)

    def delete(self, path: str) -> None:
        """Remove an object."""
        obstore = self._obstore
        clean = check_path(path)
        with contextlib.suppress(NotFoundException), self._errors(clean):
            obstore.delete(self._store, self._key(clean))

    @property
    def _store(self) -> Any:
        if self._made is None:
            self._made = self._settings.open(self.name)
        return self._made

    @property
    def _obstore(self) -> ModuleType:
        """The library; opening the place first says what to install where it is missing."""
        assert self._store is not None
        import obstore

        return obstore

    def _key(self, clean: str) -> str:
        return f"{self._prefix}/{clean}".strip("/") if self._prefix else clean

    @contextlib.contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        """Make the library's errors ours; those of local files pass."""
        from obstore import exceptions

        try:
            yield
        except _LocalError as error:
            raise error.inner from None
        except FileNotFoundError as error:
            self._missing(path, error)
        except exceptions.PreconditionError as error:
            raise ConflictException(
                f"{path!r} on the datastore {self.name!r} has changed since it was looked at. "
                "Read it again to get what is there now.",
                error,
            ) from error
        except exceptions.BaseError as error:
            self._explain(path, error)
        except ValueError as error:
            raise UserErrorException(
                f"{path!r} can't be a path on the datastore {self.name!r}: {_first_line(error)}. Use another name.",
                error,
                target="path",
            ) from error

    def _missing(self, path: str, error: Exception) -> NoReturn:
        if _code(error) in _MISSING_PLACES:
            raise self._no_place(error) from error
        raise self._absent(path) from error

    def _absent(self, path: str) -> NotFoundException:
        return NotFoundException(
            f"There is no file {path!r} on the datastore {self.name!r}. "
            "Its path begins at the datastore's root; look at what is there and name one of it.",
            target="path",
        )

    def _no_place(self, error: Exception) -> UserErrorException:
        return UserErrorException(
            f"The {KINDS[self._settings.kind].word} {self._settings.bucket!r} of the datastore {self.name!r} is not "
            f"there{_in_brackets(_code(error))}. Make it, or register the datastore anew with the right name.",
            error,
        )

    def _explain(self, path: str, error: Exception) -> NoReturn:
        found = _STATUS.search(str(error))
        status, code = int(found.group(1)) if found else 0, _code(error)
        denied = type(error).__name__ in {"PermissionDeniedError", "UnauthenticatedError"} or status in {401, 403}
        if code in _MISSING_PLACES:
            raise self._no_place(error) from error
        if denied or "Authentication" in code:
            raise AuthenticationException(
                f"The datastore {self.name!r} refuses access to {shown_path(path)}{_in_brackets(code)}: its "
                f"{self._settings.secret_word} is wrong, has expired, or may not do this. Register the datastore anew "
                f"with a valid one: {KINDS[self._settings.kind].register}(..., overwrite=True).",
                error,
            ) from error
        if not status or status in _BUSY:
            raise UserErrorException(
                f"The datastore {self.name!r} does not answer at {self._settings.shown}: {_first_line(error)}. "
                "Look at the address and at the network, then try again.",
                error,
            ) from error
        said = _SAID.search(str(error))
        raise UserErrorException(
            f"The datastore {self.name!r} can't do this with {path!r}: status {status}{_in_brackets(code)}"
            f"{': ' + ' '.join(said.group(1).split()) if said else ''}. Look at its settings.",
            error,
        ) from error


class _LocalError(Exception):
    """An error of a local file, on its way through the errors of the store."""

    def __init__(self, inner: OSError) -> None:
        super().__init__(str(inner))
        self.inner = inner


def _write(file: BinaryIO, block: Any) -> None:
    try:
        file.write(block)
    except OSError as error:
        raise _LocalError(error) from error


def _above(path: str) -> Iterator[str]:
    place = path.find("/")
    while place > 0:
        yield path[:place]
        place = path.find("/", place + 1)


def _if_match(mark: str) -> dict[str, str]:
    """Return the condition that the object is still the one of that mark; a size and a time are none."""
    return {"if_match": f'"{mark}"'} if mark and ":" not in mark and not mark.startswith("W/") else {}


def _code(error: Exception) -> str:
    found = _CODE.search(str(error))
    return found.group(1) if found else ""


def _in_brackets(code: str) -> str:
    return f" ({code})" if code else ""


def _first_line(error: Exception) -> str:
    """Return what the library says of the cause, without its own inside."""
    text = str(error).partition("\n\nDebug source")[0].partition("<?xml")[0]
    return " ".join(text.rpartition(" - ")[2].split())[:300].rstrip(" .:")
