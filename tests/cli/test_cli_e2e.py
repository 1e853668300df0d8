"""Every command on a real service: one workspace for the whole file, one script that was submitted."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Done = subprocess.CompletedProcess[str]

SCRIPT = """
import os, sys
from stoker.core import Run

run = Run.get_context()
for step in range(4):
    run.log("loss", 1 / (step + 1), step=step)
run.log("alpha", float(sys.argv[2]))
run.log("broken", float("nan"))
print("arguments:", sys.argv[1:], flush=True)
os.makedirs("outputs/deep", exist_ok=True)
open("outputs/deep/a model.txt", "w").write("weights")
if "--fail" in sys.argv:
    raise SystemExit("it went wrong")
"""


class Shell:
    """A user's shell in a folder with a workspace."""

    def __init__(self, base: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("STOKER_", "COLUMNS"))}
        self.env = {**kept, "STOKER_HOME": str(base / "home"), "STOKER_CACHE": str(base / "cache")}
        self.folder = base / "diabetes"
        self.folder.mkdir()
        (self.folder / "train.py").write_text(SCRIPT)
        (self.folder / "sleep.py").write_text("import time\nprint('asleep', flush=True)\ntime.sleep(600)\n")

    def __call__(self, *words: str, **more: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "stoker.cli", *words],
            cwd=self.folder,
            env={**self.env, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    def ok(self, *words: str, **more: str) -> str:
        done = self(*words, **more)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.ok(*words, "-o", "json"))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    made = Shell(tmp_path_factory.mktemp("cli"))
    made.ok("init")
    yield made
    made.ok("workspace", "delete", "--yes")
    assert not (made.folder / ".stoker").exists()


@pytest.fixture(scope="module")
def trained(shell: Shell) -> str:
    """Return the id of a run that was submitted, followed, and has completed."""
    done = shell("run", "submit", "--follow", "-t", "made.json", "--tag", "kind=first", "train.py", "--alpha", "0.1")
    assert done.returncode == 0, done.stderr
    made = json.loads((shell.folder / "made.json").read_text())
    assert made["experimentName"] == "diabetes"
    assert "arguments: ['--alpha', '0.1']" in done.stdout
    assert "alpha" in done.stdout
    (shell.folder / "made.json").unlink()
    return str(made["runId"])


@pytest.fixture(scope="module")
def failed(shell: Shell) -> str:
    done = shell("run", "submit", "--follow", "-o", "json", "train.py", "--alpha", "0.9", "--fail")
    assert done.returncode == 1
    record = json.loads(done.stdout)
    assert record["status"] == "Failed"
    assert "it went wrong" in done.stderr
    return str(record["id"])


def test_options_behind_the_script_are_the_script_s(shell: Shell) -> None:
    done = shell("run", "submit", "--follow", "train.py", "--alpha", "1", "-o", "json", "--debug", "--", "-h")

    assert done.returncode == 0, done.stderr
    assert "arguments: ['--alpha', '1', '-o', 'json', '--debug', '--', '-h']" in done.stdout


def test_a_plain_command_is_run_too(shell: Shell) -> None:
    done = shell("run", "submit", "--follow", "--", "sh", "-c", "echo 'two  words' && ls")

    assert done.returncode == 0, done.stderr
    assert "two  words" in done.stdout
    assert "train.py" in done.stdout


def test_a_run_is_not_followed_where_stdout_is_no_terminal(shell: Shell) -> None:
    run = shell.ok("run", "submit", "--name", "detached one", "train.py", "--alpha", "2").strip()

    assert shell.json("run", "wait", "detached one")[0]["id"] == run


@pytest.mark.usefixtures("trained")
def test_a_script_that_is_not_there_is_an_error_before_anything_is_recorded(shell: Shell) -> None:
    before = shell.json("run", "list", "--limit", "1000")

    done = shell("run", "submit", "trian.py")

    assert done.returncode == 1
    assert "train.py" in done.stderr
    nowhere = shell("run", "submit", "-t", "no such folder/made.json", "train.py", "--alpha", "1")
    assert nowhere.returncode == 2
    assert "no such folder" in nowhere.stderr
    assert [run["id"] for run in shell.json("run", "list", "--limit", "1000")] == [run["id"] for run in before]


