"""From what a person writes to the run that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, select

from stoker.base.names import nearest, suggestion
from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException, NotFoundException
from stoker.service.store.sql.tables import experiments, runs

__all__ = ["resolve"]

MOST_CANDIDATES = 10
SHORTEST_PREFIX = 2
"""An id can be shortened to so many characters."""


def resolve(connection: Connection, name: str, experiment: str | None) -> int:
    """Return the key of the run that `RunRepository.resolve` describes."""
    among = select(runs.c.pk, runs.c.id)
    if experiment is not None:
        among = among.where(runs.c.experiment == _experiment(connection, experiment))
    if name.startswith("@"):
        return _recent(connection, among, name)
    for statement in _readings(among, name, numbered=experiment is not None):
        rows = connection.execute(statement.order_by(runs.c.pk.desc()).limit(MOST_CANDIDATES + 1)).all()
        if len(rows) == 1:
            return int(rows[0].pk)
        if rows:
            raise _ambiguous(name, [row.id for row in rows])
    recent = connection.scalars(select(runs.c.id).order_by(runs.c.pk.desc()).limit(50)).all()
    helps = suggestion(name, recent) if not recent or nearest(name, recent) else f"The latest is {recent[0]}."
    raise NotFoundException(f"No run is called {name!r}. {helps} `stoker run list` shows all.", target="name")


def _readings(among: Select[Any], name: str, *, numbered: bool) -> Iterator[Select[Any]]:
    """Return what the name may mean, the surest first."""
    yield among.where(runs.c.id == name)
    if numbered and name.lstrip("#").isdecimal():
        yield among.where(runs.c.number == int(name.lstrip("#")))
    yield among.where(runs.c.display_name == name, runs.c.display_name.is_not(None))
    if len(name) >= SHORTEST_PREFIX:
        # The last character of Unicode ends the range of all texts that begin so.
        yield among.where(runs.c.id >= name, runs.c.id < name + "\U0010ffff")


def _recent(connection: Connection, among: Select[Any], name: str) -> int:
    statement = among.where(runs.c.top == 1).order_by(runs.c.pk.desc()).limit(1)
    if name == "@last-failed":
        statement = statement.where(runs.c.status == RunStatus.FAILED.value)
    elif name != "@last":
        raise NotFoundException(
            f"There is no run {name!r}. {suggestion(name, ['@last', '@last-failed'])}", target="name"
        )
    row = connection.execute(statement).one_or_none()
    if row is None:
        what = "failed run" if name == "@last-failed" else "run"
        raise NotFoundException(f"{name} stands for the last {what}, and there is none yet. Name a run.", target="name")
    return int(row.pk)


def _experiment(connection: Connection, name: str) -> int:
    key = connection.scalar(select(experiments.c.pk).where(experiments.c.name == name))
    if key is None:
        known = connection.scalars(select(experiments.c.name).order_by(experiments.c.pk.desc()).limit(200))
        raise NotFoundException(f"There is no experiment {name!r}. {suggestion(name, known)}", target="experiment")
    return int(key)


def _ambiguous(name: str, ids: list[str]) -> ConflictException:
    shown = ids[:MOST_CANDIDATES]
    more = " and more" if len(ids) > MOST_CANDIDATES else ""
    return ConflictException(
        f"{name!r} may be several runs: {', '.join(shown)}{more}. Write more of the id.",
        target="name",
        details={"candidates": shown},
    )
