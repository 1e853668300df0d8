from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from stoker.base.processes import (
    Identity,
    boot_id,
    carrying,
    descendants,
    end_tree,
    identity,
    is_alive,
    members,
    send,
)

RUN = f"run-{uuid4().hex}"
"""Nothing else on this machine is a run of that id."""


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.005)


class Tree:
    """A process with a child in a session of its own, whose pid it writes down."""

    def __init__(self, folder: Path, *, ignore: bool, child_ignores: bool, run_id: str, run_dir: str) -> None:
        place = folder / "child"
        deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        prelude = deaf if ignore else ""
        first = deaf if ignore or child_ignores else ""
        inner = f"{first}import time, os; open({str(place)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
        outer = (
            f"{prelude}import subprocess, sys, time;"
            f"subprocess.Popen([sys.executable, '-c', {inner!r}], start_new_session=True); time.sleep(600)"
        )
        env = {**os.environ, "STOKER_RUN_ID": run_id, **({"STOKER_RUN_DIR": run_dir} if run_dir else {})}
        self.process = subprocess.Popen([sys.executable, "-c", outer], env=env, start_new_session=True)
        wait_for(lambda: place.exists() and bool(place.read_text()))
        self.child = int(place.read_text())

    def end(self) -> None:
        for pid in (self.process.pid, self.child):
            send(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Callable[..., Tree]]:
    made: list[Tree] = []

    def make(*, ignore: bool = False, child_ignores: bool = False, run_id: str = "a-run", run_dir: str = "") -> Tree:
        made.append(Tree(tmp_path, ignore=ignore, child_ignores=child_ignores, run_id=run_id, run_dir=run_dir))
        return made[-1]

    yield make
    for item in made:
        item.end()


def is_gone(pid: int) -> bool:
    who = identity(pid)
    return who is None or not is_alive(who)


def test_identity_is_the_same_each_time() -> None:
    who = identity(os.getpid())

    assert who is not None
    assert who == identity(os.getpid())
    assert len({who, identity(os.getpid())}) == 1
    assert who.as_dict() == {"pid": os.getpid(), "start": who.start, "boot": boot_id()}
    assert is_alive(who)


def test_a_pid_given_out_again_is_somebody_else() -> None:
    who = identity(os.getpid())

    assert who is not None
    assert not is_alive(Identity(who.pid, "1", who.boot))
    assert not is_alive(Identity(who.pid, who.start, "another boot"))


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    who = identity(process.pid)
    assert who is not None
    wait_for(lambda: not is_alive(who))
    assert process.wait() == 0
    assert identity(process.pid) is None


def test_a_name_with_parentheses_is_read_right(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(program), "600"])
    try:
        who = identity(process.pid)
        assert who is not None
        assert is_alive(who)
        assert process.pid in descendants(os.getpid())
    finally:
        process.kill()
        process.wait()


def test_descendants_and_carriers_are_found_in_other_sessions(tree: Callable[..., Tree]) -> None:
    made = tree(run_id=RUN)

    assert descendants(made.process.pid) == [made.child]
    assert sorted(carrying(RUN)) == sorted([made.process.pid, made.child])
    assert carrying(RUN[:-1]) == []
    assert carrying(RUN, above=max(made.process.pid, made.child)) == []
    assert members(sessions=[made.child]) == [made.child]
    assert members(groups=[made.process.pid]) == [made.process.pid]


def test_a_run_of_the_same_id_in_another_workspace_is_another_run(tree: Callable[..., Tree], tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    theirs.mkdir()
    made = tree(run_id=RUN, run_dir=str(theirs))
    both = sorted([made.process.pid, made.child])

    assert carrying(RUN, str(ours)) == []
    assert end_tree(run_id=RUN, run_dir=str(ours)) == []
    assert sorted(carrying(RUN, str(theirs))) == both
    ours.symlink_to(theirs)
    assert sorted(carrying(RUN, str(ours))) == both


@pytest.mark.parametrize("run_dir", ["", "/nowhere/at/all"])
def test_whoever_carries_a_run_is_found_where_its_folder_is_gone_or_not_named(
    tree: Callable[..., Tree], tmp_path: Path, run_dir: str
) -> None:
    made = tree(run_id=RUN, run_dir=run_dir)

    assert sorted(carrying(RUN, str(tmp_path))) == sorted([made.process.pid, made.child])


def test_a_tree_is_asked_first(tree: Callable[..., Tree]) -> None:
    made = tree()

    assert end_tree([made.process.pid], grace=20) == []
    assert made.process.wait() == -signal.SIGTERM
    assert is_gone(made.child)


def test_a_child_that_ignores_the_question_is_killed_though_its_parent_left(tree: Callable[..., Tree]) -> None:
    made = tree(child_ignores=True)

    assert end_tree([made.process.pid], grace=0.5) == []
    assert made.process.wait() == -signal.SIGTERM
    assert is_gone(made.child)


def test_a_tree_that_ignores_the_question_is_killed(tree: Callable[..., Tree]) -> None:
    made = tree(ignore=True)

    assert end_tree([made.process.pid], grace=0.05) == []
    assert made.process.wait() == -signal.SIGKILL
    assert is_gone(made.child)


def test_a_stopped_tree_is_ended(tree: Callable[..., Tree]) -> None:
    made = tree()
    os.kill(made.process.pid, signal.SIGSTOP)
    os.kill(made.child, signal.SIGSTOP)

    assert end_tree([made.process.pid], grace=20) == []
    assert is_gone(made.child)


def test_whoever_carries_the_run_is_ended(tree: Callable[..., Tree]) -> None:
    made = tree(run_id=f"{RUN}-lost")

    assert end_tree(run_id=f"{RUN}-lost") == []
    assert is_gone(made.child)
    assert is_gone(made.process.pid)


def test_signals_to_nobody_are_told() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert not send(process.pid, signal.SIGTERM)
    assert not send(process.pid, signal.SIGTERM, group=True)
