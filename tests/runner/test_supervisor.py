from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoker.base.digest import file_digest
from stoker.base.journal import parse
from stoker.base.jsonio import write_json
from stoker.base.processes import Identity, carrying, identity, is_alive
from stoker.runner import control

Until = Callable[[Callable[[], Any]], Any]
pytestmark = pytest.mark.usefixtures("service")


def is_gone(pid: int) -> bool:
    who = identity(pid)
    return who is None or not is_alive(who)


def records(bench: Any, run_id: str) -> list[Any]:
    found = []
    for path in Path(bench.folder(run_id).journals).glob("*.jsonl"):
        found += [record for record in parse(path.read_bytes())[0] if isinstance(record, list)]
    return found


def test_a_script_that_ends_well(bench: Any) -> None:
    run_id = bench.run("import os; print(os.getcwd()); print(sorted(os.listdir()))")
    facts = bench.ended(run_id)

    assert (facts["code"], facts["signal"], facts["reason"], facts["message"]) == (0, None, "completed", None)
    assert (facts["timed_out"], facts["canceled"]) == (False, False)
    assert facts["ranks"] == [{"rank": 0, "code": 0, "signal": None}]
    assert bench.log(run_id).splitlines() == [bench.folder(run_id).work, "['logs', 'outputs']"]
    state = bench.state(run_id)
    assert bench.handles[run_id] == {
        **{key: state[key] for key in ("pid", "start", "boot", "host")},
        "folder": bench.folder(run_id).folder,
    }
    assert state["started"] <= state["ended"] <= time.time()


def test_the_journal_tells_running_and_finalizing(bench: Any) -> None:
    run_id = bench.run("pass")
    facts = bench.ended(run_id)

    first, second = records(bench, run_id)
    state = bench.state(run_id)
    who = {key: state[key] for key in ("pid", "start", "boot", "host")}
    assert first == ["status", 0, first[2], "Running", who]
    assert second == ["status", 0, second[2], "Finalizing", {**who, "exit": facts}]


def test_the_outcome_of_an_exception_is_its_last_line(bench: Any) -> None:
    run_id = bench.run("def f():\n    raise ValueError('bad alpha: ö')\nf()")
    facts = bench.ended(run_id)

    assert (facts["code"], facts["reason"], facts["message"]) == (1, "exit code 1", "ValueError: bad alpha: ö")
    assert facts["traceback"].startswith("Traceback (most recent call last):")


def test_an_exit_code_is_told_with_the_last_line(bench: Any) -> None:
    facts = bench.ended(bench.run("import sys; print('no data'); sys.exit(3)"))

    assert facts["code"] == 3
    assert facts["message"] == "The script ended with exit code 3. The last line of user_logs/std_log.txt: no data"


def test_a_crash_is_told_in_words(bench: Any) -> None:
    facts = bench.ended(bench.run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))

    assert (facts["code"], facts["signal"]) == (None, signal.SIGSEGV)
    assert facts["reason"] == "segmentation fault (signal 11)"


def test_a_killed_script_is_told_with_its_memory(bench: Any, until: Until) -> None:
    run_id = bench.run("import time; data = b'x' * 200_000_000; print('ready'); time.sleep(600)")
    pid = bench.running(run_id)["processes"][0]["pid"]
    until(lambda: "ready" in bench.log(run_id))
    resources = Path(bench.folder(run_id).resources)
    until(lambda: any(json.loads(line)["memory"] > 2e8 for line in resources.read_text().splitlines()))
    os.kill(pid, signal.SIGKILL)
    facts = bench.ended(run_id)

    assert facts["reason"].startswith("killed (signal 9), last seen at 0.2 of ")
    assert "out of memory" not in facts["reason"]
    assert facts["memory_peak"] > 2e8


def test_stdout_and_stderr_keep_their_order(bench: Any) -> None:
    code = (
        "import os, sys\nfor i in range(50):\n    print('out', i)\n    print('err', i, file=sys.stderr)\n"
        "    os.write(1, b'raw \\x1b[31m\\n')"
    )
    run_id = bench.run(code)
    bench.ended(run_id)

    lines = [line for i in range(50) for line in (f"out {i}", f"err {i}", "raw \x1b[31m")]
    assert bench.log(run_id).splitlines() == lines


def test_a_missing_interpreter_says_what_to_do(bench: Any) -> None:
    facts = bench.ended(bench.run(argv=["/nowhere/python", "train.py"]))

    assert facts["code"] == 127
    assert "/nowhere/python could not be started: it is not there" in facts["message"]
    assert "interpreter_path" in facts["message"]


def test_a_program_that_may_not_run_says_so(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "train.sh").write_text("echo hi")
    facts = bench.ended(bench.run(argv=[str(tmp_path / "train.sh")]))

    assert facts["code"] == 127
    assert "Permission denied" in facts["message"]
    assert "chmod +x" in facts["message"]


def test_a_bad_environment_says_so(bench: Any) -> None:
    facts = bench.ended(bench.run("pass", env={"A": "nul\0"}))

    assert facts["code"] == 127
    assert "environment variables" in facts["message"]


