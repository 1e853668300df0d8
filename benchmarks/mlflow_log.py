"""MLflow's client logging to us, to MLflow's own SQLite server, and to one that does nothing: the client's floor."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, show
from benchmarks.places import live
from benchmarks.theirs import PYTHON, environment, ready

PROGRAM = Path(__file__).parent / "mlflow_client.py"
RUN = {"run": {"info": {"run_id": "0" * 32, "run_uuid": "0" * 32, "experiment_id": "0", "status": "RUNNING"}}}


def rows(*, quick: bool = False) -> list[Row]:
    """Measure one metric and a batch of a hundred."""
    if not ready():
        return []
    with (
        tempfile.TemporaryDirectory() as name,
        live(Path(name) / "workspace") as place,
        _empty() as nothing,
        _theirs(Path(name)) as other,
    ):
        servers = {"empty": [nothing, "x"], "ours": [place.api.url, place.api.token], "theirs": [other, "x"]}
        found = _measure(servers, 20 if quick else 200)
    return [_row(found, "single", "`log_metric`"), _row(found, "batch", "`log_batch` of 100 points")]


def _row(found: dict[str, dict[str, float]], kind: str, what: str) -> Row:
    ours, floor, theirs = (found[name][kind] for name in ("ours", "empty", "theirs"))
    beside = f"{ours:.1f} ms; an empty server {floor:.1f} ms; MLflow's own with SQLite {theirs:.1f} ms"
    return Row(f"MLflow's client: {what}", ours / floor, "x an empty server", 1.5, beside)


def _measure(servers: dict[str, list[str]], rounds: int) -> dict[str, dict[str, float]]:
    command = [str(PYTHON), "-W", "ignore", str(PROGRAM), json.dumps(servers), str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


class _Nothing(BaseHTTPRequestHandler):
    """Answers all the same, as quickly as Python's own server can."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(RUN if self.path.endswith("runs/create") else {}).encode()
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )

    do_GET = do_POST  # noqa: N815  # the name that http.server looks for

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _empty() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Nothing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def _theirs(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [str(PYTHON), "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder)]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, env=environment(), start_new_session=True)
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise RuntimeError("MLflow's server did not start")


if __name__ == "__main__":
    show(rows())
