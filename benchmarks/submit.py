"""From `submit` to the script's first line, and to the return of `wait_for_completion`, over a bare process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Row, in_turn, show
from benchmarks.places import user_managed
from stoker.core import Experiment, ScriptRunConfig, Workspace
from stoker.testing.workspaces import TemporaryWorkspace

ROUNDS = 20
_SCRIPT = "import time; open('{mark}', 'w').write(repr(time.time()))"


def rows(*, quick: bool = False) -> list[Row]:
    """Measure on a warm service with a user-managed environment."""
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = _measure(Path(folder), 4 if quick else ROUNDS)
    first, whole, bare_first, bare_whole = warm
    beside = f"bare process: first line {bare_first:.1f} ms, end {bare_whole:.1f} ms"
    return [
        Row("cold start of the service to the first answer", cold, "s", 2),
        Row("submit to the script's first line", first - bare_first, "ms over bare", 30, beside),
        Row("submit to the end of wait_for_completion", whole - bare_whole, "ms over bare", 60, beside),
    ]


def _measure(folder: Path, rounds: int) -> tuple[float, list[float]]:
    mark, source = folder / "mark", folder / "source"
    source.mkdir()
    (source / "train.py").write_text(_SCRIPT.format(mark=mark))
    began = time.perf_counter()
    with TemporaryWorkspace(folder / "workspace") as place:
        cold = time.perf_counter() - began
        experiment = Experiment(Workspace.from_config(str(place.root)), "bench")
        config = ScriptRunConfig(str(source), "train.py", environment=user_managed())
        firsts: list[float] = []
        bare_firsts: list[float] = []

        def ours() -> float:
            start, clock = time.time(), time.perf_counter()
            experiment.submit(config).wait_for_completion()
            spent = time.perf_counter() - clock
            firsts.append((float(mark.read_text()) - start) * 1000)
            return spent * 1000

        def bare() -> float:
            start, clock = time.time(), time.perf_counter()
            subprocess.run([sys.executable, str(source / "train.py")], check=True)
            bare_firsts.append((float(mark.read_text()) - start) * 1000)
            return (time.perf_counter() - clock) * 1000

        whole, bare_whole = in_turn([ours, bare], rounds)
    middle = len(firsts) // 2
    return cold, [sorted(firsts)[middle], whole, sorted(bare_firsts)[middle], bare_whole]


if __name__ == "__main__":
    show(rows())
