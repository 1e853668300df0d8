"""The key of the workspace's secrets: what is written to the database goes through here."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

from stoker.exceptions import WorkspaceException

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

__all__ = ["KEY_FILE", "Vault"]

KEY_FILE = "secrets.key"
"""The key's file, in the folder of the database."""


class Vault:
    """Encrypts texts with a key that lies in a file of its own, made when first needed.

    The key is no part of the database, so a copy of the database alone, as a backup, opens nothing. A copy of the whole
    workspace has the key, and its secrets. May be used from any thread; two processes that make the key at once agree.

    Parameters
    ----------
    path : str or None
        The key's file; None: a key in memory.

    Examples
    --------
    >>> vault = Vault(None)
    >>> vault.open(vault.seal("swordfish"), "the secret 'x'")
    'swordfish'
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._made: tuple[bytes, Fernet] | None = None

    def seal(self, text: str) -> bytes:
        """Return the text encrypted; the same text gives other bytes each time."""
        return self._fernet(make=True).encrypt(text.encode("utf-8"))

    def open(self, sealed: bytes, what: str) -> str:
        """Return the text.

        Parameters
        ----------
        sealed : bytes
        what : str
            What it is, for the message of an error, as `the secret 'x'`.

        Raises
        ------
        stoker.exceptions.WorkspaceException
            The key is gone, is another one, or the bytes were changed.
        """
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet(make=False).decrypt(sealed).decode("utf-8")
        except FileNotFoundError as error:
            state = "is not there"
            raise self._unreadable(what, state, error) from error
        except InvalidToken as error:
            state = "is not the one that it was kept with"
            raise self._unreadable(what, state, error) from error

    def _unreadable(self, what: str, state: str, error: Exception) -> WorkspaceException:
        return WorkspaceException(
            f"{what[0].upper()}{what[1:]} can't be read: the workspace's key {KEY_FILE} {state}. Put the file back "
            "into the folder .stoker, or set the secret anew.",
            error,
        )

    def _fernet(self, *, make: bool) -> Fernet:
        with self._lock:
            key = self._key(make=make)
            if self._made is None or self._made[0] != key:
                self._made = key, _fernet_of(key, self.path)
            return self._made[1]

    def _key(self, *, make: bool) -> bytes:
        from cryptography.fernet import Fernet

        if self.path is None:
            return self._made[0] if self._made else Fernet.generate_key()
        try:
            return _read(self.path)
        except FileNotFoundError:
            if not make:
                raise
        _create(self.path, Fernet.generate_key())
        return _read(self.path)


def _fernet_of(key: bytes, path: str | None) -> Fernet:
    from cryptography.fernet import Fernet

    try:
        return Fernet(key)
    except ValueError as error:
        raise WorkspaceException(
            f"The file {path} is not a key of secrets (32 bytes in base64). Put the right one back, or move it away "
            "and set all secrets anew."
        ) from error


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        # Read each time, it is one small file: a key that was put back is seen at once. Copying may have opened it.
        if os.fstat(file.fileno()).st_mode & 0o077:
            with contextlib.suppress(OSError):
                os.fchmod(file.fileno(), 0o600)
        return file.read().strip()


def _create(path: str, key: bytes) -> None:
    beside = f"{path}.{os.getpid()}.{os.urandom(3).hex()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key + b"\n")
            file.flush()
            # A secret must not outlive its key.
            os.fsync(file.fileno())
        # A link, not a rename: whoever was first has made the key, and nobody replaces it.
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        os.unlink(beside)
