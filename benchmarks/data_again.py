"""A large unchanged folder as a dataset: registered and consumed once, and a second time."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Row, show
from benchmarks.places import live, source_tree
from stoker.core import Dataset, Datastore
from stoker.data._files import files_of
from stoker.data._storage.view import materialise

FILES = 1000


def rows(*, quick: bool = False) -> list[Row]:
    """Measure registration (with its fingerprint) and a read-only view, of 1 GiB or a tenth of it."""
    size, rounds = (100 << 20, 2) if quick else (1 << 30, 5)
    with tempfile.TemporaryDirectory() as name, live(Path(name) / "workspace") as place:
        folder = source_tree(Path(name) / "data", FILES, size // FILES)
        workspace = place.experiment.workspace
        store = Datastore.register_local_folder(workspace, "large", folder)

        def again(turn: int) -> float:
            began = time.perf_counter()
            dataset = Dataset.File.from_files((store, "part*/**")).register(workspace, "large", create_new_version=True)
            whole = Dataset.File.from_files((store, "")).register(workspace, "whole", create_new_version=True)
            definition = place.api.get("/datasets/by-name/whole")["definition"]
            path = materialise(files_of(definition, workspace), f"{name}/view{turn}")
            spent = (time.perf_counter() - began) * 1000
            assert all(link.is_symlink() for link in Path(path).rglob("*") if not link.is_dir()), "nothing is copied"
            assert dataset.version == whole.version == 1, "the same definition stays the same version"
            return spent

        first = again(0)
        second = statistics.median(again(turn + 1) for turn in range(rounds))
    what = f"{size >> 20:,} MiB in {FILES:,} files: two datasets of them registered, one consumed"
    return [
        Row(f"{what}; the first time", first, "ms", None, "every byte is hashed, nothing is copied"),
        Row(f"{what}; unchanged, a second time", second, "ms", 200.0, "nothing is read or copied"),
    ]


if __name__ == "__main__":
    show(rows())
