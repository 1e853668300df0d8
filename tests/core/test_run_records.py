from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stoker.base.journal import decode_value, parse
from stoker.client.http import Response
from stoker.core import Experiment, Run, Workspace
from stoker.core._own_run import SubmittedRun
from stoker.core._submit import register as register_submit
from stoker.core.script_run import ScriptRun
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException

FACTS = {"id": "w", "name": "memory", "subscription_id": "s", "resource_group": "g", "location": "l", "settings": {}}


class MemoryService:
    """The part of the service that these tests need, over dicts: experiments, runs, journals, files."""

    url = "http://memory"

    def __init__(self) -> None:
        self.experiments: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.journals: dict[tuple[str, str], bytes] = {}
        self.calls: list[str] = []

    def get(self, path: str, **params: Any) -> Any:
        self.calls.append(f"GET {path}")
        parts = path.strip("/").split("/")
        if path == "/experiments":
            return {"experiments": list(self.experiments.values())}
        if path == "/runs":
            return self._page(**params)
        self._wait_for(parts[1], params.get("seen") or [])
        run = copy.deepcopy(self._run(parts[1]))
        return self._part(run, parts[2], **params) if len(parts) > 2 else run

    def _part(self, run: dict[str, Any], part: str, prefix: str | None = None, **_: Any) -> Any:
        if part == "metrics":
            return {"metrics": self._metrics(run["id"])}
        if part == "children":
            return {"runs": [item for item in reversed(self.runs.values()) if item["parent_id"] == run["id"]]}
        if part == "logs":
            return {"logs": []}
        if part == "lineage":
            return {"inputs": [], "outputs": []}
        assert part == "files"
        names = sorted(self.files.get(run["id"], {}))
        return {"files": [{"name": name, "live": False} for name in names if name.startswith(prefix or "")]}

    def post(self, path: str, body: Any = None, **_: Any) -> Any:
        self.calls.append(f"POST {path}")
        parts = path.strip("/").split("/")
        if path == "/experiments":
            made = {"id": f"id-{body['name']}", "name": body["name"], "tags": {}, "archived": None}
            return self.experiments.setdefault(body["name"], made)
        if path == "/runs":
            return self._record(**{"status": "Running", "tags": {}, "parent_id": None, "properties": {}, **body})
        run = self._run(parts[1])
        if parts[2] == "cancel":
            run["status"] = "Canceled"
        else:
            assert parts[2] == "end"
            self._wait_for(parts[1], body["seen"])
            if run["status"] not in {"Running", "NotStarted", body["status"]}:
                raise ConflictException(f"The run has already ended as {run['status']}.")
            run.update(status=body["status"], error=body["error"])
        return copy.deepcopy(run)

    def patch(self, path: str, body: dict[str, Any], **_: Any) -> Any:
        self.calls.append(f"PATCH {path}")
        kind, name = path.strip("/").split("/")
        record = self.experiments[name] if kind == "experiments" else self._run(name)
        for key, value in (body.get("properties") or {}).items():
            if record["properties"].get(key, value) != value:
                raise ConflictException(f"The property {key!r} has the value {record['properties'][key]!r} already.")
        for field in ("tags", "properties"):
            record.setdefault(field, {}).update(body.get(field) or {})
        for key in body.get("remove_tags") or []:
            record["tags"].pop(key, None)
        record.update({key: body[key] for key in ("display_name", "description") if key in body})
        if "archived" in body:
            record["archived"] = "2025-01-01T00:00:00Z" if body["archived"] else None
        return copy.deepcopy(record)

    def request(self, method: str, path: str, *, raw: Any = None, params: Any = None, **_: Any) -> Response:
        self.calls.append(f"{method} {path}")
        parts = path.strip("/").split("/")
        data = b"".join(raw()) if callable(raw) else raw
        if method == "POST" and parts[2] == "journal":
            self._take(parts[1], params["journal"], params["offset"], data)
        else:
            self._run(parts[1])
            files = self.files.setdefault(parts[1], {})
            name = "/".join(parts[3:])
            if name in files and not params["overwrite"]:
                raise ConflictException(f"The run has a file {name!r} already.")
            files[name] = data
        return Response(200, None, b"{}")  # type: ignore[arg-type]  # headers aren't looked at

    def download(self, path: str, file: Any, **_: Any) -> int:
        parts = path.strip("/").split("/")
        name = "/".join(parts[3:])
        if name not in self.files.get(parts[1], {}):
            raise NotFoundException(f"The run has no file {name!r}.")
        return int(file.write(self.files[parts[1]][name]))

    def records(self, run_id: str) -> list[Any]:
        """Return the records of all journals of a run folder, without times."""
        found = []
        for (owner, _), data in self.journals.items():
            if owner == run_id:
                found += [[r[0], r[1], *r[3:]] for r in parse(data)[0] if isinstance(r, list) and r[0] != "run"]
        return found

    def _take(self, owner: str, journal: str, offset: int, data: bytes) -> None:
        stored = self.journals.get((owner, journal), b"")
        assert offset <= len(stored)
        new = data[len(stored) - offset :]
        self.journals[owner, journal] = stored + new
        names = {0: owner} | {r[1]: r[2] for r in parse(self.journals[owner, journal])[0] if _kind(r) == "run"}
        for record in parse(new)[0]:
            self._apply(record, names)

    def _apply(self, record: Any, names: dict[int, str]) -> None:
        kind = _kind(record)
        if kind == "child":
            facts = record[3]
            parent = self._run(names[record[1]])
            facts = {**facts, "parent_id": parent["id"], "experiment": parent["experiment"], "kind": "child"}
            self._record(**{"properties": {}, "display_name": facts.pop("name"), **facts})
        elif kind == "tag":
            self._run(names[record[1]])["tags"].update(record[3])
        elif kind == "end":
            self._run(names[record[1]]).update(status=record[3], error=record[4])
        elif kind == "set":
            self._run(names[record[1]]).update(record[3])

    def _record(self, **facts: Any) -> dict[str, Any]:
        record = {"number": len(self.runs) + 1, "type": None, "root_id": facts["id"], "error": None, **facts}
        self.runs[record["id"]] = record
        return copy.deepcopy(record)

    def _run(self, run_id: str) -> dict[str, Any]:
        if run_id not in self.runs:
            raise NotFoundException(f"There is no run {run_id!r}.")
        return self.runs[run_id]

    def _page(self, limit: int, after: str | None, experiment: str, children: bool, tag: list[str], **_: Any) -> Any:
        found = [run for run in reversed(self.runs.values()) if run["experiment"] == experiment]
        found = [run for run in found if children or not run["parent_id"]]
        for word in tag:
            key, equals, value = word.partition("=")
            found = [run for run in found if key in run["tags"] and (not equals or run["tags"][key] == value)]
        start = int(after or 0)
        end = start + limit
        return {"runs": found[start:end], "next": str(end) if end < len(found) else None, "total": len(found)}

    def _metrics(self, run_id: str) -> dict[str, Any]:
        owner = self.runs[run_id].get("parent_id") or run_id
        found: dict[str, list[Any]] = {}
        for (journal_of, _), data in self.journals.items():
            names = {0: journal_of} | {r[1]: r[2] for r in parse(data)[0] if _kind(r) == "run"}
            for record in parse(data)[0]:
                if journal_of in {owner, run_id} and _kind(record) == "m" and names[record[1]] == run_id:
                    found.setdefault(record[3], []).append(record[4])
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

    def _wait_for(self, run_id: str, seen: list[str]) -> None:
        for item in seen:
            journal, _, offset = item.rpartition(":")
            assert len(self.journals[run_id, journal]) >= int(offset)


