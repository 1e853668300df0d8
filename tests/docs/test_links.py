"""The repository's texts: their links lead somewhere, and what they quote is what is there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from stoker.base import environ

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + list((ROOT / "docs").rglob("*.md"))
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    return CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}


def relative_links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the heading that each relative link of a page leads to: a heading alone is the page's own."""
    for link in LINK.findall(prose(page)):
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = unquote(link).partition("#")
            yield Path(os.path.normpath(page.parent / path)) if path else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target, anchor in relative_links(page):
        assert target.exists(), f"{named(page)} links to {target}, which is not there"
        assert not anchor or anchor in anchors(target), f"{named(page)}: {target} has no heading #{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_of_the_docs_links_to_nothing_outside_them(page: Path) -> None:
    docs = ROOT / "docs"
    if docs in page.parents:
        for target, _ in relative_links(page):
            assert docs in target.parents, f"{target} is not part of the built docs"


def test_every_page_is_in_the_navigation() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    def pages(item: object) -> Iterator[str]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            for one in item:
                yield from pages(one)
        elif isinstance(item, dict):
            for one in item.values():
                yield from pages(one)

    found = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert sorted(pages(config["nav"])) == sorted(found)


def test_the_readme_shows_the_first_script_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    quoted = dict(re.findall(r"<!-- (examples/\S+) -->\n```python\n(.*?)```", readme, re.DOTALL))

    assert set(quoted) == {"examples/first_script/train.py", "examples/first_script/submit.py"}
    for path, code in quoted.items():
        assert code == (ROOT / path).read_text(encoding="utf-8")


def test_every_dependency_has_its_reason_in_the_architecture() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = project.split("dependencies = [")[1].split("]")[0]
    names = re.findall(r'"([a-z0-9-]+)', listed)

    rows = re.findall(r"^\| ([a-z0-9-]+) \|", ARCHITECTURE, re.MULTILINE)
    assert sorted(rows) == sorted(names)


def test_the_architecture_lists_the_variables_that_travel() -> None:
    section = ARCHITECTURE.split("### The environment of a run")[1].split("\n2. ")[0]
    listed = set(re.findall(r"`([A-Za-z_]+)`", section))

    upper = {name for name in environ.NAMES if name.isupper()}
    assert listed == upper | set(environ.PREFIXES)
    assert {name.upper() for name in environ.NAMES - upper} <= upper


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    folders = [ROOT, ROOT / "src" / "stoker", ROOT / "src" / "stoker" / "service"]
    for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|json|css|js))`", prose(page)):
        if not name.startswith(("outputs/", "src/")):
            assert any((folder / name).exists() for folder in folders), f"{named(page)} names {name}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_line_holds_one_sentence(page: Path) -> None:
    for line in prose(page).splitlines():
        if not line.startswith("|"):
            assert not re.search(r"[a-z`)][.!?] [A-Z]", line), f"{named(page)}: two sentences in: {line}"
