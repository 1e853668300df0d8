"""Environments of real runs: built once, taken over, waited for, refused in words, and spared while in use."""

from __future__ import annotations

import io
import os
import signal
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stoker.base.environ import base_environment
from stoker.base.paths import cache_home
from stoker.base.processes import Identity, is_alive
from stoker.testing.environments import make_wheel
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

BACKEND = """
# A build that tells that it has begun, and goes on when it may.
import os, time, zipfile

PLACE, NAME, VERSION = {place!r}, {name!r}, "1.0"
INFO = f"{{NAME}}-{{VERSION}}.dist-info"
METADATA = f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n"
WHEEL = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    os.makedirs(os.path.join(metadata_directory, INFO))
    for file, text in (("METADATA", METADATA), ("WHEEL", WHEEL)):
        with open(os.path.join(metadata_directory, INFO, file), "w") as out:
            out.write(text)
    return INFO

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open(os.path.join(PLACE, "began"), "a") as file:
        file.write(f"{{os.getpid()}}\\n")
    while not os.path.exists(os.path.join(PLACE, "go")):
        time.sleep(0.02)
    name = f"{{NAME}}-{{VERSION}}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        archive.writestr(f"{{NAME}}.py", "value = 42\\n")
        archive.writestr(f"{{INFO}}/METADATA", METADATA)
        archive.writestr(f"{{INFO}}/WHEEL", WHEEL)
        names = [f"{{NAME}}.py", *(f"{{INFO}}/{{file}}" for file in ("METADATA", "WHEEL", "RECORD"))]
        archive.writestr(f"{{INFO}}/RECORD", "".join(f"{{file}},,\\n" for file in names))
    return name
"""

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = {name!r}
version = "1.0"
"""


class Source:
    """A package that exists as source only; its build waits until it may go on."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.place = folder / "place"
        self.place.mkdir(parents=True)
        files = {
            "backend.py": BACKEND.format(place=str(self.place), name=name),
            "pyproject.toml": PROJECT.format(name=name).replace("'", '"'),
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        }
        with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
            for file, text in files.items():
                entry = tarfile.TarInfo(f"{name}-1.0/{file}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))

    def builders(self) -> list[int]:
        """Return the pids of the builds that have begun."""
        began = self.place / "began"
        return [int(line) for line in began.read_text().split()] if began.exists() else []

    def has_begun(self, times: int = 1) -> bool:
        return len(self.builders()) >= times

    def go(self) -> None:
        (self.place / "go").touch()


@pytest.fixture
def source(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Source]:
    """Return a package of a name that nobody has built before."""
    name = "slow_" + "".join(part for part in request.node.name if part.isalnum())[-30:].lower() + os.urandom(3).hex()
    made = Source(tmp_path / "index", name)
    yield made
    # A build that a failed test left behind ends by itself.
    made.go()


Submit = Callable[..., str]


@pytest.fixture
def submit(tmp_path: Path) -> Submit:
    """Return a function that submits a command in an environment whose packages come from one folder."""

    def make(runs: Any, folder: Path, packages: list[str], command: str, **more: Any) -> str:
        run_id = more.pop("run_id", f"run-{os.urandom(4).hex()}")
        variables = more.pop("variables", {})
        pip = [*more.pop("options", ["--no-index", f"--find-links {folder}"]), *packages]
        dependencies = [*more.pop("conda", []), {"pip": pip}]
        definition = {
            "command": command,
            "environment": {"name": "built", "python": {"condaDependencies": {"dependencies": dependencies}}},
        }
        base = {key: value for key, value in base_environment().items() if not key.startswith(("UV_", "PIP_"))}
        base.update(UV_CACHE_DIR=str(tmp_path / "uv"), UV_HTTP_RETRIES="0", **variables)
        body = {"id": run_id, "experiment": "faults", "kind": "submitted", "definition": definition}
        runs.api.post("/runs", {**body, "python": sys.executable, "base_environment": base})
        return str(run_id)

    return make


def log_of(runs: Any, run_id: str) -> str:
    if "system_logs/environment.txt" not in [log["name"] for log in runs.api.get(f"/runs/{run_id}/logs")["logs"]]:
        return ""
    return str(runs.log(run_id, "system_logs/environment.txt"))


def waits(runs: Any, run_id: str) -> bool:
    return "waiting for it" in log_of(runs, run_id)


def folder_of(runs: Any, run_id: str) -> Path:
    return Path(runs.get(run_id)["resolved"]["interpreter"]).parent.parent


def test_two_runs_that_need_the_same_build_it_once(runs: Any, source: Source, submit: Submit) -> None:
    command = f"python -c 'import {source.name}; print({source.name}.value)'"
    first = submit(runs, source.folder, [source.name], command)
    wait_until(source.has_begun, what="the build")
    second = submit(runs, source.folder, [source.name], command)
    wait_until(lambda: waits(runs, second), what="the other run's wait")
    assert (runs.status(first), runs.status(second)) == ("Preparing", "Preparing")
    source.go()

    for run_id in (first, second):
        runs.completed(run_id)
        assert runs.log(run_id) == "42\n"
    assert len(source.builders()) == 1
    assert folder_of(runs, first) == folder_of(runs, second)
    assert "Built in" in log_of(runs, first)
    assert "Built in" not in log_of(runs, second)


def test_of_two_that_wait_one_can_be_canceled(runs: Any, source: Source, submit: Submit) -> None:
    builds, goes, stays = [submit(runs, source.folder, [source.name], "true", run_id=f"wait-{n}") for n in range(3)]
    wait_until(lambda: sum(waits(runs, run_id) for run_id in (builds, goes, stays)) == 2, what="two who wait")
    builder = next(run_id for run_id in (builds, goes, stays) if not waits(runs, run_id))
    waiting = [run_id for run_id in (builds, goes, stays) if run_id != builder]
    runs.api.post(f"/runs/{waiting[0]}/cancel", {"reason": "not needed"})
    assert runs.ended(waiting[0])["status"] == "Canceled"
    assert (runs.status(builder), runs.status(waiting[1])) == ("Preparing", "Preparing")
    source.go()

    runs.completed(builder)
    runs.completed(waiting[1])
    assert len(source.builders()) == 1


def test_when_the_one_that_builds_is_canceled_another_takes_over(runs: Any, source: Source, submit: Submit) -> None:
    builds = submit(runs, source.folder, [source.name], "true")
    wait_until(source.has_begun, what="the build")
    other = submit(runs, source.folder, [source.name], "true")
    wait_until(lambda: waits(runs, other), what="the other run's wait")
    runs.api.post(f"/runs/{builds}/cancel", {"reason": "not needed"})

    assert runs.ended(builds)["status"] == "Canceled"
    wait_until(lambda: source.has_begun(2), what="the second build")
    first = source.builders()[0]
    wait_until(lambda: not Path(f"/proc/{first}").exists(), what="the end of the first build")
    source.go()
    runs.completed(other)


def test_a_killed_builder_s_run_is_built_by_the_next_service(
    workspace: TemporaryWorkspace, runs_of: Any, source: Source, submit: Submit
) -> None:
    runs = runs_of(workspace)
    run_id = submit(runs, source.folder, [source.name], f"python -c 'import {source.name}'")
    wait_until(source.has_begun, what="the build")
    service = workspace.service
    assert service is not None
    os.kill(service.pid, signal.SIGKILL)

    # Nobody asks: the agent starts the service again by itself.
    wait_until(lambda: source.has_begun(2), what="the build by the next service")
    first = source.builders()[0]
    wait_until(lambda: not Path(f"/proc/{first}").exists(), what="the end of the first build")
    assert workspace.service != service
    source.go()
    runs.completed(run_id)


def test_a_run_of_another_workspace_takes_over_from_a_killed_builder(
    workspace: TemporaryWorkspace, runs: Any, runs_of: Any, source: Source, submit: Submit
) -> None:
    theirs = runs_of(workspace)
    submit(theirs, source.folder, [source.name], "true")
    wait_until(source.has_begun, what="the build")
    mine = submit(runs, source.folder, [source.name], f"python -c 'import {source.name}'")
    wait_until(lambda: waits(runs, mine), what="the other workspace's wait")
    service, agent = workspace.service, workspace.agent
    assert service is not None
    assert agent is not None
    for process in (agent, service):
        os.kill(process.pid, signal.SIGKILL)

    wait_until(lambda: source.has_begun(2), what="the second build")
    source.go()
    runs.completed(mine)


def test_without_a_network_the_run_says_so(runs: Any, tmp_path: Path, submit: Submit) -> None:
    variables = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"}
    run_id = submit(runs, tmp_path, ["anything-at-all==1.0"], "true", options=[], variables=variables)

    record = runs.ended(run_id)
    assert record["status"] == "Failed"
    assert "127.0.0.1:9" in record["error"]["message"]
    assert "network" in record["error"]["message"].lower()


def test_a_requirement_that_does_not_exist_is_named(runs: Any, tmp_path: Path, submit: Submit) -> None:
    make_wheel(tmp_path, "present", "1.0")
    missing = runs.ended(submit(runs, tmp_path, ["present", "not-present"], "true"))
    too_new = runs.ended(submit(runs, tmp_path, ["present==7.0"], "true"))

    assert (missing["status"], too_new["status"]) == ("Failed", "Failed")
    assert "not-present" in missing["error"]["message"]
    assert "present 7.0 does not exist" in too_new["error"]["message"]


def test_gc_spares_an_environment_while_a_run_uses_it(
    workspace: TemporaryWorkspace, runs_of: Any, tmp_path: Path, submit: Submit
) -> None:
    runs, name = runs_of(workspace), f"used_{os.urandom(4).hex()}"
    make_wheel(tmp_path, name, "1.0")
    command = f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; exec python -c 'import {name}'"
    run_id = submit(runs, tmp_path, [name], command)
    runs.reach(run_id, "Running")
    folder = folder_of(runs, run_id)
    assert str(folder).startswith(cache_home())

    def removed() -> list[str]:
        # As if it had been used long ago: what is used lately is spared for that alone.
        os.utime(folder / ".stoker.json", (1.0, 1.0))
        return [item["name"] for item in runs.api.post("/gc", {})["removed"] if item["kind"] == "environment"]

    assert folder.name not in removed()
    service = workspace.service
    assert service is not None
    os.kill(service.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(service), what="the end of the service")
    assert folder.name not in removed(), "the next service has not taken over what runs"
    (tmp_path / "go").touch()
    runs.completed(run_id)

    wait_until(lambda: folder.name in removed(), what="that the run lets go of its environment")
    assert not folder.exists()
    assert Identity(service.pid, service.start, service.boot) != workspace.service


def other_minors() -> list[str]:
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    found = {
        ".".join(path.name.split(".")[:2])
        for path in Path(root, "versions").glob("3.*")
        if (path / "bin" / "python3").exists()
    }
    own = ".".join(str(part) for part in sys.version_info[:2])
    return sorted((minor for minor in found - {own} if int(minor.split(".")[1]) >= 9), key=lambda one: int(one[2:]))


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_a_run_has_the_python_that_it_asks_for(runs: Any, tmp_path: Path, submit: Submit, which: str) -> None:
    minors = other_minors()
    if not minors:
        pytest.skip("pyenv's root has no other Python of 3.9 or newer: pyenv install 3.10")
    minor = minors[0 if which == "oldest" else -1]
    make_wheel(tmp_path, "alpha", "1.0")
    code = (
        "import alpha, sys; from stoker.core import Run; "
        'Run.get_context().log("python", "%d.%d" % sys.version_info[:2])'
    )
    run_id = submit(runs, tmp_path, ["alpha"], f"python -c '{code}'", conda=[f"python={minor}"])

    runs.completed(run_id)
    assert runs.metrics(run_id) == {"python": minor}
    assert runs.get(run_id)["resolved"]["python"].startswith(f"{minor}.")
