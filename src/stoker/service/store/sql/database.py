"""The connection to the database: many readers, one writer, one place where its errors are mapped."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, bindparam, create_engine, event, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from stoker.exceptions import ServiceException, StokerException, UserErrorException
from stoker.service.store.sql.prepared import Prepared
from stoker.service.store.sql.tables import counters

__all__ = ["Database"]

_VALUE = Prepared(select(counters.c.value).where(counters.c.name == bindparam("wanted")))
_INSERT = insert(counters).values(name=bindparam("counter"), value=bindparam("number"))
_SAVE = Prepared(_INSERT.on_conflict_do_update(index_elements=["name"], set_={"value": _INSERT.excluded.value}))

BUSY_MILLISECONDS = 20_000
"""How long a writer waits for another process' transaction, as a backup's."""


class Database:
    """One SQLite database, in a file or in memory.

    Reads see one consistent state and never wait, save in memory, where all is one connection. Inside `write`, reads
    of the same thread see what was written so far.

    Parameters
    ----------
    path : str or None
        The file; None: in memory.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.engine = _engine(path)
        self._writing = threading.RLock()
        self._here = threading.local()
        self._counters: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._forget: list[Callable[[], None]] = []

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection to read from; the one of the transaction that this thread has open, if any."""
        current = getattr(self._here, "connection", None)
        if current is not None:
            yield current
            return
        with self._reading(), _mapped(), self.engine.connect() as connection, connection.begin():
            self._here.connection = connection
            try:
                yield connection
            finally:
                self._here.connection = None

    @contextlib.contextmanager
    def write(self, *, whole: bool = False) -> Iterator[Connection]:
        """Give a connection to write with; one inside another is taken back alone, save in `whole`."""
        if getattr(self._here, "writes", False):
            if self._here.whole:
                yield self._here.connection
                return
            with self._forgetting(), self._here.connection.begin_nested():
                yield self._here.connection
            return
        if getattr(self._here, "connection", None) is not None:
            raise AssertionError("a write inside a read")
        with self._writing, _mapped(), self.engine.connect() as connection:
            connection.execution_options(stoker_writes=True)
            self._here.whole = whole
            with self._transaction(connection):
                yield connection

    @contextlib.contextmanager
    def _transaction(self, connection: Connection) -> Iterator[None]:
        self._here.connection, self._here.writes = connection, True
        try:
            with self._forgetting(), connection.begin():
                yield
                self._save_counters(connection)
        except BaseException:
            self._counters.clear()
            self._dirty.clear()
            raise
        finally:
            self._here.connection, self._here.writes = None, False

    @contextlib.contextmanager
    def _forgetting(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.forget()
            raise

    def count(self, name: str, by: int = 1) -> int:
        """Raise a counter and return its new value; inside `write` only, saved with the transaction."""
        assert self._here.writes
        if name not in self._counters:
            self._counters[name] = self.counter(name)
        self._counters[name] += by
        self._dirty.add(name)
        return self._counters[name]

    def counter(self, name: str) -> int:
        """Return the value of a counter; 0 at first."""
        if getattr(self._here, "writes", False) and name in self._counters:
            return self._counters[name]
        with self.read() as connection:
            row = _VALUE.first(connection, wanted=name)
        return 0 if row is None else int(row[0])

    def on_rollback(self, forget: Callable[[], None]) -> None:
        """Have a cache emptied whenever a transaction is taken back."""
        self._forget.append(forget)

    def forget(self) -> None:
        """Empty the caches: rows that they know of are gone."""
        for forget in self._forget:
            forget()

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def _reading(self) -> contextlib.AbstractContextManager[Any]:
        return self._writing if self.path is None else contextlib.nullcontext()

    def _save_counters(self, connection: Connection) -> None:
        for name in self._dirty:
            _SAVE.run(connection, counter=name, number=self._counters[name])
        self._dirty.clear()


def _engine(path: str | None) -> Engine:
    if path is None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        # Made here so that nobody else can read it, whatever the folder allows.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        engine = create_engine(
            URL.create("sqlite", database=path),
            poolclass=QueuePool,
            pool_size=4,
            max_overflow=60,
            pool_use_lifo=True,
            connect_args={"check_same_thread": False, "cached_statements": 400},
        )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    del record
    # We begin transactions ourselves: the driver's own way begins them too late for a consistent read.
    connection.isolation_level = None
    # SQLite's own functions know the letters of ASCII only.
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "temp_store = MEMORY",
        "cache_size = -8000",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _casefold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("stoker_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


_TOO_MUCH = re.compile(r"tree is too large|too many (?:terms|SQL variables|columns)|stack overflow|too complex")
"""What the database says of a statement that is too large: sending the request again is no help."""


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    """Map what the database says to our exceptions."""
    try:
        yield
    except DBAPIError as error:
        raise _said(error.orig or error) from error
    except sqlite3.Error as error:
        raise _said(error) from error
    except UnicodeEncodeError as error:
        text = error.object[max(0, error.start - 20) : error.end + 20]
        raise UserErrorException(
            f"The text {text!r} can't be kept: it has half a character ({error.object[error.start]!r}), as names of "
            "files in another encoding give. Write it in Unicode."
        ) from error
    except OverflowError as error:
        raise UserErrorException("A whole number is too large to be kept: 64 bits are the most.") from error


def _said(error: BaseException) -> StokerException:
    text = str(error)
    if _TOO_MUCH.search(text):
        return UserErrorException(f"This asks for more at once than a statement of the database holds ({text}).")
    if "disk is full" in text or "disk I/O" in text:
        advice = "Free some space on the workspace's disk; what scripts log stays in their journals meanwhile."
    elif "locked" in text:
        advice = "Another program holds the database .stoker/stoker.db; end it and try again."
    elif "malformed" in text or "not a database" in text:
        advice = "The file .stoker/stoker.db is damaged; put back a copy of it, as stoker.db.backup-<version>."
    else:
        advice = "This is a mistake in Stoker; the trace is in .stoker/logs/service.log."
    return ServiceException(f"The workspace's records can't be read or written: {text}. {advice}", status=503)
