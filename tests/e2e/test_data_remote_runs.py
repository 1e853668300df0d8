"""Runs whose data lies in an object store: a real server that speaks S3."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.moto_server import S3, s3_server

from stoker.core import Dataset, Datastore, Experiment, Run, ScriptRunConfig, Workspace
from stoker.data import OutputFileDatasetConfig
from stoker.data.data_reference import DataReference
from stoker.exceptions import ActivityFailedException
from stoker.testing.workspaces import TemporaryWorkspace

Config = Callable[..., ScriptRunConfig]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        server.make_bucket("data")
        yield server


@pytest.fixture(scope="module")
def bucket(ws: Workspace, s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Any:
    source = tmp_path_factory.mktemp("source")
    (source / "sub").mkdir()
    (source / "a.txt").write_text("first")
    (source / "sub" / "b.txt").write_text("second")
    keys: dict[str, Any] = {"access_key_id": s3.access_key_id, "secret_access_key": s3.secret_access_key}
    store = Datastore.register_s3_bucket(ws, "bucket", "data", "team", endpoint_url=s3.url, **keys)
    store.upload(str(source), "in", show_progress=False)
    return store


def printed(run: Run) -> Any:
    return json.loads(run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"].splitlines()[-1])


def fetched(store: Any, prefix: str, folder: Path) -> dict[str, str]:
    store.download(str(folder), prefix, show_progress=False)
    found = folder / prefix
    return {path.relative_to(found).as_posix(): path.read_text() for path in found.rglob("*") if path.is_file()}


READ = """
    import json, os, sys
    found = {}
    for base, _, names in os.walk(sys.argv[1], followlinks=True):
        for name in names:
            path = os.path.join(base, name)
            found[os.path.relpath(path, sys.argv[1])] = open(path).read()
    print(json.dumps(found))
"""


@pytest.mark.parametrize("mode", ["mount", "download"])
def test_a_folder_of_a_bucket_is_a_folder_for_the_script(
    experiment: Experiment, config_of: Config, bucket: Any, mode: str
) -> None:
    data = Dataset.File.from_files((bucket, "in")).as_named_input("x")
    run = experiment.submit(config_of(READ, arguments=[getattr(data, f"as_{mode}")()]))
    run.wait_for_completion()

    assert printed(run) == {"a.txt": "first", "sub/b.txt": "second"}


WRITE = """
    import os, sys
    for folder in sys.argv[1:]:
        open(os.path.join(folder, "new.txt"), "w").write("new")
        if os.path.exists(os.path.join(folder, "a.txt")):
            open(os.path.join(folder, "a.txt"), "w").write("changed")
"""


@pytest.mark.parametrize("fails", [False, True], ids=["completed", "failed"])
def test_what_is_written_to_a_mounted_bucket_is_there_afterwards(
    experiment: Experiment, config_of: Config, bucket: Any, tmp_path: Path, ws: Workspace, fails: bool
) -> None:
    where = f"out-{fails}"
    bucket.upload_files([_file(tmp_path, "a.txt", "old"), _file(tmp_path, "c.txt", "left")], target_path=where)
    reference = DataReference(bucket, "ref", where)
    mounted = OutputFileDatasetConfig("made", (bucket, f"{where}-made")).register_on_complete(where)
    uploaded = OutputFileDatasetConfig("later", (bucket, f"{where}-later")).as_upload()
    code = WRITE + ("    raise SystemExit(3)\n" if fails else "")
    run = experiment.submit(config_of(code, arguments=[reference, mounted, uploaded]))
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == ("Failed" if fails else "Completed")
    assert fetched(bucket, where, tmp_path / "1") == {"a.txt": "changed", "c.txt": "left", "new.txt": "new"}
    assert fetched(bucket, f"{where}-made", tmp_path / "2") == {"new.txt": "new"}
    assert fetched(bucket, f"{where}-later", tmp_path / "3") == ({} if fails else {"new.txt": "new"})
    assert (where in ws.datasets) is not fails


def test_a_secret_that_is_refused_fails_the_run_and_names_the_datastore(
    experiment: Experiment, config_of: Config, bucket: Any, s3: S3, live_workspace: TemporaryWorkspace
) -> None:
    data = Dataset.File.from_files((bucket, "in")).as_named_input("x").as_mount()
    s3.refuse_strangers()
    try:
        run = experiment.submit(config_of(READ, arguments=[data]))
        with pytest.raises(ActivityFailedException, match="bucket"):
            run.wait_for_completion()
    finally:
        s3.let_all_in()

    details = json.dumps(run.get_details_with_logs(), default=str)
    assert "The input 'x' could not be prepared." in details
    assert s3.secret_access_key not in json.dumps(live_workspace.api.get(f"/runs/{run.id}"))


def _file(folder: Path, name: str, text: str) -> str:
    path = folder / "upload" / name
    os.makedirs(path.parent, exist_ok=True)
    path.write_text(text)
    return str(path)