def test_a_command_goes_through_the_shell(bench: Any) -> None:
    run_id = bench.run(shell='for i in 1 2; do echo "$i $WORD"; done; exit 4', env={"WORD": "a  b", "PATH": "/bin"})
    facts = bench.ended(run_id)

    assert facts["code"] == 4
    assert bench.log(run_id) == "1 a  b\n2 a  b\n"


def test_the_script_gets_a_clean_process(bench: Any) -> None:
    code = (
        "import os, signal\n"
        "fds = [name for name in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + name)]\n"
        "print(sorted(map(int, fds)))\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(int(status['SigBlk'], 16), os.read(0, 1), os.getpgrp() == os.getpid(), os.getsid(0) != os.getpid())\n"
        "print(os.environ['STOKER_RUN_ID'], os.environ['PYTHONUNBUFFERED'])\n"
    )
    run_id = bench.run(code)
    bench.ended(run_id)

    assert bench.log(run_id).splitlines() == ["[0, 1, 2]", "0 b'' True True", f"{run_id} 1"]


def test_signals_that_python_ignores_are_not_ignored_in_the_script(bench: Any) -> None:
    run_id = bench.run(shell="grep SigIgn /proc/self/status")
    bench.ended(run_id)

    # 32 and 33 are the C library's own; it always starts programs so.
    assert int(bench.log(run_id).split()[1], 16) & 0x7FFFFFFF == 0


def test_the_source_is_put_in_place(bench: Any, tmp_path: Path) -> None:
    source = tmp_path / "train.py"
    source.write_text("print(open('data/a.txt').read())")
    data = tmp_path / "a.txt"
    data.write_text("alpha")
    files = []
    for path, name in ((data, "data/a.txt"), (source, "train.py")):
        digest, size = file_digest(str(path))
        place = Path(bench.paths.objects, digest[:2], digest)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(path.read_bytes())
        files.append([name, digest, size, 0o644])
    manifest = tmp_path / "manifest.json"
    write_json(str(manifest), {"format": 1, "files": files, "links": [], "dirs": []})
    run_id = bench.run(
        argv=[sys.executable, "train.py"], snapshot={"manifest": str(manifest), "objects": bench.paths.objects}
    )

    assert bench.ended(run_id)["code"] == 0
    assert bench.log(run_id) == "alpha\n"


def test_a_source_that_is_gone_is_told(bench: Any) -> None:
    facts = bench.ended(bench.run("pass", snapshot={"manifest": "/nowhere.json", "objects": bench.paths.objects}))

    assert facts["code"] == 126
    assert "could not be carried out" in facts["message"]


def test_the_time_limit_ends_even_a_stopped_script(bench: Any) -> None:
    code = "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.kill(os.getpid(), signal.SIGSTOP)"
    run_id = bench.run(code, time_limit=0.3, grace=0.2)
    facts = bench.ended(run_id)

    assert (facts["timed_out"], facts["canceled"]) == (True, False)
    assert "time limit of 0.3 s" in facts["reason"]
    assert "max_run_duration_seconds" in facts["message"]


def test_a_canceled_script_may_clean_up(bench: Any, until: Until) -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    print('saved'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready')\ntime.sleep(600)"
    )
    run_id = bench.run(code)
    until(lambda: "ready" in bench.log(run_id))
    bench.cancel(run_id, "no longer needed", grace=20)
    facts = bench.ended(run_id)

    assert facts["canceled"]
    assert facts["message"] == "The run was canceled: no longer needed"
    assert bench.log(run_id) == "ready\nsaved\n"


def test_a_script_that_ignores_the_cancel_is_killed(bench: Any, until: Until) -> None:
    run_id = bench.run(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(600)"
    )
    until(lambda: "ready" in bench.log(run_id))
    bench.cancel(run_id, grace=0.1)
    facts = bench.ended(run_id)

    assert facts["canceled"]
    assert facts["signal"] == signal.SIGKILL


def test_a_run_canceled_before_it_begins_never_starts(bench: Any) -> None:
    folder = bench.folder("early")
    os.makedirs(folder.folder)
    control.cancel(folder.folder, {}, "too early", 5.0)
    facts = bench.ended(bench.run("print('started')", run_id="early"))

    assert facts["canceled"]
    assert bench.log("early") == ""


def test_cancel_of_an_ended_run_changes_nothing(bench: Any) -> None:
    run_id = bench.run("pass")
    facts = bench.ended(run_id)
    bench.cancel(run_id)
    bench.cancel(run_id)

    assert bench.ended(run_id) == facts


DAEMON = """
import os, signal, sys, time
def daemon():
    if os.fork(): return
    os.setsid()
    if os.fork(): os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.environ.clear()
    open("pid.tmp", "w").write(str(os.getpid()))
    os.rename("pid.tmp", "pid")
    time.sleep(600)
daemon()
while not os.path.exists("pid"): time.sleep(0.01)
print("ready")
"""