def _kind(record: Any) -> str | None:
    return record[0] if isinstance(record, list) else None


@pytest.fixture
def service() -> MemoryService:
    return MemoryService()


@pytest.fixture
def ws(service: MemoryService, tmp_path: Path) -> Workspace:
    root = tmp_path / "root"
    (root / ".stoker" / "runs").mkdir(parents=True)
    return Workspace._at(str(root), service, FACTS)  # type: ignore[arg-type]  # the service is real, though not HTTP


@pytest.fixture
def experiment(ws: Workspace) -> Experiment:
    return Experiment(ws, "exp")


@pytest.fixture
def run(experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("STOKER_RUN_ID", raising=False)
    monkeypatch.chdir(tmp_path)
    return experiment.start_logging(snapshot_directory=None)


@pytest.fixture
def script(ws: Workspace, service: MemoryService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return the run as its own submitted script sees it."""
    service._record(
        id="exp_1_ab", experiment="exp", kind="submitted", status="Running", tags={}, properties={}, parent_id=None
    )
    monkeypatch.setenv("STOKER_RUN_ID", "exp_1_ab")
    monkeypatch.setenv("STOKER_RUN_DIR", str(tmp_path / "root" / ".stoker" / "runs" / "exp_1_ab"))
    monkeypatch.setenv("STOKER_HOME_DIR", str(tmp_path / "root" / ".stoker"))
    monkeypatch.setenv("STOKER_EXPERIMENT", "exp")
    from stoker.core import _own_run as module

    made = Run.get_context()
    made.experiment._workspace = ws
    yield made
    module._own.clear()


def test_an_experiment_is_made_once_and_names_are_checked(ws: Workspace, service: MemoryService) -> None:
    first, second = Experiment(ws, "exp"), Experiment(workspace=ws, name="exp")

    assert first.id == second.id == "id-exp"
    assert list(ws.experiments) == ["exp"]
    assert repr(first) == "Experiment(Name: exp,\nWorkspace: memory)"
    for wrong in ("", "-a", "_a", "a b", "a.b", "x" * 256, None):
        with pytest.raises(UserErrorException, match="1 to 255"):
            Experiment(ws, wrong)  # type: ignore[arg-type]  # what is tested
    assert list(service.experiments) == ["exp"]


def test_an_experiment_s_tags_and_archive(experiment: Experiment) -> None:
    experiment.tag("rank", 1)
    experiment.set_tags({"simple": None})
    assert experiment.tags == {"rank": "1", "simple": None}
    experiment.remove_tags(["rank"])
    experiment.archive()

    assert experiment.tags == {"simple": None}
    assert experiment.archived_time
    experiment.reactivate()
    assert experiment.archived_time is None


def test_logging_asks_the_service_for_nothing_until_something_is_read(run: Run, service: MemoryService) -> None:
    service.calls.clear()
    for step in range(3):
        run.log("loss", 1.0 / (step + 1), step=step)
    run.log("loss", float("nan"), "the error", step=3)
    run.log_list("list", range(3))
    run.log_row("row", x=1, y="b")
    run.log_table("table", {"a": [1, 2], "b": [3, 4]})
    run.tag("quality", "good")
    assert service.calls == []
    assert run.tags == {"quality": "good"}

    metrics = run.get_metrics()

    assert metrics["loss"][:3] == [1.0, 0.5, 1 / 3]
    assert metrics["loss"][3] != metrics["loss"][3]
    assert service.records(run.id)[3:] == [
        ["m", 0, "loss", {"$": "nan"}, 3],
        ["d", 0, "loss", "the error"],
        ["l", 0, "list", [0, 1, 2]],
        ["r", 0, "row", {"x": 1, "y": "b"}],
        ["t", 0, "table", {"a": [1, 2], "b": [3, 4]}],
        ["tag", 0, {"quality": "good"}],
    ]
    assert run.get_tags() == {"quality": "good"}


def test_a_second_read_sends_nothing_again(run: Run, service: MemoryService) -> None:
    run.log("a", 1)
    run.get_metrics()
    service.calls.clear()
    run.get_metrics()

    assert service.calls == [f"GET /runs/{run.id}/metrics"]


def test_a_description_is_written_once(run: Run, service: MemoryService) -> None:
    for value in range(3):
        run.log("a", value, description="what it is")
    run.flush()

    assert [record[0] for record in service.records(run.id)] == ["m", "d", "m", "m"]


def test_wrong_values_are_refused_before_anything_is_written(run: Run, service: MemoryService) -> None:
    calls: list[Callable[[], object]] = [
        lambda: run.log("", 1),
        lambda: run.log("a", 1, step="x"),  # type: ignore[arg-type]  # what is tested
        lambda: run.log_row("a", x=[1]),
        lambda: run.log_table("a", {"x": [1], "y": [1, 2]}),
        lambda: run.log_image("a"),
        lambda: run.log_image("a", path="x.png", plot=object()),
        lambda: run.log_image("a", plot=object()),
        lambda: run.set_tags({"": "x"}),
        lambda: run.tag(None),  # type: ignore[arg-type]  # what is tested
        lambda: run.upload_file("../x", __file__),
        lambda: run.upload_file("x", "no-such-file"),
        lambda: run.upload_files(["a"], []),
        lambda: run.upload_folder("a", "no-such-folder"),
        run.create_children,
        lambda: run.create_children(count=1, tag_key="a", tag_values=[1]),
        lambda: run.create_children(tag_key="a"),
    ]
    for call in calls:
        with pytest.raises(UserErrorException):
            call()
    run.flush()

    assert service.records(run.id) == []
    assert service.files == {}


def test_tags_are_texts_or_none_and_can_be_removed(run: Run) -> None:
    run.set_tags({"rank": 1, "simple": None, "flag": True})
    run.set_tags("single")

    assert run.get_tags() == {"rank": "1", "simple": None, "flag": "True", "single": None}


def test_properties_never_change(run: Run) -> None:
    run.add_properties({"a": 1})
    run.add_properties({"a": "1", "b": "2"})

    with pytest.raises(UserErrorException, match="'a'"):
        run.add_properties({"a": "other"})
    assert run.get_properties()["b"] == "2"


def test_files_are_kept_under_their_names(run: Run, service: MemoryService, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "model.pkl").write_bytes(b"weights")
    (tmp_path / "sub" / "a b.txt").write_text("x")
    run.upload_file("./outputs//model.pkl", str(tmp_path / "model.pkl"))
    with (tmp_path / "model.pkl").open("rb") as stream, (tmp_path / "sub" / "a b.txt").open() as text:
        run.upload_file("stream.bin", stream)
        run.upload_file("text.txt", text)
    run.upload_folder("folder", str(tmp_path / "sub"))
    with pytest.raises(ConflictException):
        run.upload_file("outputs/model.pkl", str(tmp_path / "model.pkl"))

    assert service.files[run.id]["outputs/model.pkl"] == service.files[run.id]["stream.bin"] == b"weights"
    assert run.get_file_names() == ["folder/a%20b.txt", "outputs/model.pkl", "stream.bin", "text.txt"]


def test_one_missing_file_of_several_uploads_none(run: Run, service: MemoryService, tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("x")

    with pytest.raises(UserErrorException, match=r"gone\.txt"):
        run.upload_files(["a", "b"], [str(tmp_path / "there.txt"), "gone.txt"])
    assert service.files == {}


def test_download_puts_a_file_where_v1_puts_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"weights")
    run.upload_file("outputs/model.pkl", str(tmp_path / "m"))
    (tmp_path / "existing").mkdir()

    run.download_file("outputs/model.pkl")
    run.download_file("outputs/model.pkl", "new/deep/x.pkl")
    run.download_file("outputs/model.pkl", "existing")
    run.download_file("outputs/model.pkl", f"other{os.sep}")

    for place in ("model.pkl", "new/deep/x.pkl", "existing/model.pkl", "other/model.pkl"):
        assert (tmp_path / place).read_bytes() == b"weights"
    with pytest.raises(UserErrorException, match="nope"):
        run.download_file("nope", "fresh/x")
    assert list((tmp_path / "fresh").iterdir()) == []


def test_download_files_keeps_names_or_cuts_the_prefix(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"x")
    for name in ("outputs/a/1.txt", "outputs/2.txt", "logs/3.txt"):
        run.upload_file(name, str(tmp_path / "m"))

    run.download_files(prefix="outputs/", output_directory="whole")
    run.download_files(prefix="outputs/", output_directory="cut", append_prefix=False)

    def below(folder: str) -> set[str]:
        return {str(path.relative_to(tmp_path / folder)) for path in (tmp_path / folder).rglob("*.txt")}

    assert below("whole") == {"outputs/a/1.txt", "outputs/2.txt"}
    assert below("cut") == {"a/1.txt", "2.txt"}


def test_an_image_is_a_file_and_a_reference(run: Run, service: MemoryService, tmp_path: Path) -> None:
    class Plot:
        def savefig(self, path: str, **_: object) -> None:
            Path(path).write_bytes(b"PNG")

    (tmp_path / "epoch.png").write_bytes(b"PNG1")
    run.log_image("acc/curve", plot=Plot())
    run.log_image("image", path=str(tmp_path / "epoch.png"))
    run.log_image("image", path=str(tmp_path / "epoch.png"))
    run.flush()

    names = [record[3] for record in service.records(run.id)]
    assert names[0].startswith("acc/curve_")
    assert names[0].endswith(".png")
    assert names[1] == "epoch.png"
    assert names[2].startswith("epoch_")
    assert set(service.files[run.id]) == set(names)


def test_leaving_the_block_completes_and_uploads_the_outputs(experiment: Experiment, run: Run, tmp_path: Path) -> None:
    with run:
        (tmp_path / "outputs" / "deep").mkdir(parents=True)
        (tmp_path / "outputs" / "deep" / "model.txt").write_text("w")
        os.chdir("/")

    assert run.status == "Completed"
    assert run.get_file_names() == ["outputs/deep/model.txt"]
    assert Run(experiment, run.id).get_status() == "Completed"


def test_an_exception_fails_the_run_with_its_traceback_and_goes_on(run: Run, service: MemoryService) -> None:
    def work() -> None:
        with run:
            raise ZeroDivisionError("of course")

    with pytest.raises(ZeroDivisionError):
        work()

    error = service.runs[run.id]["error"]
    assert run.get_status() == "Failed"
    assert error["message"] == "ZeroDivisionError: of course"
    assert "in work" in error["details"]["traceback"]


def test_a_second_end_is_harmless(run: Run) -> None:
    run.fail("no data", error_code="Mine")
    run.complete()

    assert run.get_status() == "Failed"
    assert run.get_details()["error"] == {"error": {"code": "Mine", "message": "no data", "details": {}}}


def test_a_run_that_was_canceled_elsewhere_stays_so_with_a_warning(
    run: Run, experiment: Experiment, service: MemoryService
) -> None:
    Run(experiment, run.id).cancel()

    with pytest.warns(UserWarning, match="already ended as Canceled"):
        run.complete()
    assert run.status == service.runs[run.id]["status"] == "Canceled"


def test_an_ended_run_still_takes_metrics_and_tags(run: Run, service: MemoryService) -> None:
    run.log("a", 1)
    run.complete()
    run.log("a", 2)
    run.tag("late", "yes")
    run.child_run("afterthought").complete()

    assert run.get_metrics() == {"a": [1, 2]}
    assert run.get_tags() == {"late": "yes"}
    assert [child.display_name for child in run.get_children()] == ["afterthought"]
    assert {owner for owner, _ in service.journals} >= {run.id}


def test_children_log_through_their_parent_s_journal(run: Run, service: MemoryService) -> None:
    service.calls.clear()
    with run.child_run("one") as child:
        child.log("x", 1)
        child.tag("t")
    waiting = run.create_children(tag_key="alpha", tag_values=[0.1, None])
    assert service.calls == []

    assert [kid.tags for kid in waiting] == [{"alpha": "0.1"}, {"alpha": None}]
    found = list(run.get_children())
    assert [kid.status for kid in found] == ["NotStarted", "NotStarted", "Completed"]
    assert found[2].id == child.id
    assert child.get_metrics() == {"x": 1}
    assert child.parent is not None
    assert child.parent.id == run.id


def test_a_child_can_be_given_files_and_properties_at_once(run: Run, service: MemoryService, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    child = run.child_run()
    child.upload_file("x", str(tmp_path / "x"))
    child.add_properties({"a": "b"})

    assert service.runs[child.id]["properties"] == {"a": "b"}
    assert child.get_file_names() == ["x"]


def test_a_fetched_run_writes_what_it_says(experiment: Experiment, service: MemoryService) -> None:
    service._record(
        id="far", experiment="exp", kind="submitted", status="Running", tags={}, properties={}, parent_id=None
    )
    far = Run(experiment, "far")
    far.log("a", float("inf"))
    far.log_row("r", x=1)
    far.display_name = "renamed"

    assert [record[0] for record in service.records("far")] == ["m", "r"]
    assert decode_value(service.records("far")[0][3]) == float("inf")
    assert service.runs["far"]["display_name"] == "renamed"


def test_unknown_runs_and_runs_of_other_experiments_are_not_found(ws: Workspace, run: Run) -> None:
    other = Experiment(ws, "other")
    with pytest.raises(UserErrorException):
        Run(other, "nothing")
    with pytest.raises(UserErrorException, match="belongs to the experiment 'exp'"):
        Run(other, run.id)

    assert ws.get_run(run.id).experiment.name == "exp"


def test_runs_come_newest_first_page_by_page_and_filtered(experiment: Experiment, service: MemoryService) -> None:
    for number in range(250):
        tags = {"n": str(number), "even" if number % 2 == 0 else "odd": None}
        service._record(id=f"r{number}", experiment="exp", status="Completed", tags=tags, properties={}, parent_id=None)

    assert next(iter(experiment.get_runs())).id == "r249"
    assert [run.id for run in experiment.get_runs()] == [f"r{number}" for number in reversed(range(250))]
    assert [run.id for run in experiment.get_runs(tags={"n": 8, "even": None})] == ["r8"]
    assert len(list(experiment.get_runs(tags="odd"))) == 125


def test_runs_come_back_as_the_class_of_their_type(experiment: Experiment, service: MemoryService) -> None:
    class SpecialRun(Run):
        pass

    Run.add_type_provider("test.special", lambda owner, record: SpecialRun(owner, record["id"], _record=record))
    base: dict[str, Any] = {"experiment": "exp", "status": "Completed", "tags": {}, "properties": {}, "parent_id": None}
    service._record(id="a", type="test.special", **base)
    service._record(id="b", type="azureml.scriptrun", **base)

    assert [type(run) for run in experiment.get_runs()] == [ScriptRun, SpecialRun]


class Sweep:
    """A configuration of another package."""

    def __init__(self, alphas: list[float]) -> None:
        self.alphas = alphas


class WideSweep(Sweep):
    """A subclass of it."""


def submit_sweep(
    config: Sweep, experiment: Experiment, tags: Any = None, parent_id: str | None = None, **kwargs: Any
) -> Any:
    config.alphas.append(1.0)
    return config, experiment.name, tags, parent_id, kwargs


def test_other_packages_say_how_their_configurations_are_submitted(experiment: Experiment, run: Run) -> None:
    register_submit(Sweep, submit_sweep)
    config = WideSweep([0.5])

    submitted: Any = experiment.submit(config, {"a": "b"}, show_output=True)
    copied, *rest = submitted

    assert rest == ["exp", {"a": "b"}, None, {"show_output": True}]
    assert (copied.alphas, config.alphas) == ([0.5, 1.0], [0.5])
    assert run.submit_child(config)[3] == run.id  # type: ignore[index]  # the test's answer


def test_what_nobody_can_submit_is_refused_with_what_can_be(experiment: Experiment) -> None:
    with pytest.raises(UserErrorException, match="ScriptRunConfig"):
        experiment.submit({"script": "train.py"})


def test_a_script_gets_its_run_from_the_environment_without_asking(script: Run, service: MemoryService) -> None:
    assert isinstance(script, SubmittedRun)
    assert Run.get_context() is script
    script.log("a", 1)

    assert service.calls == []
    assert (script.id, script.experiment.name, script.status) == ("exp_1_ab", "exp", "Running")
    assert script.input_datasets == {}
    assert service.calls == []
    assert script.get_metrics() == {"a": 1}


@pytest.mark.parametrize("end", [lambda run: run.complete(), lambda run: run.fail("x"), lambda run: run.cancel()])
def test_a_script_that_ends_its_own_run_only_flushes(
    script: Run, service: MemoryService, end: Callable[[Run], None]
) -> None:
    script.log("a", 1)
    end(script)
    end(script)

    assert service.runs[script.id]["status"] == "Running"
    assert [record[0] for record in service.records(script.id)] == ["m"]


def test_a_script_does_not_wait_for_itself(run: Run, script: Run) -> None:
    for same in (script, Run(script.experiment, script.id), run):
        with pytest.warns(UserWarning, match="was not waited for"):
            assert same.wait_for_completion(show_output=True)["status"] == "Running"


def test_representations_ask_nothing(run: Run, service: MemoryService) -> None:
    service.calls.clear()

    assert repr(run) == f"Run(Experiment: exp,\nId: {run.id},\nType: None,\nStatus: Running)"
    assert f"http://memory/runs/{run.id}" in run._repr_html_()
    assert "<script>" not in Experiment._known(run.experiment.workspace, "<script>")._repr_html_()
    assert service.calls == []
    assert copy.deepcopy(run) is run
