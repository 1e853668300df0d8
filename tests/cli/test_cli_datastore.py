from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.testing.workspaces import TemporaryWorkspace

Done = subprocess.CompletedProcess[str]
Command = Callable[..., Done]


@pytest.fixture
def datastore(live_workspace: TemporaryWorkspace, tmp_path: Path) -> Command:
    """Run `stoker datastore ...` in an empty folder."""

    def run(*words: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "stoker.cli", "-w", str(live_workspace.root), "datastore", *words],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def ok(done: Done) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_text("a")
    (folder / "sub" / "ü b.csv").write_text("bb")
    return folder


def test_both_stores_of_a_workspace_are_listed(datastore: Command) -> None:
    text = ok(datastore("list"))
    assert "workspaceblobstore (default)  AzureBlob" in text
    assert "workspacefilestore" in text

    records = json.loads(ok(datastore("list", "-o", "json")))
    assert [record["is_default"] for record in records if record["name"] == "workspaceblobstore"] == [True]


def test_a_folder_is_registered_used_and_forgotten(datastore: Command, source: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    assert str(tmp_path / "store") in ok(datastore("register", "pics", "store"))
    assert ok(datastore("upload", "pics", "source", "--target", "in")) == "Uploaded 2 files (3 B) to pics.\n"
    assert "2 already there" in ok(datastore("upload", "pics", "source", "--target", "in"))
    done = json.loads(ok(datastore("upload", "pics", "source/a.csv", "--overwrite", "-o", "json")))
    assert done == {"datastore": "pics", "path": "", "files": 1, "skipped": 0, "bytes": 1}

    files = json.loads(ok(datastore("download", "pics", "in/", "-d", "out", "-o", "json")))
    assert [file["name"] for file in files] == ["in/a.csv", "in/sub/ü b.csv"]
    assert (tmp_path / "out/in/sub/ü b.csv").read_text() == "bb"
    again = datastore("download", "pics", "in/", "-d", "out")
    assert (again.returncode, again.stdout) == (0, "")
    assert "Nothing was downloaded" in again.stderr

    assert "The default datastore is pics." in ok(datastore("set-default", "pics"))
    assert datastore("unregister", "pics", "-y").returncode == 1
    ok(datastore("set-default", "workspaceblobstore"))
    assert datastore("unregister", "pics").returncode == 2
    assert "Forgot" in ok(datastore("unregister", "pics", "--yes"))
    assert (tmp_path / "store/in/a.csv").exists()
    assert source.exists()


def test_secrets_come_from_variables_and_are_shown_nowhere(datastore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["register", "bucket", "s3://data/team", "--option", "endpoint_url=http://127.0.0.1:9", "--skip-validation"]
    secrets = ["--secret", "access_key_id=MY_ID", "--secret", "secret_access_key=MY_KEY"]
    monkeypatch.setenv("MY_ID", "identity")
    missing = datastore(*words, *secrets)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "MY_KEY" in missing.stderr

    monkeypatch.setenv("MY_KEY", "geheim")
    shown = ok(datastore(*words, *secrets))
    assert "kept encrypted" in shown
    assert "s3://data/team" in shown
    assert "geheim" not in shown + ok(datastore("show", "bucket", "-o", "json"))
    refused = datastore("download", "bucket")
    assert refused.returncode == 1
    assert "'bucket' does not answer at http://127.0.0.1:9" in refused.stderr


def test_a_database_is_registered_by_its_address(datastore: Command, tmp_path: Path) -> None:
    assert f"sqlite:///{tmp_path}/x.db" in ok(datastore("register", "db", "sqlite:///x.db"))
    refused = datastore("upload", "db", __file__)
    assert refused.returncode == 1
    assert "is a database" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "workspaceblobstor"], "workspaceblobstore"),
        (["register", "x", "no such folder"], "There is no folder"),
        (["register", "x", "az://box"], "account_name=ACCOUNT"),
        (["register", "x", ".", "--option", "region=x"], "no setting 'region'"),
        (["register", "x", "s3://bucket", "--secret", "password=PATH"], "no setting 'password'"),
        (["register", "a-b", "."], "letters, digits and underscores"),
        (["upload", "workspaceblobstore", "nothing"], "no file or folder 'nothing'"),
        (["upload", "workspaceblobstore", ".", "--target", "../x"], "leads out"),
        (["download", "workspaceblobstore", "../x"], "leads out"),
        (["unregister", "workspaceblobstore", "-y"], "can't be unregistered"),
    ],
)
def test_wrong_use_is_said_in_words(datastore: Command, words: list[str], said: str) -> None:
    done = datastore(*words)

    assert done.returncode in {1, 2}
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
