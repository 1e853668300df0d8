"""200 runs that do nothing, two at a time, beside a bare loop of subprocesses of that width."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measure import Row, in_turn, show
from benchmarks.places import live

WIDTH = 2


def rows(*, quick: bool = False) -> list[Row]:
    """Measure with nothing to do, and with 0.2 s of sleep each."""
    count, rounds = (20, 1) if quick else (200, 2)
    with tempfile.TemporaryDirectory() as folder, live(Path(folder) / "workspace", local_concurrency=str(WIDTH)) as at:
        result = []
        for text, limit, number in (("pass", 3.0, count), ("import time; time.sleep(0.2)", 1.1, count // 2)):
            config = at.script(Path(folder) / f"source{limit:g}", text)

            def ours(config: object = config, number: int = number) -> float:
                began = time.perf_counter()
                for run in [at.experiment.submit(config) for _ in range(number)]:
                    run.wait_for_completion()
                return (time.perf_counter() - began) / number * 1000

            def bare(text: str = text, number: int = number) -> float:
                began = time.perf_counter()
                with ThreadPoolExecutor(WIDTH) as pool:
                    list(pool.map(lambda _: subprocess.run([sys.executable, "-c", text], check=True), range(number)))
                return (time.perf_counter() - began) / number * 1000

            mine, theirs = in_turn([ours, bare], rounds)
            doing = "nothing" if text == "pass" else "0.2 s of sleep"
            what = f"{number} runs of {doing}, width {WIDTH}"
            result.append(Row(what, mine / theirs, "x bare", limit, f"{mine:.1f} ms a run, bare {theirs:.1f} ms"))
    return result


if __name__ == "__main__":
    show(rows())
