from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Datastore, Workspace
from stoker.core.workspace import Workspace as WorkspaceClass
from stoker.data._storage.databases import database_of
from stoker.data.azure_data_lake_datastore import AzureDataLakeDatastore, AzureDataLakeGen2Datastore
from stoker.data.azure_my_sql_datastore import AzureMySqlDatastore
from stoker.data.azure_postgre_sql_datastore import AzurePostgreSqlDatastore
from stoker.data.azure_sql_database_datastore import AzureSqlDatabaseDatastore
from stoker.data.azure_storage_datastore import AzureBlobDatastore, AzureFileDatastore
from stoker.data.data_reference import DataReference
from stoker.data.hdfs_datastore import HDFSDatastore
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
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


@pytest.fixture
def store(workspace: Workspace, tmp_path: Path) -> Iterator[Any]:
    name = f"store_{tmp_path.name}"
    yield Datastore.register_local_folder(workspace, name, tmp_path / "store", create_if_not_exists=True)
    Datastore.get(workspace, name).unregister()


def paths_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_new_workspace_has_v1s_two_stores(workspace: Workspace) -> None:
    default = workspace.get_default_datastore()

    assert (default.name, default.datastore_type) == ("workspaceblobstore", "AzureBlob")
    assert isinstance(default, AzureBlobDatastore)
    assert isinstance(default, Datastore)
    assert isinstance(Datastore(workspace, "workspacefilestore"), AzureFileDatastore)
    assert {"workspaceblobstore", "workspacefilestore"} <= set(workspace.datastores)
    assert Datastore(workspace) == default == Datastore.get(workspace, "WorkspaceBlobStore")
    assert default.workspace is workspace


def test_a_missing_store_is_a_user_error_that_suggests_the_nearest(workspace: Workspace) -> None:
    for ask in (Datastore, Datastore.get):
        with pytest.raises(UserErrorException, match="workspaceblobstore"):
            ask(workspace, "workspaceblobstor")
    for wrong in ("", "a/b", "default"):
        with pytest.raises(NotFoundException):
            Datastore.get(workspace, wrong)


def test_a_name_is_taken_until_it_may_be_replaced(workspace: Workspace, tmp_path: Path, store: Any) -> None:
    with pytest.raises(ConflictException, match="Another datastore with the same name already exists"):
        Datastore.register_local_folder(workspace, store.name.upper(), tmp_path)
    Datastore.register_local_folder(workspace, store.name.upper(), tmp_path, overwrite=True)

    assert Datastore(workspace, store.name).root == str(tmp_path)  # type: ignore[attr-defined]  # a folder


@pytest.mark.parametrize("name", ["a-b", "a b", "é", "a.b", "x" * 256])
def test_a_name_has_letters_digits_and_underscores(workspace: Workspace, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserErrorException, match="letters, digits and underscores"):
        Datastore.register_local_folder(workspace, name, tmp_path)


def test_the_default_can_be_another_one(workspace: Workspace, store: Any) -> None:
    store.set_as_default()
    assert workspace.get_default_datastore() == store
    with pytest.raises(UserErrorException, match="default"):
        store.unregister()
    workspace.set_default_datastore("workspacefilestore")
    assert workspace.get_default_datastore().name == "workspacefilestore"
    workspace.set_default_datastore(Datastore(workspace, "workspaceblobstore"))


