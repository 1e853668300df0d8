"""Let signals end a wait, in a process with one thread."""

from __future__ import annotations

import contextlib
import os
import signal

__all__ = ["Wakeup"]


class Wakeup:
    """A descriptor that becomes readable when a signal has come for which Python has a handler."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)

    def listen(self) -> None:
        """Have the signals of this process come here."""
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reading

    def knock(self) -> None:
        """Make it readable; safe in a signal handler and in other threads."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._writing, b".")

    def drain(self) -> None:
        """Make it unreadable until the next signal."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reading, 4096):
                pass
