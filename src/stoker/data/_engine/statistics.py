"""Statistics of columns in one pass: DuckDB counts while rows go by, and keeps none of them."""

from __future__ import annotations

import bisect

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["profile_of"]

QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
FEW = 1000
"""Different values up to which each is counted, as v1 has it."""
BUCKETS = 10
EXACT_ROWS, EXACT_BYTES = 100_000, 32 << 20
"""A table up to this size is held in memory, and its quantiles are exact."""
MOST_WHOLE = 300
"""Tables with more columns get the plain statistics only: all of them take a state of kilobytes for each column."""
_GRID = tuple(step / 200 for step in range(201))
_NAMES = {
    "bool": "FieldType.BOOLEAN",
    "long": "FieldType.INTEGER",
    "float": "FieldType.DECIMAL",
    "datetime": "FieldType.DATE",
    "string": "FieldType.STRING",
}
_NUMBERS = {"long", "float"}


def profile_of(rows: Any) -> list[dict[str, Any]]:
    """Return the statistics of each column.

    Parameters
    ----------
    rows : pyarrow.RecordBatchReader

    Returns
    -------
    list of dict
        For each column, in order: `Column`; `Type`, as `FieldType.INTEGER`; `Min`, `Max`; `Count`
        of rows; `MissingCount` (NaN is missing), `NotMissingCount`, `PercentMissing` (0 to 1); `ErrorCount` (0: values
        that don't fit are missing); `EmptyCount` of texts without characters; `UniqueValues`; `ValueCounts`, a list of
        {"Value", "Count"}, the most frequent first, None where there are more than a thousand different values;
        `TopValues`, the ten most frequent. Of numbers also `Mean`, `StandardDeviation`, `Variance`, `Skewness`,
        `Kurtosis`, `Quantiles` (share to value), `LowerQuartile`, `Median`, `UpperQuartile`, and `Histogram`, a list of
        {"LowerBound", "UpperBound", "Count"}. For tables beyond 100,000 rows or 32 MiB, quantiles and histogram are
        estimates, and so are unique and top values where there are more than a thousand.

    Raises
    ------
    stoker.exceptions.UserErrorException
        DuckDB is not installed.
    """
    from stoker.data._engine.typed import kind_of

    try:
        import duckdb
    except ImportError as error:
        raise UserErrorException(
            f"A profile needs DuckDB, which is not installed here ({error}). Install it: pip install 'stoker[data]'.",
            error,
        ) from error
    kinds = [kind_of(field.type)["type"] for field in rows.schema]
    if not kinds:
        return []
    whole = len(kinds) <= MOST_WHOLE
    source = _Source(rows, kinds, count_values=whole)
    exact = source.fits()
    wanted = [_asked(f"c{place}", kind, whole=whole, exact=exact) for place, kind in enumerate(kinds)]
    flat = ["count(*)", *(text for part in wanted for text in part.values())]
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as database:
        database.register("source_rows", source.reader())
        found = database.execute(f"SELECT {', '.join(flat)} FROM source_rows").fetchone()  # noqa: S608  # our own text
    assert found is not None
    answers = iter(found)
    count = next(answers)
    result = []
    for place, (field, kind, part) in enumerate(zip(rows.schema, kinds, wanted)):
        facts = {name: next(answers) for name in part}
        result.append(_facts(field.name, kind, count, facts, source.counted(place)))
    return result


class _Source:
    """Rows on their way to DuckDB, under plain names; few different values are counted while they go by."""

    def __init__(self, rows: Any, kinds: list[str], *, count_values: bool) -> None:
        self._rows = rows
        self._kinds = kinds
        self._held: list[Any] = []
        self._counts: list[dict[Any, int] | None] = [{} if count_values else None for _ in kinds]

    def fits(self) -> bool:
        """Read until there is more than is held; return whether that is all."""
        rows = size = 0
        for batch in self._rows:
            self._held.append(batch)
            rows += batch.num_rows
            size += batch.nbytes
            if rows > EXACT_ROWS or size > EXACT_BYTES:
                return False
        return True

    def reader(self) -> Any:
        """Return all rows, those that are held first."""
        import pyarrow as pa

        schema = pa.schema([(f"c{place}", _plain(field.type)) for place, field in enumerate(self._rows.schema)])
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema))

    def _batches(self, schema: Any) -> Iterator[Any]:
        import pyarrow as pa

        while self._held:
            yield pa.RecordBatch.from_arrays(self._columns(self._held.pop(0)), schema=schema)
        for batch in self._rows:
            yield pa.RecordBatch.from_arrays(self._columns(batch), schema=schema)

    def _columns(self, batch: Any) -> list[Any]:
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = []
        for place, given in enumerate(batch.columns):
            column = given
            if pa.types.is_floating(column.type):
                column = pc.if_else(pc.is_nan(column), None, column)
            elif column.type != _plain(column.type):
                column = pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
            self._count(place, column)
            columns.append(column)
        return columns

    def _count(self, place: int, column: Any) -> None:
        import pyarrow.compute as pc

        counts = self._counts[place]
        if counts is None or not len(column):
            return
        found = pc.value_counts(column)
        if len(found) > FEW:
            self._counts[place] = None
            return
        for item in found.to_pylist():
            if item["values"] is not None:
                counts[item["values"]] = counts.get(item["values"], 0) + item["counts"]
        if len(counts) > FEW:
            self._counts[place] = None

    def counted(self, place: int) -> dict[Any, int] | None:
        """Return how often each value of a column came; None when there are many."""
        return self._counts[place]


