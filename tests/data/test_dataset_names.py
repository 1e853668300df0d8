"""Names of datasets are any text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stoker.core import Dataset, Workspace
from stoker.testing.workspaces import TemporaryWorkspace

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def ws(live_workspace: TemporaryWorkspace) -> Workspace:
    return Workspace.from_config(str(live_workspace.root))


@given(name=WORDS.filter(lambda word: bool(word.strip())))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_dataset_is_found_by_the_name_it_was_given(ws: Workspace, name: str) -> None:
    dataset = Dataset.File.from_files("https://example.invalid/a.csv", validate=False)
    registered = dataset.register(ws, name, tags={name: name}, create_new_version=True)
    found = Dataset.get_by_name(ws, name)

    assert (found.id, found.name, found.tags) == (registered.id, registered.name, {name: name})
    assert name.strip() in {key.strip() for key in ws.datasets}


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "a b?c#d", "..", "../../etc/passwd", "日本", "by-name", "versions"])
def test_names_that_look_like_paths_are_only_names(ws: Workspace, name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    dataset = Dataset.File.from_files(str(tmp_path))
    dataset.register(ws, name)
    found = Dataset.get_by_name(ws, name)

    assert (found.name, found.to_path()) == (name, ["/a.txt"])
    found.unregister_all_versions()
    assert name not in ws.datasets
