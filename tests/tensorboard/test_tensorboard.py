"""Against the real tensorboard, in an environment of its own."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.services.children import free_port
from tests.services.installed import python_environment

import stoker
from stoker.core import Experiment, Workspace
from stoker.exceptions import UserErrorException
from stoker.tensorboard import Tensorboard
from stoker.tensorboard._program import shown_at
from stoker.tensorboard.export import export_to_tensorboard
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

PACKAGES = ["tensorboard>=2.15"]
BEGIN = """
import json, os, sys
from stoker.core import Environment, Experiment, ScriptRunConfig, Workspace
from stoker.tensorboard import Tensorboard
from stoker.tensorboard.export import export_to_tensorboard
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

def scalar(tag, value, step):
    return Event(wall_time=step, step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))

experiment = Experiment(Workspace.from_config({root!r}), "boards")
"""
READ = """
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

read = EventMultiplexer().AddRunsFromDirectory({folder!r})
read.Reload()
found = {{}}
for run, tags in read.Runs().items():
    found[run] = {{tag: [[e.step, e.value, e.wall_time] for e in read.Scalars(run, tag)] for tag in tags["scalars"]}}
print(json.dumps(found))
"""
SCRIPT = """
import os, sys, time
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

writer = EventFileWriter("logs/train", flush_secs=1)
for step in range(3):
    writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag="loss", simple_value=1 / (step + 1))])))
    writer.flush()
    while not os.path.exists(f"{sys.argv[1]}/go-{step}"):
        time.sleep(0.02)
writer.close()
"""


@pytest.fixture(scope="module")
def interpreter() -> str:
    return str(python_environment("tensorboard", PACKAGES) / "bin" / "python")


def words(interpreter: str, code: str) -> list[str]:
    return [interpreter, "-W", "error::ResourceWarning", "-c", code]


def variables() -> dict[str, str]:
    # The interpreter has nothing of Stoker's dependencies: none is needed.
    return {**os.environ, "PYTHONPATH": str(Path(stoker.__file__).parents[1])}


def run_there(interpreter: str, workspace: TemporaryWorkspace, code: str, **names: str) -> Any:
    """Run code where tensorboard is and return what it printed last, read as JSON."""
    text = (BEGIN + code).format(root=str(workspace.root), **names)
    done = subprocess.run(words(interpreter, text), capture_output=True, text=True, env=variables(), check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def ask(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}{path}", timeout=10) as answer:
        return json.load(answer)


def test_metrics_become_event_files_with_their_steps(
    interpreter: str, live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    code = (
        """
run = experiment.start_logging(snapshot_directory=None)
for step in (10, 20, 30):
    run.log("loss", 1 / step, step=step)
run.log_list("places", [3, 4])
run.log_row("errors", mae=1.5, rmse=float("inf"))
run.log("note", "a text")
run.complete()
export_to_tensorboard(run, {folder!r})
"""
        + READ
    )
    [(_, found)] = run_there(interpreter, live_workspace, code, folder=str(tmp_path / "made")).items()

    assert {tag: [point[:2] for point in points] for tag, points in found.items()} == {
        "loss": [[10, pytest.approx(0.1)], [20, pytest.approx(0.05)], [30, pytest.approx(1 / 30)]],
        "places": [[0, 3.0], [1, 4.0]],
        "errors/mae": [[0, 1.5]],
        "errors/rmse": [[0, float("inf")]],
    }
    assert found["loss"][0][2] > 1_700_000_000


def test_runs_below_come_too_and_a_second_export_replaces_the_first(
    interpreter: str, live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    code = (
        """
import logging
logging.basicConfig(level=logging.INFO)
with experiment.start_logging(snapshot_directory=None) as run:
    with run.child_run() as child:
        child.log("loss", 1)
    run.log("total", 2)
