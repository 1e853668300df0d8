from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stoker.service.environments import EnvironmentRequest, UvEnvironmentBuilder

Ask = Callable[..., EnvironmentRequest]

BUILD = """
import json, sys
from stoker.service.environments import EnvironmentRequest, UvEnvironmentBuilder
cache, request = sys.argv[1], json.loads(sys.argv[2])
built = UvEnvironmentBuilder(cache).build(EnvironmentRequest(**request), lambda line: print(line, flush=True))
print("BUILT", built.key, flush=True)
"""


def start(cache: Path, request: EnvironmentRequest) -> subprocess.Popen[str]:
    asked = {
        "definition": request.definition,
        "python": request.python,
        "base_environment": request.base_environment,
    }
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(cache), json.dumps(asked)], stdout=subprocess.PIPE, text=True
    )


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def uv_processes(cache: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if b"pip\0install" in command and str(cache).encode() in command:
            found.append(path.parent.name)
    return found


def test_a_waiter_takes_over_when_the_builder_is_killed(index: Any, ask: Ask, tmp_path: Path) -> None:
    index.add("alpha", "1.0")
    index.hold("alpha")
    cache, request = tmp_path / "cache", ask(pip=["alpha"])
    first = start(cache, request)
    assert index.held.wait(30)
    orphan = uv_processes(cache)
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        if "waiting" in line:
            first.send_signal(signal.SIGKILL)

    built = UvEnvironmentBuilder(str(cache)).build(request, log)

    first.communicate()
    assert orphan
    wait_until(lambda: not uv_processes(cache))
    assert any("waiting" in line for line in lines)
    assert built.resolved["packages"] == {"alpha": "1.0"}
    assert not index.go_on.is_set()


def test_two_processes_build_once(index: Any, ask: Ask, tmp_path: Path) -> None:
    index.add("alpha", "1.0")
    cache, request = tmp_path / "cache", ask(pip=["alpha"])

    both = [start(cache, request), start(cache, request)]
    said = [process.communicate(timeout=60)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert "".join(said).count("Built in") == 1
    assert len({text.partition("BUILT ")[2] for text in said}) == 1


def test_a_leased_environment_is_spared_by_another_process(index: Any, ask: Ask, tmp_path: Path) -> None:
    index.add("alpha", "1.0")
    builder = UvEnvironmentBuilder(str(tmp_path / "cache"))
    built = builder.build(ask(pip=["alpha"]), lambda _: None)
    collect = (
        "import sys; from stoker.service.environments import UvEnvironmentBuilder; "
        "print(len(UvEnvironmentBuilder(sys.argv[1]).gc(unused_for=0)))"
    )

    def removed() -> str:
        command = [sys.executable, "-c", collect, str(tmp_path / "cache")]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()

    with builder.lease(built):
        assert removed() == "0"
    assert removed() == "1"
