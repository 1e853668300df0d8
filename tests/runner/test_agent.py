from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoker.base.jsonio import read_json, write_json
from stoker.base.processes import Identity, identity, is_alive
from stoker.base.sockets import connect
from stoker.exceptions import ExperimentExecutionException
from stoker.runner import control

Until = Callable[[Callable[[], Any]], Any]
pytestmark = pytest.mark.usefixtures("service")


def ask(bench: Any, line: bytes) -> dict[str, Any]:
    path = os.path.join(bench.paths.agent, "zygote.sock")
    with connect(path, socket.SOCK_STREAM, 10.0) as door, door.makefile("rb") as answers:
        door.sendall(line)
        answer: dict[str, Any] = json.loads(answers.readline())
        return answer


def alive(facts: dict[str, Any]) -> bool:
    return is_alive(Identity(facts["pid"], facts["start"], facts["boot"]))


def shipper_pid(bench: Any) -> int | None:
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                words = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
                if b"stoker.runner.shipper" in words and bench.home.encode() in words:
                    return int(name)
    return None


def test_one_agent_serves_many_callers_at_once(bench: Any) -> None:
    threads = [threading.Thread(target=control.ensure_agent, args=(bench.home,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert alive(bench.agent())
    assert ask(bench, b'{"op":"ping"}\n')["pid"] == bench.agent()["pid"]


def test_a_second_agent_leaves_at_once(bench: Any) -> None:
    control.ensure_agent(bench.home)
    first = bench.agent()
    command = [sys.executable, "-m", "stoker.runner.agent", bench.home]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "running\n"
    assert bench.agent() == first
    assert alive(first)


def test_nobody_else_may_use_the_sockets(bench: Any, until: Until) -> None:
    control.ensure_agent(bench.home)

    def is_closed_to_others(name: str) -> bool:
        path = os.path.join(bench.paths.agent, name)
        return os.path.exists(path) and stat.S_IMODE(os.stat(path).st_mode) == 0o600

    # A socket is there a moment before its mode is: the folder around it keeps others out meanwhile.
    assert stat.S_IMODE(os.stat(bench.paths.agent).st_mode) == 0o700
    for name in ("zygote.sock", "shipper.sock"):
        until(lambda name=name: is_closed_to_others(name))  # type: ignore[misc]


def test_a_start_that_is_repeated_starts_nothing(bench: Any, until: Until) -> None:
    run_id = bench.run("import time; print('begun'); time.sleep(600)")
    again = [control.start(bench.home, bench.folder(run_id).folder) for _ in range(3)]
    until(lambda: bench.log(run_id))
    again.append(control.start(bench.home, bench.folder(run_id).folder))
    bench.cancel(run_id)
    facts = bench.ended(run_id)
    again.append(control.start(bench.home, bench.folder(run_id).folder))

    assert all(handle == bench.handles[run_id] for handle in again)
    assert bench.log(run_id) == "begun\n"
    assert bench.ended(run_id) == facts


def test_another_attempt_starts_anew(bench: Any, until: Until) -> None:
    code = "import os; print(os.path.exists('left')); open('left', 'w')"
    first = bench.run(code, run_id="again")
    bench.ended(first)
    until(lambda: os.path.exists(bench.folder(first).ended))
    bench.run(code, run_id="again", attempt=2)
    until(lambda: bench.log("again").count("\n") == 2)
    bench.ended("again")

    assert bench.log("again") == "False\nFalse\n"
    assert bench.state("again")["attempt"] == 2
    kept = read_json(os.path.join(bench.folder("again").folder, "state.1.json"))
    assert kept["exit"]["code"] == 0


def test_runs_outlive_the_zygote_and_are_known_to_the_next(bench: Any) -> None:
    run_id = bench.run("import time; time.sleep(600)")
    state = bench.running(run_id)
    first = bench.agent()
    os.kill(first["pid"], signal.SIGKILL)

    assert control.start(bench.home, bench.folder(run_id).folder) == bench.handles[run_id]
    assert alive(state)
    assert bench.agent()["pid"] != first["pid"]
    other = bench.run("print('other')")
    assert bench.ended(other)["code"] == 0
    bench.cancel(run_id)
    assert bench.ended(run_id)["canceled"]


def test_a_killed_shipper_is_replaced(bench: Any, until: Until) -> None:
    control.ensure_agent(bench.home)
    first = until(lambda: shipper_pid(bench))
    os.kill(first, signal.SIGKILL)

    assert until(lambda: shipper_pid(bench) not in {None, first})


def test_the_shipper_leaves_when_the_zygote_is_killed(bench: Any, until: Until) -> None:
    control.ensure_agent(bench.home)
    shipper = until(lambda: shipper_pid(bench))
    who = identity(shipper)
    assert who is not None
    os.kill(bench.agent()["pid"], signal.SIGKILL)

    until(lambda: not is_alive(who))


def test_stopping_the_agent_spares_the_runs(bench: Any, until: Until) -> None:
    run_id = bench.run("import time; time.sleep(600)")
    state = bench.running(run_id)
    first = bench.agent()

    assert control.stop_agent(bench.home)
    assert not alive(first)
    assert not control.stop_agent(bench.home)
    assert alive(state)
    until(lambda: shipper_pid(bench) is None)
    bench.cancel(run_id)
    assert bench.ended(run_id)["canceled"]


def test_an_agent_leaves_when_its_workspace_is_gone(bench: Any, until: Until) -> None:
    control.ensure_agent(bench.home)
    facts = bench.agent()
    os.rename(bench.home, f"{bench.home}-gone")
    try:
        until(lambda: not alive(facts))
    finally:
        os.rename(f"{bench.home}-gone", bench.home)


def test_a_folder_without_a_spec_is_refused_in_words(bench: Any, tmp_path: Path) -> None:
    with pytest.raises(ExperimentExecutionException, match=r"no whole spec\.json"):
        control.start(bench.home, str(tmp_path))


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b"{}\n", b'{"op":"start"}\n', b'{"op":"dance"}\n'])
def test_a_request_that_makes_no_sense_is_answered(bench: Any, line: bytes) -> None:
    control.ensure_agent(bench.home)
    answer = ask(bench, line)

    assert answer["ok"] is False
    assert answer["error"]


def test_a_silent_client_holds_nobody_up(bench: Any) -> None:
    control.ensure_agent(bench.home)
    with connect(os.path.join(bench.paths.agent, "zygote.sock"), socket.SOCK_STREAM) as silent:
        silent.sendall(b'{"op":')

        assert bench.ended(bench.run("pass"))["code"] == 0


def test_a_workspace_under_a_long_path_works(tmp_path: Path, bench: Any, service: Any) -> None:
    folder = tmp_path / ("deep" * 30) / ("er" * 30)
    folder.mkdir(parents=True)
    long = type(bench)(folder)
    os.link(bench.paths.service, long.paths.service)
    try:
        run_id = long.run("print('far down')")
        assert long.ended(run_id)["code"] == 0
        control.poke(long.home, run_id)
    finally:
        long.close()
    assert service.url


def test_a_program_that_the_agent_starts_is_no_child_of_the_caller(bench: Any, tmp_path: Path, until: Until) -> None:
    log = tmp_path / "log"
    control.ensure_agent(bench.home)
    code = "import os; print(os.getppid(), os.getsid(0) == os.getpid(), 'STOKER_RUN_ID' in os.environ, flush=True)"
    pid = control.spawn(bench.home, [sys.executable, "-c", code], str(log))

    assert pid != os.getpid()
    assert until(lambda: log.exists() and log.read_text()) == f"{bench.agent()['pid']} True False\n"
    with pytest.raises(ExperimentExecutionException, match="not there"):
        control.spawn(bench.home, ["/nowhere"], str(log))


def test_poking_nobody_is_no_error(tmp_path: Path) -> None:
    control.poke(str(tmp_path), "run")


def test_an_agent_that_cannot_start_says_why(tmp_path: Path) -> None:
    home = tmp_path / ".stoker"
    (home / "agent" / "zygote.sock" / "in the way").mkdir(parents=True)

    with pytest.raises(ExperimentExecutionException, match="did not start"):
        control.ensure_agent(str(home))


def test_an_older_agent_is_replaced(bench: Any) -> None:
    """The version of the agent's answer decides; here the question comes from another version's process."""
    control.ensure_agent(bench.home)
    first = bench.agent()
    code = (
        "import sys\nimport stoker.base.version as version\nversion.__version__ = '999'\n"
        "from stoker.runner import control\ncontrol.ensure_agent(sys.argv[1])\n"
    )
    subprocess.run([sys.executable, "-c", code, bench.home], check=True)

    assert bench.agent()["pid"] != first["pid"]
    assert not alive(first)


def test_state_of_a_run_that_never_began_is_none(bench: Any, tmp_path: Path) -> None:
    assert control.read_state(str(tmp_path)) is None
    write_json(str(tmp_path / "state.json"), [1])
    assert control.read_state(str(tmp_path)) is None
    assert bench.home
