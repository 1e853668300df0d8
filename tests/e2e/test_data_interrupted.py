"""Runs whose data takes long, while something ends: the run, its supervisor, the service."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from stoker.base.processes import carrying
from stoker.core import Dataset, Experiment, Run, ScriptRunConfig, Workspace
from stoker.data import OutputFileDatasetConfig
from stoker.exceptions import ActivityCanceledException, ActivityFailedException
from stoker.runner import control
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

Config = Callable[..., ScriptRunConfig]


class SlowServer:
    """Serves one file, whose end comes once `go_on` is set."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.asked = threading.Event()
        slow = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._head()

            def do_GET(self) -> None:
                self._head()
                slow.asked.set()
                slow.go_on.wait(60)
                with contextlib.suppress(OSError):
                    self.wfile.write(b"slow")

            def _head(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "4")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/slow.txt"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def slow() -> Iterator[SlowServer]:
    server = SlowServer()
    yield server
    server.go_on.set()
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def preparing(experiment: Experiment, config_of: Config, slow: SlowServer) -> Run:
    """Return a run that waits for its data."""
    data = Dataset.File.from_files(slow.url, validate=False).as_named_input("x").as_download()
    run = experiment.submit(config_of("import sys; print(open(sys.argv[1]).read())", arguments=[data]))
    assert slow.asked.wait(30)
    return run


def test_the_reason_says_that_data_is_prepared_until_the_script_runs(preparing: Run, slow: SlowServer) -> None:
    record = preparing.experiment.workspace._api.get
    wait_until(lambda: record(f"/runs/{preparing.id}")["status_reason"] == "Preparing data", what="the reason")

    assert preparing.get_status() == "Starting"
    slow.go_on.set()
    preparing.wait_for_completion()
    assert preparing.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"] == "slow\n"
    assert record(f"/runs/{preparing.id}")["status_reason"] is None


def test_cancel_while_data_is_prepared_ends_the_child(preparing: Run) -> None:
    assert any("run_inputs" in _command(pid) for pid in carrying(preparing.id))
    preparing.cancel()
    with pytest.raises(ActivityCanceledException):
        preparing.wait_for_completion()

    wait_until(lambda: not carrying(preparing.id), what="the end of all processes")
    assert "user_logs/std_log.txt" not in preparing.get_file_names()


def test_a_supervisor_killed_while_data_is_prepared_leaves_no_process(
    preparing: Run, live_workspace: TemporaryWorkspace
) -> None:
    state = control.read_state(live_workspace.paths.run(preparing.id).folder)
    assert state is not None
    os.kill(state["pid"], signal.SIGKILL)
    with pytest.raises(ActivityFailedException, match="supervisor"):
        preparing.wait_for_completion()

    wait_until(lambda: not carrying(preparing.id), what="the end of all processes")


def test_a_service_killed_while_data_is_prepared_comes_back(
    preparing: Run, slow: SlowServer, live_workspace: TemporaryWorkspace
) -> None:
    service = live_workspace.service
    assert service is not None
    os.kill(service.pid, signal.SIGKILL)
    slow.go_on.set()
    preparing.wait_for_completion()

    assert preparing.get_status() == "Completed"
    assert len(preparing.get_details()["inputDatasets"]) == 1


def test_an_output_that_can_t_be_stored_fails_the_run_and_its_files_are_kept(
    experiment: Experiment, config_of: Config, ws: Workspace, live_workspace: TemporaryWorkspace
) -> None:
    store = ws.get_default_datastore()
    blocked = Path(live_workspace.paths.home) / "datastores" / "workspaceblobstore" / "blocked"
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where a folder is wanted")
    output = OutputFileDatasetConfig("out", (store, "blocked/below")).as_upload().register_on_complete("never")
    run = experiment.submit(
        config_of("import sys; open(sys.argv[1] + '/a.txt', 'w').write('kept')", arguments=[output])
    )
    with pytest.raises(ActivityFailedException, match="The output 'out' could not be kept"):
        run.wait_for_completion()

    kept = Path(live_workspace.paths.home) / "rescued" / run.id / "out"
    assert str(kept) in run.get_details()["error"]["error"]["message"]
    assert (kept / "a.txt").read_text() == "kept"
    assert "never" not in ws.datasets


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
