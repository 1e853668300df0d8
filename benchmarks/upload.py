"""Uploading a folder of many small files to the default datastore, beside `cp -r` of the same folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Row, in_turn, show
from benchmarks.places import live, source_tree


def rows(*, quick: bool = False) -> list[Row]:
    """Measure an upload into an empty folder, and one where everything is there already."""
    files, rounds = (2_000, 3) if quick else (10_000, 5)
    with tempfile.TemporaryDirectory() as name, live(Path(name) / "workspace") as place:
        folder = Path(name)
        source = source_tree(folder / "source", files, 1000)
        store = place.experiment.workspace.get_default_datastore()
        root = Path(place.temporary.paths.home) / "datastores" / store.name

        def upload() -> float:
            shutil.rmtree(root / "in", ignore_errors=True)
            return _timed(lambda: store.upload(str(source), "in", show_progress=False))

        def copy() -> float:
            shutil.rmtree(folder / "copy", ignore_errors=True)
            return _timed(lambda: subprocess.run(["cp", "-r", str(source), str(folder / "copy")], check=True))

        uploaded, copied = in_turn([upload, copy], rounds)
        skipped = _timed(lambda: store.upload(str(source), "in", show_progress=False))
    beside = f"`cp -r` {copied:.0f} ms, upload {uploaded:.0f} ms"
    return [
        Row(f"upload of {files:,} small files to the default datastore", uploaded / copied, "x `cp -r`", 1.5, beside),
        Row(f"the same when the {files:,} files are there already", skipped, "ms", None, beside),
    ]


def _timed(call: object) -> float:
    assert callable(call)
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    show(rows())
