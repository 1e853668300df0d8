"""What every store must do with metrics."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.service.store import Store
from stoker.testing.store_journals import take
from stoker.testing.store_runs import make

__all__ = ["MetricContract"]


class MetricContract:
    """Part of `StoreContract`."""

    @pytest.mark.parametrize(
        ("records", "wanted"),
        [
            ([["m", 0, 1.0, "x", 0.5, None]], 0.5),
            ([["m", 0, 1.0, "x", 1, None], ["m", 0, 2.0, "x", 2, None]], [1, 2]),
            ([["l", 0, 1.0, "x", [1]]], 1),
            ([["l", 0, 1.0, "x", [1, 2]], ["l", 0, 2.0, "x", [3]]], [1, 2, 3]),
            ([["r", 0, 1.0, "x", {"a": 1, "b": "q"}]], {"a": 1, "b": "q"}),
            ([["r", 0, 1.0, "x", {"a": 1}], ["r", 0, 2.0, "x", {"a": 2, "b": 3}]], {"a": [1, 2], "b": 3}),
            ([["t", 0, 1.0, "x", {"a": [1, 2], "b": [3, 4]}]], {"a": [1, 2], "b": [3, 4]}),
            ([["t", 0, 1.0, "x", {"a": [1]}]], {"a": 1}),
            ([["m", 0, 1.0, "x", 1, None], ["r", 0, 2.0, "x", {"a": 2}]], {"x": 1, "a": 2}),
            ([["m", 0, 1.0, "x", 1, None], ["r", 0, 2.0, "x", {"x": 2}]], {"x": [1, 2]}),
            ([["a", 0, 1.0, "x", "x_1.png", "image"]], "aml://artifactId/a/x_1.png"),
            (
                [["a", 0, 1.0, "x", "c.json", "confusion_matrix"], ["m", 0, 2.0, "x", 1.0, None]],
                ["aml://artifactId/a/c.json", 1.0],
            ),
        ],
    )
    def test_metrics_collapse_as_in_v1(self, store: Store, records: list[Any], wanted: Any) -> None:
        """One cell is a scalar, several are a list, rows and tables are dicts."""
        make(store, "a")
        result = take(store, "a", *records)

        assert store.metrics.collapsed("a") == {"x": wanted}
        assert result.touched_metrics == (("a", "x"),)

    @pytest.mark.parametrize(
        "value",
        [
            *(0.5, 1.0, -0.1, 1e300, 5e-324, 0, 7, -(2**63), 2**63 - 1, 2**64, True, False),
            *("text", "", "é\0", None, {"$": "nan"}, {"$": "inf"}, {"$": "-inf"}),
        ],
    )
    def test_a_value_comes_back_as_it_was(self, store: Store, value: Any) -> None:
        """Of the same type, too."""
        make(store, "a")
        take(store, "a", ["m", 0, 1.0, "x", value, None], ["l", 0, 1.0, "y", [value, value]])

        found = store.metrics.collapsed("a")
        assert found == {"x": value, "y": [value, value]}
        assert type(found["x"]) is type(value)

    def test_points_are_ordered_by_step_where_all_have_one(self, store: Store) -> None:
        """Else by time."""
        make(store, "a")
        take(
            store,
            "a",
            ["m", 0, 1.0, "x", "b", 2],
            ["m", 0, 2.0, "x", "a", 1],
            ["m", 0, 3.0, "x", "c", 2],
            ["m", 0, 2.0, "y", "b", 1],
            ["m", 0, 1.0, "y", "a", None],
        )

        assert store.metrics.collapsed("a") == {"x": ["a", "b", "c"], "y": ["a", "b"]}

    def test_points_of_several_processes_are_ordered_by_time(self, store: Store) -> None:
        """Whichever journal came first."""
        make(store, "a")
        take(store, "a", ["m", 0, 2.0, "x", 2, None], ["m", 0, 4.0, "x", 4, None], journal="one")
        take(store, "a", ["m", 0, 1.0, "x", 1, None], ["m", 0, 3.0, "x", 3, None], journal="two")

        assert store.metrics.collapsed("a") == {"x": [1, 2, 3, 4]}
        assert store.journals.offsets("a").keys() == {"one", "two"}

    def test_series_have_times_steps_kinds_and_descriptions(self, store: Store) -> None:
        """Whether the description came before or after."""
        make(store, "a")
        take(
            store,
            "a",
            ["d", 0, 1.0, "x", "the loss"],
            ["m", 0, 1.5, "x", 0.5, 3],
            ["r", 0, 2.0, "y", {"c": {"$": "nan"}}],
            ["a", 0, 3.0, "z", "f.png", "image"],
        )

        assert store.metrics.series("a") == [
            {"name": "x", "column": "x", "kind": "metric", "description": "the loss", "points": [[1.5, 3, 0.5]]},
            {"name": "y", "column": "c", "kind": "row", "description": "", "points": [[2.0, None, {"$": "nan"}]]},
            {
                "name": "z",
                "column": "z",
                "kind": "image",
                "description": "",
                "points": [[3.0, None, "aml://artifactId/a/f.png"]],
            },
        ]
        assert [series["name"] for series in store.metrics.series("a", "y")] == ["y"]
        assert store.metrics.collapsed("a", "nothing") == {}

    def test_points_are_followed_by_a_cursor(self, store: Store) -> None:
        """In the order of being stored, over all columns."""
        make(store, "a")
        take(store, "a", *[["m", 0, float(n), f"x{n % 3}", n, None] for n in range(10)])

        points = store.metrics.points_since("a", limit=4)
        rest = store.metrics.points_since("a", points[-1].cursor)
        assert [point.value for point in points + rest] == list(range(10))
        assert (points[1].name, points[1].column, points[1].t, points[1].step) == ("x1", "x1", 1.0, None)
        assert store.metrics.points_since("a", rest[-1].cursor) == []
        take(store, "a", ["m", 0, 11.0, "x0", 11, None])
        assert [point.value for point in store.metrics.points_since("a", rest[-1].cursor)] == [11]

    def test_points_of_a_run_are_followed_whatever_others_log(self, store: Store) -> None:
        """Each look finds some, until there are no more."""
        make(store, "a")
        make(store, "b")
        for n in range(20):
            take(store, "a", ["m", 0, float(n), f"x{n % 3}", n, None], journal=f"a{n}")
            take(store, "b", *[["m", 0, float(n), "y", k, None] for k in range(7)], journal=f"b{n}")
        found: list[Any] = []
        cursor = 0
        while points := store.metrics.points_since("a", cursor, limit=5):
            assert len(points) <= 5
            found += [point.value for point in points]
            cursor = points[-1].cursor

        assert found == list(range(20))
        assert cursor == store.metrics.last_cursor("a")
        assert store.metrics.last_cursor("b") > 0

    def test_the_last_values_of_many_runs_are_numbers_of_their_first_metrics(self, store: Store) -> None:
        """What is no finite number, or has columns, is left out; a run without any has none."""
        for run in ("a", "b", "c"):
            make(store, run)
        take(store, "a", ["m", 0, 1.0, "x", 0.5, 1], ["m", 0, 2.0, "x", 0.25, 2], ["r", 0, 3.0, "y", {"c": 1}])
        take(store, "b", *[["m", 0, 1.0, f"name {n}", n, None] for n in range(9)], journal="j2")
        take(store, "b", ["m", 1, 1.0, "text", "a", None], journal="j3")

        found = store.metrics.last(["a", "b", "c", "of nobody"], names=3)

        assert found == {"a": {"x": 0.25}, "b": {"name 0": 0, "name 1": 1, "name 2": 2}, "c": {}, "of nobody": {}}

    def test_an_overview_of_little_is_all_of_it(self, store: Store) -> None:
        """The same as `collapsed` and `series`."""
        make(store, "a")
        take(store, "a", ["m", 0, 1.0, "x", 0.5, 1], ["m", 0, 2.0, "x", 0.25, 2], ["r", 0, 3.0, "y", {"c": 1}])

        found = store.metrics.overview("a")
        assert found["metrics"] == store.metrics.collapsed("a")
        assert [{**item, "is_part": False} for item in store.metrics.series("a")] == found["series"]
        assert found["total"] == 2
        make(store, "nothing")
        assert store.metrics.overview("nothing") == {"metrics": {}, "series": [], "total": 0}

    def test_an_overview_of_much_is_a_part(self, store: Store) -> None:
        """The first names; of many points the first, the last, and some between, in order."""
        make(store, "a")
        take(store, "a", *[["m", 0, float(n), "long", n, None] for n in range(1000)])
        take(store, "a", *[["m", 0, 1.0, f"name {n}", n, None] for n in range(50)], journal="j2")
        take(store, "a", ["r", 0, 1.0, "wide", {f"c{n}": n for n in range(30)}], journal="j3")

        found = store.metrics.overview("a", names=10, points=20)
        assert found["total"] == 52
        assert list(found["metrics"]) == ["long", *(f"name {n}" for n in range(9))]
        values = found["metrics"]["long"]
        assert (values[0], values[-1], len(values)) == (0, 999, 20)
        assert values == sorted(values)
        assert [item["is_part"] for item in found["series"]] == [True, *[False] * 9]
        assert len(store.metrics.overview("a", names=52, points=20)["metrics"]["wide"]) == 30
        assert len(store.metrics.overview("a", names=52, points=20)["series"]) == 51 + 30
        make(store, "wide")
        take(store, "wide", ["r", 0, 1.0, "row", {f"c{n}": n for n in range(30)}])
        assert len(store.metrics.overview("wide", names=10)["metrics"]["row"]) == 10
