"""Scripts that do to their processes what scripts do: nothing is lost of what they say, and nobody is left behind."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stoker.base.processes import carrying, identity, is_alive
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

BEGIN = """
import os, signal, sys, time
place = {place!r}

def note(name):
    "Write down who this process is."
    with open(os.path.join(place, "." + name), "w") as file:
        file.write(str(os.getpid()))
    os.rename(os.path.join(place, "." + name), os.path.join(place, name))

def stay(name):
    note(name)
    while True:
        time.sleep(600)

def wait(*names):
    while not all(os.path.exists(os.path.join(place, name)) for name in names):
        time.sleep(0.01)
"""

FORKS = """
for number in range(3):
    if os.fork() == 0:
        stay("child-%d" % number)
wait("child-0", "child-1", "child-2")
"""

DOUBLE_FORKS = """
if os.fork() == 0:
    if os.fork() == 0:
        wait("parent-gone")
        stay("orphan")
    os._exit(0)
os.wait()
note("parent-gone")
wait("orphan")
"""

NEW_SESSION = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.environ.clear()
        os.execve(sys.executable, [sys.executable, "-c", {begin!r} + "stay('daemon')"], {{"PATH": "/bin"}})
    stay("leader")
wait("leader", "daemon")
"""

IGNORES_TERM = """
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    stay("deaf")
wait("deaf")
"""

CHANGES_FOLDER = """
os.makedirs("outputs", exist_ok=True)
with open("outputs/before.txt", "w") as file:
    file.write("before")
os.chdir("/")
if os.fork() == 0:
    stay("elsewhere")
wait("elsewhere")
"""

CLOSES_DESCRIPTORS = """
os.closerange(0, 4096)
if os.fork() == 0:
    stay("silent")
wait("silent")
"""

FILLS_A_PIPE = """
reads, writes = os.pipe()
if os.fork() == 0:
    os.set_blocking(writes, False)
    try:
        while True:
            os.write(writes, b"x" * 65536)
    except BlockingIOError:
        pass
    os.set_blocking(writes, True)
    note("blocked")
    os.write(writes, b"x" * 65536)
wait("blocked")
"""

STOPS_A_CHILD = """
child = os.fork()
if child == 0:
    stay("stopped")
wait("stopped")
os.kill(child, signal.SIGSTOP)
"""

SCRIPTS = {
    "forks": FORKS,
    "double-forks": DOUBLE_FORKS,
    "begins a session": NEW_SESSION,
    "ignores signals": IGNORES_TERM,
    "changes its folder": CHANGES_FOLDER,
    "closes its descriptors": CLOSES_DESCRIPTORS,
    "fills a pipe": FILLS_A_PIPE,
    "stops a child": STOPS_A_CHILD,
}

LOG = """
from stoker.core import Run
run = Run.get_context()
run.log("before", 1)
"""

LOG_AGAIN = """
run.log("after", 2)
assert run.get_metrics("after") == {"after": 2}
note("script")
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, runs_of: Callable[[TemporaryWorkspace], Any]) -> Iterator[Any]:
    """Return what submits to a workspace where a cancel does not wait long for who does not listen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STOKER_CANCEL_GRACE_SECONDS", "0.5")
        with TemporaryWorkspace(tmp_path_factory.mktemp("trees")) as workspace:
            yield runs_of(workspace)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder where a script's processes write down who they are."""
    folder = tmp_path / "who"
    folder.mkdir()
    return folder


def code_of(kind: str, place: Path, end: str) -> str:
    begin = BEGIN.format(place=str(place))
    middle = SCRIPTS[kind].format(begin=begin) if kind == "begins a session" else SCRIPTS[kind]
    return "".join(textwrap.dedent(part) for part in (begin, LOG, middle, LOG_AGAIN, end))


def nobody_is_left(runs: Any, run_id: str, place: Path) -> None:
    pids = {path.name: int(path.read_text()) for path in place.iterdir() if not path.name.startswith(".")}
    assert len(pids) > 1
    for name, pid in pids.items():
        who = identity(pid)
        assert who is None or not is_alive(who), f"{name} is left"
    assert carrying(run_id, runs.workspace.paths.run(run_id).folder) == []


@pytest.mark.parametrize("kind", SCRIPTS)
def test_what_a_script_leaves_is_ended_with_it(runs: Any, place: Path, kind: str) -> None:
    run_id = runs.python(code_of(kind, place, ""))

    runs.completed(run_id)
    nobody_is_left(runs, run_id, place)
    assert runs.metrics(run_id) == {"before": 1, "after": 2}
    if kind == "changes its folder":
        assert "outputs/before.txt" in runs.files(run_id)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_cancel_ends_all_of_a_script(runs: Any, place: Path, kind: str) -> None:
    run_id = runs.python(code_of(kind, place, "time.sleep(600)\n"))
    runs.wait_for_file(run_id, place / "script")
    runs.api.post(f"/runs/{run_id}/cancel", {"reason": "for the test"})

    record = runs.ended(run_id)
    assert (record["status"], record["error"]["message"]) == ("Canceled", "for the test")
    nobody_is_left(runs, run_id, place)
    assert runs.metrics(run_id) == {"before": 1, "after": 2}


