"""Submitting with a built environment and 10,000 unchanged files, over the same with neither."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.measure import Row, in_turn, show
from benchmarks.places import Place, live, source_tree
from stoker.core import ScriptRunConfig
from stoker.core.conda_dependencies import CondaDependencies
from stoker.core.environment import Environment
from stoker.exceptions import StokerException

_SCRIPT = "import time; open('{mark}', 'w').write(repr(time.time()))"


def rows(*, quick: bool = False) -> list[Row]:
    """Measure the return of `submit` and the script's first line."""
    files, rounds = (1_000, 3) if quick else (10_000, 7)
    with tempfile.TemporaryDirectory() as folder, live(Path(folder) / "workspace") as place:
        found = _measure(place, Path(folder), files, rounds)
    if found is None:
        return []
    returned, first, copied = found
    beside = f"`cp -r` of the {files:,} files {copied:.0f} ms"
    what = f"built environment and {files:,} unchanged files"
    return [
        Row(f"{what}: return of `submit`", returned, "ms over neither", 100, beside),
        Row(f"{what}: the script's first line", first, "ms over neither", 500, beside),
    ]


def _measure(place: Place, folder: Path, files: int, rounds: int) -> tuple[float, float, float] | None:
    mark = folder / "mark"
    script = _SCRIPT.format(mark=mark)
    large = source_tree(folder / "large", files, 1000)
    (large / "train.py").write_text(script)
    built = ScriptRunConfig(str(large), "train.py", environment=_environment())
    small = place.script(folder / "small", script)
    try:
        place.experiment.submit(built).wait_for_completion()
    except StokerException as error:
        print(f"the environment could not be built, so nothing is measured in it: {error}", file=sys.stderr)
        return None
    firsts: dict[int, list[float]] = {id(built): [], id(small): []}

    def submit(config: ScriptRunConfig) -> float:
        start, clock = time.time(), time.perf_counter()
        run = place.experiment.submit(config)
        spent = (time.perf_counter() - clock) * 1000
        run.wait_for_completion()
        firsts[id(config)].append((float(mark.read_text()) - start) * 1000)
        return spent

    def copy() -> float:
        clock = time.perf_counter()
        subprocess.run(["cp", "-r", str(large), str(folder / "copy")], check=True)
        spent = (time.perf_counter() - clock) * 1000
        shutil.rmtree(folder / "copy")
        return spent

    with_both, with_neither, copied = in_turn([lambda: submit(built), lambda: submit(small), copy], rounds)
    first = median(firsts[id(built)]) - median(firsts[id(small)])
    return with_both - with_neither, first, copied


def _environment() -> Environment:
    """Return an environment that must be built: its one small package is not where this program runs."""
    environment = Environment("built")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["toolz"])
    return environment


if __name__ == "__main__":
    show(rows())
