"""Names and values of data are any text, and a secret is nowhere in plain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.service.store import Store
from stoker.testing.store_data import definition

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=255)
NAME = ANY.filter(str.strip)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.open(str(tmp_path_factory.mktemp("store") / "stoker.db"))
    yield store
    store.close()


@settings(max_examples=60, deadline=None)
@given(name=NAME, value=ANY)
def test_a_secret_has_any_name_and_any_value(kept: Store, name: str, value: str) -> None:
    kept.secrets.set(name, value)

    assert kept.secrets.get(name) == value
    assert name in {record["name"] for record in kept.secrets.list()}
    kept.secrets.delete(name)
    assert kept.secrets.list() == []


@settings(max_examples=60, deadline=None)
@given(name=NAME.filter(lambda name: not name.endswith("/versions")))
def test_a_data_set_has_any_name(kept: Store, name: str) -> None:
    made = kept.datasets.register(name, definition(), create_new_version=True)

    assert made["name"] == name
    assert kept.datasets.get(name)["id"] == made["id"]
    kept.datasets.delete(name)


def test_no_file_of_the_store_has_a_secret_in_plain(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "stoker.db"))
    store.secrets.set("name", "swordfish-of-secrets")
    place = ("S3", "fsspec", {"url": "s3://bucket"})
    store.datastores.register("s3", *place, {"secret_access_key": "swordfish-of-datastores"})

    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"stoker.db", "secrets.key"} <= files.keys()
    assert not any(b"swordfish" in data for data in files.values())
    store.close()
