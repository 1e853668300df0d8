"""The four charts that v1 keeps as JSON files: which parts they have and how these must fit together."""

from __future__ import annotations

import warnings

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["CHARTS", "chart_of"]

CHARTS = {
    "confusion_matrix": ("1.0.0", ("class_labels", "matrix")),
    "accuracy_table": (
        "1.0.1",
        (
            "probability_tables",
            "percentile_tables",
            "probability_thresholds",
            "percentile_thresholds",
            "class_labels",
        ),
    ),
    "residuals": ("1.0.0", ("bin_edges", "bin_counts")),
    "predictions": ("1.0.0", ("bin_averages", "bin_errors", "bin_counts", "bin_edges")),
}
"""Kind of chart -> version of its form, and the parts of its `data`."""


def chart_of(kind: str, name: str, value: Any) -> dict[str, Any]:
    """Return a chart as a dict, checked.

    Parameters
    ----------
    kind : str
        One of `CHARTS`.
    name : str
        The metric's name, for messages.
    value : str or dict
        The chart, as JSON text or as a dict with `schema_type`, `schema_version` and `data`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is of another kind, or a part is missing or no list; the message names the part.

    Warns
    -----
    UserWarning
        The sizes of its parts do not fit together.
    """
    chart = _as_dict(kind, name, value)
    missing = [key for key in ("schema_type", "schema_version", "data") if key not in chart]
    if missing:
        raise _wrong(kind, name, f"it has no {' and no '.join(map(repr, missing))}", "Add what is missing")
    if chart["schema_type"] != kind:
        raise _wrong(kind, name, f"its schema_type is {chart['schema_type']!r}", f"Set it to {kind!r}")
    data = chart["data"]
    if not isinstance(data, dict):
        raise _wrong(kind, name, f"its data is a {type(data).__name__}", "Give a dict")
    for part in CHARTS[kind][1]:
        if not isinstance(data.get(part), (list, tuple)) and not hasattr(data.get(part), "tolist"):
            raise _wrong(kind, name, f"its data has no list {part!r}", "Add it")
    plain = {key: _plain(item) for key, item in chart.items()}
    _CHECKS[kind](_Sizes(kind, name, plain["data"]))
    return plain


def _as_dict(kind: str, name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        import json

        try:
            value = json.loads(value)
        except ValueError as error:
            raise _wrong(kind, name, f"its text is not JSON ({error})", "Give a dict, or its json.dumps") from error
    if not isinstance(value, dict):
        raise _wrong(kind, name, f"it is a {type(value).__name__}", "Give a dict or JSON text")
    return value


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


class _Sizes:
    """Compares the lengths of a chart's parts."""

    def __init__(self, kind: str, name: str, data: dict[str, Any]) -> None:
        self.kind = kind
        self.name = name
        self.data = data

    def length(self, part: str) -> int:
        """Return how many elements a part has."""
        return len(self.data[part])

    def wants(self, what: str, found: Any, expected: int) -> None:
        """Raise unless `found` is a list; warn when its elements are not `expected` ones."""
        if not isinstance(found, list):
            raise _wrong(self.kind, self.name, f"{what} is no list but {found!r}", "Give a list")
        if len(found) != expected:
            # v1's own documentation has such charts: what a training has worked out is not lost for that.
            warnings.warn(
                f"The {self.kind.replace('_', ' ')} {self.name!r} is kept as it is, though {what} has {len(found)}, "
                f"where {expected} elements fit. Drawn, it may look wrong.",
                stacklevel=6,
            )


def _check_matrix(sizes: _Sizes) -> None:
    classes = sizes.length("class_labels")
    sizes.wants("matrix", sizes.data["matrix"], classes)
    for number, row in enumerate(sizes.data["matrix"]):
        sizes.wants(f"matrix[{number}]", row, classes)


def _check_tables(sizes: _Sizes) -> None:
    classes = sizes.length("class_labels")
    for tables, thresholds in (
        ("probability_tables", "probability_thresholds"),
        ("percentile_tables", "percentile_thresholds"),
    ):
        sizes.wants(tables, sizes.data[tables], classes)
        for number, table in enumerate(sizes.data[tables]):
            sizes.wants(f"{tables}[{number}]", table, sizes.length(thresholds))
            for place, cells in enumerate(table):
                sizes.wants(f"{tables}[{number}][{place}] (TP, FP, TN, FN)", cells, 4)


def _check_bins(sizes: _Sizes) -> None:
    bins = sizes.length("bin_counts")
    sizes.wants("bin_edges", sizes.data["bin_edges"], bins + 1)
    for part in ("bin_averages", "bin_errors"):
        if part in sizes.data:
            sizes.wants(part, sizes.data[part], bins)


_CHECKS = {
    "confusion_matrix": _check_matrix,
    "accuracy_table": _check_tables,
    "residuals": _check_bins,
    "predictions": _check_bins,
}


def _wrong(kind: str, name: str, problem: str, advice: str) -> UserErrorException:
    return UserErrorException(
        f"The {kind.replace('_', ' ')} {name!r} can't be kept: {problem}. {advice}; the form is "
        f'{{"schema_type": "{kind}", "schema_version": "{CHARTS[kind][0]}", '
        f'"data": {{{", ".join(CHARTS[kind][1])}}}}}.',
        target="value",
    )