os.makedirs({folder!r})
export_to_tensorboard([run], {folder!r}, logger=logging.getLogger("export"))
export_to_tensorboard([run], {folder!r}, recursive=False)
print([run.id, child.id])
"""
        + READ
    )
    found = run_there(interpreter, live_workspace, code, folder=str(tmp_path / "made"))

    assert sorted([point[1] for tags in found.values() for points in tags.values() for point in points]) == [1.0, 2.0]
    assert len(found) == 2


@pytest.mark.slow
def test_the_board_shows_a_run_while_it_goes_on_and_ends_when_told(
    interpreter: str, live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    """TensorBoard takes seconds to start; nothing else shows that what a run adds gets to it."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "train.py").write_text(SCRIPT)
    code = """
environment = Environment("there")
environment.python.user_managed_dependencies = True
environment.python.interpreter_path = sys.executable
run = experiment.submit(
    ScriptRunConfig({source!r}, "train.py", arguments=[{gate!r}], environment=environment)
)
board = Tensorboard([run], local_root={copies!r})
print(json.dumps([board.start(), run.id]), flush=True)
assert board.start() == board._program.url
sys.stdin.readline()
run.wait_for_completion()
board.stop()
board.stop()
print(json.dumps(run.status), flush=True)
"""
    names = {"source": str(tmp_path / "source"), "gate": str(tmp_path), "copies": str(tmp_path / "copies")}
    text = (BEGIN + code).format(root=str(live_workspace.root), **names)
    with subprocess.Popen(
        words(interpreter, text), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables()
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        url, run_id = json.loads(child.stdout.readline())

        def values() -> int:
            tags = ask(url, "data/plugin/scalars/tags")
            if "loss" not in tags.get(f"{run_id}/train", {}):
                return 0
            return len(ask(url, f"data/plugin/scalars/scalars?run={run_id}%2Ftrain&tag=loss"))

        try:
            for step in range(3):
                wait_until(lambda: values() == step + 1, 60, f"the value of step {step}")  # noqa: B023  # called at once
                (tmp_path / f"go-{step}").touch()
        finally:
            # The child waits for the run, and the run for these.
            for step in range(3):
                (tmp_path / f"go-{step}").touch()
        child.stdin.write("\n")
        child.stdin.flush()
        assert json.loads(child.stdout.readline()) == "Completed"
    assert child.returncode == 0
    with pytest.raises(OSError, match="refused"):
        ask(url, "data/plugin/scalars/tags")
    assert list((tmp_path / "copies" / run_id / "train").iterdir())


@pytest.mark.slow
def test_the_board_ends_with_the_process_that_started_it(interpreter: str, live_workspace: TemporaryWorkspace) -> None:
    """TensorBoard takes seconds to start, and a kernel that is killed can't stop it."""
    code = """
run = experiment.start_logging(snapshot_directory=None)
run.complete()
print(json.dumps([Tensorboard(run).start()]), flush=True)
sys.stdin.readline()
"""
    text = (BEGIN + code).format(root=str(live_workspace.root))
    with subprocess.Popen(
        words(interpreter, text), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables()
    ) as child:
        assert child.stdout is not None
        [url] = json.loads(child.stdout.readline())
        ask(url, "data/plugins_listing")
        child.kill()

    def is_gone() -> bool:
        try:
            ask(url, "data/plugins_listing")
        except OSError:
            return True
        return False

    wait_until(is_gone, 30, "the end of the board")


@pytest.fixture
def experiment(live_workspace: TemporaryWorkspace) -> Experiment:
    return Experiment(Workspace.from_config(str(live_workspace.root)), "boards")


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="the package is installed here")
def test_without_the_package_the_message_says_what_to_install(experiment: Experiment, tmp_path: Path) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.complete()

    with pytest.raises(UserErrorException, match="pip install tensorboard"):
        export_to_tensorboard(run, str(tmp_path))
    with pytest.raises(UserErrorException, match="pip install tensorboard"):
        Tensorboard(run).start()


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserErrorException, match="no run that was recorded"):
        Tensorboard(["a"])  # type: ignore[list-item]  # what is tested
    with pytest.raises(UserErrorException, match="no run in the list"):
        export_to_tensorboard([], str(tmp_path))


class _Stranger(http.server.BaseHTTPRequestHandler):
    """Says what it is told to; a TensorBoard says where its data is."""

    said = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("said", "shown"),
    [(b'{"data_location": "/runs/of/others"}', "/runs/of/others"), (b"{}", ""), (b"[1]", ""), (b"<html>", "")],
)
def test_another_server_on_the_port_is_not_taken_for_the_board(said: bytes, shown: str) -> None:
    handler = type("Handler", (_Stranger,), {"said": said})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        assert shown_at(server.server_port) == shown
        server.shutdown()
        thread.join()
    assert shown_at(server.server_port) is None


def test_a_port_that_is_taken_is_said(interpreter: str, live_workspace: TemporaryWorkspace) -> None:
    code = """
import socket
run = experiment.start_logging(snapshot_directory=None)
run.complete()
with socket.socket() as taken:
    taken.bind(("127.0.0.1", {port}))
    taken.listen()
    try:
        Tensorboard(run, port={port}).start()
    except Exception as error:
        print(json.dumps(str(error)))
"""
    port = str(free_port())

    assert f"The port {port} is taken" in run_there(interpreter, live_workspace, code, port=port)


def test_v1s_command_shows_a_run_until_it_is_interrupted(interpreter: str, live_workspace: TemporaryWorkspace) -> None:
    with Experiment(Workspace.from_config(str(live_workspace.root)), "boards").start_logging() as run:
        run.log("loss", 1)
    [packages] = Path(interpreter).parents[1].glob("lib/python3*/site-packages")
    command = [sys.executable, "-m", "stoker.cli", "az", "ml", "run", "monitor-tensorboard", "-r", run.id]
    environment = {**os.environ, "PYTHONPATH": str(packages), "STOKER_WORKSPACE": str(live_workspace.root)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as shown:
        try:
            assert shown.stderr is not None
            url = shown.stderr.readline().split()[1]
            is_there = urllib.request.urlopen(url, timeout=10).status
            shown.send_signal(signal.SIGINT)
            rest = shown.communicate(timeout=60)[1]
        finally:
            shown.kill()

    assert (is_there, shown.returncode) == (200, 0), rest
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=10)
