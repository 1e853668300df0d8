"""The zygote: a warm, single-threaded process that forks a supervisor for each run, and keeps a shipper running.

It speaks JSON, a line a request and a line an answer, on `agent/zygote.sock`. It holds nothing that matters: kill it,
and the supervisors go on; the next one reads the folders.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

from stoker.base.failpoints import reach
from stoker.base.journal import host_name
from stoker.base.jsonio import read_json, write_json
from stoker.base.paths import RunPaths, WorkspacePaths
from stoker.base.processes import Identity, identity, is_alive, send
from stoker.base.sockets import bind
from stoker.base.version import __version__
from stoker.runner.launch import LaunchError, launch
from stoker.runner.supervisor import supervise
from stoker.runner.wakeup import Wakeup

if TYPE_CHECKING:
    from typing import Any

__all__ = ["NOTHING_TO_DO", "Zygote"]

NOTHING_TO_DO = 76
"""The exit code by which the shipper says that the agent may leave."""

_LOOK_AROUND = 2.0
_SHIPPER_GRACE = 1.0
_BLOCKED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_BIGGEST_REQUEST = 1 << 20


class Zygote:
    """Answers requests and reaps children until it is told to stop, or nothing is left to do.

    Parameters
    ----------
    paths : WorkspacePaths
    lock : int
        The descriptor of the agent's lock; held as long as this process lives.
    """

    def __init__(self, paths: WorkspacePaths, lock: int) -> None:
        self._paths = paths
        self._lock = lock
        self._socket_path = os.path.join(paths.agent, "zygote.sock")
        self._listener: socket.socket | None = None
        self._clients: dict[int, tuple[socket.socket, bytearray]] = {}
        self._supervisors: dict[int, dict[str, Any]] = {}
        self._shipper = 0
        self._shipper_tries = 0
        self._shipper_at = 0.0
        self._told_to_stop = False
        self._leaving = False
        self._awake = Wakeup()

    def listen(self) -> None:
        """Open the socket, and say in `agent.json` who is there."""
        self._listener = bind(self._socket_path, socket.SOCK_STREAM)
        self._listener.listen(512)
        self._listener.setblocking(False)
        who = identity(os.getpid())
        facts = {} if who is None else who.as_dict()
        write_json(
            os.path.join(self._paths.agent, "agent.json"),
            {**facts, "host": host_name(), "version": __version__, "python": sys.executable},
        )

    def serve(self) -> int:
        """Stay until the end; return the exit code."""
        self._catch_signals()
        # What lives now lives for good: forks then share its pages.
        gc.collect()
        gc.freeze()
        try:
            while not self._leaving:
                self._tend_shipper()
                self._turn()
        finally:
            self._leave()
        return 0

    def _catch_signals(self) -> None:
        self._awake.listen()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _on_stop(self, *_: object) -> None:
        self._leaving = True

    def _turn(self) -> None:
        """Wait for something and deal with it."""
        assert self._listener is not None
        poll = select.poll()
        for descriptor in (self._awake.fileno(), self._listener.fileno(), *self._clients):
            poll.register(descriptor, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(1000 * self._patience())]
        self._awake.drain()
        self._reap()
        for descriptor in ready:
            if descriptor in self._clients:
                self._hear(descriptor)
        if self._listener.fileno() in ready:
            self._accept()
        if not ready and not self._is_still_ours():
            self._leaving = True

    def _patience(self) -> float:
        if self._shipper:
            return _LOOK_AROUND
        return min(_LOOK_AROUND, max(0.0, self._shipper_at - time.monotonic()))

    def _is_still_ours(self) -> bool:
        """Whether the workspace is still there, and this process the one who answers for it."""
        try:
            return os.stat(os.path.join(self._paths.agent, "lock")).st_ino == os.fstat(self._lock).st_ino
        except OSError:
            return False

    def _accept(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                client, _ = self._listener.accept()
                client.setblocking(True)
                client.settimeout(5.0)
                self._clients[client.fileno()] = (client, bytearray())
                self._hear(client.fileno(), only_if_ready=True)

    def _hear(self, descriptor: int, *, only_if_ready: bool = False) -> None:
        client, waiting = self._clients[descriptor]
        if only_if_ready and not select.select([client], [], [], 0)[0]:
            return
        try:
            data = client.recv(65536)
            waiting += data
            while b"\n" in waiting:
                line, _, rest = bytes(waiting).partition(b"\n")
                waiting[:] = rest
                client.sendall(json.dumps(self._answer(line)).encode() + b"\n")
        except OSError:
            data = b""
        if not data or len(waiting) > _BIGGEST_REQUEST:
            del self._clients[descriptor]
            client.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            operation = request["op"]
            if operation == "start":
                return self._start(request["folder"])
            if operation == "spawn":
                return self._spawn(request["argv"], request["log"])
            if operation == "stop":
                self._leaving = True
            elif operation != "ping":
                return {
                    "ok": False,
                    "error": f"the operation {operation!r} is not known; use start, spawn, ping or stop",
                }
        except (ValueError, KeyError, TypeError) as error:
            return {"ok": False, "error": f"the request can't be read: {error!r}"}
        except OSError as error:
            return {"ok": False, "error": f"{error.strerror or error}"}
        return {"ok": True, "pid": os.getpid(), "version": __version__, "supervisors": len(self._supervisors)}

    def _start(self, folder: str) -> dict[str, Any]:
        paths = RunPaths(folder)
        spec = read_json(paths.spec)
        if not isinstance(spec, dict) or "run_id" not in spec:
            return {"ok": False, "error": f"there is no whole spec.json in {folder}"}
        found = self._find(paths, int(spec.get("attempt", 1)))
        return {"ok": True, "handle": found or self._fork(folder)}

    def _find(self, paths: RunPaths, attempt: int) -> dict[str, Any] | None:
        """Return the handle of a supervisor that has this attempt; the state of an earlier one is put aside."""
        for handle in self._supervisors.values():
            if handle["folder"] == paths.folder:
                return handle
        state = read_json(paths.state)
        if not isinstance(state, dict):
            return None
        earlier = int(state.get("attempt", 1))
        if earlier >= attempt or is_alive(Identity(state["pid"], state["start"], state["boot"])):
            return {**{key: state.get(key) for key in ("pid", "start", "boot", "host")}, "folder": paths.folder}
        os.replace(paths.state, f"{paths.state[:-5]}.{earlier}.json")
        for leftover in (paths.cancel, paths.ended):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(leftover)
        return None

    def _fork(self, folder: str) -> dict[str, Any]:
        signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
        try:
            pid = os.fork()
            if pid == 0:
                try:
                    signal.set_wakeup_fd(-1)
                    supervise(folder)
                finally:
                    os._exit(0)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)
        reach("fork-before-answer")
        who = identity(pid)
        facts = {"pid": pid, "start": "0", "boot": ""} if who is None else who.as_dict()
        self._supervisors[pid] = {**facts, "host": host_name(), "folder": folder}
        return self._supervisors[pid]

    def _spawn(self, argv: list[str], log: str) -> dict[str, Any]:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            return {"ok": True, "pid": launch(argv, dict(os.environ), "/", output, session=True)}
        except LaunchError as error:
            return {"ok": False, "error": str(error)}
        finally:
            os.close(output)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self._supervisors.pop(pid, None)
                if pid == self._shipper:
                    self._shipper_ended(status)

    def _shipper_ended(self, status: int) -> None:
        self._shipper = 0
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == NOTHING_TO_DO and not self._supervisors:
            self._leaving = True
            return
        self._shipper_tries += 1
        # At once after a kill; a shipper that can't live is tried ever more rarely, at most each 30 s.
        pause = 0.0 if self._shipper_tries <= 2 else min(30.0, 0.1 * 2**self._shipper_tries)
        self._shipper_at = time.monotonic() + pause

    def _tend_shipper(self) -> None:
        now = time.monotonic()
        if self._shipper:
            if self._shipper_tries and now - self._shipper_at > 60.0:
                self._shipper_tries = 0
            return
        if now < self._shipper_at or self._leaving:
            return
        argv = [sys.executable, "-m", "stoker.runner.shipper", self._paths.home, str(os.getpid())]
        self._shipper_at = now
        try:
            self._shipper = launch(argv, dict(os.environ), "/", 2)
        except (LaunchError, OSError) as error:
            sys.stderr.write(f"the shipper could not be started: {error}\n")
            self._shipper_tries += 1
            self._shipper_at = now + 5.0

    def _leave(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if self._is_still_ours():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._socket_path)
        self._end_shipper()
        for client, _ in self._clients.values():
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()

    def _end_shipper(self) -> None:
        """Give the shipper a moment to write down how far it came; the next one could do without."""
        until = time.monotonic() + _SHIPPER_GRACE
        if not self._shipper or not send(self._shipper, signal.SIGTERM):
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(self._shipper, os.WNOHANG) == (0, 0):
                if time.monotonic() > until:
                    send(self._shipper, signal.SIGKILL)
                time.sleep(0.002)
