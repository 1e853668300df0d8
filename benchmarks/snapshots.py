"""Recording a source folder: at first, unchanged, and with one byte changed, beside `cp -r` of the same folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Row, in_turn, show
from benchmarks.places import Place, live, source_tree
from stoker.client.snapshots import take

MOST_BYTES = 4 << 30


def rows(*, quick: bool = False) -> list[Row]:
    """Measure a folder of many files and one of much content."""
    many, size = (1_000, 100 << 20) if quick else (10_000, 1 << 30)
    rounds = 2 if quick else 5
    result: list[Row] = []
    with (
        tempfile.TemporaryDirectory() as name,
        live(Path(name) / "workspace", snapshot_max_bytes=str(MOST_BYTES)) as place,
    ):
        folder = Path(name)
        small = source_tree(folder / "many", many, 1000)
        large = source_tree(folder / "large", 10, size // 10)
        for what, source in ((f"{many:,} files", small), (f"{size >> 20:,} MiB in 10 files", large)):
            result += _of(place, what, source, rounds)
    return result


def _of(place: Place, what: str, source: Path, rounds: int) -> list[Row]:
    first = _timed(lambda: take(place.api, str(source), max_bytes=MOST_BYTES))
    unchanged, changed, copied = in_turn(
        [
            lambda: _timed(lambda: take(place.api, str(source), max_bytes=MOST_BYTES)),
            lambda: _after_a_change(place, source),
            lambda: _copy(source),
        ],
        rounds,
    )
    beside = f"`cp -r` {copied:.0f} ms"
    return [
        Row(f"snapshot of {what}: the first", first, "ms", None, beside),
        Row(f"snapshot of {what}: unchanged", unchanged, "ms", None, beside),
        Row(f"snapshot of {what}: one byte changed", changed, "ms", None, beside),
    ]


def _after_a_change(place: Place, source: Path) -> float:
    file = source / "part000" / "00003.bin"
    with file.open("r+b") as opened:
        byte = opened.read(1)
        opened.seek(0)
        opened.write(bytes([byte[0] ^ 1]))
    # Within the clock's tick it could change once more unseen, so that it would be read twice.
    time.sleep(0.1)
    spent = _timed(lambda: take(place.api, str(source), max_bytes=MOST_BYTES))
    assert take(place.api, str(source), max_bytes=MOST_BYTES).uploaded_bytes == 0
    return spent


def _copy(source: Path) -> float:
    target = source.with_suffix(".copy")
    spent = _timed(lambda: subprocess.run(["cp", "-r", str(source), str(target)], check=True))
    shutil.rmtree(target)
    return spent


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    show(rows())
