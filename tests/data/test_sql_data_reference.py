from __future__ import annotations

from types import SimpleNamespace

import pytest

from stoker.data.data_reference import DataReference
from stoker.data.sql_data_reference import SqlDataReference
from stoker.exceptions import UserErrorException


def test_a_query_is_kept_with_the_database_s_name() -> None:
    reference = SqlDataReference(SimpleNamespace(name="sales"), sql_query="SELECT 1")

    assert isinstance(reference, DataReference)
    assert (reference.data_reference_name, reference.sql_query, reference.sql_table) == ("sales", "SELECT 1", None)
    assert reference.to_config().data_store_name == "sales"


def test_a_procedure_is_kept_with_its_parameters() -> None:
    reference = SqlDataReference(
        SimpleNamespace(name="sales"), "nightly", sql_stored_procedure="totals", sql_stored_procedure_params=[7]
    )

    assert reference.data_reference_name == "nightly"
    assert (reference.sql_stored_procedure, reference.sql_stored_procedure_params) == ("totals", [7])


def test_what_is_no_datastore_is_refused() -> None:
    with pytest.raises(UserErrorException, match="is no datastore"):
        SqlDataReference("sales", sql_table="orders")
