"""Statistics of columns, exact for small tables and good estimates for large ones."""

from __future__ import annotations

import datetime as dt
import math
import random
import statistics
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.engine.tables import csv

from stoker.data import _engine


def profile(table: pa.Table, batch_rows: int = 1000) -> list[dict[str, Any]]:
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(batch_rows))
    return _engine.profile(reader)


def test_a_profile_says_what_is_in_the_columns(tmp_path: Path) -> None:
    table = csv(tmp_path, 'a,b,t,f\n1,x,2019-01-01,true\n3,"",2019-01-03,false\n,y,,\n')
    with _engine.scan(*table) as reader:
        numbers, texts, times, flags = _engine.profile(reader)

    assert (numbers["Column"], numbers["Type"], numbers["Count"], numbers["MissingCount"]) == (
        *("a", "FieldType.INTEGER"),
        *(3, 1),
    )
    assert numbers["PercentMissing"] == pytest.approx(1 / 3)
    assert (numbers["Min"], numbers["Max"], numbers["Mean"], numbers["Median"]) == (1, 3, 2.0, 2.0)
    assert numbers["StandardDeviation"] == pytest.approx(2**0.5)
    assert (texts["EmptyCount"], texts["UniqueValues"]) == (1, 3)
    assert texts["ValueCounts"][0] == {"Value": "x", "Count": 1}
    assert times["Max"] == dt.datetime.fromisoformat("2019-01-03")
    assert "Mean" not in times
    assert flags["ValueCounts"] == [{"Value": True, "Count": 1}, {"Value": False, "Count": 1}]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=60), st.integers(1, 20))
def test_numbers_of_small_tables_are_exact(values: list[float | None], batch_rows: int) -> None:
    present = [value for value in values if value is not None]
    (facts,) = profile(pa.table({"a": pa.array(values, pa.float64())}), batch_rows)

    assert facts["NotMissingCount"] == len(present)
    assert facts["UniqueValues"] == len(set(present))
    if not present:
        assert (facts["Min"], facts["Mean"], facts["Median"], facts["Histogram"]) == (None, None, None, None)
        return
    assert (facts["Min"], facts["Max"]) == (min(present), max(present))
    assert facts["Mean"] == pytest.approx(statistics.fmean(present), abs=1e-6)
    assert facts["Median"] == pytest.approx(statistics.median(present), abs=1e-6)
    assert sum(part["Count"] for part in facts["Histogram"]) == len(present)
    if len(present) > 1:
        assert facts["Variance"] == pytest.approx(statistics.variance(present), rel=1e-6, abs=1e-6)


def test_nan_is_missing_and_infinite_numbers_have_no_mean() -> None:
    (facts,) = profile(pa.table({"a": [1.0, float("nan"), float("inf"), None, 3.0]}))

    assert (facts["MissingCount"], facts["Min"], facts["Max"]) == (2, 1.0, float("inf"))
    assert facts["Mean"] == 2.0


def test_large_tables_are_estimated_well_and_moments_stay_exact() -> None:
    numbers = random.Random(4)
    values = [numbers.gauss(10, 2) for _ in range(150_000)]
    table = pa.table({"a": values, "id": list(range(len(values))), "word": [f"w{n % 7}" for n in range(len(values))]})
    gauss, ids, word = profile(table, 10_000)

    assert gauss["Mean"] == pytest.approx(statistics.fmean(values), rel=1e-9)
    assert gauss["StandardDeviation"] == pytest.approx(statistics.stdev(values), rel=1e-9)
    assert gauss["Median"] == pytest.approx(10, abs=0.1)
    assert gauss["Quantiles"][0.95] == pytest.approx(10 + 1.645 * 2, abs=0.2)
    assert abs(gauss["Skewness"]) < 0.05
    assert ids["UniqueValues"] == pytest.approx(len(values), rel=0.2)
    assert ids["ValueCounts"] is None
    counts = [part["Count"] for part in ids["Histogram"]]
    assert sum(counts) == len(values)
    assert all(count == pytest.approx(15_000, rel=0.2) for count in counts)
    assert word["UniqueValues"] == 7
    assert word["TopValues"][0] == "w0"
    assert word["ValueCounts"][0] == {"Value": "w0", "Count": math.ceil(len(values) / 7)}


def test_a_table_of_many_columns_gets_the_plain_statistics() -> None:
    facts = profile(pa.table({f"c{n}": [n, None] for n in range(1000)}))

    assert len(facts) == 1000
    assert (facts[7]["Min"], facts[7]["MissingCount"], facts[7]["Mean"]) == (7, 1, 7.0)
    assert "Quantiles" not in facts[7]


@pytest.mark.parametrize("schema", [pa.schema([]), pa.schema([("a", pa.int64()), ("b", pa.string())])])
def test_a_table_without_rows_has_a_profile_of_nothing(schema: pa.Schema) -> None:
    found = _engine.profile(pa.RecordBatchReader.from_batches(schema, []))

    assert [(facts["Column"], facts["Count"], facts["Min"]) for facts in found] == [
        (name, 0, None) for name in schema.names
    ]


def test_values_inside_values_are_looked_at_as_texts() -> None:
    (facts,) = profile(pa.table({"a": [[1, 2], [1, 2], None]}))

    assert (facts["Type"], facts["UniqueValues"], facts["MissingCount"]) == ("FieldType.STRING", 1, 1)
