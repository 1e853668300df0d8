from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.azurite import AzureBlob, azure_server
from tests.services.moto_server import S3, s3_server

from stoker.core import Dataset, Datastore, Workspace
from stoker.core.workspace import Workspace as WorkspaceClass
from stoker.data.abstract_datastore import AbstractDatastore
from stoker.data.azure_storage_datastore import AzureBlobDatastore
from stoker.exceptions import AuthenticationException, UserErrorException
from stoker.testing.workspaces import TemporaryWorkspace


@pytest.fixture(scope="module")
def workspace(live_workspace: TemporaryWorkspace) -> Workspace:
    return WorkspaceClass._at(str(live_workspace.root))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for path in ("a.csv", "sub/b.csv", "sub/deep/ünï 日本.csv", "sub/%41[1]#.csv"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


def paths_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        server.make_bucket("data")
        yield server


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureBlob]:
    with azure_server(tmp_path_factory.mktemp("azure")) as server:
        yield server


def s3_store(workspace: Workspace, s3: S3, name: str, **more: Any) -> Any:
    keys = {"access_key_id": s3.access_key_id, "secret_access_key": s3.secret_access_key, **more}
    return Datastore.register_s3_bucket(workspace, name, "data", "team/one", endpoint_url=s3.url, **keys)


def use(store: AbstractDatastore, source: Path, out: Path) -> None:
    """Upload, list, read and download, as users do."""
    assert isinstance(store, Datastore)
    store.upload(str(source), "in")
    assert store.download(str(out), "in/sub") == 3
    assert paths_below(out / "in") == [path for path in paths_below(source) if path.startswith("sub/")]
    dataset = Dataset.File.from_files((store, "in/**/*.csv"))
    assert sorted(path.lstrip("/") for path in dataset.to_path()) == paths_below(source)
    with dataset.mount() as mounted:
        assert paths_below(Path(mounted.mount_point)) == paths_below(source)
        assert (Path(mounted.mount_point) / "sub/b.csv").read_text() == "sub/b.csv"


def test_a_bucket_is_used_like_a_folder(workspace: Workspace, s3: S3, source: Path, tmp_path: Path) -> None:
    store = s3_store(workspace, s3, "bucket")

    assert store.datastore_type == "S3"
    assert store.bucket_name == "data"
    use(store, source, tmp_path / "out")


def test_a_container_is_used_like_a_folder(
    workspace: Workspace, azure: AzureBlob, source: Path, tmp_path: Path
) -> None:
    place: dict[str, Any] = {"endpoint": azure.url, "account_key": azure.account_key}
    with pytest.raises(UserErrorException, match="'newbox' of the datastore 'container' is not there"):
        Datastore.register_azure_blob_container(workspace, "container", "newbox", azure.account_name, **place)
    store = Datastore.register_azure_blob_container(
        workspace, "container", "newbox", azure.account_name, create_if_not_exists=True, **place
    )

    assert isinstance(store, AzureBlobDatastore)
    assert (store.container_name, store.account_key) == ("newbox", azure.account_key)
    use(store, source, tmp_path / "out")


def test_a_secret_that_expired_is_said_and_a_new_one_helps(workspace: Workspace, s3: S3, source: Path) -> None:
    more = {"access_key_id": "x", "secret_access_key": "y", "session_token": "old"}
    s3.refuse_strangers()
    try:
        with pytest.raises(AuthenticationException, match="'expired' refuses access"):
            s3_store(workspace, s3, "expired", **more)
        store = s3_store(workspace, s3, "expired", skip_validation=True, **more)
        for ask in (
            lambda: store.upload(str(source)),
            lambda: store.download(str(source)),
            lambda: Dataset.File.from_files((store, "**")).to_path(),
        ):
            with pytest.raises(AuthenticationException, match=r"'expired'.*session token.*overwrite=True"):
                ask()
    finally:
        s3.let_all_in()
    s3_store(workspace, s3, "expired", overwrite=True)
    store.upload(str(source), show_progress=False)


def test_no_secret_is_in_records_lists_or_logs(
    workspace: Workspace, live_workspace: TemporaryWorkspace, s3: S3
) -> None:
    word = "a-very-secret-word"
    s3_store(workspace, s3, "quiet", secret_access_key=word, skip_validation=True)

    assert word not in json.dumps(workspace._api.get("/datastores"))
    assert word not in json.dumps(workspace._api.get("/datastores/quiet"))
    for path in Path(live_workspace.paths.home).rglob("*"):
        assert not path.is_file() or word.encode() not in path.read_bytes(), path
