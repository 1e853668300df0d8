"""Write a command's result to stdout in the form that `--output` asks for."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stoker.cli.session import SESSION, UsageProblem
from stoker.cli.table import Column, cell, facts, table

__all__ = ["emit", "plain_numbers", "write", "write_bytes"]


def emit(
    value: Any,
    columns: Sequence[Column] | None = None,
    *,
    text: Callable[[], str] | None = None,
    empty: str = "",
) -> None:
    """Write `value`, the JSON shape of the answer.

    Parameters
    ----------
    value : object
        Lists, dicts and scalars.
    columns : sequence of Column, optional
        How a list of dicts becomes a table.
    text : callable, optional
        Makes the text for people where the answer is no list.
    empty : str, optional
        A sentence on stderr when the list is empty.
    """
    kind = SESSION.output
    if kind == "none":
        return
    if kind != "table" or SESSION.query:
        shape = plain_numbers(value)
        _WRITERS[kind](_queried(shape))
        return
    if isinstance(value, list) and not value and empty:
        from stoker.cli.session import say

        say(empty)
    elif columns is not None and isinstance(value, list):
        if value:
            write(table(value, columns))
    elif text is not None:
        write(text())
    else:
        _write_table(value)


def _queried(value: Any) -> Any:
    if not SESSION.query:
        return value
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(SESSION.query, value)
    except JMESPathError as error:
        what = str(error).splitlines()[0].rstrip(".:")
        raise UsageProblem(
            f"The query {SESSION.query!r} can't be used: {what}. A query is a JMESPath expression on what `-o json` "
            "shows. Try it as `[0].id` or `[].{id: id, status: status}`."
        ) from error


def plain_numbers(value: Any) -> Any:
    """Return `value` as strict JSON holds it: what is not finite becomes its name.

    Examples
    --------
    >>> plain_numbers([1.5, {"$": "nan"}, float("inf")])
    [1.5, 'NaN', 'Infinity']
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        if set(value) == {"$"} and str(value["$"]) in {"nan", "inf", "-inf"}:
            return plain_numbers(float(value["$"]))
        return {str(key): plain_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_numbers(item) for item in value]
    return value


def write(text: str) -> None:
    """Write a text and a line end to stdout."""
    write_bytes(text.encode("utf-8", "backslashreplace") + b"\n")


def write_bytes(data: bytes) -> None:
    """Write bytes to stdout at once."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _write_json(value: Any) -> None:
    write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def _write_jsonl(value: Any) -> None:
    for item in value if isinstance(value, list) else [value]:
        write(json.dumps(item, ensure_ascii=False, allow_nan=False))


def _write_yaml(value: Any) -> None:
    import yaml

    write(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110).rstrip("\n"))


def _write_tsv(value: Any) -> None:
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        items = row.values() if isinstance(row, dict) else (row if isinstance(row, list) else [row])
        write("\t".join(_field(item) for item in items))


def _field(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _write_table(value: Any) -> None:
    """Write a shape that no columns were named for: the answer of a query, mostly."""
    if isinstance(value, dict):
        write(facts(list(value.items())))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        names = dict.fromkeys(name for item in value for name in item)
        write(table(value, [Column(name.upper(), name, shrink=True) for name in names]))
    elif isinstance(value, list):
        for item in value:
            write(cell(item))
    elif value is not None:
        write(cell(value))


_WRITERS: dict[str, Callable[[Any], None]] = {
    "table": _write_table,
    "json": _write_json,
    "jsonl": _write_jsonl,
    "yaml": _write_yaml,
    "tsv": _write_tsv,
}
