"""A file at a web address, read in ranges."""

from __future__ import annotations

import contextlib
import email.utils
import hashlib
import http.client
import io
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from stoker.base.redaction import redacted
from stoker.data._storage.base import Entry, Storage
from stoker.data._storage.paths import check_path
from stoker.exceptions import AuthenticationException, ConflictException, NotFoundException, UserErrorException

__all__ = ["HttpFile", "RangeReader"]

_BLOCK = 1 << 20
_PATIENCE = 60.0


class HttpFile(Storage):
    """The one file at an address.

    Its mark is what the server says of the content (ETag, else when it was changed); a server that says neither gives
    an empty one, and the content is then asked for anew each time.

    Parameters
    ----------
    url : str
        `http://` or `https://`; a user and a password may stand before the host.

    Attributes
    ----------
    path : str
        The only path that it has.
    shown : str
        The address without secrets.
    """

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self.shown = redacted(url)
        if not parts.hostname:
            raise UserErrorException(f"{self.shown!r} is no address: it names no host. Correct it.", target="path")
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.identity = self.name
        try:
            self.path = check_path(urllib.parse.unquote(parts.path)) or "index"
        except UserErrorException:
            self.path = "index"
        self._more = f"?{hashlib.sha256(parts.query.encode()).hexdigest()[:16]}" if parts.query else ""
        self._headers = _authorization(parts)
        host = parts.netloc.rpartition("@")[2]
        path = urllib.parse.quote(parts.path, safe="/%:@-._~!$&'()*+,;=")
        query = urllib.parse.quote(parts.query, safe="/?%:@-._~!$&'()*+,;=")
        self._url = urllib.parse.urlunsplit((parts.scheme, host, path, query, ""))

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[Entry]:
        """Yield the file, when it is there."""
        del recursive
        clean = check_path(prefix)
        if clean not in {"", self.path} and not self.path.startswith(f"{clean}/"):
            return
        with contextlib.suppress(NotFoundException):
            yield self._look()

    def _look(self) -> Entry:
        try:
            with self._ask("HEAD") as response:
                headers, size = response.headers, response.headers.get("Content-Length")
        except _NotAllowedError:
            size = None
        if size is None:
            # Some servers answer no HEAD, or one without a length.
            with self._ask("GET", {"Range": "bytes=0-0"}) as response:
                headers = response.headers
                size = (headers.get("Content-Range") or "").rpartition("/")[2] or headers.get("Content-Length")
        if size is None or not (size.isascii() and size.isdecimal()):
            raise UserErrorException(
                f"{self.shown} does not say how large it is, so it can't be read in parts. "
                "Download it, and upload it to a datastore."
            )
        return Entry(self.path, int(size), self._mark(headers), _time(headers.get("Last-Modified")))

    def _mark(self, headers: Any) -> str:
        mark = headers.get("ETag") or headers.get("Last-Modified") or ""
        return f"{mark}{self._more}" if mark else ""

    def open(self, path: str) -> BinaryIO:
        """Return the file, fetched in ranges as it is read."""
        self._check(path)
        entry = self._look()
        return cast("BinaryIO", io.BufferedReader(RangeReader(self._range, entry.size), _BLOCK))

    def _range(self, start: int, end: int) -> bytes:
        with self._ask("GET", {"Range": f"bytes={start}-{end - 1}"}) as response:
            if response.status != 206:
                _pass_over(response, start)
            # No more than was asked for, whatever comes: the answer may have no end.
            data: bytes = response.read(end - start)
        if len(data) < end - start:
            raise self._cut_off(start + len(data), end)
        return data

    def _cut_off(self, done: int, wanted: int) -> UserErrorException:
        return UserErrorException(f"{self.shown} was cut off after {done:,} of {wanted:,} bytes. Try again.")

    def download(self, path: str, local: str, mark: str | None = None) -> None:
        """Write the file's bytes to a local file."""
        self._check(path)
        with self._ask("GET") as response:
            if mark and self._mark(response.headers) != mark:
                raise ConflictException(
                    f"{self.shown} has changed since it was looked at. Read the dataset again to get what is there now."
                )
            length, done = response.headers.get("Content-Length"), 0
            with open(local, "wb") as file:
                while True:
                    block = response.read(_BLOCK)
                    if not block:
                        break
                    file.write(block)
                    done += len(block)
        if length is not None and done != int(length):
            raise self._cut_off(done, int(length))

    def upload(self, local: str, path: str, overwrite: bool = False) -> bool:
        """Refuse: an address is only read."""
        del local, path, overwrite
        raise UserErrorException(f"Nothing can be stored at {self.shown}. Name a datastore.", target="path")

    def delete(self, path: str) -> None:
        """Refuse: an address is only read."""
        del path
        raise UserErrorException(f"Nothing can be deleted at {self.shown}. Name a datastore.", target="path")

    def _check(self, path: str) -> None:
        if check_path(path) != self.path:
            raise NotFoundException(f"There is no {path!r} at {self.shown}; the address is one file, {self.path!r}.")

    @contextlib.contextmanager
    def _ask(self, method: str, headers: dict[str, str] | None = None) -> Iterator[Any]:
        """Send a request and give its answer; errors become ours."""
        sent = {"User-Agent": "stoker", "Accept-Encoding": "identity", **self._headers, **(headers or {})}
        request = urllib.request.Request(self._url, method=method, headers=sent)  # noqa: S310  # http and https only
        try:
            with urllib.request.build_opener(_Redirects()).open(request, timeout=_PATIENCE) as response:
                yield response
        except urllib.error.HTTPError as error:
            error.close()
            raise self._refused(error.code, method) from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise
            raise UserErrorException(
                f"{self.shown} can't be read: {getattr(error, 'reason', None) or error}. "
                "Look at the address and at the network, then try again.",
                error,
            ) from error

    def _refused(self, status: int, method: str) -> Exception:
        if method == "HEAD" and status in {403, 405, 501}:
            return _NotAllowedError()
        if status in {401, 403}:
            return AuthenticationException(
                f"{self.shown} may not be read (status {status}): it wants a login, or its signature has expired. "
                "Put a new address into the dataset, or register the place as a datastore with a secret."
            )
        if status in {404, 410}:
            return NotFoundException(f"There is nothing at {self.shown} (status {status}). Correct the address.")
        return UserErrorException(f"{self.shown} answered with status {status}. Try again later.")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Goes where an answer sends it, without the password when that is another place."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the next request."""
        if urllib.parse.urlsplit(newurl).scheme not in {"http", "https"}:
            raise urllib.error.URLError(f"it sends on to {redacted(newurl)!r}, which is no web address")
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and _origin(newurl) != _origin(req.full_url):
            made.remove_header("Authorization")
        return made


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _pass_over(response: Any, count: int) -> None:
    while count > 0:
        block = response.read(min(count, _BLOCK))
        if not block:
            return
        count -= len(block)


class _NotAllowedError(Exception):
    """The server does not answer HEAD here; signed addresses are often for GET alone."""


class RangeReader(io.RawIOBase):
    """A file elsewhere, of known size, read by ranges.

    Parameters
    ----------
    fetch : callable
        From a start and an end to the bytes between them.
    size : int
    """

    def __init__(self, fetch: Any, size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer and return how many bytes."""
        end = min(self._size, self._place + len(buffer))
        if end <= self._place:
            return 0
        data = self._fetch(self._place, end)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _authorization(parts: urllib.parse.SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    import base64

    pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _time(text: str | None) -> float:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() if text else 0.0
    except (TypeError, ValueError):
        return 0.0
