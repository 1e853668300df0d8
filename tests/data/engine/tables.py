"""Small tables for the engine's tests: files written, definitions made, rows read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from stoker.data import _definition, _engine
from stoker.data._engine.delimited import Delimited
from stoker.data._engine.expression import Expression
from stoker.data._engine.misfits import Misfits
from stoker.data._storage.resolve import SourceFiles, resolve_paths

Table = tuple[dict[str, Any], SourceFiles]


def made(
    folder: Path,
    kind: str,
    texts: Mapping[str, bytes | str],
    options: dict[str, Any] | None = None,
    *steps: dict[str, Any],
) -> Table:
    """Write files; return a definition of their rows, and the files."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    files = resolve_paths([{"local": str(folder / name)} for name in texts])
    return _definition.with_steps(_definition.build(kind, [{"local": "/x"}], options), *steps), files


def csv(folder: Path, text: bytes | str, options: dict[str, Any] | None = None, *steps: dict[str, Any]) -> Table:
    """Write one delimited file; return a definition of its rows, and the file."""
    return made(folder, "delimited_files", {"a.csv": text}, options, *steps)


def rows(definition: dict[str, Any], files: SourceFiles, **more: Any) -> list[dict[str, Any]]:
    """Return all rows."""
    with _engine.scan(definition, files, **more) as reader:
        found: list[dict[str, Any]] = reader.read_all().to_pylist()
    return found


def left(table: Table, *expressions: Expression, key: str = "id") -> list[Any]:
    """Return the ids of the rows that filters leave."""
    steps = [{"op": "filter", "expression": expression.to_json()} for expression in expressions]
    return [row[key] for row in rows(_definition.with_steps(table[0], *steps), table[1])]


def delimited(
    table: Table, *, quick: bool, block_bytes: int = 8 << 20, on_error: str = "null"
) -> tuple[Any, pa.Table | None]:
    """Return schema and rows as the source itself gives them, late columns too."""
    source = Delimited(*table, quick=quick, block_bytes=block_bytes)
    parts = [pa.Table.from_batches([batch]) for _, batch in source.batches(None, Misfits(on_error))]
    return source.schema(), pa.concat_tables(parts, promote_options="default") if parts else None