def test_runs_are_listed_newest_first_and_filtered(shell: Shell, trained: str, failed: str) -> None:
    listed = [run["id"] for run in shell.json("run", "list")]

    assert {trained, failed} <= set(listed)
    statuses = {run["id"]: run["status"] for run in shell.json("run", "list", "--status", "failed")}
    assert failed in statuses
    assert set(statuses.values()) == {"Failed"}
    tagged = {run["id"]: run["tags"]["kind"] for run in shell.json("run", "list", "--tag", "kind=first")}
    assert trained in tagged
    assert set(tagged.values()) == {"first"}
    assert shell.json("run", "list", "--limit", "1")[0]["id"] == listed[0]
    assert shell.ok("run", "list", "--limit", "1", "-o", "tsv", "--query", "[0].id").strip() == listed[0]
    assert trained in shell.ok("run", "list", COLUMNS="40")
    assert "No run is like that" in shell("run", "list", "--tag", "no such").stderr


def test_a_list_that_the_service_refuses_says_why(shell: Shell) -> None:
    done = shell("run", "list", "--sort", "nonsense", "-o", "json")

    assert done.returncode == 1
    assert "nonsense" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize("name", ["id", "prefix", "address", "last-failed"])
def test_a_run_is_named_in_several_ways(shell: Shell, trained: str, failed: str, name: str) -> None:
    named = {
        "id": (trained, trained),
        "prefix": (trained[:-1], trained),
        "address": (f"http://127.0.0.1:1/runs/{trained}?x=1", trained),
        "last-failed": ("@last-failed", failed),
    }[name]

    assert shell.json("run", "show", named[0])["id"] == named[1]


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "server status",
        "server list",
        "workspace list",
        "experiment list",
        "experiment show diabetes",
        "run list",
        "run show @last",
        "run metrics @last",
        "run files @last",
        "run logs @last --list",
        "run wait RUN",
        "run cancel RUN",
        "compute list",
        "environment list",
        "runconfig list",
        "gc --dry-run",
        "run show nonsense",
        "experiment show nonsense",
        "run list --nonsense",
    ],
)
def test_json_parses_and_nothing_has_colours_where_there_is_no_terminal(shell: Shell, trained: str, words: str) -> None:
    for form in ("json", "table"):
        done = shell(*words.replace("RUN", trained).split(), "-o", form, TERM="xterm-256color")

        assert done.returncode == (0 if "nonsense" not in words else 2 if "--" in words else 1)
        assert "\x1b" not in done.stdout + done.stderr
        if form == "json":
            json.loads(done.stdout)


