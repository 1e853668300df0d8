"""`Tensorboard`: the event files of runs in TensorBoard, while they go on and after."""

from __future__ import annotations

import threading

from stoker.exceptions import StokerException
from stoker.tensorboard._copies import Copies
from stoker.tensorboard._program import Program
from stoker.tensorboard._runs import needed, runs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from stoker.core.run import Run

__all__ = ["Tensorboard"]

_PERIOD = 2.0
"""Seconds between two looks at what is new."""


class Tensorboard:
    """Shows what runs write to `logs/` in TensorBoard, on this machine.

    Files of the runs, and of all runs below them, are copied to a folder and kept up to date until the runs have ended.

    Parameters
    ----------
    runs : Run or list of Run
    local_root : str, optional
        Where the copies go, each run's to a folder of its own. Default: a folder that is removed by `stop`.
    port : int, optional
        Default: 6006, or the next that is free.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no run, or one that nobody recorded.

    Examples
    --------
    >>> from stoker.tensorboard import Tensorboard
    >>> board = Tensorboard([run])  # doctest: +SKIP
    >>> board.start()  # doctest: +SKIP
    'http://127.0.0.1:6006/'
    >>> board.stop()  # doctest: +SKIP
    """

    def __init__(self, runs: Run | Iterable[Run], local_root: str | None = None, port: int | None = None) -> None:
        self._runs = runs_of(runs, "runs")
        self._given_root = local_root
        self._port = port
        self._own_root: str | None = None
        self._program: Program | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, start_browser: bool = False) -> str:
        """Start TensorBoard and return its address; what is there already is in it.

        Parameters
        ----------
        start_browser : bool, default=False
            Whether to open the address in this machine's browser.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The package `tensorboard` is not installed, the port is taken, or it does not come up.
        """
        if self._program is None or not self._program.is_running:
            self._start()
        assert self._program is not None
        if start_browser:
            import webbrowser

            webbrowser.open(self._program.url)
        return self._program.url

    def wait(self) -> None:
        """Wait until it has ended; at once where it does not run."""
        if self._program is not None:
            self._program.wait()

    def stop(self) -> None:
        """End it, and no longer look for what is new; may be called again."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._program is not None:
            self._program.stop()
            self._program = None
        if self._own_root is not None:
            import shutil

            shutil.rmtree(self._own_root, ignore_errors=True)
            self._own_root = None

    def _start(self) -> None:
        self.stop()
        needed("tensorboard.main")
        root = self._root()
        copies = Copies(self._runs, root)
        more_may_come = copies.refresh()
        self._program = Program(root, self._port)
        self._stopped.clear()
        if more_may_come:
            self._thread = threading.Thread(target=self._follow, args=(copies,), name="event files", daemon=True)
            self._thread.start()

    def _root(self) -> str:
        import os
        import tempfile

        if self._given_root is None:
            self._own_root = tempfile.mkdtemp(prefix="stoker-tensorboard-")
            return self._own_root
        root = os.path.abspath(os.fspath(self._given_root))
        os.makedirs(root, exist_ok=True)
        return root

    def _follow(self, copies: Copies) -> None:
        import logging

        while not self._stopped.wait(_PERIOD):
            try:
                if not copies.refresh():
                    return
            except StokerException as error:
                # The service may be away for a moment.
                logging.getLogger(__name__).info("event files could not be fetched: %s", error)
            except OSError as error:
                logging.getLogger(__name__).warning("event files are no longer copied: %s", error)
                return
