from __future__ import annotations

import re
from pathlib import Path

import pytest

from stoker.porting.findings import Verdict
from stoker.porting.table import Row, page_with, rows, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "v1.md"


@pytest.fixture(scope="module")
def by_name() -> dict[str, Row]:
    return {row.name: row for row in rows()}


def test_the_page_of_the_docs_is_what_the_code_says() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page_with(page, table()) == page, "run `python -m stoker.porting.table docs/reference/v1.md`"


def test_what_is_there_works(by_name: dict[str, Row]) -> None:
    run = by_name["azureml.core.Run"]

    assert run.verdict is Verdict.WORKS
    assert {"log", "get_metrics", "register_model", "get_context"} <= set(run.names(Verdict.WORKS))


def test_what_differs_says_how(by_name: dict[str, Row]) -> None:
    differing = dict(by_name["azureml.core.Workspace"].members[Verdict.DIFFERS])

    assert "folder of this machine" in differing["create"]


def test_what_only_the_cloud_had_says_what_to_use(by_name: dict[str, Row]) -> None:
    image = by_name["azureml.core.image.ContainerImage"]

    assert image.verdict is Verdict.CLOUD
    assert "mlflow models build-docker" in image.why


def test_what_comes_later_is_missing_and_not_the_clouds(by_name: dict[str, Row]) -> None:
    for name in ("pipeline.core.Pipeline", "core.compute.RemoteCompute", "train.automl.AutoMLConfig"):
        assert by_name[f"azureml.{name}"].verdict is Verdict.MISSING, name
    assert "attach" in by_name["azureml.core.ComputeTarget"].names(Verdict.MISSING)
    assert "deploy" in by_name["azureml.core.Model"].names(Verdict.MISSING)
    assert "mlflow models serve" in by_name["azureml.core.webservice.AciWebservice"].why


def test_a_class_that_works_whole_is_in_the_tables_first_part() -> None:
    first, _, second = table().partition("\n\n")

    assert re.search(r"^\| `core.runconfig`: .*`MpiConfiguration`.* \| all \|", first, re.MULTILINE)
    assert "MpiConfiguration" not in second
    assert "`Pipeline`" in second


def test_every_name_that_real_code_imports_is_in_the_table(shared: Path, by_name: dict[str, Row]) -> None:
    page = (shared / "spec" / "import-paths.md").read_text()
    known = {name.rsplit(".", 1)[1] for name in by_name}
    missing = []
    for module, names in re.findall(r"^\| `([\w.]+)` \| (.+) \|$", page, re.MULTILINE):
        parts = module.split(".")
        if len(parts) < 2 or any(part.startswith("_") for part in parts):
            continue
        missing += [
            f"{module}.{name}"
            for name in names.split(", ")
            # A constant is no row of its own.
            if name != "(module)" and not name.isupper() and name not in known
        ]

    assert missing == []
