"""A TCP proxy in front of a service, that cuts a connection when the answer to a certain request begins."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

__all__ = ["CuttingProxy"]


class CuttingProxy:
    """Passes everything on, until `cut` names a request: that one is served, and its answer does not arrive.

    Parameters
    ----------
    upstream : str
        The service's address, as `http://127.0.0.1:8080`.
    """

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts = 0
        self._wanted, self._times, self._passing = b"", 0, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, request: str, *, times: int = 1, passing: int = 0) -> None:
        """Cut the next answers to requests that begin so (`POST /api/v1/runs `), after their first bytes."""
        self._wanted, self._times, self._passing = request.encode(), times, passing

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            # Closing alone does not wake the thread that waits for the next one.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                doomed = threading.Event()
                threading.Thread(target=self._ask, args=(client, server, doomed), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client, doomed), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        with _ending(server):
            while data := client.recv(65536):
                if self._times and data.startswith(self._wanted):
                    self._times -= 1
                    doomed.set()
                server.sendall(data)

    def _answer(self, server: socket.socket, client: socket.socket, doomed: threading.Event) -> None:
        with _ending(client):
            while data := server.recv(65536):
                if doomed.is_set():
                    self.cuts += 1
                    client.sendall(data[: self._passing])
                    return
                client.sendall(data)


@contextlib.contextmanager
def _ending(other: socket.socket) -> Iterator[None]:
    """Hang up on the other side at the end; closing alone would wait for the thread that reads from it."""
    with contextlib.suppress(OSError):
        yield
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)
    other.close()