def daemon_pid(bench: Any, run_id: str) -> int:
    return int(Path(bench.folder(run_id).work, "pid").read_text())


def test_what_a_script_leaves_behind_ends_with_it(bench: Any) -> None:
    run_id = bench.run(DAEMON)
    facts = bench.ended(run_id)

    assert facts["code"] == 0
    assert is_gone(daemon_pid(bench, run_id))
    assert carrying(run_id) == []


def test_a_daemon_without_the_environment_ends_at_a_cancel(bench: Any, until: Until) -> None:
    inner = f"import subprocess, sys; subprocess.run(['/usr/bin/env', '-i', sys.executable, '-c', {DAEMON!r}])"
    run_id = bench.run(f"{inner}\nimport time; time.sleep(600)")
    until(lambda: "ready" in bench.log(run_id))
    bench.cancel(run_id, grace=0.2)

    assert bench.ended(run_id)["canceled"]
    assert is_gone(daemon_pid(bench, run_id))


def test_one_failing_process_ends_the_others(bench: Any, until: Until) -> None:
    code = (
        "import os, sys, time\nrank = int(os.environ['RANK'])\nprint('rank', rank, flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "if rank == 1: raise RuntimeError('no peer')\ntime.sleep(600)"
    )
    places = [
        {
            "rank": rank,
            "node": 0,
            "env": {"RANK": str(rank)},
            "cpus": None,
            "log": f"user_logs/std_log_process_{rank}.txt",
        }
        for rank in range(3)
    ]
    run_id = bench.run(code, processes=places)
    for place in places:
        until(lambda place=place: bench.log(run_id, place["log"]))  # type: ignore[misc]
    Path(bench.folder(run_id).work, "go").touch()
    facts = bench.ended(run_id)

    assert facts["code"] == 1
    assert facts["message"] == "Process 1 of 3: RuntimeError: no peer"
    assert [row["signal"] for row in facts["ranks"]] == [signal.SIGTERM, None, signal.SIGTERM]


def test_processes_keep_to_their_cores(bench: Any) -> None:
    core = max(os.sched_getaffinity(0))
    run_id = bench.run(
        "import os; print(os.sched_getaffinity(0))",
        processes=[{"rank": 0, "node": 0, "env": {}, "cpus": [core], "log": "user_logs/std_log.txt"}],
    )
    bench.ended(run_id)

    assert bench.log(run_id) == f"{{{core}}}\n"
    supervisor_cores = os.sched_getaffinity(bench.agent()["pid"])
    assert supervisor_cores == os.sched_getaffinity(0)


def test_cores_that_are_not_there_are_told(bench: Any) -> None:
    facts = bench.ended(bench.run("pass", processes=[{"rank": 0, "cpus": [1000]}]))

    assert facts["code"] == 127
    assert "cores can't be used" in facts["message"]


def test_samples_tell_cpu_and_memory(bench: Any) -> None:
    run_id = bench.run("import time\nend = time.time() + 1.5\nwhile time.time() < end: pass")
    facts = bench.ended(run_id)

    samples = [json.loads(line) for line in Path(bench.folder(run_id).resources).read_text().splitlines()]
    assert len(samples) >= 2
    assert max(sample["cpu"] for sample in samples) > 20
    assert samples[0]["memory"] > 0
    assert all(sample["processes"] >= 0 and "gpus" not in sample for sample in samples)
    assert 0.2 < facts["cpu_seconds"] < 3


def test_graphics_cards_are_sampled_where_nvidia_smi_answers(bench: Any, tmp_path: Path, until: Until) -> None:
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\nwhile true; do echo '0, NVIDIA H100, 37, 1024, 81559'; sleep 0.1; done\n")
    tool.chmod(0o755)
    run_id = bench.run("import time; time.sleep(600)", env={"PATH": f"{tool.parent}:{os.environ['PATH']}"})
    resources = Path(bench.folder(run_id).resources)
    until(lambda: resources.exists() and "gpus" in resources.read_text())
    bench.cancel(run_id)
    facts = bench.ended(run_id)

    last = next(json.loads(line) for line in resources.read_text().splitlines() if "gpus" in line)
    assert last["gpus"][0]["utilization"] == 37
    assert last["processes"] == 1
    assert facts["gpu_memory_peak"] == 1 << 30


def test_a_killed_supervisor_leaves_a_state_that_names_it(bench: Any) -> None:
    run_id = bench.run("import time; time.sleep(600)")
    state = bench.running(run_id)
    who = Identity(state["pid"], state["start"], state["boot"])
    assert is_alive(who)
    os.kill(state["pid"], signal.SIGKILL)
    os.kill(state["processes"][0]["pid"], signal.SIGKILL)

    assert bench.state(run_id)["phase"] == "running"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_supervisor_told_to_end_ends_its_script(bench: Any, number: int) -> None:
    run_id = bench.run("import time; time.sleep(600)")
    state = bench.running(run_id)
    os.kill(state["pid"], number)
    facts = bench.ended(run_id)

    assert facts["canceled"]
    assert is_gone(state["processes"][0]["pid"])
