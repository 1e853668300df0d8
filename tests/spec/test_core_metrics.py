"""Section 4.8: metrics, as they are written and read back."""

from __future__ import annotations

import importlib
import json
import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stoker.core import Experiment, Run
from stoker.exceptions import StokerException, UserErrorException

CHARTS: dict[str, dict[str, Any]] = {
    "confusion_matrix": {"class_labels": ["a", "b"], "matrix": [[1, 2], [3, 4]]},
    "residuals": {"bin_edges": [0, 1, 2], "bin_counts": [3, 4]},
    "predictions": {"bin_averages": [1], "bin_errors": [0.1], "bin_counts": [2], "bin_edges": [0, 1]},
    "accuracy_table": {
        "probability_tables": [[[1, 2, 3, 4]]],
        "percentile_tables": [[[1, 2, 3, 4]]],
        "probability_thresholds": [0.5],
        "percentile_thresholds": [0.5],
        "class_labels": ["a"],
    },
}


def _chart(kind: str) -> dict[str, Any]:
    version = "1.0.1" if kind == "accuracy_table" else "1.0.0"
    return {"schema_type": kind, "schema_version": version, "data": CHARTS[kind]}


def _read(run: Run) -> dict[str, Any]:
    found = run.get_metrics()
    run.complete()
    return found


def test_one_value_is_a_scalar_and_several_are_a_list_in_order(run: Run) -> None:
    run.log("once", 0.5, description="said")
    for value in (3, 1, 2):
        run.log("often", value)
    run.log(name="named", value="text")

    assert _read(run) == {"once": 0.5, "often": [3, 1, 2], "named": "text"}


def test_a_list_of_one_is_a_scalar_and_of_none_is_nothing(run: Run) -> None:
    run.log_list("many", [1, 2.5, "x", None])
    run.log_list("one", [7])
    run.log_list("none", [])
    run.log_list("generated", (n * n for n in range(3)))
    run.log_list("letters", "ab")
    run.log_list("array", np.arange(3))

    found = _read(run)
    assert found == {
        "many": [1, 2.5, "x", None],
        "one": 7,
        "generated": [0, 1, 4],
        "letters": ["a", "b"],
        "array": [0, 1, 2],
    }


def test_rows_are_dicts(run: Run) -> None:
    run.log_row("one", "said", x=1, y=2)
    for n in range(3):
        run.log_row("many", n=n, square=n * n)

    assert _read(run) == {"one": {"x": 1, "y": 2}, "many": {"n": [0, 1, 2], "square": [0, 1, 4]}}


def test_a_table_of_one_row_has_scalars(run: Run) -> None:
    run.log_table("many", {"a": [1, 2], "b": ["x", "y"]})
    run.log_table("one", {"a": [1], "b": ["x"]})
    run.log_table("twice", {"a": [1]})
    run.log_table("twice", {"a": [2]})

    assert _read(run) == {
        "many": {"a": [1, 2], "b": ["x", "y"]},
        "one": {"a": 1, "b": "x"},
        "twice": {"a": [1, 2]},
    }


def test_single_values_of_all_kinds(run: Run) -> None:
    values = {
        "int": 7,
        "float": 0.1,
        "text": "x",
        "true": True,
        "none": None,
        "large": 2**70,
        "np.float32": np.float32(0.5),
        "np.float64": np.float64(0.25),
        "np.int64": np.int64(3),
        "np.bool": np.bool_(True),
        "0-d": np.array(1.5),
        "inf": float("inf"),
        "-inf": float("-inf"),
    }
    for name, value in values.items():
        run.log(name, value)
    run.log("nan", float("nan"))

    found = _read(run)
    assert math.isnan(found.pop("nan"))
    assert found == {**values, "0-d": 1.5}
    assert [type(found[name]) for name in ("true", "np.bool", "np.int64", "np.float32")] == [bool, bool, int, float]


def test_a_list_given_to_log_is_its_text_with_a_warning(run: Run) -> None:
    with pytest.warns(UserWarning, match="log_list"):
        run.log("a", [1, 2])

    assert _read(run) == {"a": "[1, 2]"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1, 2], "dict"),
        ({"a": [1, 2], "b": [1]}, "'a' has 2.*'b'.*has 1"),
        ({"a": 1}, "'a'"),
    ],
)
def test_a_wrong_table_is_refused(run: Run, value: Any, words: str) -> None:
    with pytest.raises(StokerException, match=words) as caught:
        run.log_table("t", value)

    assert caught.value.error_code == "UserError"
    assert _read(run) == {}


