"""What every store must do."""

from __future__ import annotations

from stoker.testing.store_journals import JournalContract
from stoker.testing.store_lists import ListContract
from stoker.testing.store_metrics import MetricContract
from stoker.testing.store_records import RecordContract
from stoker.testing.store_runs import RunContract

__all__ = ["StoreContract"]


class StoreContract(RunContract, ListContract, JournalContract, MetricContract, RecordContract):
    """Inherit it and give it a fixture `store`, an empty store.

    Examples
    --------
    >>> import pytest
    >>> class TestMine(StoreContract):
    ...     @pytest.fixture
    ...     def store(self):
    ...         return Store.open("sqlite://")
    """
