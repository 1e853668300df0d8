from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from stoker.base.digest import file_digest, snapshot_id
from stoker.base.environ import base_environment, service_environment
from stoker.base.jsonio import canonical, read_json, write_json
from stoker.base.locks import acquire, held, release
from stoker.base.times import from_iso, iso


def test_a_json_file_is_whole_or_absent_and_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"

    write_json(str(path), {"a": 1})

    assert read_json(str(path)) == {"a": 1}
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["facts.json"]


def test_an_absent_or_torn_json_file_reads_as_none(tmp_path: Path) -> None:
    torn = tmp_path / "torn.json"
    torn.write_text('{"a": ')

    assert read_json(str(torn)) is None
    assert read_json(str(tmp_path / "absent.json")) is None


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": "é"}) == canonical({"a": "é", "b": 1}) == b'{"a":"\\u00e9","b":1}'


def test_a_lock_is_free_again_when_its_holder_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with held(path):
        assert acquire(path, timeout=0) is None
    process = multiprocessing.get_context("spawn").Process(target=acquire, args=(path,))
    process.start()
    process.join()
    got = acquire(path, timeout=0)

    assert got is not None
    release(got)


def test_a_file_s_digest_is_sha256_and_its_size(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.touch()

    assert file_digest(str(file)) == ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0)


def test_the_same_manifest_has_the_same_id() -> None:
    manifest = {"format": 1, "files": [["a", "0" * 64, 1, 420]], "links": [], "dirs": []}

    assert snapshot_id(manifest) == snapshot_id(dict(reversed(manifest.items())))
    assert snapshot_id(manifest) != snapshot_id({**manifest, "dirs": ["b"]})


def test_times_go_there_and_back() -> None:
    assert from_iso(iso(1_600_000_000.25)) == pytest.approx(1_600_000_000.25)


def test_secrets_do_not_travel_in_the_environment() -> None:
    environ = {
        "PATH": "/bin",
        "AWS_SECRET_ACCESS_KEY": "x",
        "STOKER_TOKEN": "t",
        "STOKER_IDLE_SECONDS": "5",
        "LC_ALL": "C",
    }

    assert base_environment(environ) == {"PATH": "/bin", "LC_ALL": "C"}
    kept = service_environment(environ)
    assert kept["STOKER_IDLE_SECONDS"] == "5"
    assert "STOKER_TOKEN" not in kept
