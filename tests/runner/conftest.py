"""A workspace folder, a real agent for it, and a small service that keeps what it is sent."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from stoker.base.ids import new_guid
from stoker.base.journal import parse
from stoker.base.jsonio import read_json, write_json
from stoker.base.packs import unpack
from stoker.base.paths import RunPaths, WorkspacePaths
from stoker.base.processes import boot_id, carrying, identity
from stoker.runner import control

PATIENCE = 30.0


def wait_for(condition: Callable[[], Any], what: str = "it") -> Any:
    until = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.005)


class FakeService:
    """Keeps journals, logs, samples and files as the real one does, with offsets; can go away and come back."""

    def __init__(self, paths: WorkspacePaths) -> None:
        self.paths = paths
        self.journals: dict[tuple[str, str], bytearray] = {}
        self.logs: dict[tuple[str, str], bytearray] = {}
        self.files: dict[tuple[str, str], list[tuple[bytes, bool]]] = {}
        self.samples: dict[str, list[Any]] = {}
        self.finished: dict[str, dict[str, Any]] = {}
        self.statuses: dict[str, str] = {}
        self.refuse: Callable[[str, str], tuple[int, dict[str, Any]] | None] = lambda _method, _path: None
        self.requests: list[str] = []
        self.broken: list[str] = []
        self.bad_names: dict[str, str] = {}
        self.received = 0
        self.connections: set[Any] = set()
        self.lock = threading.Lock()
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                service.connections.add(self.connection)

            def log_message(self, *_: Any) -> None:
                pass

            def handle_any(self) -> None:
                service.handle(self)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815  # the names that http.server calls

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        who = identity(os.getpid())
        assert who is not None
        write_json(self.paths.service, {"url": self.url, **who.as_dict()})

    def stop(self) -> None:
        """Close every door, while `service.json` still names a living process."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(2)
        self._server = None

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        segments = parts.path.split("/")[3:]
        assert segments[0] == "runs"
        run_id, rest = segments[1], segments[2:]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            body = self._body(request)
        except ConnectionError:
            self.broken.append(request.path)
            request.close_connection = True
            return
        with self.lock:
            self.received += len(body)
            self.requests.append(f"{request.command} {parts.path}")
            status, answer = self.refuse(request.command, parts.path) or self._answer(run_id, rest, query, body)
        data = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    @staticmethod
    def _body(request: BaseHTTPRequestHandler) -> bytes:
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError
        return body

    def _answer(self, run_id: str, rest: list[str], query: dict[str, str], body: bytes) -> tuple[int, Any]:
        what = rest[0] if rest else ""
        if what == "journal":
            kept = self.journals.setdefault((run_id, query["journal"]), bytearray())
            return self._append(kept, int(query["offset"]), body)
        if what == "logs":
            kept = self.logs.setdefault((run_id, "/".join(rest[1:])), bytearray())
            return self._append(kept, int(query["offset"]), body)
        if what == "resources":
            self.samples.setdefault(run_id, []).extend(json.loads(line) for line in body.splitlines())
            return 200, {"stored": len(body.splitlines())}
        if what == "files":
            name = unquote("/".join(rest[1:]), errors="surrogateescape")
            return self._take_files(run_id, name, body, live=query.get("live") == "1")
        if what == "finish":
            return self._finish(run_id, json.loads(body))
        return 200, {"id": run_id, "status": self.statuses.get(run_id, "Running")}

    def _take_files(self, run_id: str, name: str, body: bytes, *, live: bool) -> tuple[int, Any]:
        if name in self.bad_names:
            return 400, {"error": {"code": "UserError", "message": self.bad_names[name]}}
        if name:
            self.files.setdefault((run_id, name), []).append((body, live))
            return 201, {"name": name}
        missing = []
        for each, data in unpack(body):
            kept = self.files.setdefault((run_id, each), [])
            if each in self.bad_names or (data is None and not kept):
                missing += [] if each in self.bad_names else [each]
                del self.files[run_id, each]
            else:
                kept.append((kept[-1][0] if data is None else data, live))
        return 201, {"stored": 0, "missing": missing, "refused": self.bad_names}

    def _append(self, kept: bytearray, offset: int, body: bytes) -> tuple[int, Any]:
        if offset > len(kept):
            return 409, {"error": {"code": "Conflict", "message": "a gap", "details": {"stored": len(kept)}}}
        assert kept[offset:] == body[: len(kept) - offset], "what was stored came again in another form"
        kept += body[len(kept) - offset :]
        return 200, {"stored": len(kept)}

    def _finish(self, run_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        assert set(body) == {"attempt", "exit", "journals", "logs"}
        for journal, size in body["journals"].items():
            stored = len(self.journals.get((run_id, journal), b""))
            if stored < size:
                details = {"journal": journal, "stored": stored}
                return 409, {"error": {"code": "Conflict", "message": "behind", "details": details}}
        self.finished[run_id] = body
        return 200, {"id": run_id}

    def records(self, run_id: str) -> list[Any]:
        found = []
        for (owner, _), data in self.journals.items():
            if owner == run_id:
                found += [record for record in parse(bytes(data))[0] if isinstance(record, list)]
        return found

    def log(self, run_id: str, name: str = "user_logs/std_log.txt") -> str:
        return bytes(self.logs.get((run_id, name), b"")).decode()


class Bench:
    """Starts runs in a workspace through its agent."""

    def __init__(self, root: Path) -> None:
        self.paths = WorkspacePaths(str(root / ".stoker"))
        self.home = self.paths.home
        for folder in (self.home, self.paths.runs, self.paths.agent, self.paths.logs, self.paths.objects):
            os.makedirs(folder, mode=0o700)
        write_json(self.paths.config, {"format": 1, "id": new_guid(), "name": "test", "settings": {}})
        Path(self.paths.token).write_text("token")
        self.handles: dict[str, dict[str, Any]] = {}
        self._count = 0

    def run(self, code: str | None = None, **spec: Any) -> str:
        """Start a Python script given as text (or any spec), and return the run's id."""
        self._count += 1
        run_id: str = spec.pop("run_id", f"run-{self._count}-{os.urandom(3).hex()}")
        folder = self.paths.run(run_id)
        os.makedirs(folder.folder, mode=0o700, exist_ok=True)
        whole = {
            "run_id": run_id,
            "attempt": 1,
            "argv": None if code is None else [sys.executable, "-c", code],
            "shell": None,
            "env": {"PATH": os.environ["PATH"], "STOKER_RUN_ID": run_id, "PYTHONPATH": os.pathsep.join(sys.path)},
            "snapshot": {"manifest": None, "objects": self.paths.objects},
            "work": "work",
            "time_limit": None,
            "grace": 5,
            "watch": ["logs", "outputs"],
            "home": self.home,
        }
        write_json(folder.spec, {**whole, **spec})
        self.handles[run_id] = control.start(self.home, folder.folder)
        return run_id

    def folder(self, run_id: str) -> RunPaths:
        return self.paths.run(run_id)

    def state(self, run_id: str) -> dict[str, Any]:
        return control.read_state(self.folder(run_id).folder) or {}

    def ended(self, run_id: str) -> dict[str, Any]:
        """Wait for the end and return its exit facts."""
        state: dict[str, Any] = wait_for(
            lambda: self.state(run_id) if self.state(run_id).get("phase") == "ended" else None, f"the end of {run_id}"
        )
        exit_facts: dict[str, Any] = state["exit"]
        return exit_facts

    def running(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = wait_for(
            lambda: self.state(run_id) if self.state(run_id).get("phase") == "running" else None, "the script"
        )
        return found

    def cancel(self, run_id: str, reason: str = "for the test", grace: float = 5.0) -> None:
        control.cancel(self.folder(run_id).folder, self.handles[run_id], reason, grace)

    def log(self, run_id: str, name: str = "user_logs/std_log.txt") -> str:
        try:
            return Path(self.folder(run_id).folder, name).read_text()
        except FileNotFoundError:
            return ""

    def agent(self) -> dict[str, Any]:
        facts = read_json(os.path.join(self.paths.agent, "agent.json"))
        assert isinstance(facts, dict)
        return facts

    def close(self) -> None:
        control.stop_agent(self.home)
        for run_id in self.handles:
            for pid in [self.state(run_id).get("pid"), *carrying(run_id)]:
                if isinstance(pid, int) and self.state(run_id).get("phase") != "ended":
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, 9)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def service(bench: Bench) -> Iterator[FakeService]:
    made = FakeService(bench.paths)
    made.start()
    yield made
    control.stop_agent(bench.home)
    made.stop()


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    return wait_for


@pytest.fixture
def boot() -> str:
    return boot_id()
