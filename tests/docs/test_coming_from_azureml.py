"""What the page about old code says of its example is what is there; `tests/e2e/test_examples.py` runs the example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stoker.core._curated import curated_environment
from stoker.porting.code_base import check
from stoker.porting.findings import Verdict
from stoker.service.environments.names import azureml_replacement

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "coming-from-azureml.md").read_text(encoding="utf-8")


def test_the_page_shows_the_figure_that_the_check_gives() -> None:
    report = check(str(ROOT / "examples" / "old_code"), {})

    figure = f"{report.share:.0%}".replace("%", " %")
    assert f"{figure} of {len(report.findings)} uses of v1 in {report.files} files work here." in PAGE
    assert report.count(Verdict.MISSING) == report.count(Verdict.CLOUD) == 0


@pytest.mark.parametrize(
    ("packages", "here"),
    re.findall(r"^\| (`azureml-.*`) \| (.*) \|$", PAGE, re.MULTILINE),
)
def test_the_page_says_what_stands_for_a_package_of_v1(packages: str, here: str) -> None:
    for package in re.findall(r"`([\w-]+)`", packages):
        replaced = azureml_replacement(package)

        if package == "azureml-train-automl":
            assert any(item.startswith("scikit-learn") for item in replaced or ())
        else:
            assert tuple(replaced or ()) == tuple(re.findall(r"`([\w-]+)`", here)), package


def test_the_environments_that_the_page_names_are_known() -> None:
    names = re.findall(r"`(AzureML-[\w-]+)`", PAGE)

    assert names
    for name in names:
        assert curated_environment(name).name == name
