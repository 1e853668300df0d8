from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.exceptions import StokerException
from stoker.service.mlflow.locations import Place, location_of_version, place_of, source_of
from stoker.service.store import Store
from stoker.service.store.base_logged_models import LoggedOrder
from stoker.service.store.base_models import Condition, check_model_name

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def _legal(name: str) -> bool:
    try:
        check_model_name(name)
    except StokerException:
        return False
    return True


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    opened = Store.open("sqlite://")
    opened.models.register("a")
    yield opened
    opened.close()


@given(name=ANY.filter(_legal), version=st.integers(1, 10**12), path=st.sampled_from(["", "MLmodel", "a/b c"]))
def test_an_address_leads_back_to_its_version_however_clients_quote_it(name: str, version: int, path: str) -> None:
    uri = location_of_version({"files": 1, "name": name, "version": version})
    asked = f"{uri}/{path}".rstrip("/").removeprefix("mlflow-artifacts:/")

    for shown in (asked, unquote(asked), unquote(quote(asked))):
        assert place_of(shown) == Place(None, (name, str(version)), path)


@given(source=ANY | st.builds("{}{}".format, st.sampled_from(["runs:/", "models:/", "mlflow-artifacts:"]), ANY))
def test_any_source_is_kept_or_refused_in_words(store: Store, source: str) -> None:
    with contextlib.suppress(StokerException):
        found = source_of(store, source, None, None)

        assert (found.uri, list(found.files)) == (source, [])


@given(key=ANY, operator=st.sampled_from(["=", "LIKE", "ILIKE", ">", "IN"]), value=ANY)
def test_any_condition_on_logged_models_finds_nothing_or_is_refused(
    store: Store, key: str, operator: str, value: str
) -> None:
    wanted = (value,) if operator == "IN" else value
    for field in (key, f"tags.{key}", f"params.{key}", f"metrics.{key}"):
        with contextlib.suppress(StokerException):
            assert store.logged_models.search(["x"], [Condition(field, operator, wanted)], [LoggedOrder(field)]) == []
