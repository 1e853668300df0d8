"""A full disk: what was stored stays, what can't be stored is said in words, and work goes on when there is room."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stoker.base.jsonio import read_json
from stoker.base.processes import is_alive
from stoker.exceptions import EnvironmentBuildException, ServiceException, WorkspaceException
from stoker.service.environments import UvEnvironmentBuilder
from stoker.testing.environments import environment_request, make_wheel
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

Make = Callable[..., Any]

LOG_UNTIL_FULL = """
    import os, sys, time
    from stoker.core import Run
    place, run = {place!r}, Run.get_context()

    def tell(name, text):
        with open(os.path.join(place, name + ".part"), "w") as file:
            file.write(text)
        os.rename(os.path.join(place, name + ".part"), os.path.join(place, name))

    def wait(name):
        while not os.path.exists(os.path.join(place, name)):
            time.sleep(0.02)

    run.log("first", 1)
    tell("ready", "")
    wait("full")
    count = 0
    try:
        while True:
            run.log("x", "y" * 900 + str(count))
            count += 1
    except OSError as error:
        tell("count", str(count))
        tell("said", str(error))
    wait("room")
    run.log("after", 1)
    run.log_list("more", [1, 2])
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder on a disk with room, where a script and its test speak to each other."""
    folder = tmp_path / "talk"
    folder.mkdir()
    return folder


def came(place: Path, name: str) -> str:
    wait_until((place / name).exists, what=name)
    return (place / name).read_text()


def logged(place: Path) -> list[str]:
    return ["y" * 900 + str(number) for number in range(int(came(place, "count")))]


def check_metrics(found: dict[str, Any], place: Path) -> None:
    wanted = logged(place)
    assert wanted
    assert found == {"first": 1, "x": wanted, "after": 1, "more": [1, 2]}


def test_a_script_on_a_full_disk_is_told_and_goes_on_when_there_is_room(
    workspace: TemporaryWorkspace, runs_of: Make, mount: Make, place: Path
) -> None:
    disk, runs = mount(Path(workspace.paths.runs)), runs_of(workspace)
    run_id = runs.python(LOG_UNTIL_FULL.format(place=str(place)))
    runs.wait_for_file(run_id, place / "ready")
    disk.fill(leave=100_000)
    (place / "full").touch()

    said = came(place, "said")
    assert "was not written to the run's journal: No space left on device" in said
    assert "What was logged before is kept. Free some space" in said
    wait_until(lambda: runs.metrics(run_id).get("x") == logged(place), what="all that was acknowledged")
    assert runs.status(run_id) == "Running"
    disk.free()
    (place / "room").touch()

    record = runs.ended(run_id)
    assert record["status"] == "Completed"
    check_metrics(runs.metrics(run_id), place)
    assert ["can't be read" in warning for warning in record["warnings"]] in ([True], [])


def submit_many(runs: Any) -> None:
    for number in range(1000):
        runs.submit("true", f"refused-{number}", environmentVariables={"PADDING": "x" * 5000})


def test_a_full_disk_under_the_whole_workspace_stops_nothing_for_good(
    tmp_path: Path, runs_of: Make, mount: Make, place: Path
) -> None:
    disk = mount(tmp_path / "disk", "16m")
    with TemporaryWorkspace(disk.place / "w", "full") as workspace:
        runs = runs_of(workspace)
        run_id = runs.python(LOG_UNTIL_FULL.format(place=str(place)))
        runs.wait_for_file(run_id, place / "ready")
        runs.reach(run_id, "Running")
        disk.fill()
        (place / "full").touch()
        came(place, "said")

        with pytest.raises(ServiceException, match="Free some space") as refused:
            submit_many(runs)
        assert refused.value.status == 503
        assert runs.status(run_id) == "Running"
        disk.free()
        (place / "room").touch()

        assert runs.ended(run_id)["status"] == "Completed"
        check_metrics(runs.metrics(run_id), place)
        assert runs.ended(runs.submit("true", "after"))["status"] == "Completed"


def test_the_end_of_a_run_is_kept_until_there_is_room_for_it(
    workspace: TemporaryWorkspace, runs_of: Make, mount: Make, place: Path
) -> None:
    disk, runs = mount(Path(workspace.paths.runs)), runs_of(workspace)
    run_id = runs.submit(f"while [ ! -e {place}/go ]; do sleep 0.02; done; touch {place}/ends; exit 3")
    runs.reach(run_id, "Running")
    disk.fill()
    (place / "go").touch()
    came(place, "ends")
    state = Path(workspace.paths.run(run_id).state)
    wait_until(lambda: list(state.parent.glob("state.json.*")), what="a try to write the end")
    assert read_json(str(state))["phase"] == "running"
    assert runs.status(run_id) in {"Running", "Finalizing"}
    disk.free()

    record = runs.ended(run_id)
    assert (record["status"], record["error"]["details"]["code"]) == ("Failed", 3)


def test_an_upload_waits_for_room_and_leaves_no_half_file(
    workspace: TemporaryWorkspace, runs_of: Make, mount: Make
) -> None:
    disk, runs = mount(Path(workspace.paths.objects)), runs_of(workspace)
    # The store's folder for half-written objects was made before the disk was mounted over it.
    staging = disk.place / "tmp"
    staging.mkdir()
    disk.fill(leave=500_000)
    code = """
        import os
        from stoker.core import Run
        for name, size in (("small.bin", 1000), ("large.bin", 3_000_000)):
            with open("outputs/" + name, "wb") as file:
                file.write(b"x" * size)
        run = Run.get_context()
        try:
            run.upload_file("uploaded.bin", "outputs/large.bin")
        except Exception as error:
            run.log("said", str(error))
    """
    run_id = runs.python(code)
    wait_until(lambda: "said" in runs.metrics(run_id), what="the refusal")
    assert "Free some space" in runs.metrics(run_id)["said"]
    assert "No space left on device" in runs.metrics(run_id)["said"]
    wait_until(lambda: "outputs/small.bin" in runs.files(run_id), what="the file that fits")
    assert {"outputs/large.bin", "uploaded.bin"}.isdisjoint(runs.files(run_id))
    wait_until(lambda: not list(staging.iterdir()), what="that no half file is left")
    assert runs.status(run_id) not in {"Completed", "Failed"}
    other = runs.ended(runs.submit("echo meanwhile"))
    assert other["status"] == "Completed"
    disk.free()

    assert runs.ended(run_id)["status"] == "Completed"
    assert workspace.api.request("GET", f"/runs/{run_id}/files/outputs/large.bin").data == b"x" * 3_000_000
    assert list(staging.iterdir()) == []


def test_a_service_does_not_start_on_a_full_disk_and_says_why(tmp_path: Path, mount: Make) -> None:
    disk = mount(tmp_path / "disk", "8m")
    with TemporaryWorkspace(disk.place / "w", "no-room") as workspace:
        service = workspace.service
        workspace.api.post("/service/stop", {})
        workspace.api.close()
        assert service is not None
        wait_until(lambda: not is_alive(service), what="the end of the service")
        disk.fill()

        with pytest.raises(
            (ServiceException, WorkspaceException), match=r"(?i)no space left|disk is full|Free some space"
        ):
            workspace.api.get("/runs")
        disk.free()
        assert workspace.api.get("/runs")["total"] == 0


# -- without being root -----------------------------------------------------------------------------------------------

LIMITED = """
    import os, resource
    from pathlib import Path
    from stoker.core import Run
    run = Run.get_context()
    run.log("first", 1)
    journal = max(Path(os.environ["STOKER_RUN_DIR"], "journal").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 500, hard))
    count, said = 0, []
    for number in range(20):
        try:
            run.log("x", number)
            count += 1
        except OSError as error:
            said.append(str(error))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    run.log("count", count)
    run.log_list("said", said)
