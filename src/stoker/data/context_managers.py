"""A dataset's files seen as a folder, for as long as they are wanted."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from stoker.data._storage.resolve import SourceFiles

__all__ = ["MountContext"]


class MountContext:
    """A read-only view of files as a folder: links where they lie on this machine, else what the cache holds.

    Parameters
    ----------
    files : callable
        Gives the files when the view is started.
    mount_point : str, optional
        A folder that is empty or not there yet. Default: a new temporary one.

    Attributes
    ----------
    mount_point : str
        The folder.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The folder is not empty.
    """

    def __init__(self, files: Callable[[], SourceFiles], mount_point: str | None = None) -> None:
        self._files = files
        self._given = mount_point is not None
        self._started = False
        self.mount_point = _free(mount_point) if mount_point is not None else _temporary()
        self._was_there = os.path.isdir(self.mount_point)

    def start(self) -> None:
        """Show the files; a second call changes nothing.

        Raises
        ------
        stoker.exceptions.DatasetValidationError
            A path or pattern of the dataset names nothing.
        """
        if self._started:
            return
        _show(self._files(), self.mount_point)
        self._started = True

    def stop(self) -> None:
        """Take the view away; the files themselves stay. A second call changes nothing."""
        if not self._started:
            return
        self._started = False
        _clear(self.mount_point)
        if not self._was_there or not self._given:
            with contextlib.suppress(OSError):
                os.rmdir(self.mount_point)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def __repr__(self) -> str:
        return f"MountContext({self.mount_point!r}, {'started' if self._started else 'not started'})"


def _temporary() -> str:
    """Return a path that nobody has; the folder is made by the start."""
    return os.path.join(tempfile.gettempdir(), f"stoker-mount-{os.urandom(6).hex()}")


def _free(mount_point: str) -> str:
    path = os.path.abspath(mount_point)
    if os.path.lexists(path) and not os.path.isdir(path):
        raise UserErrorException(f"The mount point {path!r} is a file. Name a folder.", target="mount_point")
    if os.path.isdir(path) and os.listdir(path):
        raise UserErrorException(
            f"The mount point {path!r} is not empty. Name an empty folder, or one that is not there yet.",
            target="mount_point",
        )
    return path


def _show(files: SourceFiles, folder: str) -> None:
    from stoker.data._storage.view import materialise

    # A plain list: the view is the folder that was asked for, however many files there are.
    materialise(list(files), folder, "mount")


def _clear(folder: str) -> None:
    """Remove what the view consists of; its folders are read-only, and links are not followed."""
    for base, _, _ in os.walk(folder):
        os.chmod(base, 0o700)
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
