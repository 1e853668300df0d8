from __future__ import annotations

import json
import re
import warnings
from typing import Any

import numpy as np
import pytest

from stoker.core._charts import chart_of
from stoker.exceptions import UserErrorException

MATRIX = {"class_labels": ["cat", "dog"], "matrix": [[3, 1], [0, 2]]}
CELLS = [[[1, 0, 2, 0], [0, 1, 1, 1], [1, 1, 1, 0]]] * 2
TABLES = {
    "class_labels": ["0", "1"],
    "probability_tables": CELLS,
    "percentile_tables": CELLS,
    "probability_thresholds": [0.0, 0.5, 1.0],
    "percentile_thresholds": [0.0, 0.5, 1.0],
}
RESIDUALS = {"bin_edges": [0, 1, 2], "bin_counts": [5, 6]}
PREDICTIONS = {"bin_averages": [1, 2], "bin_errors": [0.1, 0.2], "bin_counts": [3, 4], "bin_edges": [0, 1, 2]}


def chart(kind: str, data: Any, version: str = "1.0.0") -> dict[str, Any]:
    return {"schema_type": kind, "schema_version": version, "data": data}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("confusion_matrix", MATRIX),
        ("accuracy_table", TABLES),
        ("residuals", RESIDUALS),
        ("predictions", PREDICTIONS),
    ],
)
def test_a_whole_chart_is_kept_as_a_dict_and_as_text(kind: str, data: dict[str, Any]) -> None:
    whole = chart(kind, data)

    assert chart_of(kind, "m", whole) == whole
    assert chart_of(kind, "m", json.dumps(whole)) == whole


@pytest.mark.parametrize(
    ("kind", "data", "complaint"),
    [
        ("confusion_matrix", {**MATRIX, "matrix": [[1, 2], 3]}, r"matrix\[1\] is no list but 3"),
        ("confusion_matrix", {"matrix": []}, "no list 'class_labels'"),
        ("confusion_matrix", [1], "its data is a list"),
    ],
)
def test_a_chart_without_a_part_is_refused(kind: str, data: Any, complaint: str) -> None:
    with pytest.raises(UserErrorException, match=complaint):
        chart_of(kind, "m", chart(kind, data))


@pytest.mark.parametrize(
    ("kind", "data", "complaint"),
    [
        ("confusion_matrix", {**MATRIX, "matrix": [[1, 2]]}, "matrix has 1, where 2"),
        ("confusion_matrix", {**MATRIX, "matrix": [[1, 2], [3]]}, r"matrix\[1\] has 1, where 2"),
        ("accuracy_table", {**TABLES, "percentile_thresholds": [0.5]}, r"percentile_tables\[0\] has 3, where 1"),
        ("accuracy_table", {**TABLES, "probability_tables": [[[1, 2]] * 3] * 2}, "TP, FP, TN, FN"),
        ("residuals", {**RESIDUALS, "bin_edges": [0, 1]}, "bin_edges has 2, where 3"),
        ("predictions", {**PREDICTIONS, "bin_errors": [0.1]}, "bin_errors has 1, where 2"),
    ],
)
def test_a_chart_whose_parts_do_not_fit_is_kept_with_a_warning_that_names_the_part(
    kind: str, data: Any, complaint: str
) -> None:
    whole = chart(kind, data)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert chart_of(kind, "m", whole) == whole

    assert re.search(complaint, "\n".join(str(one.message) for one in caught))


def test_a_chart_of_another_kind_is_refused() -> None:
    with pytest.raises(UserErrorException, match="Set it to 'residuals'"):
        chart_of("residuals", "m", chart("predictions", PREDICTIONS))


@pytest.mark.parametrize("value", ["{not json", "[1]", 3, None, {}])
def test_what_is_no_chart_is_refused_with_the_form(value: Any) -> None:
    with pytest.raises(UserErrorException, match=r'"schema_type": "confusion_matrix"'):
        chart_of("confusion_matrix", "m", value)


def test_arrays_become_lists() -> None:
    data = {"class_labels": np.array(["a", "b"]), "matrix": np.eye(2, dtype=int)}

    kept = chart_of("confusion_matrix", "m", chart("confusion_matrix", data))

    assert json.loads(json.dumps(kept))["data"] == {"class_labels": ["a", "b"], "matrix": [[1, 0], [0, 1]]}
