"""A storage that is a folder of this machine."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from stoker.base.paths import WORKSPACE_FOLDER
from stoker.data._storage.base import Entry, Progress, Storage
from stoker.data._storage.copying import PARTS, copy_file, copy_many
from stoker.data._storage.paths import check_path, escapes
from stoker.exceptions import NotFoundException, UserErrorException

__all__ = ["FolderStorage"]


class FolderStorage(Storage):
    """The files below a folder, seen in place: nothing is copied for reading.

    Parameters
    ----------
    root : str
        The folder.
    name : str, default=""
        As messages say it; default: the folder.
    make : bool, default=False
        Whether the folder may be absent until the first upload makes it.
    confined : bool, default=True
        Whether links that lead out of the folder are refused; False for a folder that the user named by its own path.

    Examples
    --------
    >>> import tempfile
    >>> storage = FolderStorage(tempfile.mkdtemp())
    >>> list(storage.list())
    []
    """

    def __init__(self, root: str, name: str = "", *, make: bool = False, confined: bool = True) -> None:
        self.root = os.path.realpath(root)
        self.name = name or root
        self.identity = f"folder:{self.root}"
        self._ahead = self.root.rstrip(os.sep) + os.sep
        self._make = make
        self._confined = confined

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[Entry]:
        """Yield the files below a folder, or the one file of that path."""
        clean = check_path(prefix)
        real = self._real(clean)
        if real is None:
            return
        stat = os.stat(real)
        if modes.S_ISREG(stat.st_mode):
            if not _hidden(clean):
                yield Entry(clean, stat.st_size, "", stat.st_mtime)
            return
        if modes.S_ISDIR(stat.st_mode):
            yield from self._walk(real, f"{clean}/" if clean else "", recursive, ((stat.st_dev, stat.st_ino),))

    def _walk(self, folder: str, prefix: str, recursive: bool, above: tuple[tuple[int, int], ...]) -> Iterator[Entry]:
        """Yield the files of a folder in the order of their paths; `above` ends loops of links."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=_order)
        except OSError as error:
            raise self._unreadable(prefix or ".", error) from error
        for entry in entries:
            name = entry.name
            if name.startswith(PARTS):
                continue
            if entry.is_symlink():
                yield from self._linked(entry, prefix, recursive, above)
            elif entry.is_dir(follow_symlinks=False):
                # A project's folder holds its workspace, with keys that go nowhere.
                if recursive and name != WORKSPACE_FOLDER:
                    yield from self._walk(entry.path, f"{prefix}{name}/", recursive, above)
            elif entry.is_file(follow_symlinks=False):
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield Entry(prefix + name, stat.st_size, "", stat.st_mtime)

    def _linked(
        self, entry: os.DirEntry[str], prefix: str, recursive: bool, above: tuple[tuple[int, int], ...]
    ) -> Iterator[Entry]:
        path = prefix + entry.name
        real = self._real(path)
        if real is None:
            absent = f"it is a link to {os.readlink(entry.path)!r}, which is not there"
            raise self._unreadable(path, FileNotFoundError(2, absent))
        stat = os.stat(real)
        if modes.S_ISREG(stat.st_mode):
            yield Entry(path, stat.st_size, "", stat.st_mtime)
        elif modes.S_ISDIR(stat.st_mode) and recursive:
            identity = (stat.st_dev, stat.st_ino)
            if identity in above:
                return
            yield from self._walk(real, f"{path}/", recursive, (*above, identity))

    def open(self, path: str) -> BinaryIO:
        """Return a file for reading."""
        clean = check_path(path)
        try:
            return open(self._existing(clean), "rb")
        except OSError as error:
            raise self._unreadable(clean, error) from error

    def local_path(self, path: str) -> str | None:
        """Return where the file or folder lies, though it may be absent; links that lead out are refused."""
        clean = check_path(path)
        return os.path.join(self.root, clean) if self._real(clean) is None else self._place(clean)

    def place(self, entry: Entry) -> str:
        """Return where a listed file lies: the list has refused links that lead out."""
        return f"{self._ahead}{entry.path}"

    def upload(self, local: str, path: str, overwrite: bool = False) -> bool:
        """Store a local file by copy and rename."""
        return bool(self.upload_many([(local, path)], overwrite))

    def upload_many(
        self, files: Sequence[tuple[str, str]], overwrite: bool = False, progress: Progress | None = None
    ) -> int:
        """Store many local files; each appears whole."""
        if self._make:
            os.makedirs(self.root, exist_ok=True)
        elif not os.path.isdir(self.root):
            raise self._gone()
        pairs = [(local, self._target(path)) for local, path in files]
        return copy_many(pairs, self.root, self._confined, overwrite, progress)

    def _target(self, path: str) -> str:
        clean = check_path(path)
        if not clean or _hidden(clean):
            raise UserErrorException(
                f"A file on the datastore {self.name!r} can't be called {path!r}. Give it another name.", target="path"
            )
        return clean

    def download(self, path: str, local: str, mark: str | None = None) -> None:
        """Write a file's bytes to a local file."""
        del mark
        source = self._existing(check_path(path))
        try:
            copy_file(source, local)
        except OSError as error:
            raise self._unreadable(path, error) from error

    def delete(self, path: str) -> None:
        """Remove a file, and the folders that it leaves empty."""
        clean = check_path(path)
        if not clean or self._real(os.path.dirname(clean)) is None:
            return
        place = os.path.join(self.root, clean)
        try:
            os.unlink(place)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unreadable(clean, error) from error
        folder = os.path.dirname(place)
        while folder != self.root:
            try:
                os.rmdir(folder)
            except OSError:
                return
            folder = os.path.dirname(folder)

    def stat(self, path: str) -> Entry | None:
        """Return the file of that path, or None."""
        clean = check_path(path)
        return next(self.list(clean, recursive=False), None) if clean and not self._is_folder(clean) else None

    def _is_folder(self, clean: str) -> bool:
        return os.path.isdir(os.path.join(self.root, clean))

    def _place(self, clean: str) -> str:
        return os.path.join(self.root, clean) if clean else self.root

    def _existing(self, clean: str) -> str:
        real = self._real(clean)
        if real is None or not clean or _hidden(clean):
            raise NotFoundException(
                f"There is no file {clean!r} on the datastore {self.name!r}. "
                "Its path begins at the datastore's root; look at what is there and name one of it.",
                target="path",
            )
        if os.path.isdir(real):
            raise UserErrorException(f"{clean!r} on the datastore {self.name!r} is a folder. Name a file.")
        return real

    def _real(self, clean: str) -> str | None:
        """Return the real path of what is there, or None; refuse what a link leads out to."""
        if not clean:
            if not os.path.isdir(self.root):
                if self._make:
                    return None
                raise self._gone()
            return self.root
        place = os.path.join(self.root, clean)
        try:
            real = os.path.realpath(place)
            there = os.path.lexists(real)
        except (OSError, ValueError) as error:
            raise self._unreadable(clean, error) from error
        if self._confined and real != place and not _below(real, self.root):
            raise escapes(clean, self.name, real)
        if not there and not self._make and not os.path.isdir(self.root):
            raise self._gone()
        return real if there else None

    def _gone(self) -> UserErrorException:
        return UserErrorException(
            f"The folder {self.root!r} of the datastore {self.name!r} is not there. It was moved or deleted, or is on "
            "another machine. Bring it back, or register the datastore anew with the folder's place."
        )

    def _unreadable(self, path: str, error: Exception) -> UserErrorException:
        why = getattr(error, "strerror", None) or error
        return UserErrorException(
            f"{path!r} on the datastore {self.name!r} can't be used: {why}. It lies in {self.root!r}; "
            "look at its permissions and try again.",
            error,
            target="path",
        )


def _order(entry: os.DirEntry[str]) -> str:
    """Sort folders as their paths sort, so that the whole list is in order."""
    return f"{entry.name}/" if entry.is_dir() else entry.name


def _hidden(clean: str) -> bool:
    return PARTS in clean and any(part.startswith(PARTS) for part in clean.split("/"))


def _below(real: str, root: str) -> bool:
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)
