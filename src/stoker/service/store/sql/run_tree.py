"""Who is above and below a run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal, select

from stoker.service.store.sql.run_rows import key_of, pairs
from stoker.service.store.sql.tables import runs

__all__ = ["above", "below", "is_key_within", "is_within"]


def above(connection: Connection, run_id: str) -> list[str]:
    """Return the ids of parent, grandparent and so on."""
    ids = []
    parent = connection.scalar(select(runs.c.parent).where(runs.c.pk == key_of(connection, run_id)))
    while parent is not None:
        row = connection.execute(select(runs.c.id, runs.c.parent).where(runs.c.pk == parent)).one()
        ids.append(row.id)
        parent = row.parent
    return ids


def below(connection: Connection, key: int) -> list[tuple[int, int]]:
    """Return the keys of all descendants, each with its depth below `key`."""
    return [(row[0], row[1]) for row in connection.execute(_BELOW, {"key": key})]


def _below() -> Select[Any]:
    tree = (
        select(runs.c.pk, literal(1).label("depth"))
        .where(runs.c.parent == bindparam("key"), runs.c.parent.is_not(None))
        .cte("tree", recursive=True)
    )
    deeper = select(runs.c.pk, tree.c.depth + 1).where(runs.c.parent == tree.c.pk, runs.c.parent.is_not(None))
    return select(tree.union_all(deeper))


_BELOW = _below()


def is_within(connection: Connection, run_id: str, root: str) -> bool:
    """Whether the run is `root` or one of its descendants."""
    found = pairs(connection, select(runs.c.id, runs.c.pk).where(runs.c.id.in_([run_id, root])))
    return run_id in found and root in found and is_key_within(connection, found[run_id], found[root])


def is_key_within(connection: Connection, key: int | None, root: int) -> bool:
    """Whether the row is `root` or one of its descendants."""
    while key is not None and key != root:
        key = connection.scalar(select(runs.c.parent).where(runs.c.pk == key))
    return key == root