"""


def test_a_file_that_may_not_grow_is_told_and_the_torn_line_is_closed(runs: Any) -> None:
    run_id = runs.python(LIMITED)

    record = runs.ended(run_id)
    found = runs.metrics(run_id)
    assert record["status"] == "Completed", record["error"]
    assert 0 < found["count"] < 20
    assert found["x"] == list(range(found["count"]))
    assert len(found["said"]) == 20 - found["count"]
    assert all("was not written to the run's journal: " in text and "Free some space" in text for text in found["said"])
    assert any("can't be read and were skipped" in warning for warning in record["warnings"])


# -- the cache of environments ----------------------------------------------------------------------------------------


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Return a folder with a wheel of about 6 MB, which does not become smaller by compression."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "bulky", "1.0", data={"bulky/data.bin": os.urandom(6_000_000)})
    return folder


def test_an_environment_that_does_not_fit_is_told_and_is_built_when_it_does(
    tmp_path: Path, mount: Make, wheels: Path
) -> None:
    disk = mount(tmp_path / "cache", "16m")
    disk.fill(leave=2_000_000)
    request = environment_request(pip=["--no-index", f"--find-links {wheels}", "bulky"])
    base = {**request.base_environment, "UV_CACHE_DIR": str(tmp_path / "uv")}
    request = replace(request, base_environment=base)
    builder = UvEnvironmentBuilder(str(disk.place))
    lines: list[str] = []

    with pytest.raises(EnvironmentBuildException, match=r"(?i)no space left.*free some space|space.*STOKER_CACHE"):
        builder.build(request, lines.append)
    assert [item for item in (disk.place / "environments").iterdir() if item.is_dir()] == []
    disk.free()

    built = builder.build(request, lines.append)
    assert built.resolved["packages"] == {"bulky": "1.0"}
    assert os.access(built.python, os.X_OK)
    assert sys.version_info[:2] == tuple(int(part) for part in built.resolved["python"].split(".")[:2])