def test_unregistering_leaves_the_files(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    Datastore.register_local_folder(workspace, "short_lived", tmp_path).unregister()

    assert "short_lived" not in workspace.datastores
    assert (tmp_path / "x").exists()


def test_uploading_keeps_the_tree(store: Any, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = store.upload(str(source), "in/2019")

    assert isinstance(reference, DataReference)
    assert (reference.path_on_datastore, reference.data_reference_name) == ("in/2019", store.name)
    assert paths_below(tmp_path / "store/in/2019") == paths_below(source)
    assert capsys.readouterr().out == f"Uploaded to {store.name}: 4 files, 54 bytes.\n"
    store.upload(source, show_progress=False)
    assert capsys.readouterr().out == ""
    assert (tmp_path / "store/a.csv").read_text() == "a.csv"


def test_what_is_there_is_skipped_unless_told(store: Any, source: Path, tmp_path: Path) -> None:
    store.upload(str(source))
    (source / "a.csv").write_text("changed")
    (source / "new.csv").write_text("new")
    store.upload(str(source))
    assert (tmp_path / "store/a.csv").read_text() == "a.csv"
    assert (tmp_path / "store/new.csv").read_text() == "new"
    store.upload(str(source), overwrite=True)
    assert (tmp_path / "store/a.csv").read_text() == "changed"


def test_files_keep_their_paths_below_their_common_folder(store: Any, source: Path, tmp_path: Path) -> None:
    files = [str(source / "sub/b.csv"), str(source / "sub/deep/ünï 日本.csv")]
    store.upload_files(files, target_path="two")
    store.upload_files(files[:1], target_path="one")
    store.upload_files(files, str(source), "rooted")

    assert paths_below(tmp_path / "store") == [
        "one/b.csv",
        "rooted/sub/b.csv",
        "rooted/sub/deep/ünï 日本.csv",
        "two/b.csv",
        "two/deep/ünï 日本.csv",
    ]


def test_a_missing_file_uploads_nothing(store: Any, source: Path, tmp_path: Path) -> None:
    with pytest.raises(UserErrorException, match=r"nothing\.csv"):
        store.upload_files([str(source / "a.csv"), str(source / "nothing.csv")])
    with pytest.raises(UserErrorException, match="relative_root"):
        store.upload_files([str(source / "a.csv")], relative_root=str(source / "sub"))
    with pytest.raises(UserErrorException, match="one path"):
        store.upload_files(str(source / "a.csv"))
    with pytest.raises(UserErrorException, match="no folder"):
        store.upload(str(source / "nothing"))
    with pytest.raises(UserErrorException, match="leads out"):
        store.upload(str(source), "../elsewhere")
    assert paths_below(tmp_path / "store") == []


def test_downloading_counts_what_was_copied_and_keeps_whole_paths(store: Any, source: Path, tmp_path: Path) -> None:
    store.upload(str(source), "in")
    out = tmp_path / "out"

    assert store.download(str(out), "in/sub") == 3
    assert paths_below(out) == ["in/sub/%41[1]#.csv", "in/sub/b.csv", "in/sub/deep/ünï 日本.csv"]
    (out / "in/sub/b.csv").write_text("mine")
    assert store.download(str(out), "in") == 1
    assert (out / "in/sub/b.csv").read_text() == "mine"
    assert store.download(str(out), overwrite=True) == 4
    assert (out / "in/sub/b.csv").read_text() == "sub/b.csv"
    assert store.download(str(out), "nothing") == 0
    with pytest.raises(UserErrorException, match="leads out"):
        store.download(str(out), "../x")


def test_paths_and_modes_are_data_references(store: Any) -> None:
    assert str(store.path("a/b", "name")) == "$AZUREML_DATAREFERENCE_name"
    assert store.path("a/b").path_on_datastore == "a/b"
    assert store.path().data_reference_name == store.name
    assert store.as_mount().mode == "mount"
    assert (store.as_download("x").mode, store.as_download("x").path_on_compute) == ("download", "x")
    assert store.as_upload("x").to_config().mode == "upload"


def test_a_folder_that_is_missing_or_the_workspaces_own_is_refused(
    workspace: Workspace, tmp_path: Path, live_workspace: TemporaryWorkspace
) -> None:
    with pytest.raises(UserErrorException, match="create_if_not_exists"):
        Datastore.register_local_folder(workspace, "missing", tmp_path / "missing")
    with pytest.raises(UserErrorException, match=r"\.stoker"):
        Datastore.register_local_folder(workspace, "own", live_workspace.paths.home)


def test_a_container_is_the_folder_that_stands_for_it(
    workspace: Workspace, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("box", "lake"):
        (tmp_path / name).mkdir()
    folders = {
        "acc/box": str(tmp_path / "box"),
        "acc/share": str(tmp_path / "box"),
        "gen1/": str(tmp_path / "lake"),
        "all/*": str(tmp_path / "lake"),
    }
    monkeypatch.setenv("STOKER_AZURE_FOLDERS", json.dumps(folders))
    blob = Datastore.register_azure_blob_container(workspace, "blob", "box", "acc", account_key="a secret key")
    share = Datastore.register_azure_file_share(workspace, "share", "share", "acc", sas_token="?sig=1")
    lake = Datastore.register_azure_data_lake(workspace, "lake", "gen1", "tenant", "client", "a secret")
    new = Datastore.register_azure_data_lake_gen2(workspace, "lake2", "fs", "all", "tenant", "client", "a secret")

    assert (type(blob), type(share)) == (AzureBlobDatastore, AzureFileDatastore)
    assert (type(lake), type(new)) == (AzureDataLakeDatastore, AzureDataLakeGen2Datastore)
    assert (blob.container_name, blob.account_name, blob.datastore_type) == ("box", "acc", "AzureBlob")
    assert (blob.account_key, blob.sas_token, blob.is_sas) == ("a secret key", None, False)
    assert (share.container_name, share.is_sas) == ("share", True)
    assert (lake.store_name, lake.client_id, lake.client_secret) == ("gen1", "client", "a secret")
    assert "secret" not in str(blob) + repr(lake)
    blob.upload(str(source))
    assert paths_below(tmp_path / "box") == paths_below(source)
    new.upload_files([str(source / "a.csv")])
    assert (tmp_path / "lake/fs/a.csv").exists()


def test_wrong_folders_for_containers_are_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("no json", "[]", '{"a/b": 1}'):
        monkeypatch.setenv("STOKER_AZURE_FOLDERS", text)
        with pytest.raises(UserErrorException, match="STOKER_AZURE_FOLDERS"):
            Datastore.register_azure_blob_container(workspace, "wrong", "b", "a")
    monkeypatch.setenv("STOKER_AZURE_FOLDERS", '{"a/b": "/nothing/there"}')
    with pytest.raises(UserErrorException, match="/nothing/there"):
        Datastore.register_azure_blob_container(workspace, "wrong", "b", "a")
    monkeypatch.delenv("STOKER_AZURE_FOLDERS")
    with pytest.raises(UserErrorException, match="file shares are used where they are mounted"):
        Datastore.register_azure_file_share(workspace, "wrong", "b", "a")


def test_a_container_that_is_not_reached_is_told_of_the_folder_that_could_stand_for_it(workspace: Workspace) -> None:
    with pytest.raises(UserErrorException, match=r"""does not answer.*STOKER_AZURE_FOLDERS='{"acc/box": "/folder"}'"""):
        Datastore.register_azure_blob_container(
            workspace, "gone", "box", "acc", account_key="a2V5", endpoint="http://127.0.0.1:9"
        )


def test_databases_keep_their_password_apart(workspace: Workspace) -> None:
    url = "postgresql+psycopg://reader:p%40ss@host:5432/sales"
    made = Datastore.register_sql_database(workspace, "sales", url)
    sql = Datastore.register_azure_sql_database(workspace, "sql", "srv", "db", username="me", password="geheim")
    principal = Datastore.register_azure_sql_database(workspace, "sql2", "srv", "db", "t", "client", "geheim")
    postgres = Datastore.register_azure_postgre_sql(workspace, "pg", "srv", "db", "me@srv", "geheim", "5433")
    mysql = Datastore.register_azure_my_sql(workspace, "my", "srv", "db", "me", "geheim")
    lite = Datastore.register_sql_database(workspace, "lite", "sqlite:///here.db")

    assert made.url == "postgresql+psycopg://reader@host:5432/sales"
    assert made._secret("password") == "p@ss"
    assert isinstance(sql, AzureSqlDatabaseDatastore)
    assert isinstance(postgres, AzurePostgreSqlDatastore)
    assert isinstance(mysql, AzureMySqlDatastore)
    assert sql.url.startswith("mssql+pyodbc://me@srv.database.windows.net:1433/db?driver=")
    assert "ActiveDirectoryServicePrincipal" in principal.url
    assert (postgres.url, postgres.user_id, postgres.user_password) == (
        "postgresql+psycopg://me%40srv@srv.postgres.database.azure.com:5433/db?sslmode=require",
        "me@srv",
        "geheim",
    )
    assert mysql.url == "mysql+pymysql://me@srv.mysql.database.azure.com:3306/db"
    assert database_of(workspace, "sales") == url
    assert database_of(workspace, "pg").startswith("postgresql+psycopg://me%40srv:geheim@srv.")
    assert database_of(workspace, "lite") == lite.url
    with pytest.raises(UserErrorException, match=r"'workspaceblobstore'.*is no database"):
        database_of(workspace, "workspaceblobstore")
    assert lite.url == f"sqlite:///{os.getcwd()}/here.db"
    assert (sql.password, sql.username, principal.client_secret) == ("geheim", "me", "geheim")
    assert "geheim" not in repr(workspace.datastores) + str(sql) + str(postgres)
    with pytest.raises(UserErrorException, match="no address of a database"):
        Datastore.register_sql_database(workspace, "wrong", "here.db")


def test_hadoop_is_kept_on_record(workspace: Workspace) -> None:
    made = Datastore.register_hdfs(
        workspace, "hadoop", "https", "namenode:9871", None, "REALM", "kdc", "me@REALM", kerberos_password="geheim"
    )

    assert isinstance(made, HDFSDatastore)
    assert (made.namenode_address, made.kerberos_principal) == ("namenode:9871", "me@REALM")
    assert "geheim" not in json.dumps(workspace._api.get("/datastores"))


def test_any_fsspec_place_is_a_datastore(workspace: Workspace, source: Path, tmp_path: Path) -> None:
    store = Datastore.register_fsspec(workspace, "memory", "memory://tests-core-datastore")
    store.upload(str(source), "in")

    assert store.download(str(tmp_path / "out")) == 4
    assert paths_below(tmp_path / "out/in") == paths_below(source)
    with pytest.raises(UserErrorException, match="can't be opened"):
        Datastore.register_fsspec(workspace, "wrong", "nosuchprotocol://x")
    with pytest.raises(UserErrorException, match="'silent' can't do this with its files at"):
        Datastore.register_fsspec(workspace, "silent", "ftp://127.0.0.1:9/x")


def test_the_limits_of_cache_and_hashing_are_settings(
    workspace: Workspace, live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    from stoker.base.jsonio import read_json, write_json
    from stoker.data._definition import build
    from stoker.data._files import fingerprint_of
    from stoker.data._storage.opening import storage_of

    (tmp_path / "x").write_bytes(b"four")
    Datastore.register_fsspec(workspace, "limited", "memory://limited")
    definition = build("files", [{"local": str(tmp_path / "x")}])
    before = fingerprint_of(definition, workspace)
    config = read_json(live_workspace.paths.config)
    write_json(live_workspace.paths.config, {**config, "settings": {"data_cache_bytes": 7, "data_hash_bytes": 3}})
    try:
        after = fingerprint_of(definition, workspace)
        assert storage_of(workspace, "limited").cache_bytes == 7
    finally:
        write_json(live_workspace.paths.config, config)
    assert before is not None
    assert after is not None
    assert (len(before["entries"][0][2]), after["entries"][0][2][:2]) == (64, "4:")
