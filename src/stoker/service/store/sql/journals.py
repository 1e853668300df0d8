"""Journals in the database: each byte once."""

from __future__ import annotations

from sqlalchemy import Connection, Integer, bindparam, insert, select, update

from stoker.service.store.base import IngestResult, JournalRepository
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.ingest import Ingestion, References
from stoker.service.store.sql.lines import read_lines
from stoker.service.store.sql.points import PointWriter, SeriesCache
from stoker.service.store.sql.prepared import Prepared
from stoker.service.store.sql.run_rows import key_of, pairs
from stoker.service.store.sql.run_writes import RunKeys, keys_of
from stoker.service.store.sql.tables import journal_references, journals, runs

__all__ = ["SqlJournals"]

MOST_JOURNALS = 2_000


# Made once, as in run_rows: each piece of each journal needs them.
_PLACE = Prepared(
    select(journals.c.pk, journals.c.stored).where(
        journals.c.run == bindparam("owner"), journals.c.name == bindparam("wanted")
    )
)
_SAVE = Prepared(
    update(journals)
    .where(journals.c.pk == bindparam("key"))
    .values(stored=bindparam("bytes"), torn=journals.c.torn + bindparam("more", type_=Integer))
)
_STORED = (
    select(journals.c.stored)
    .join(runs, runs.c.pk == journals.c.run)
    .where(runs.c.id == bindparam("owner"), journals.c.name == bindparam("wanted"))
)


class SqlJournals(JournalRepository):
    """See `JournalRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._series = SeriesCache()
        self._references: dict[int, References] = {}
        database.on_rollback(self._forget)

    def ingest(
        self,
        root_run_id: str,
        journal: str,
        offset: int | None,
        data: bytes,
        *,
        trusted: bool = False,
        final: bool = False,
        once: bool = False,
    ) -> IngestResult:
        """Store a piece of a journal."""
        with self._database.write() as connection:
            root = keys_of(connection, root_run_id)
            key, stored = _journal(connection, root.pk, journal)
            if offset is None:
                offset = stored
            if offset > stored:
                return IngestResult(stored, gap=True)
            lines = read_lines(data[stored - offset :], stored, final=final)
            if not lines.consumed:
                return IngestResult(stored)
            points = PointWriter(self._database, connection, self._series, key, once=once)
            references = self._known(connection, key, root)
            ingestion = Ingestion(self._database, connection, points, (key, journal), references, trusted=trusted)
            ingestion.take(lines)
            stored += lines.consumed
            _SAVE.run(connection, key=key, bytes=stored, more=ingestion.torn)
        return IngestResult(
            stored, tuple(sorted(ingestion.changed.values())), tuple(sorted(points.metrics)), ingestion.torn
        )

    def stored(self, root_run_id: str, journal: str) -> int:
        """Return how many bytes are stored."""
        with self._database.read() as connection:
            return int(connection.scalar(_STORED, {"owner": root_run_id, "wanted": journal}) or 0)

    def offsets(self, root_run_id: str) -> dict[str, int]:
        """Return the stored bytes of each journal."""
        with self._database.read() as connection:
            key = key_of(connection, root_run_id)
            statement = select(journals.c.name, journals.c.stored).where(journals.c.run == key)
            return pairs(connection, statement)

    def _forget(self) -> None:
        self._series.clear()
        self._references.clear()

    def _known(self, connection: Connection, key: int, root: RunKeys) -> References:
        """Return what the journal's numbers stand for, from the table after a restart."""
        known = self._references.get(key)
        if known is None:
            if len(self._references) >= MOST_JOURNALS:
                self._references.clear()
            statement = (
                select(
                    journal_references.c.reference,
                    *(runs.c.pk, runs.c.id, runs.c.experiment, runs.c.top, runs.c.root, runs.c.kind),
                )
                .join(runs, runs.c.pk == journal_references.c.run)
                .where(journal_references.c.journal == key)
            )
            known = {row[0]: RunKeys(*row[1:]) for row in connection.execute(statement)}
            known[0] = root
            self._references[key] = known
        return known


def _journal(connection: Connection, run: int, name: str) -> tuple[int, int]:
    """Return the journal's key and its stored bytes; it is made when it is new."""
    row = _PLACE.first(connection, owner=run, wanted=name)
    if row is not None:
        return row[0], row[1]
    made = connection.execute(insert(journals).values(run=run, name=name, stored=0, torn=0)).inserted_primary_key
    assert made is not None
    return int(made[0]), 0
