"""Section 4.6: children."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stoker.core import Experiment, Run, ScriptRun, ScriptRunConfig, Workspace
from stoker.exceptions import UserErrorException
from stoker.testing.workspaces import wait_until

Config = Callable[..., ScriptRunConfig]

PARENT = """
    import sys, time

    from stoker.core import Run, ScriptRunConfig

    run = Run.get_context()
    if sys.argv[1:] == ["child"]:
        run.parent.log("from child", 1)
        run.log("parent is", run.parent.id)
        if "--sleep" in sys.argv:
            time.sleep(100)
        sys.exit()
    run.log("one", 1)
    with run.child_run(name="fold") as fold:
        fold.log("mse", 0.5)
        fold.tag("fold", 1)
    made = run.create_children(count=2)
    made += run.create_children(tag_key="alpha", tag_values=[0.1, 0.2])
    assert [child.status for child in made] == ["NotStarted"] * 4
    for child in made:
        child.log("made", 1)
        child.complete()
    submitted = run.submit_child(ScriptRunConfig(".", "train.py", arguments=["child"]), tags={"kind": "submitted"})
    submitted.wait_for_completion()
    assert run.get_metrics()["from child"] == 1
    assert len(list(run.get_children())) == 6
"""


@pytest.fixture(scope="module")
def parent(experiment: Experiment, config_of: Config) -> Run:
    run = experiment.submit(config_of(PARENT))
    run.wait_for_completion()
    return run


def test_children_of_a_script_are_listed_newest_first_with_their_class(parent: Run) -> None:
    children = list(parent.get_children())

    assert len(children) == 6
    assert type(children[0]) is ScriptRun
    assert children[-1].display_name == "fold"
    assert {child.get_status() for child in children} == {"Completed"}
    assert next(parent.get_children()).id == children[0].id
    assert {child.parent.id for child in children if child.parent} == {parent.id}


def test_children_are_filtered(parent: Run) -> None:
    def ids(**filters: object) -> list[str]:
        return [child.id for child in parent.get_children(**filters)]  # type: ignore[arg-type]

    assert len(ids(tags="alpha")) == 2
    assert len(ids(tags={"alpha": "0.1"})) == len(ids(tags={"alpha": 0.1})) == 1
    assert len(ids(tags={"fold": "1"})) == 1
    assert len(ids(type="azureml.scriptrun")) == 1
    assert len(ids(status="Completed")) == 6
    assert ids(status="Failed") == []
    assert ids(properties={"no": "such"}) == []


def test_a_submitted_child_knows_its_parent_and_logs_to_it(parent: Run) -> None:
    (child,) = parent.get_children(tags={"kind": "submitted"})

    assert child.parent is not None
    assert child.parent.id == parent.id
    assert child.get_metrics() == {"parent is": parent.id}
    assert parent.get_metrics() == {"one": 1, "from child": 1}


def test_metrics_of_a_tree_are_by_run(parent: Run) -> None:
    found = parent.get_metrics(recursive=True)

    assert len(found) == 7
    assert found[parent.id] == {"one": 1, "from child": 1}
    assert sorted(value["made"] for value in found.values() if "made" in value) == [1, 1, 1, 1]
    assert len(parent.get_metrics(recursive=True, run_type="azureml.scriptrun")) == 2


def test_children_are_not_among_the_experiments_runs_unless_asked(parent: Run, experiment: Experiment) -> None:
    top = {run.id for run in experiment.get_runs()}
    all_runs = {run.id for run in experiment.get_runs(include_children=True)}
    children = {child.id for child in parent.get_children()}

    assert parent.id in top
    assert not children & top
    assert children <= all_runs


def test_children_of_children_come_when_asked(run: Run) -> None:
    with run.child_run("child") as child, child.child_run("grandchild") as grandchild:
        pass
    shallow, deep = list(run.get_children()), list(run.get_children(recursive=True))
    run.complete()

    assert [item.id for item in shallow] == [child.id]
    assert {item.id for item in deep} == {child.id, grandchild.id}


def test_an_interactive_run_makes_children(ws: Workspace, run: Run) -> None:
    child = run.child_run(name="named", run_id="child-of-mine", outputs=None)
    assert child.get_status() == "Running"
    waiting = run.create_children(3)
    assert isinstance(waiting, list)
    assert [item.get_status() for item in waiting] == ["NotStarted"] * 3
    tagged = run.create_children(tag_key="n", tag_values=[1, None])
    run.complete()

    assert child.get_status() == "Running"
    assert ws.get_run("child-of-mine").display_name == "named"
    assert [item.get_tags() for item in tagged] == [{"n": "1"}, {"n": None}]


@pytest.mark.parametrize(
    "arguments", [{}, {"count": 1, "tag_key": "a", "tag_values": ["b"]}, {"tag_key": "a"}, {"tag_values": ["b"]}]
)
def test_children_are_asked_for_by_count_or_by_tags(run: Run, arguments: dict[str, object]) -> None:
    with pytest.raises(UserErrorException, match="count"):
        run.create_children(**arguments)  # type: ignore[arg-type]
    run.complete()


def test_completing_a_parent_does_not_complete_its_children(run: Run) -> None:
    child = run.child_run("goes on")
    run.complete()
    child.log("late", 1)

    assert child.get_status() == "Running"
    child.complete()
    assert child.get_status() == "Completed"
    assert child.get_metrics() == {"late": 1}


def test_a_submitted_child_of_an_interactive_run_is_canceled_with_it(run: Run, config_of: Config) -> None:
    child = run.submit_child(config_of("import time; time.sleep(100)"))
    opened = run.child_run("opened")
    wait_until(lambda: child.get_status() == "Running", what="the child's start")
    run.cancel()

    wait_until(lambda: child.get_status() == "Canceled", what="the child's end")
    assert opened.get_status() == "Canceled"
    assert run.get_status() == "Canceled"


def test_canceling_a_submitted_parent_cancels_all_below(experiment: Experiment, config_of: Config) -> None:
    code = """
    import sys, time
    from stoker.core import Run, ScriptRunConfig
    run = Run.get_context()
    if len(sys.argv) == 1:
        run.child_run("opened")
        run.submit_child(ScriptRunConfig(".", "train.py", arguments=["child"]))
    run.log("up", 1)
    run.flush()
    time.sleep(100)
    """
    run = experiment.submit(config_of(code))
    wait_until(lambda: len(list(run.get_children())) == 2, what="the children")
    run.cancel()
    run.wait_for_completion(raise_on_error=False)
    children = list(run.get_children())
    for child in children:
        wait_until(lambda child=child: child.get_status() == "Canceled", what="a child's end")  # type: ignore[misc]

    assert run.get_status() == "Canceled"
