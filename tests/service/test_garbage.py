from __future__ import annotations

import time
from pathlib import Path

from stoker.service.controllers.garbage import collect
from stoker.service.environments import CurrentInterpreterBuilder
from stoker.service.store import FolderArtifactStore, Store


def test_only_objects_that_nothing_names_go_and_a_dry_run_takes_none(tmp_path: Path) -> None:
    store, objects = Store.open("sqlite://"), FolderArtifactStore(str(tmp_path / "objects"))
    named, kept, model, lost = (objects.put_bytes(data) for data in (b"artifact", b"snapshot", b"model", b"lost"))
    store.runs.create(id="r", experiment="e")
    store.artifacts.add("r", "a", named.sha256, named.size)
    manifest = {"format": 1, "files": [["s", kept.sha256, kept.size, 0o644]], "links": [], "dirs": []}
    store.snapshots.put(manifest, objects)
    store.models.create("m", [("model.pkl", model.sha256, model.size)])
    builder = CurrentInterpreterBuilder(str(tmp_path / "cache"))

    dry = collect(store, objects, builder, dry_run=True, spared=-60)
    young = collect(store, objects, builder, dry_run=False)
    done = collect(store, objects, builder, dry_run=False, spared=-60)

    assert young == {"removed": [], "bytes": 0}
    assert dry == done == {"removed": [{"kind": "object", "name": lost.sha256, "size": 4}], "bytes": 4}
    assert sorted(objects.hashes(time.time() + 60)) == sorted([named.sha256, kept.sha256, model.sha256])
    store.close()
