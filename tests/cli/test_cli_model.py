from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Dataset, Experiment, Model, Workspace
from stoker.testing.workspaces import TemporaryWorkspace

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def cli(live_workspace: TemporaryWorkspace, tmp_path: Path) -> Callable[..., Done]:
    def run(*words: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "stoker.cli", "model", *words, "-w", str(live_workspace.root)],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def ws(live_workspace: TemporaryWorkspace) -> Workspace:
    return Workspace.from_config(str(live_workspace.root))


def asked(done: Done) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_file_is_registered_shown_changed_downloaded_and_deleted(cli: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"weights")
    words = ("register", "-n", "life", "-p", "model.pkl", "--tag", "k=v", "--property", "p=1", "--framework", "Onnx")
    made = cli(*words, "-o", "json")
    assert "Registering model life" in made.stderr
    assert asked(made)["id"] == "life:1"
    cli(*words)

    shown = cli("show", "life:1")
    assert all(part in shown.stdout for part in ("life (version 1)", "Onnx", "model.pkl", "7 B"))
    changed = asked(cli("update", "life", "--tag", "l=w", "--remove-tag", "k", "--stage", "production", "-o", "json"))
    assert (changed["version"], changed["tags"], changed["stage"]) == (2, {"l": "w"}, "Production")
    got = asked(cli("download", "life", "--version", "1", "-d", "to", "-o", "json"))
    assert (tmp_path / got["path"]).read_bytes() == b"weights"
    again = cli("download", "life:1", "-d", "to")
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    assert cli("download", "life:1", "-d", "to", "--overwrite").returncode == 0
    assert asked(cli("delete", "life:2", "--yes", "-o", "json")) == {"deleted": "life:2"}
    assert cli("show", "life", "--version", "2").returncode == 1


def test_models_of_a_run_are_registered_listed_and_traced(
    cli: Callable[..., Done], ws: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(b"a")
    run = Experiment(ws, "cli").start_logging(outputs=False, snapshot_directory=None)
    run.upload_file("outputs/net/a.bin", str(tmp_path / "a.bin"))
    run.complete()
    made = asked(cli("register", "-n", "traced", "--run", run.id, "--asset-path", "outputs/net", "-o", "json"))
    Model.register(ws, str(tmp_path / "a.bin"), "other")

    assert (made["run_id"], made["files"]) == (run.id, 1)
    assert [item["id"] for item in asked(cli("list", "--run", run.id, "-o", "json"))] == ["traced:1"]
    assert {"traced", "other"} <= {item["name"] for item in asked(cli("list", "-o", "json"))}
    assert asked(cli("list", "--name", "nothing", "-o", "json")) == []
    assert "No model is like that" in cli("list", "--name", "nothing").stderr
    assert f"made by run {run.id}" in cli("lineage", "traced").stdout
    assert asked(cli("lineage", "traced:1", "--up", "-o", "json"))["node"]["ref"] == "traced:1"


def test_a_model_s_data_sets_are_shown_by_name_and_version(
    cli: Callable[..., Done], ws: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(b"a")
    named = Dataset.File.from_files(f"file://{tmp_path}/a.bin").register(ws, "weights")
    nameless = Dataset.File.from_files(f"file://{tmp_path}/*.bin")
    Model.register(ws, str(tmp_path / "a.bin"), "fed", datasets=[("training", named), ("test", nameless)])

    shown = cli("show", "fed")
    assert "training: weights:1" in shown.stdout, shown.stderr
    assert f"test: {nameless.id}" in shown.stdout


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("register", "-n", "x"), 2, "-p PATH"),
        (("register", "-n", "x", "-p", "a", "--run", "r", "--asset-path", "b"), 2, "-p PATH"),
        (("register", "-n", "x", "--asset-path", "b"), 2, "-p PATH"),
        (("register", "-n", "no spaces", "-p", "."), 1, "model name"),
        (("register", "-n", "x", "-p", "nothing"), 1, "There is no file or folder"),
        (("show", "nothing"), 1, "ModelNotFound"),
        (("show", "nothing:1", "--version", "2"), 2, "Name one of them"),
        (("update", "nothing"), 1, "ModelNotFound"),
        (("lineage", "nothing", "--up", "--down"), 2, "exclude each other"),
        (("delete", "nothing", "--yes"), 1, "ModelNotFound"),
    ],
)
def test_wrong_words_say_what_to_do(cli: Callable[..., Done], words: tuple[str, ...], status: int, says: str) -> None:
    done = cli(*words)

    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
