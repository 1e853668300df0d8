"""A run with something of everything, for the tests of the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stoker.service.pages import RunView

NOW = 1_767_312_000.0
"""2026-01-02 00:00:00 UTC."""


@pytest.fixture
def run() -> dict[str, Any]:
    return {
        "id": "diabetes_1767311000_0a1b2c3d",
        "number": 7,
        "experiment": "diabetes",
        "type": "azureml.scriptrun",
        "kind": "submitted",
        "status": "Completed",
        "status_reason": None,
        "display_name": "patient-heron",
        "description": "Ridge, swept over alpha",
        "parent_id": "parent-1",
        "created": "2026-01-01T23:50:00.000000Z",
        "queued": "2026-01-01T23:50:01.000000Z",
        "started": "2026-01-01T23:51:00.000000Z",
        "ended": "2026-01-01T23:52:30.500000Z",
        "target": "cpu-cluster",
        "tags": {"model": "ridge", "best": None},
        "properties": {"azureml.git.branch": "main", "azureml.git.dirty": "True"},
        "definition": {"script": "train.py", "arguments": ["--alpha", 0.1, "--fast"]},
        "snapshot_id": "0f3e2d1c-aaaa-5bbb-8ccc-123456789abc",
        "environment": {"name": "sklearn", "version": "3"},
        "resolved": {
            "python": "3.11.2",
            "interpreter": "/opt/python",
            "packages": {"scipy": "1.14.1", "numpy": "1.26.4"},
            "moved": [{"name": "scikit-learn", "from": "1.1.0", "to": "1.1.3"}],
            "python_moved": {"from": "3.6", "to": "3.11"},
        },
        "error": None,
        "warnings": ["scikit-learn 1.1.0 has no wheel: 1.1.3 was taken."],
        "submitted_by": "ada",
        "node_count": 2,
        "exit": {"code": 0},
        "resources": {"cpu_seconds": 63.2, "memory_peak": 412_000_000, "gpu_memory_peak": None},
        "version": 12,
    }


def lineage_of(word: str) -> dict[str, Any]:
    """Return what a run was given and made; `word` is part of each text that a user or client can choose."""
    mark = {"files": 1, "bytes": 12_000, "digest": f"be5e27b41c94e2c9{word}", "truncated": False}
    table = {"id": "1f", "kind": "Tabular", "name": f"patients{word}", "version": 3, "fingerprint": mark}
    model = {"id": "ridge:2", "framework": f"ScikitLearn{word}", "framework_version": f"1.5{word}", "size": 2048}
    given: list[dict[str, Any]] = [
        {"kind": "dataset", "ref": "1f", "name": f"train{word}", "mechanism": "mount", "label": f"patients{word}:3"},
        {"kind": "path", "ref": f"blob/raw{word}", "name": "raw", "mechanism": "download", "label": f"blob/raw{word}"},
        {"kind": "mlflow_dataset", "ref": "iris:d1", "name": f"iris{word}", "mechanism": None, "label": f"iris{word}"},
    ]
    made: list[dict[str, Any]] = [
        {"kind": "logged_model", "ref": "m-1", "name": f"forest{word}", "mechanism": None, "label": "m-1"},
        {"kind": "model", "ref": f"ridge{word}:2", "name": "ridge", "mechanism": "register", "label": f"ridge{word}:2"},
        {"kind": "dataset", "ref": "2e", "name": f"clean{word}", "mechanism": "upload", "label": "2e"},
    ]
    facts: dict[str, Any] = {"1f": ({"fingerprint": mark}, table), f"ridge{word}:2": ({}, model)}
    facts["2e"] = ({"path": f"blob/dataset/clean{word}"}, {"kind": "File", "fingerprint": {"files": 3}})
    for item in (*given, *made):
        item["details"], item["record"] = facts.get(item["ref"], ({}, None))
    return {"inputs": given, "outputs": made}


@pytest.fixture
def lineage() -> Callable[[str], dict[str, Any]]:
    return lineage_of


@pytest.fixture
def view(run: dict[str, Any]) -> RunView:
    def series(name: str, column: str, values: list[Any]) -> dict[str, Any]:
        points = [[float(place), place, value] for place, value in enumerate(values)]
        return {"name": name, "column": column, "kind": "log", "description": f"about {name}", "points": points}

    child = {"id": "child-1", "display_name": "fold 1", "status": "Running", "tags": {"fold": "1"}}
    return RunView(
        workspace={"name": "lab"},
        run=run,
        parent={"id": "parent-1", "display_name": "the sweep"},
        children=[{**child, "started": "2026-01-01T23:59:00Z"}],
        metrics={
            "rmse": 56.612345678,
            "loss": [1.0, {"$": "nan"}, 0.5],
            "score": {"train": [0.1, 0.2], "valid": [0.1, 0.3]},
            "weights": {"feature": "bmi", "weight": 0.52},
            "words": ["a", "b"],
            "plot": "aml://artifactId/ExperimentRun/dcid.x/images/plot.png",
        },
        series=[
            series("rmse", "rmse", [56.612345678]),
            series("loss", "loss", [1.0, {"$": "nan"}, 0.5]),
            series("score", "train", [0.1, 0.2]),
            series("score", "valid", [0.1, 0.3]),
            series("weights", "weight", [0.52]),
            series("words", "words", ["a", "b"]),
        ],
        lineage=lineage_of(""),
        logs=[{"name": "user_logs/std_log.txt", "size": 2048, "live": False}],
        log_name="user_logs/std_log.txt",
        log_text="\x1b[32mhello\x1b[0m\n",
        log_start=1024,
        log_end=2048,
        files=[
            {"name": "outputs/a b#1.bin", "size": 1500, "live": True},
            {"name": "images/plot.png", "size": 10},
            {"name": "outputs/shap.svg", "size": 10},
        ],
        samples=[
            {"t": NOW + second, "cpu": 90.0 + second, "memory": 2e8, "gpus": [{"index": 0, "utilization": 40.0}]}
            for second in range(3)
        ],
        snapshot={"files": 12, "bytes": 48_000},
        now=NOW,
    )
