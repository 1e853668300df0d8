"""What one `run.log` costs in the script, beside one bare `write` to a file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from benchmarks.measure import Row, in_turn, show

CALLS = 100_000

_SCRIPT = f"""
import os, sys, time
from stoker.core import Run
run = Run.get_context()
run.log("warm", 1.0)
began = time.perf_counter()
for n in range({CALLS}):
    run.log("loss", n * 0.5)
print((time.perf_counter() - began) / {CALLS} * 1e6)
"""


def _log() -> float:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "STOKER_RUN_ID": "bench",
            "STOKER_ROOT_RUN_ID": "bench",
            "STOKER_RUN_DIR": folder,
            "STOKER_HOME_DIR": folder,
            "STOKER_EXPERIMENT": "bench",
            "STOKER_URL": "http://127.0.0.1:9",
            "STOKER_TOKEN": "none",
        }
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
    return float(done.stdout)


def _write() -> float:
    line = b'["m",0,1700000000.000000,"loss",0.5,null]\n'
    with tempfile.NamedTemporaryFile() as file:
        descriptor = os.open(file.name, os.O_WRONLY | os.O_APPEND)
        began = time.perf_counter()
        for _ in range(CALLS):
            os.write(descriptor, line)
        spent = time.perf_counter() - began
        os.close(descriptor)
    return spent / CALLS * 1e6


def rows(*, quick: bool = False) -> list[Row]:
    """Measure `run.log` in a script."""
    log, write = in_turn([_log, _write], 1 if quick else 5)
    return [Row("one `run.log`", log, "us", 5, f"one bare write {write:.2g} us")]


if __name__ == "__main__":
    show(rows())
