from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.azurite import AzureBlob, azure_server
from tests.services.moto_server import S3, s3_server

from stoker.data._storage.base import Storage
from stoker.data._storage.containers import create_container
from stoker.data._storage.folder import FolderStorage
from stoker.data._storage.opening import open_storage, storage_at
from stoker.data._storage.resolve import resolve_paths
from stoker.exceptions import AuthenticationException, ConflictException, NotFoundException, UserErrorException
from stoker.testing.storage import StorageContract

NUMBERS = itertools.count()


def _record(url: str, options: dict[str, Any], secret: dict[str, Any]) -> dict[str, Any]:
    config = {"url": url, "options": options}
    return {"name": "mystore", "kind": "fsspec", "type": "Fsspec", "config": config, "secret": secret}


def s3_record(server: S3, bucket: str, prefix: str = "", **secret: str) -> dict[str, Any]:
    keys = {"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key, **secret}
    return _record(f"s3://{bucket}{prefix}", {"endpoint_url": server.url}, keys)


def azure_record(server: AzureBlob, container: str, **secret: str) -> dict[str, Any]:
    options = {"account_name": server.account_name, "endpoint_url": server.url}
    return _record(f"az://{container}", options, secret or {"account_key": server.account_key})


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureBlob]:
    with azure_server(tmp_path_factory.mktemp("azure")) as server:
        yield server


def new_container(server: AzureBlob) -> str:
    name = f"box{next(NUMBERS)}"
    options = {"account_name": server.account_name, "endpoint_url": server.url}
    assert create_container(name, options, {"account_key": server.account_key})
    return name