def test_a_stopped_script_is_ended_at_its_time_limit(runs: Any, place: Path) -> None:
    code = BEGIN.format(place=str(place)) + textwrap.dedent("""
        if os.fork() == 0:
            note("child")
            os.kill(os.getpid(), signal.SIGSTOP)
        wait("child")
        note("script")
        os.kill(os.getpid(), signal.SIGSTOP)
    """)
    run_id = runs.python(code, maxRunDurationSeconds=1)

    record = runs.ended(run_id)
    assert (record["status"], record["error"]["code"]) == ("Canceled", "TimeLimit"), record["error"]
    assert "time limit of 1 s" in record["error"]["message"]
    nobody_is_left(runs, run_id, place)


def test_a_run_of_the_same_id_in_another_workspace_goes_on(
    runs: Any, workspace: Any, runs_of: Any, place: Path
) -> None:
    begin, theirs = BEGIN.format(place=str(place)), runs_of(workspace)
    theirs.python(begin + 'note("theirs")\nwait("go on")\n', "the-same")
    theirs.wait_for_file("the-same", place / "theirs")
    runs.python(begin + 'note("ours")\nwait("theirs is over")\n', "the-same")
    runs.wait_for_file("the-same", place / "ours")

    (place / "go on").touch()
    theirs.completed("the-same")

    (place / "theirs is over").touch()
    runs.completed("the-same")


# -- several who log ---------------------------------------------------------------------------------------------------

WRITERS = {
    "fork": """
        import multiprocessing, os
        from stoker.core import Run

        def work(number):
            run = Run.get_context()
            for step in range(200):
                run.log(f"x{number}", step)
                run.log("shared", number * 1000 + step)

        if __name__ == "__main__":
            Run.get_context().log("first", 1)
            workers = [multiprocessing.get_context(METHOD).Process(target=work, args=(n,)) for n in range(4)]
            for worker in workers:
                worker.start()
            work(4)
            for worker in workers:
                worker.join()
                assert worker.exitcode == 0
    """,
    "threads": """
        import threading
        from stoker.core import Run
        run = Run.get_context()
        run.log("first", 1)

        def work(number):
            for step in range(200):
                run.log(f"x{number}", step)
                run.log("shared", number * 1000 + step)

        workers = [threading.Thread(target=work, args=(n,)) for n in range(5)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    """,
    "fork in threads": """
        import os, threading
        from stoker.core import Run
        run = Run.get_context()
        run.log("first", 1)

        def log(number):
            for step in range(200):
                run.log(f"x{number}", step)
                run.log("shared", number * 1000 + step)

        def work(number):
            child = os.fork()
            if child == 0:
                log(number)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0

        workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for worker in workers:
            worker.start()
        log(4)
        for worker in workers:
            worker.join()
    """,
}
WRITERS["spawn"] = WRITERS["fork"].replace("METHOD", '"spawn"')
WRITERS["forkserver"] = WRITERS["fork"].replace("METHOD", '"forkserver"')
WRITERS["fork"] = WRITERS["fork"].replace("METHOD", '"fork"')


@pytest.mark.parametrize("way", WRITERS)
def test_processes_of_one_run_log_at_the_same_time(runs: Any, way: str) -> None:
    run_id = runs.python(WRITERS[way])

    runs.completed(run_id)
    found: dict[str, Any] = runs.metrics(run_id)
    shared = found.pop("shared")
    assert sorted(shared) == [number * 1000 + step for number in range(5) for step in range(200)]
    for number in range(5):
        assert [value for value in shared if value // 1000 == number] == [number * 1000 + step for step in range(200)]
    assert found == {"first": 1, **{f"x{number}": list(range(200)) for number in range(5)}}
    assert runs.get(run_id)["warnings"] == []


def test_a_process_that_closes_its_descriptors_in_the_middle_loses_no_point(runs: Any) -> None:
    code = """
        import os
        from stoker.core import Run
        run = Run.get_context()
        for step in range(5):
            run.log("x", step)
            with run.child_run(name=f"child {step}") as child:
                child.log("y", step)
            os.closerange(3, 4096)
    """
    run_id = runs.python(code)

    runs.completed(run_id)
    assert runs.metrics(run_id) == {"x": [0, 1, 2, 3, 4]}
    children = runs.api.get(f"/runs/{run_id}/children")["runs"]
    assert [child["display_name"] for child in children] == [f"child {step}" for step in (4, 3, 2, 1, 0)]
    assert all(child["status"] == "Completed" for child in children)
    assert [runs.metrics(child["id"]) for child in children] == [{"y": step} for step in (4, 3, 2, 1, 0)]


def test_the_processes_of_other_runs_are_left_alone(runs: Any, place: Path) -> None:
    stays = runs.submit(f"echo $$ > {place}/other; exec sleep 600")
    wait_until(lambda: (place / "other").exists() and (place / "other").read_text(), what="the other run")
    for kind in ("forks", "begins a session"):
        folder = place / kind.replace(" ", "-")
        folder.mkdir()
        runs.completed(runs.python(code_of(kind, folder, "")))

    who: Callable[[int], Any] = identity
    other = who(int((place / "other").read_text()))
    assert other is not None
    assert is_alive(other)
    assert runs.status(stays) == "Running"
    os.kill(other.pid, 9)
    assert runs.ended(stays)["status"] == "Failed"
