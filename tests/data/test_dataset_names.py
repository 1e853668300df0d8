"""Names of datasets are any text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stoker.core import Dataset, Workspace
from stoker.exceptions import NotFoundException
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


@pytest.mark.parametrize("name", ["q/versions", "versions/versions", "half \ud800", "\udfff", "x" * 300])
def test_a_name_that_no_dataset_can_have_is_not_found(ws: Workspace, name: str) -> None:
    Dataset.File.from_files("https://example.invalid/a.csv", validate=False).register(ws, "?")

    with pytest.raises(NotFoundException, match="Cannot find dataset registered with name"):
        Dataset.get_by_name(ws, name)


@pytest.mark.parametrize(
    "url", ["https://me:swordfish@example.invalid/a.csv", "https://example.invalid/a.csv?sv=1&sig=swordfish"]
)
def test_the_secret_of_an_address_is_kept_and_not_shown(ws: Workspace, url: str) -> None:
    dataset = Dataset.Tabular.from_delimited_files(url, validate=False, infer_column_types=False)
    registered = dataset.register(ws, f"signed {len(url)}")

    assert "swordfish" not in f"{dataset!r} {registered!r} {registered._repr_html_()}"
    assert "swordfish" in json.dumps(Dataset.get_by_name(ws, str(registered.name))._definition)