def test_an_unknown_run_is_an_error_on_stdout_as_json(shell: Shell) -> None:
    done = shell("run", "show", "nonsense", "-o", "json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "NotFound"
    assert len(done.stderr.splitlines()) <= 3
    assert "The latest is" in done.stderr


def test_a_run_is_shown_to_people(shell: Shell, trained: str, failed: str) -> None:
    text = shell.ok("run", "show", trained)

    assert "alpha=0.1" in text
    assert "Completed" in text
    assert "it went wrong" in shell.ok("run", "show", failed)


def test_logs_are_shown_whole_in_part_and_listed(shell: Shell, trained: str) -> None:
    assert shell.ok("run", "logs", trained) == "arguments: ['--alpha', '0.1']\n"
    assert shell.ok("run", "logs", trained, "--tail", "1", "--follow").endswith("'0.1']\n")
    assert "user_logs/std_log.txt" in [log["name"] for log in shell.json("run", "logs", trained, "--list")]
    assert shell.ok("run", "logs", trained, "--file", "std_log.txt").startswith("arguments")
    assert shell("run", "logs", trained, "--file", "nothing.txt").returncode == 1
    wrong = shell("run", "logs", trained, "--rank", "3")
    assert wrong.returncode == 1
    assert "leave `--rank` out" in wrong.stderr


def test_metrics_are_shown_as_rows_plots_and_json(shell: Shell, trained: str) -> None:
    found = shell.json("run", "metrics", trained)

    assert found["alpha"] == 0.1
    assert found["loss"] == [1.0, 0.5, 1 / 3, 0.25]
    assert found["broken"] == "NaN"
    assert "loss" in shell.ok("run", "metrics", trained)
    assert "least 0.25 · greatest 1 · points 4" in " ".join(shell.ok("run", "metrics", trained, COLUMNS="40").split())
    assert "┤" in shell.ok("run", "metrics", trained, "--plot", "--name", "loss", COLUMNS="40")
    wrong = shell("run", "metrics", trained, "--name", "los")
    assert wrong.returncode == 1
    assert "'loss'" in wrong.stderr


def test_runs_are_compared_and_their_differences_shown(shell: Shell, trained: str, failed: str) -> None:
    compared = shell.json("run", "compare", trained, failed)
    assert [one["parameters"]["alpha"] for one in compared] == ["0.1", "0.9"]
    assert "*" in shell.ok("run", "compare", trained, failed)

    differing = shell.json("run", "diff", trained, failed)
    assert differing["parameters"]["alpha"] == ["0.1", "0.9"]
    assert differing["source"] == {"added": [], "removed": [], "changed": []}
    assert "do not differ" in shell.ok("run", "diff", trained, trained)


def test_a_changed_source_is_seen_by_diff(shell: Shell, trained: str) -> None:
    added = shell.folder / "added.py"
    added.write_text("")
    try:
        run = shell.ok("run", "submit", "train.py", "--alpha", "0.1").strip()
    finally:
        added.unlink()

    assert shell.json("run", "diff", trained, run)["source"]["added"] == ["added.py"]
    shell.ok("run", "wait", run)


def test_tags_are_set_and_removed(shell: Shell, trained: str) -> None:
    assert shell.json("run", "tag", trained, "a=1", "b")["a"] == "1"
    assert "a" not in shell.json("run", "tag", trained, "a-")
    run = shell.ok("run", "submit", "train.py", "--alpha", "0.4").strip()
    shell.ok("run", "tag", run, "c=1")
    assert shell.ok("run", "tag", run, "c-") == "It has no tags.\n"


def test_files_are_listed_and_downloaded(shell: Shell, trained: str, tmp_path: Path) -> None:
    assert "outputs/deep/a model.txt" in [file["name"] for file in shell.json("run", "files", trained)]

    shell.ok("run", "download", trained, "--prefix", "outputs/", "-d", str(tmp_path / "got"))

    assert (tmp_path / "got" / "outputs" / "deep" / "a model.txt").read_text() == "weights"
    assert [path.name for path in (tmp_path / "got").iterdir()] == ["outputs"]
    assert shell("run", "download", trained, "--prefix", "nothing").returncode == 1


def test_the_source_of_a_run_comes_back(shell: Shell, trained: str, tmp_path: Path) -> None:
    shell.ok("run", "snapshot", trained, "-d", str(tmp_path / "source"))

    assert (tmp_path / "source" / "train.py").read_text() == SCRIPT
    again = shell("run", "snapshot", trained, "-d", str(tmp_path / "source"))
    assert again.returncode == 1
    assert "not empty" in again.stderr


def test_a_run_is_run_again_with_another_parameter(shell: Shell, trained: str) -> None:
    done = shell("run", "rerun", trained, "--set", "alpha=0.7", "--follow")

    assert done.returncode == 0, done.stderr
    assert "['--alpha', '0.7']" in done.stdout
    wrong = shell("run", "rerun", trained, "--set", "alpah=1")
    assert wrong.returncode == 2
    assert "'alpha'" in wrong.stderr


def test_a_run_is_deleted_only_when_it_is_said(shell: Shell) -> None:
    run = shell.ok("run", "submit", "train.py", "--alpha", "3").strip()
    shell.ok("run", "wait", run)

    assert shell("run", "delete", run).returncode == 2
    assert shell.json("run", "delete", run, "--yes") == [{"deleted": run}]
    assert shell("run", "show", run).returncode == 1


def test_a_running_run_is_canceled(shell: Shell) -> None:
    run = shell.ok("run", "submit", "sleep.py").strip()

    shell.ok("run", "cancel", run, "--reason", "enough")

    assert shell("run", "wait", run).returncode == 1
    assert shell.json("run", "show", run)["status"] == "Canceled"
    assert "had ended before" in shell("run", "cancel", run).stderr


class Terminal:
    """A terminal of some columns, with a command in it."""

    def __init__(self, shell: Shell, columns: int, *words: str, **more: str) -> None:
        import fcntl
        import termios

        self._main, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stoker.cli", *words],
            cwd=shell.folder,
            env={**shell.env, "TERM": "xterm", **more},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self.text = ""

    def read_until(self, wanted: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not wanted():
            assert time.monotonic() < deadline, self.text
            if not select.select([self._main], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self._main, 65536)
            except OSError:
                return
            if not data:
                return
            self.text += data.decode("utf-8", "replace")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        self.read_until(lambda: False)
        os.close(self._main)
        return self.process.wait(timeout=60)


def test_ctrl_c_detaches_and_the_run_goes_on(shell: Shell) -> None:
    terminal = Terminal(shell, 80, "run", "submit", "sleep.py")
    terminal.read_until(lambda: "asleep" in terminal.text)

    terminal.interrupt()

    assert terminal.end() == 130
    assert "run logs" in terminal.text
    assert "run cancel" in terminal.text
    run = shell.json("run", "list", "--limit", "1")[0]
    assert run["status"] == "Running"
    shell.ok("run", "cancel", run["id"])
    assert shell("run", "logs", run["id"], "--follow").returncode == 1


@pytest.mark.usefixtures("trained")
def test_a_terminal_gets_colours_unless_they_are_not_wanted(shell: Shell) -> None:
    coloured = Terminal(shell, 80, "run", "list")
    assert coloured.end() == 0
    plain = Terminal(shell, 80, "run", "list", NO_COLOR="1")
    assert plain.end() == 0
    optional = Terminal(shell, 80, "run", "list", "--no-color")
    assert optional.end() == 0

    assert "\x1b[" in coloured.text
    assert "\x1b[" not in plain.text + optional.text
    assert "\x1b[" not in shell.ok("run", "list")


def test_a_narrow_terminal_has_no_line_that_is_cut_by_it(shell: Shell, trained: str) -> None:
    terminal = Terminal(shell, 40, "run", "list", "--no-color")

    assert terminal.end() == 0
    assert trained in terminal.text
    assert all(len(line) <= 40 for line in terminal.text.splitlines())


def test_a_download_shows_its_progress_on_a_terminal_only(shell: Shell, trained: str, tmp_path: Path) -> None:
    terminal = Terminal(shell, 80, "run", "download", trained, "-d", str(tmp_path / "a"))
    assert terminal.end() == 0

    assert "Downloading" in terminal.text
    assert "Downloading" not in shell("run", "download", trained, "-d", str(tmp_path / "b")).stderr


def test_a_question_is_asked_on_a_terminal_and_no_is_the_default(shell: Shell, trained: str) -> None:
    terminal = Terminal(shell, 80, "run", "delete", trained)
    terminal.read_until(lambda: "[y/N]" in terminal.text)

    os.write(terminal._main, b"\n")

    assert terminal.end() == 2
    assert shell.json("run", "show", trained)["id"] == trained


@pytest.mark.usefixtures("trained")
def test_experiments_are_listed_tagged_and_archived(shell: Shell) -> None:
    assert shell.json("experiment", "list")[0]["name"] == "diabetes"
    assert shell.json("experiment", "tag", "diabetes", "team=a")["tags"] == {"team": "a"}
    assert shell.json("experiment", "archive", "diabetes")["archived"]
    assert shell.json("experiment", "list") == []
    assert len(shell.json("experiment", "list", "--view", "all")) == 1
    assert shell.json("experiment", "reactivate", "diabetes")["archived"] is None
    assert "diabetes" in shell.ok("experiment", "show", "diabetes")
    assert "'diabetes'" in shell("experiment", "show", "diabets").stderr


def test_a_pool_is_made_used_changed_and_deleted(shell: Shell) -> None:
    made = shell.json("compute", "create", "pool", "cpu-cluster", "--max-nodes", "1", "--idle-seconds", "5")
    assert made["config"]["max_nodes"] == 1

    done = shell("run", "submit", "--target", "cpu-cluster", "--follow", "train.py", "--alpha", "4")
    assert done.returncode == 0, done.stderr
    assert [item["name"] for item in shell.json("compute", "list")] == ["local", "cpu-cluster"]
    taken = shell("compute", "create", "pool", "cpu-cluster", "--max-nodes", "7")
    assert taken.returncode == 1
    assert "stoker compute update cpu-cluster" in taken.stderr
    assert shell.json("compute", "show", "cpu-cluster")["config"]["max_nodes"] == 1
    assert shell.json("compute", "update", "cpu-cluster", "--max-nodes", "2")["config"]["max_nodes"] == 2
    assert "cpu-cluster" in shell.ok("compute", "show", "cpu-cluster")
    assert shell("compute", "start", "cpu-cluster").returncode == 2
    assert shell("compute", "create", "ray", "x").returncode == 2
    assert shell("compute", "delete", "cpu-cluster").returncode == 2
    assert shell.json("compute", "delete", "cpu-cluster", "--yes") == {"deleted": "cpu-cluster"}
    assert [item["name"] for item in shell.json("compute", "list")] == ["local"]


def test_the_target_local_is_shown_and_never_changed(shell: Shell) -> None:
    assert shell.json("compute", "show", "local")["config"]["local_concurrency"] >= 1
    assert re.search(r"local +local +Succeeded +0 of \d+ runs", shell.ok("compute", "list"))
    for words in (["delete", "local", "--yes"], ["update", "local", "--max-nodes", "2"], ["start", "local"]):
        done = shell("compute", *words)
        assert done.returncode == 2
        assert "this machine itself" in done.stderr


def test_an_unknown_target_is_refused_with_the_nearest(shell: Shell) -> None:
    done = shell("run", "submit", "--target", "locl", "train.py", "--alpha", "1")

    assert done.returncode == 1
    assert "'local'" in done.stderr


def test_environments_are_made_shown_saved_and_deleted(shell: Shell, tmp_path: Path) -> None:
    (shell.folder / "requirements.txt").write_text("six==1.17.0\n")
    try:
        made = shell.json("environment", "create", "small", "--pip", "requirements.txt")
    finally:
        (shell.folder / "requirements.txt").unlink()

    assert made["version"] == "1"
    assert "python=" not in json.dumps(made["definition"])
    assert "six==1.17.0" in shell.ok("environment", "show", "small")
    assert "small" in [item["name"] for item in shell.json("environment", "list")]
    assert len(shell.json("environment", "show", "small", "--versions")) == 1
    shell.ok("environment", "download", "small", "-d", str(tmp_path / "got"))
    assert (tmp_path / "got" / "azureml_environment.json").exists()
    shell.ok("environment", "register", "-d", str(tmp_path / "got"))
    shell.ok("environment", "scaffold", "fresh", "-d", str(tmp_path / "fresh"))
    assert shell("environment", "scaffold", "fresh", "-d", str(tmp_path / "fresh")).returncode == 2
    assert shell("environment", "create", "none").returncode == 2
    assert shell.json("environment", "delete", "small", "--yes") == {"deleted": "small", "version": None}
    assert shell("environment", "show", "small").returncode == 1


def test_an_environment_that_is_as_it_is_needs_no_build(shell: Shell) -> None:
    shell.ok("environment", "create", "mine", "--python", sys.executable)

    assert shell.json("environment", "build", "mine")["interpreter"] == sys.executable
    done = shell("run", "submit", "--env", "mine", "--follow", "train.py", "--alpha", "5")
    assert done.returncode == 0, done.stderr


def test_names_are_completed_from_the_service_that_runs(shell: Shell, trained: str) -> None:
    assert trained in shell.ok("__complete", "run", "show", trained[:-2])
    assert "diabetes" in shell.ok("__complete", "run", "list", "-e", "d")
    assert "user_logs/std_log.txt" in shell.ok("__complete", "run", "logs", trained, "--file", "")


def test_the_link_to_the_browser_works_once(shell: Shell, trained: str) -> None:
    url = shell.json("studio", trained, "--no-browser")["url"]

    assert url.startswith("http://127.0.0.1:")
    assert f"/runs/{trained}" in url


@pytest.mark.usefixtures("trained")
def test_status_tells_of_the_service_that_runs(shell: Shell) -> None:
    found = shell.json("status")

    assert found["service"]["url"].startswith("http://127.0.0.1:")
    assert shell.json("server", "status")["state"] == "running"
    assert [item["workspace"] for item in shell.json("server", "list")] == ["diabetes"]
    assert "Service" in shell.ok("status", COLUMNS="40")


def test_the_service_is_not_stopped_under_a_run_unless_it_is_said_how(shell: Shell) -> None:
    run = shell.ok("run", "submit", "sleep.py").strip()

    refused = shell("server", "stop")
    assert refused.returncode == 1
    assert "1 run is unfinished" in refused.stderr
    assert "--cancel" in refused.stderr

    shell.ok("server", "stop", "--detach")
    assert shell.json("server", "status") == {"state": "stopped"}
    assert [(item["id"], item["status"]) for item in shell.json("status")["runs"]] == [(run, "Running")]
    assert run in shell.ok("status")
    shell.ok("server", "start")
    assert shell.json("run", "show", run)["status"] in {"Queued", "Preparing", "Starting", "Running", "NotStarted"}
    shell.ok("server", "stop", "--cancel")
    assert shell.json("run", "show", run)["status"] == "Canceled"


def test_the_service_runs_in_the_foreground_until_it_is_interrupted(shell: Shell) -> None:
    shell.ok("server", "stop")
    terminal = Terminal(shell, 80, "server", "run")
    terminal.read_until(lambda: "serving" in terminal.text)

    assert shell.json("server", "status")["state"] == "running"
    assert shell("server", "run").returncode == 2
    terminal.interrupt()

    terminal.end()
    assert shell.json("server", "status") == {"state": "stopped"}
