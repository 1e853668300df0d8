from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.controllers.registration import mlmodel_facts, register_model
from stoker.service.store import FolderArtifactStore, Store

MLMODEL = b"""
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.skops}
  sklearn: {serialization_format: skops}
signature: {inputs: '[{"type": "double", "name": "x"}]'}
utc_time_created: 2026-01-01 00:00:00
"""


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store.open("sqlite://")
    made.runs.create(id="r", experiment="e")
    yield made
    made.close()


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> FolderArtifactStore:
    return FolderArtifactStore(str(tmp_path_factory.mktemp("objects")))


def put(objects: FolderArtifactStore, path: str, data: bytes) -> tuple[str, str, int]:
    kept = objects.put_bytes(data)
    return path, kept.sha256, kept.size


def test_a_model_of_a_runs_folder_takes_its_files_without_a_copy(store: Store, objects: FolderArtifactStore) -> None:
    for name in ("outputs/net/a", "outputs/net/deep/b", "outputs/network"):
        _, sha256, size = put(objects, name, name.encode())
        store.artifacts.add("r", name, sha256, size)
    folder = register_model(store, objects, "m", run_id="r", run_path="./outputs//net/")
    file = register_model(store, objects, "m", run_id="r", run_path="outputs/network")
    everything = register_model(store, objects, "m", run_id="r", run_path=".")

    assert [item["path"] for item in store.models.files("m", 1)] == ["a", "deep/b"]
    assert (folder["is_file"], folder["details"]["root"]) == (False, "net")
    assert (file["is_file"], [item["path"] for item in store.models.files("m", 2)]) == (True, ["network"])
    assert everything["files"] == 3
    outputs = store.lineage.of_run("r")["outputs"]
    assert [(item["ref"], item["mechanism"]) for item in outputs] == [(f"m:{n}", "register") for n in (1, 2, 3)]


def test_a_path_that_the_run_does_not_have_says_what_it_has(store: Store, objects: FolderArtifactStore) -> None:
    _, sha256, size = put(objects, "x", b"x")
    store.artifacts.add("r", "outputs/model.pkl", sha256, size)
    for path in ("outputs/modl.pkl", "../outputs", "outputs/model.pkl/x"):
        with pytest.raises(NotFoundException, match="no file or folder") as caught:
            register_model(store, objects, "m", run_id="r", run_path=path)
        assert caught.value.details == {"available": ["outputs/model.pkl"]}
    with pytest.raises(UserErrorException, match="run_path"):
        register_model(store, objects, "m", run_path="outputs")
    assert store.models.find("m") is None


def test_what_an_mlmodel_file_says_is_kept(store: Store, objects: FolderArtifactStore) -> None:
    files = [put(objects, "MLmodel", MLMODEL), put(objects, "model.skops", b"PK")]
    details = register_model(store, objects, "m", files=files, details={"root": "m"})["details"]

    assert details["flavors"]["sklearn"] == {"serialization_format": "skops"}
    assert details["mlmodel"]["signature"] == {"inputs": '[{"type": "double", "name": "x"}]'}
    assert details["mlmodel"]["utc_time_created"] == "2026-01-01 00:00:00"
    assert details["root"] == "m"


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (n, n, b", ".join([b"*%c" % (n - 1)] * 9)) for n in range(ord("b"), ord("k"))
)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"flavors",
        b"flavors: [1]",
        b"\xff\xfe",
        b"flavors: {a: .nan}",
        b"flavors: {a: 0x" + b"f" * 5000 + b"}",
        b"flavors: {a: 1" + b":1" * 500_000 + b"}",
        b"flavors: {a: !!int '1" + b":1" * 500_000 + b"'}",
        b"flavors: {a: 1" + b":1" * 400 + b".5}",
        b"a: &a {x: 1}\nflavors: {<<: [*a, *a]}",
        b"{" * 5000,
        b"[" * 200 + b"]" * 200,
        BOMB + b"flavors: {}\n",
        b"flavors: {}\n" + b"x" * (1 << 20),
        b"flavors: [" + b"x," * 500_000 + b"]",
        b"flavors: !!python/object/apply:os.system ['touch /tmp/never']",
        b'flavors: {"\\ud800": 1}',
    ],
)
def test_an_mlmodel_file_that_cannot_be_read_is_said_and_not_refused(
    store: Store, objects: FolderArtifactStore, text: bytes
) -> None:
    record = register_model(store, objects, "odd", files=[put(objects, "MLmodel", text)])

    assert list(record["details"]) == ["mlmodel_problem"]
    assert "can't be read" in record["details"]["mlmodel_problem"]


@given(st.binary(max_size=200))
def test_no_mlmodel_file_breaks_a_registration(objects: FolderArtifactStore, data: bytes) -> None:
    facts = mlmodel_facts(objects, [put(objects, "MLmodel", data)])

    assert set(facts) in ({"mlmodel_problem"}, {"flavors", "mlmodel"})


class _Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_nothing_in_a_model_is_unpickled(store: Store, objects: FolderArtifactStore, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    data = pickle.dumps(_Trap(trap))
    files = [put(objects, "MLmodel", MLMODEL), put(objects, "model.pkl", data), put(objects, "model.skops", data)]
    record = register_model(store, objects, "trap", files=files)

    assert record["files"] == 3
    assert not trap.exists()
