"""Section 3: Experiment."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core import Experiment, Run, ScriptRunConfig, Workspace
from stoker.exceptions import UserErrorException


def _run_of(experiment: Experiment, **tags: str | None) -> Run:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    run.set_tags(tags)
    run.complete()
    return run


def test_an_experiment_is_made_once(ws: Workspace) -> None:
    first = Experiment(ws, "made-once")
    second = Experiment(workspace=ws, name="made-once")

    assert first.id == second.id
    assert (first.name, first.workspace, first.tags, first.archived_time) == ("made-once", ws, {}, None)
    assert repr(first) == "Experiment(Name: made-once,\nWorkspace: test-workspace)"


@pytest.mark.parametrize("name", ["a" * 256, "-a", "_a", "a.b", "a b", "", "ä"])
def test_illegal_names_are_refused(ws: Workspace, name: str) -> None:
    with pytest.raises(UserErrorException):
        Experiment(ws, name)


@pytest.mark.parametrize("name", ["a", "1", "a" * 255, "A-b_C9"])
def test_legal_names_are_taken(ws: Workspace, name: str) -> None:
    assert Experiment(ws, name).name == name


def test_what_can_not_be_submitted_is_refused(experiment: Experiment) -> None:
    with pytest.raises(UserErrorException, match="ScriptRunConfig"):
        experiment.submit("train.py")


def test_runs_come_newest_first_from_a_generator_and_without_children(ws: Workspace) -> None:
    experiment = Experiment(ws, "listed")
    first = _run_of(experiment, kind="ridge", n="1")
    second = _run_of(experiment, kind="lasso", n="2", simple=None)
    child = second.child_run("child")
    child.add_properties({"p": "q"})
    child.complete()

    assert iter(experiment.get_runs()) is not experiment.get_runs()
    assert next(experiment.get_runs()).id == second.id
    assert [run.id for run in experiment.get_runs()] == [second.id, first.id]
    assert {run.id for run in experiment.get_runs(include_children=True)} == {first.id, second.id, child.id}
    assert [run.id for run in experiment.get_runs(tags="kind")] == [second.id, first.id]
    assert [run.id for run in experiment.get_runs(tags={"kind": "ridge"})] == [first.id]
    assert [run.id for run in experiment.get_runs(tags={"kind": "lasso", "n": 2})] == [second.id]
    assert list(experiment.get_runs(tags={"kind": "lasso", "n": "1"})) == []
    assert [run.id for run in experiment.get_runs(tags="simple")] == [second.id]
    assert [run.id for run in experiment.get_runs(properties={"p": "q"}, include_children=True)] == [child.id]
    assert list(experiment.get_runs(type="azureml.scriptrun")) == []
    assert [run.number for run in experiment.get_runs()] == [2, 1]


def test_experiments_are_listed_by_name_view_and_tag(ws: Workspace) -> None:
    kept, put_away = Experiment(ws, "kept"), Experiment(ws, "put-away")
    kept.tag("quality", "good")
    put_away.archive()

    def names(**filters: object) -> set[str]:
        return {item.name for item in Experiment.list(ws, **filters)}  # type: ignore[arg-type]

    assert "kept" in names()
    assert "put-away" not in names()
    assert names(view_type="ArchivedOnly") == {"put-away"}
    assert {"kept", "put-away"} <= names(view_type="All")
    assert names(experiment_name="kept") == {"kept"}
    assert names(tags="quality") == names(tags={"quality": "good"}) == {"kept"}
    assert put_away.archived_time is not None
    put_away.reactivate()
    put_away.refresh()
    assert put_away.archived_time is None


def test_tags_of_an_experiment_are_set_and_removed(ws: Workspace) -> None:
    experiment = Experiment(ws, "tagged")
    experiment.tag("simple")
    experiment.tag(key="rank", value=1)
    experiment.set_tags({"a": "b", "c": "d"})
    experiment.remove_tags(["c", "never-there"])
    again = Experiment(ws, "tagged")

    assert again.tags == experiment.tags == {"simple": None, "rank": "1", "a": "b"}


def test_only_an_experiment_without_runs_is_deleted(ws: Workspace) -> None:
    empty, used = Experiment(ws, "empty"), Experiment(ws, "used")
    _run_of(used)
    Experiment.delete(ws, empty.id)

    assert "empty" not in ws.experiments
    with pytest.raises(UserErrorException, match="run"):
        Experiment.delete(ws, used.id)
    with pytest.raises(UserErrorException):
        Experiment.delete(ws, "no-such-id")
    assert "used" in ws.experiments


def test_pages_and_tables_for_a_notebook(experiment: Experiment) -> None:
    table = experiment._repr_html_()

    assert experiment.get_portal_url().startswith("http")
    for heading in ("Name", "Workspace", "Report Page", "Docs Page"):
        assert heading in table
    assert experiment.name in table


def test_the_outputs_folder_is_there_as_soon_as_the_run_is(experiment: Experiment, in_folder: Path) -> None:
    run = experiment.start_logging()
    (in_folder / "outputs" / "model.txt").write_text("weights")
    run.complete()

    assert "outputs/model.txt" in run.get_file_names()


def test_an_interactive_run_has_the_working_directory_as_its_source(experiment: Experiment, in_folder: Path) -> None:
    (in_folder / "train.py").write_text("print()")
    (in_folder / "outputs").mkdir()
    (in_folder / "outputs" / "model.txt").write_text("weights")
    run = experiment.start_logging()
    assert run.get_status() == "Running"
    assert run.get_details()["target"] == "sdk"
    assert "runDefinition" not in run.get_details() or not run.get_details()["runDefinition"]
    run.complete()

    assert run.get_snapshot_id()
    assert run.get_file_names() == ["outputs/model.txt"]


def test_a_source_that_is_too_large_does_not_stop_an_interactive_run(
    experiment: Experiment, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOKER_SNAPSHOT_MAX_BYTES", "10")
    (in_folder / "large.bin").write_bytes(b"x" * 1000)
    with pytest.warns(UserWarning, match=r"large\.bin"):
        run = experiment.start_logging(snapshot_directory=".")
    run.complete()

    assert run.get_status() == "Completed"
    assert run.get_snapshot_id() is None


def test_an_interactive_run_has_the_given_names_and_folder(experiment: Experiment, in_folder: Path) -> None:
    (in_folder / "kept" / "deep").mkdir(parents=True)
    (in_folder / "kept" / "deep" / "a.txt").write_text("a")
    run = experiment.start_logging(outputs="kept", snapshot_directory=None, display_name="Mine", run_id="my-own-run")
    run.complete()

    assert (run.id, run.display_name) == ("my-own-run", "Mine")
    assert run.get_file_names() == ["kept/deep/a.txt"]


def test_submitting_copies_the_configuration(experiment: Experiment, in_folder: Path) -> None:
    (in_folder / "train.py").write_text("import sys; print(sys.argv[1:])")
    config = ScriptRunConfig(".", script="train.py", arguments=["--n", 1])
    first = experiment.submit(config, tags={"n": 1})
    config.arguments[1] = 2  # type: ignore[index]  # it is the list given
    second = experiment.submit(config=config, tags={"n": 2})
    for run in (first, second):
        run.wait_for_completion()

    assert first.get_details()["runDefinition"]["arguments"] == ["--n", "1"]
    assert second.get_details()["runDefinition"]["arguments"] == ["--n", "2"]
    assert [first.tags["n"], second.tags["n"]] == ["1", "2"]
