from __future__ import annotations

from stoker.testing.store import StoreContract


class TestSqlite(StoreContract):
    """The fixture `store` gives it one in a file and one in memory."""
