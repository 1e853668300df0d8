"""What every store must do."""

from __future__ import annotations

from stoker.testing.store_data import DataContract
from stoker.testing.store_journals import JournalContract
from stoker.testing.store_lineage import LineageContract
from stoker.testing.store_lists import ListContract
from stoker.testing.store_logged_models import LoggedModelContract
from stoker.testing.store_metrics import MetricContract
from stoker.testing.store_mlflow import MlflowContract
from stoker.testing.store_models import ModelContract
from stoker.testing.store_records import RecordContract
from stoker.testing.store_runs import RunContract

__all__ = ["StoreContract"]


class StoreContract(
    RunContract,
    ListContract,
    JournalContract,
    MetricContract,
    RecordContract,
    ModelContract,
    LoggedModelContract,
    MlflowContract,
    DataContract,
    LineageContract,
):
    """Inherit it and give it a fixture `store`, an empty store.

    Examples
    --------
    >>> import pytest
    >>> class TestMine(StoreContract):
    ...     @pytest.fixture
    ...     def store(self):
    ...         return Store.open("sqlite://")
    """
