"""The running program `tensorboard`."""

from __future__ import annotations

import atexit
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["Program", "shown_at"]

_HOST = "127.0.0.1"
_USUAL_PORT = 6006
_PATIENCE = 60.0
_TRIES = 5
_running: set[Program] = set()
"""Kept here, so that a board which nobody holds goes on until its process ends."""


class Program:
    """TensorBoard over a folder, on this machine only; ends with this process at the latest.

    Parameters
    ----------
    folder : str
    port : int, optional
        Default: 6006, or the next that is free.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The port is taken, or the program does not come up; the message has the end of what it said.
    """

    def __init__(self, folder: str, port: int | None = None) -> None:
        if port is not None and not _is_free(port):
            raise UserErrorException(
                f"The port {port} is taken. Choose another, or leave port out to get one that is free.", target="port"
            )
        first = _USUAL_PORT
        for _ in range(_TRIES):
            self.port = port or _free_port(first)
            if self._start(folder):
                _running.add(self)
                return
            # Somebody else was quicker to take the port.
            first = self.port + 1
        raise UserErrorException(f"TensorBoard did not come up on {_HOST}:{self.port}. It said: {self._said}")

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{_HOST}:{self.port}/"

    @property
    def is_running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.wait()

    def stop(self) -> None:
        """End it; may be called again."""
        _running.discard(self)
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, folder: str) -> bool:
        """Start it and wait until it answers; False when it does not."""
        server = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_serve.py")
        words = [sys.executable, server, "--logdir", folder, "--host", _HOST, "--port", str(self.port)]
        with tempfile.TemporaryFile() as output:
            self._process = subprocess.Popen(
                [*words, "--reload_interval", "2"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                # What is pressed to interrupt a cell is not meant for it.
                start_new_session=True,
            )
            try:
                if self._answers(folder):
                    return True
            except BaseException:
                self.stop()
                raise
            self.stop()
            self._said = _end_of(output)
        return False

    def _answers(self, folder: str) -> bool:
        """Wait until it answers; False when it ended before, takes too long, or another server has its port."""
        until = time.monotonic() + _PATIENCE
        while self.is_running and time.monotonic() < until:
            shown = shown_at(self.port)
            if shown is not None:
                return shown == folder
            time.sleep(0.05)
        return False


def shown_at(port: int) -> str | None:
    """Return the folder that a TensorBoard on a port of this machine shows; empty: it is none; None: nobody answers."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/data/environment")
        answer = connection.getresponse().read()
    except OSError:
        return None
    except http.client.HTTPException:
        return ""
    finally:
        connection.close()
    try:
        return str(json.loads(answer)["data_location"])
    except (ValueError, TypeError, KeyError):
        return ""


@atexit.register
def _stop_all() -> None:
    for program in list(_running):
        program.stop()


def _end_of(output: BinaryIO) -> str:
    output.seek(0)
    return output.read().decode("utf-8", "replace").strip()[-1000:] or "nothing"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _free_port(first: int) -> int:
    near = next((port for port in range(first, first + 100) if _is_free(port)), None)
    if near is not None:
        return near
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
