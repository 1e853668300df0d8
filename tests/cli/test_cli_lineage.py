"""Lineage as text, and at the end of `stoker run show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.cli.lineage import Branch, drawn, lineage_text, run_lineage_text
from stoker.testing.store_data import definition
from stoker.testing.workspaces import TemporaryWorkspace


def run_of(run_id: str, **more: Any) -> dict[str, Any]:
    return {"run": {"id": run_id, "experiment": "e", "display_name": run_id, "status": "Completed"}, **more}


def node(label: str, **more: Any) -> dict[str, Any]:
    return {"kind": "dataset", "ref": "id", "label": label, **more}


@pytest.fixture
def made(live_workspace: TemporaryWorkspace) -> TemporaryWorkspace:
    """Return a workspace where one run made a data set and another used it."""
    api = live_workspace.api
    for run_id in ("prepare", "train"):
        api.post("/runs", {"id": run_id, "experiment": "e", "kind": "interactive"})
    raw = api.post("/datasets", {"definition": definition("raw.csv")})["id"]
    clean = api.post("/datasets/register", {"name": "clean", "definition": definition("clean.csv")})["id"]
    for run_id, direction, ref, name in (
        ("prepare", "input", raw, "source"),
        ("prepare", "output", clean, "result"),
        ("train", "input", clean, "train"),
    ):
        item = {"direction": direction, "kind": "dataset", "ref": ref, "name": name, "mechanism": "mount"}
        api.post(f"/runs/{run_id}/lineage", item)
    return live_workspace


def test_a_tree_shows_both_ways() -> None:
    deeper = [run_of("a", name="out", mechanism=None, inputs=[node("raw:1", by=[])])]
    tree = {
        "node": node("clean:2"),
        "by": [run_of("b", name="result", mechanism="upload", inputs=[node("x:1", by=deeper), node("y:1", by=[])])],
        "used_by": [run_of("c", name="train", mechanism="mount", outputs=[])],
    }

    assert lineage_text(tree).splitlines() == [
        "data set clean:2",
        "├─ made by run b (Completed) as result, upload",
        "│  ├─ from data set x:1",
        "│  │  └─ made by run a (Completed) as out",
        "│  │     └─ from data set raw:1",
        "│  └─ from data set y:1",
        "└─ used by run c (Completed) as train, mount",
    ]


def test_what_has_no_lineage_says_so() -> None:
    assert lineage_text({"node": node("x:1"), "by": [], "used_by": []}).splitlines() == [
        "data set x:1",
        "└─ no run has made or used it",
    ]
    assert lineage_text({"node": node("x:1"), "by": []}).splitlines()[1] == "└─ no run has made it"
    assert lineage_text({"node": node("x:1"), "used_by": []}).splitlines()[1] == "└─ no run has used it"
    assert run_lineage_text({"node": {"kind": "run"}, "inputs": [], "outputs": []}) == ""


def test_where_a_tree_is_cut_it_says_why() -> None:
    inputs = [node("x:1", by=[], cut=True, reason=reason) for reason in ("shown", "depth")]
    text = lineage_text({"node": node("y:1"), "by": [run_of("a", name="", mechanism=None, inputs=inputs)]})

    assert "data set x:1 … (shown elsewhere)" in text
    assert "data set x:1 … (--depth shows more)" in text


def test_a_thing_that_a_run_has_twice_is_shown_in_both_ways() -> None:
    roles = [
        {"name": "rows", "mechanism": "direct"},
        {"name": "files", "mechanism": "mount"},
        {"name": "again", "mechanism": "mount"},
    ]
    user = run_of("a", name="rows, files, again", mechanism="direct, mount", roles=roles, outputs=[])

    assert lineage_text({"node": node("y:1"), "used_by": [user]}).splitlines()[1] == (
        "└─ used by run a (Completed) as rows, direct; files, again, mount"
    )


@given(st.text())
def test_no_name_moves_the_cursor_or_makes_a_line(name: str) -> None:
    used = [run_of("a", name=name, mechanism=name, outputs=[])]
    used[0]["run"]["display_name"] = name
    lines = lineage_text({"node": node(name), "used_by": used}).split("\n")

    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


def test_a_branch_s_lines_reach_to_its_last_branch_only() -> None:
    tree = Branch("a", [Branch("b", [Branch("c")]), Branch("d", [Branch("e\x20")])])

    assert drawn(tree).split("\n") == ["a", "├─ b", "│  └─ c", "└─ d", "   └─ e "]


def test_run_show_ends_with_what_went_in_and_came_out(made: TemporaryWorkspace, stoker: Any, tmp_path: Path) -> None:
    shown = stoker("run", "show", "prepare", "-w", str(made.root), cwd=tmp_path)

    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines()[-5:] == [
        "Inputs",
        "└─ data set Tabular of workspaceblobstore/raw.csv as source, mount",
        "Outputs",
        "└─ data set clean:1 of workspaceblobstore/clean.csv as result, mount",
        "   └─ used by run train (Running) as train, mount",
    ]
    tree = json.loads(stoker("run", "show", "train", "-w", str(made.root), "-o", "json", cwd=tmp_path).stdout)
    assert tree["lineage"]["inputs"][0]["by"][0]["run"]["id"] == "prepare"
