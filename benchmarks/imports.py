"""What importing costs, over a bare interpreter that does nothing."""

from __future__ import annotations

from benchmarks.measure import Row, in_turn, python_seconds, show

ROUNDS = 40


def rows(*, quick: bool = False) -> list[Row]:
    """Measure the imports that every script makes."""
    sides = [
        "pass",
        "import stoker",
        "from stoker.core import Run",
        "from stoker.core import Run; Run.get_context",
        "from stoker.core import Workspace, Experiment, ScriptRunConfig",
    ]
    bare, stoker, run, context, three = in_turn(
        [lambda code=code: python_seconds("-c", code) for code in sides],  # type: ignore[misc]
        3 if quick else ROUNDS,
    )
    beside = f"bare {bare * 1000:.1f} ms"
    return [
        Row("`import stoker`", stoker / bare, "x bare", 1.3, beside),
        Row("`from stoker.core import Run`", (run - bare) * 1000, "ms over bare", 15, beside),
        Row("the same and `Run.get_context`", (context - bare) * 1000, "ms over bare", 15, beside),
        Row("`Workspace, Experiment, ScriptRunConfig`", (three - bare) * 1000, "ms over bare", 30, beside),
    ]


if __name__ == "__main__":
    show(rows())
