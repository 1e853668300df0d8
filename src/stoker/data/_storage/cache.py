"""Files from elsewhere, kept on this machine: by what they are, up to a size, shared by all processes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from stoker.base.paths import cache_home
from stoker.exceptions import UserErrorException

if TYPE_CHECKING:
    from stoker.data._storage.resolve import SourceFile

__all__ = ["DEFAULT_BYTES", "VARIABLE", "Cache"]

VARIABLE = "STOKER_DATA_CACHE_BYTES"
"""The environment variable with the size of the cache."""

DEFAULT_BYTES = 20 << 30
"""20 GiB."""

_LOW_WATER = 0.9
_ABANDONED = 86_400.0


class Cache:
    """The content cache of this user.

    - A file is there whole or not at all; one download serves all that wait for it, in whatever process.
    - The least recently used goes first. What is open, or linked into a run's folder, is spared.
    - A key is made of the place, the path and the file's mark: what changes elsewhere becomes another file here.

    Parameters
    ----------
    root : str, optional
        Default: `data` in the folder of caches (`STOKER_CACHE`).
    limit : int, optional
        Bytes that are kept. Default: `STOKER_DATA_CACHE_BYTES`, else 20 GiB.
    """

    def __init__(self, root: str | None = None, limit: int | None = None) -> None:
        self.root = root or os.path.join(cache_home(), "data")
        self.limit = _limit() if limit is None else limit
        self._objects = os.path.join(self.root, "objects")

    def path_of(self, file: SourceFile) -> str:
        """Return where the file's content lies, or would lie."""
        text = "\0".join((file.storage.identity, file.path, file.mark, str(file.size)))
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return os.path.join(self._objects, key[:2], key)

    def open_if_there(self, file: SourceFile) -> BinaryIO | None:
        """Return the kept content, spared while it is open; None when it is not here."""
        if not file.mark:
            return None
        try:
            opened = open(self.path_of(file), "rb")  # noqa: SIM115  # the caller closes it
        except FileNotFoundError:
            return None
        fcntl.flock(opened, fcntl.LOCK_SH)
        _touch(opened.fileno())
        return opened

    def open(self, file: SourceFile) -> BinaryIO | None:
        """Return the content, fetched when it is not here; None for a file that is not to be kept.

        Not kept is one that has no mark, and one that is larger than the cache may be.
        """
        if not file.mark or file.size > self.limit:
            return None
        while True:
            kept = self.open_if_there(file)
            if kept is not None:
                return kept
            self._fetch(file)

    def give(self, file: SourceFile, target: str, *, link: bool) -> bool:
        """Put the content at `target`, which must not be there; return whether it came from the cache.

        Parameters
        ----------
        file : SourceFile
        target : str
            Its folder must be there.
        link : bool
            Whether a hard link to the kept content will do: read-only, without a copy; what is linked is not evicted.
            Across file systems it is a copy.
        """
        from stoker.data._storage.copying import copy_file

        opened = self.open(file)
        if opened is None:
            file.storage.download(file.path, target, file.mark or None)
            return False
        with opened:
            if link:
                with contextlib.suppress(OSError):
                    os.link(self.path_of(file), target)
                    return True
            copy_file(f"/proc/self/fd/{opened.fileno()}" if os.path.isdir("/proc/self/fd") else opened.name, target)
        return True

    def _fetch(self, file: SourceFile) -> None:
        """Download a file, unless somebody else does: then wait for them."""
        place = self.path_of(file)
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        with _held(f"{place}.part") as held:
            if held is None or os.path.exists(place):
                return
            part = f"{place}.part"
            try:
                self._download(file, part)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part)
                raise
            os.chmod(part, 0o400)
            os.rename(part, place)
        self.trim(added=file.size)

    def _download(self, file: SourceFile, part: str) -> None:
        try:
            file.storage.download(file.path, part, file.mark)
        except OSError as error:
            if error.errno != errno.ENOSPC or not self.trim(everything=True):
                raise self._no_room(file, error) from error
            try:
                file.storage.download(file.path, part, file.mark)
            except OSError as again:
                raise self._no_room(file, again) from again
        size = os.path.getsize(part)
        if size != file.size:
            raise UserErrorException(
                f"{file.shown} came with {size:,} bytes, and has {file.size:,} on record. It was changed or cut off "
                "on the way. Read the dataset again."
            )

    def _no_room(self, file: SourceFile, error: OSError) -> UserErrorException:
        return UserErrorException(
            f"{file.shown} ({file.size:,} bytes) can't be kept in {self.root}: {error.strerror or error}. "
            f"Free some space, or set STOKER_CACHE to a larger disk.",
            error,
        )

    def trim(self, *, added: int = 0, everything: bool = False) -> int:
        """Remove what was not used for longest until the rest is within the limit; return the bytes that went.

        Parameters
        ----------
        added : int, default=0
            Bytes that came since the last call; the folder is only walked when they may exceed the limit.
        everything : bool, default=False
            Whether all that is not in use goes.
        """
        os.makedirs(self._objects, mode=0o700, exist_ok=True)
        descriptor = os.open(os.path.join(self.root, "size"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            known = os.pread(descriptor, 32, 0)
            total = int(known) + added if known.isdigit() else self.limit + 1
            freed = 0
            if everything or total > self.limit:
                total, freed = self._sweep(0 if everything else int(self.limit * _LOW_WATER), everything=everything)
            os.pwrite(descriptor, b"%020d" % total, 0)
            return freed
        finally:
            os.close(descriptor)

    def _sweep(self, wanted: int, *, everything: bool) -> tuple[int, int]:
        """Return the bytes that are kept and those that went."""
        found: list[tuple[float, int, str, bool]] = []
        for path in _files(self._objects):
            with contextlib.suppress(FileNotFoundError):
                stat = os.stat(path)
                found.append((stat.st_mtime, stat.st_size, path, stat.st_nlink > 1))
        total = sum(size for _, size, _, _ in found)
        if total <= self.limit and not everything:
            return total, 0
        freed = 0
        for used, size, path, linked in sorted(found):
            if total <= wanted:
                break
            if path.endswith(".part"):
                gone = used < time.time() - _ABANDONED and _remove(path)
            else:
                gone = not linked and _remove(path)
            if gone:
                total -= size
                freed += size
        return total, freed


def _limit() -> int:
    given = os.environ.get(VARIABLE)
    if not given:
        return DEFAULT_BYTES
    try:
        return int(float(given))
    except ValueError:
        raise UserErrorException(
            f"{VARIABLE} is {given!r}, which is no number of bytes. Set it to one, as {DEFAULT_BYTES}.", target=VARIABLE
        ) from None


def _files(folder: str) -> Iterator[str]:
    for base, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(base, name)


def _touch(descriptor: int) -> None:
    """Say that the file was used now: its time of change is not needed for anything else."""
    with contextlib.suppress(OSError):
        os.utime(descriptor)


def _remove(path: str) -> bool:
    """Remove a file that nobody reads or writes; whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _held(part: str) -> Iterator[int | None]:
    """Hold the lock of a file that is being fetched; None when it was renamed or removed while we waited."""
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            same = os.path.samestat(os.fstat(descriptor), os.stat(part))
        except FileNotFoundError:
            same = False
        yield descriptor if same else None
    finally:
        os.close(descriptor)