def _plain(kind: Any) -> Any:
    """Return the type in which a column is looked at; values inside values are looked at as text."""
    import pyarrow as pa

    return pa.string() if pa.types.is_nested(kind) or pa.types.is_binary(kind) else kind


def _asked(column: str, kind: str, *, whole: bool, exact: bool) -> dict[str, str]:
    """Return what is asked of a column: name -> SQL."""
    asked = {"present": f"count({column})", "Min": f"min({column})", "Max": f"max({column})"}
    finite = f"CASE WHEN isfinite({column}::DOUBLE) THEN {column}::DOUBLE END"
    if kind == "string":
        asked["EmptyCount"] = f"count(*) FILTER (WHERE {column} = '')"
    if kind in _NUMBERS:
        asked["Mean"] = f"avg({finite})"
        asked["Variance"] = f"var_samp({finite})"
    if not whole:
        return asked
    asked["distinct"] = f"count(DISTINCT {column})" if exact else f"approx_count_distinct({column})"
    asked["top"] = f"approx_top_k({column}, 10)"
    if kind in _NUMBERS:
        grid = ", ".join(map(str, (*QUANTILES, *_GRID)))
        function = "quantile_cont" if exact else "approx_quantile"
        asked["Skewness"] = f"skewness({finite})"
        asked["Kurtosis"] = f"kurtosis({finite})"
        asked["grid"] = f"{function}({finite}, [{grid}])"
        if exact:
            asked["values"] = f"list({finite}) FILTER (WHERE isfinite({column}::DOUBLE))"
    return asked


def _facts(name: str, kind: str, count: int, found: dict[str, Any], counted: dict[Any, int] | None) -> dict[str, Any]:
    present = found["present"]
    facts: dict[str, Any] = {
        "Column": name,
        "Type": _NAMES[kind],
        "Min": found["Min"],
        "Max": found["Max"],
        "Count": count,
        "MissingCount": count - present,
        "NotMissingCount": present,
        "PercentMissing": (count - present) / count if count else 0.0,
        "ErrorCount": 0,
        "EmptyCount": found.get("EmptyCount", 0),
    }
    if kind in _NUMBERS:
        variance = found["Variance"]
        facts["Mean"], facts["Variance"] = found["Mean"], variance
        facts["StandardDeviation"] = None if variance is None else variance**0.5
    if "distinct" not in found:
        return facts
    facts["UniqueValues"] = found["distinct"] if counted is None else len(counted)
    facts["ValueCounts"] = None
    facts["TopValues"] = list(found["top"] or [])
    if counted is not None:
        ordered = sorted(counted.items(), key=lambda item: -item[1])
        facts["ValueCounts"] = [{"Value": value, "Count": times} for value, times in ordered]
        facts["TopValues"] = [value for value, _ in ordered[:10]]
    if kind in _NUMBERS:
        facts.update(_distribution(found))
    return facts


def _distribution(found: dict[str, Any]) -> dict[str, Any]:
    grid = list(found["grid"] or [])
    shares = dict(zip(QUANTILES, grid or [None] * len(QUANTILES)))
    return {
        "Skewness": found["Skewness"],
        "Kurtosis": found["Kurtosis"],
        "Quantiles": shares,
        "LowerQuartile": shares[0.25],
        "Median": shares[0.5],
        "UpperQuartile": shares[0.75],
        "Histogram": _histogram(grid[len(QUANTILES) :], found),
    }


def _histogram(grid: list[float], found: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return how many values lie in each of some intervals of one width."""
    if not grid:
        return None
    values = found.get("values")
    least, most = grid[0], grid[-1]
    width = (most - least) / BUCKETS
    if not width:
        total = found["present"] if values is None else len(values)
        return [{"LowerBound": least, "UpperBound": most, "Count": total}]
    edges = [least + place * width for place in range(BUCKETS)] + [most]
    if values is not None:
        ordered = sorted(values)
        below = [bisect.bisect_left(ordered, edge) for edge in edges[:-1]] + [len(ordered)]
    else:
        below = [round(_share_below(grid, edge) * found["present"]) for edge in edges[:-1]] + [found["present"]]
    return [
        {"LowerBound": edges[place], "UpperBound": edges[place + 1], "Count": below[place + 1] - below[place]}
        for place in range(BUCKETS)
    ]


def _share_below(grid: list[float], edge: float) -> float:
    """Return the share of values below one, by the quantiles between which it lies.

    Examples
    --------
    >>> _share_below([0.0, 1.0, 2.0], 0.5)
    0.25
    """
    place = bisect.bisect_left(grid, edge)
    if place == 0:
        return 0.0
    if place == len(grid):
        return 1.0
    before, after = grid[place - 1], grid[place]
    return (place - 1 + (edge - before) / (after - before)) / (len(grid) - 1)