class TestFolder(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage:
        (tmp_path / "root").mkdir()
        return FolderStorage(str(tmp_path / "root"), "mystore")


class TestFolderThatIsMadeAtFirstUse(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage:
        return FolderStorage(str(tmp_path / "a" / "root"), "mystore", make=True)


class TestMemory(StorageContract):
    @pytest.fixture
    def storage(self) -> Storage:
        return open_storage(_record(f"memory://place{next(NUMBERS)}", {}, {}))


class TestS3(StorageContract):
    @pytest.fixture
    def storage(self, s3: S3) -> Storage:
        bucket = f"bucket{next(NUMBERS)}"
        s3.make_bucket(bucket)
        return open_storage(s3_record(s3, bucket))


class TestS3BelowAPrefix(StorageContract):
    @pytest.fixture
    def storage(self, s3: S3) -> Storage:
        bucket = f"bucket{next(NUMBERS)}"
        s3.make_bucket(bucket)
        return open_storage(s3_record(s3, bucket, "/some/prefix/"))


class TestAzureBlob(StorageContract):
    @pytest.fixture
    def storage(self, azure: AzureBlob) -> Storage:
        return open_storage(azure_record(azure, new_container(azure)))


def test_a_container_is_made_once(azure: AzureBlob) -> None:
    options = {"account_name": azure.account_name, "endpoint_url": azure.url}
    name = new_container(azure)

    assert not create_container(name, options, {"account_key": azure.account_key})
    with pytest.raises(AuthenticationException, match="devstoreaccount1"):
        create_container("another", options, {"account_key": "AAAA" + azure.account_key[4:]})
    with pytest.raises(UserErrorException, match="A_b"):
        create_container("A_b", options, {"account_key": azure.account_key})


def test_a_bucket_that_is_not_there_is_named(s3: S3, azure: AzureBlob) -> None:
    for storage in (open_storage(s3_record(s3, "nobucket")), open_storage(azure_record(azure, "nocontainer"))):
        for ask in (
            storage.check,
            lambda storage=storage: list(storage.list()),
            lambda storage=storage: storage.exists("x"),
        ):
            with pytest.raises(UserErrorException, match=r"'(nobucket|nocontainer)' of the datastore 'mystore' is not"):
                ask()


def test_an_expired_secret_is_said_with_the_datastore_and_what_to_do(s3: S3, azure: AzureBlob, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    expired = "sv=2021-08-06&se=2020-01-01T00%3A00%3A00Z&sr=c&sp=rwl&sig=abcdefgh"
    container = new_container(azure)
    bucket = f"bucket{next(NUMBERS)}"
    s3.make_bucket(bucket)
    s3.refuse_strangers()
    try:
        for record, word in (
            (s3_record(s3, bucket, session_token="old"), "session token"),
            (azure_record(azure, container, sas_token=expired), "SAS token"),
            (azure_record(azure, container, account_key="AAAA" + azure.account_key[4:]), "account key"),
        ):
            storage = open_storage(record)
            for ask in (
                storage.check,
                lambda storage=storage: list(storage.list()),
                lambda storage=storage: storage.open("x"),
                lambda storage=storage: storage.upload(str(tmp_path / "x"), "x"),
                lambda storage=storage: storage.download("x", str(tmp_path / "y")),
            ):
                with pytest.raises(AuthenticationException) as caught:
                    ask()
                assert "'mystore'" in str(caught.value)
                assert word in str(caught.value)
                assert "overwrite=True" in str(caught.value)
                assert "abcdefgh" not in str(caught.value)
                assert record["secret"].get("account_key", "?" * 9)[4:] not in str(caught.value)
    finally:
        s3.let_all_in()


def test_a_place_that_does_not_answer_is_named(tmp_path: Path) -> None:
    del tmp_path
    storage = open_storage(_record("s3://bucket", {"endpoint_url": "http://127.0.0.1:9"}, {}))

    with pytest.raises(UserErrorException, match=r"'mystore' does not answer at http://127\.0\.0\.1:9"):
        storage.check()


def test_what_changed_since_it_was_listed_is_not_taken_for_it(s3: S3, azure: AzureBlob, tmp_path: Path) -> None:
    bucket = f"bucket{next(NUMBERS)}"
    s3.make_bucket(bucket)
    for storage in (open_storage(s3_record(s3, bucket)), open_storage(azure_record(azure, new_container(azure)))):
        (tmp_path / "x").write_bytes(b"1")
        storage.upload(str(tmp_path / "x"), "x")
        entry = next(storage.list())
        stat = storage.stat("x")
        assert stat is not None
        assert entry.mark == stat.mark
        opened = storage.open("x")
        (tmp_path / "x").write_bytes(b"2")
        storage.upload(str(tmp_path / "x"), "x", overwrite=True)

        with pytest.raises(ConflictException, match="has changed"):
            storage.download("x", str(tmp_path / "y"), entry.mark)
        with opened, pytest.raises(ConflictException, match="has changed"):
            opened.read()


def test_a_connection_string_opens_a_container(azure: AzureBlob) -> None:
    text = f"AccountName={azure.account_name};AccountKey={azure.account_key};BlobEndpoint={azure.url};"
    storage = open_storage(_record(f"az://{new_container(azure)}", {}, {"connection_string": text}))

    assert list(storage.list()) == []


def test_a_url_is_opened_with_the_keys_of_the_environment(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = f"bucket{next(NUMBERS)}"
    s3.make_bucket(bucket)
    open_storage(s3_record(s3, bucket)).upload(__file__, "a/b1.csv")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.secret_access_key)
    storage, path = storage_at(f"s3://{bucket}/a/b?.csv")

    assert (path, storage.name) == ("a/b?.csv", f"s3://{bucket}")
    assert [entry.path for entry in storage.glob(path)] == ["a/b1.csv"]
    files = resolve_paths([{"url": f"s3://{bucket}/a/b?.csv"}])
    assert [(file.relative, file.shown) for file in files] == [("b1.csv", f"s3://{bucket}/a/b1.csv")]


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (root / "inside.txt").write_text("inside")
    (root / "good").symlink_to("inside.txt")
    storage = FolderStorage(str(root), "mystore")
    assert [entry.path for entry in storage.list()] == ["good", "inside.txt"]
    with storage.open("good") as file:
        assert file.read() == b"inside"

    (root / "file").symlink_to(outside / "secret.txt")
    (root / "folder").symlink_to(outside)
    for ask in (
        lambda: storage.open("file"),
        lambda: storage.open("folder/secret.txt"),
        lambda: list(storage.list()),
        lambda: list(storage.list("folder")),
        lambda: storage.local_path("folder/secret.txt"),
        lambda: storage.upload(str(root / "inside.txt"), "folder/new.txt"),
        lambda: storage.upload(str(root / "inside.txt"), "folder/deep/new.txt"),
        lambda: storage.download("file", str(tmp_path / "copy")),
        lambda: storage.delete("folder/secret.txt"),
    ):
        with pytest.raises(UserErrorException, match="leads out of the datastore"):
            ask()
    assert sorted(path.name for path in outside.iterdir()) == ["secret.txt"]
    assert FolderStorage(str(root), confined=False).exists("folder/secret.txt")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("x")
    (tmp_path / "a" / "up").symlink_to("..")

    assert [entry.path for entry in FolderStorage(str(tmp_path)).list()] == ["a/x"]


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("nothing")

    with pytest.raises(UserErrorException, match=r"'x'.*'nothing'"):
        list(FolderStorage(str(tmp_path)).list())


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    storage = FolderStorage(str(tmp_path / "gone"), "mystore")
    for ask in (lambda: list(storage.list()), lambda: storage.open("x"), lambda: storage.upload(__file__, "x")):
        with pytest.raises(UserErrorException, match="'mystore' is not there"):
            ask()


def test_a_half_written_upload_is_never_seen(tmp_path: Path) -> None:
    import signal
    import subprocess
    import sys

    from stoker.testing.workspaces import wait_until

    source, root = tmp_path / "pipe", tmp_path / "root"
    root.mkdir()
    os.mkfifo(source)
    code = (
        "import sys; from stoker.data._storage.folder import FolderStorage;"
        "FolderStorage(sys.argv[2]).upload(sys.argv[1], 'x.csv')"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(source), str(root)])
    storage = FolderStorage(str(root))
    with source.open("wb", buffering=0) as pipe:
        pipe.write(b"half of it")
        wait_until(lambda: any(path.stat().st_size for path in root.iterdir()), what="the part that was written")

        assert list(storage.list()) == []
        assert not storage.exists("x.csv")
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = [path.name for path in root.iterdir()]
    assert len(left) == 1
    assert list(storage.list()) == []
    with pytest.raises(NotFoundException):
        storage.open(left[0])

    os.utime(root / left[0], (0, 0))
    assert storage.upload(__file__, "y.csv")
    assert [path.name for path in root.iterdir()] == ["y.csv"]


def test_a_file_that_is_a_folder_there_is_said(tmp_path: Path) -> None:
    storage = FolderStorage(str(tmp_path / "root"), make=True)
    storage.upload(__file__, "a/b")

    with pytest.raises(UserErrorException, match="a folder of that name"):
        storage.upload(__file__, "a", overwrite=True)
    with pytest.raises(UserErrorException, match="a/b"):
        storage.upload(__file__, "a/b/c")
    assert [entry.path for entry in storage.list()] == ["a/b"]


def test_what_needs_no_library_asks_for_none(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from stoker.data._storage.opening import open_storage;"
        "record={'name':'n','type':'LocalFolder','kind':'folder','config':{'path':sys.argv[1]}};"
        "list(open_storage(record).list());"
        "sys.exit(sorted(set(sys.modules) & {'fsspec','obstore','pandas','pyarrow'}) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0