def test_a_list_in_a_row_is_refused(run: Run) -> None:
    with pytest.raises(StokerException, match="rows cannot contain list values"):
        run.log_row("r", a=[1])
    run.complete()


def test_steps_order_the_values(run: Run) -> None:
    for step in (3, 1, 2):
        run.log("loss", step * 10, step=step)

    assert _read(run) == {"loss": [10, 20, 30]}


def test_kinds_may_be_mixed_under_one_name(run: Run) -> None:
    run.log("m", 1)
    run.log_row("m", x=2)
    run.log_table("m", {"x": [3], "y": [4]})

    found = _read(run)["m"]
    assert found["x"] == [2, 3]
    assert found["y"] == 4


def test_one_metric_is_asked_for_by_name(run: Run) -> None:
    run.log("a", 1)
    run.log("b", 2)

    assert run.get_metrics("a") == run.get_metrics(name="a") == {"a": 1}
    assert run.get_metrics(name="never-logged") == {}
    run.complete()


def test_a_recursive_answer_is_by_run(run: Run) -> None:
    run.log("a", 1)
    with run.child_run("child") as child, child.child_run("grandchild") as grandchild:
        grandchild.log("c", [3][0])
    assert run.get_metrics(recursive=True) == {run.id: {"a": 1}, child.id: {}, grandchild.id: {"c": 3}}
    run.complete()


def test_a_reader_sees_what_was_just_written(experiment: Experiment, run: Run) -> None:
    for n in range(100):
        run.log("n", n)
    assert run.get_metrics() == {"n": list(range(100))}
    run.log("n", 100)
    run.flush(timeout_seconds=10)

    assert Run(experiment, run.id).get_metrics() == {"n": list(range(101))}
    run.complete()


def test_threads_and_children_write_at_the_same_time(run: Run) -> None:
    def work(number: int) -> None:
        child = run.child_run(f"child {number}")
        for n in range(50):
            child.log("n", n)
            run.log("all", n)
        child.complete()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(run.get_metrics()["all"]) == sorted([*range(50)] * 4)
    assert [child.get_metrics() for child in run.get_children()] == [{"n": list(range(50))}] * 4
    run.complete()


def test_a_long_vector_comes_back_whole(run: Run) -> None:
    run.log_list("long", range(30_000))

    assert _read(run) == {"long": list(range(30_000))}


def test_an_image_is_a_file_and_a_reference(run: Run, tmp_path: Path) -> None:
    class Plot:
        def savefig(self, path: Any, **_: object) -> None:
            Path(path).write_bytes(b"\x89PNG")

    (tmp_path / "epoch.png").write_bytes(b"\x89PNG1")
    run.log_image("curve", plot=Plot(), description="said")
    run.log_image("image", path=str(tmp_path / "epoch.png"))
    metrics, names = run.get_metrics(), run.get_file_names()
    run.complete()

    assert all(value.startswith(f"aml://artifactId/{run.id}/") for value in metrics.values())
    assert [name for name in names if name.startswith("curve_") and name.endswith(".png")]
    assert "epoch.png" in names
    run.download_file(metrics["image"].split(f"{run.id}/")[1], str(tmp_path / "copy.png"))
    assert (tmp_path / "copy.png").read_bytes() == b"\x89PNG1"
    wrongs: list[dict[str, Any]] = [{}, {"path": str(tmp_path / "epoch.png"), "plot": Plot()}]
    for wrong in wrongs:
        with pytest.raises(UserErrorException, match="exactly one"):
            run.log_image("wrong", **wrong)


def test_a_plot_of_matplotlib_is_kept_as_png(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed").use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")

    pyplot.plot([1, 2, 3])
    figure = pyplot.figure()
    run.log_image("pyplot", plot=pyplot)
    run.log_image("figure", plot=figure)
    pyplot.close("all")
    names = run.get_file_names()
    run.complete()

    assert len(names) == 2
    run.download_file(names[0], str(tmp_path / "plot.png"))
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", sorted(CHARTS))
def test_charts_are_references_that_can_be_populated(run: Run, kind: str) -> None:
    chart = _chart(kind)
    log = getattr(run, f"log_{kind}")
    log(name="by dict", value=chart, description="said")
    log("by text", json.dumps(chart))

    assert run.get_metrics()["by dict"].startswith("aml://artifactId/")
    assert run.get_metrics(populate=True) == {"by dict": chart, "by text": chart}
    with pytest.raises(StokerException, match="schema_type"):
        log("wrong", {**chart, "schema_type": "other"})
    run.complete()
