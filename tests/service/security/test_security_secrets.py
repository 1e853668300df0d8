"""Where a secret may not be: records, logs, command lines, environments, snapshots, and within other users' reach."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stoker.base.environ import base_environment
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

SECRETS = {
    "AZURE_SECRET": "secret-of-azure",
    "AWS_SECRET_ACCESS_KEY": "secret-of-aws",
    "GITHUB_TOKEN": "secret-of-github",
    "MLFLOW_TRACKING_PASSWORD": "secret-of-mlflow",
}
INDEX = "https://me:secret-of-index@index.invalid/simple?token=secret-of-query"
FILES = {
    ".azureml/secrets.json": "secret-of-azureml",
    ".stoker/token": "secret-of-stoker",
    ".git/config": "secret-of-git",
    ".venv/pip.conf": "secret-of-venv",
    "pkg/.azureml/auth.json": "secret-of-nested",
}
SCRIPT = """
    import json, os, time
    json.dump(dict(os.environ), open("outputs/environ.json", "w"))
    print("ready", flush=True)
    while not os.path.exists({go!r}):
        time.sleep(0.01)
"""
SUBMIT = """
    import sys
    from stoker.core import Environment, Experiment, ScriptRunConfig, Workspace
    workspace = Workspace.from_config(sys.argv[1])
    environment = Environment("secretive")
    environment.python.user_managed_dependencies = True
    environment.docker.base_image_registry.address = None
    environment.docker.base_image_registry.username = "me"
    environment.docker.base_image_registry.password = "secret-of-registry"
    environment.register(workspace)
    config = ScriptRunConfig(sys.argv[2], script="train.py", environment=environment)
    print(Experiment(workspace, "secrets").submit(config).id)
"""


@pytest.fixture(scope="module")
def live_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporaryWorkspace]:
    """Return a workspace whose service was started by someone with secrets, and with an open umask."""
    before, mask = dict(os.environ), os.umask(0)
    os.environ.update(SECRETS, PIP_INDEX_URL=INDEX)
    try:
        with TemporaryWorkspace(tmp_path_factory.mktemp("secrets")) as workspace:
            yield workspace
    finally:
        os.umask(mask)
        for name in {*SECRETS, "PIP_INDEX_URL"} - before.keys():
            del os.environ[name]


class Submitted:
    """A run of a submitter who has secrets, caught while its script waits."""

    def __init__(self, door: Any, folder: Path) -> None:
        self.door = door
        self.go = folder / "go"
        source = folder / "source"
        for name, text in FILES.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text)
        (source / "train.py").write_text(textwrap.dedent(SCRIPT.format(go=str(self.go))))
        command = [sys.executable, "-c", textwrap.dedent(SUBMIT), str(door.workspace.root), str(source)]
        env = {**os.environ, **SECRETS, "PIP_INDEX_URL": INDEX, "STOKER_TOKEN": "secret-of-another-run"}
        self.id = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.split()[-1]
        wait_until(self._is_ready, what="the script")

    def _is_ready(self) -> bool:
        run = self.door.owner("GET", f"/runs/{self.id}").json()
        assert run["ended"] is None, run["error"]
        return bool(self.door.owner("GET", f"/runs/{self.id}/logs/user_logs/std_log.txt").data.startswith(b"ready"))

    def finish(self) -> None:
        self.go.touch()
        status = f"/runs/{self.id}"
        wait_until(lambda: self.door.owner("GET", status).json()["status"] == "Completed", what="the end of the run")

    def environ(self) -> dict[str, str]:
        found: dict[str, str] = self.door.owner("GET", f"/runs/{self.id}/files/outputs/environ.json").json()
        return found


@pytest.fixture(scope="module")
def two(
    live_workspace: TemporaryWorkspace, new_door: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Submitted]]:
    """Return two runs: looked at while they wait, then ended."""
    door = new_door(live_workspace)
    runs = [Submitted(door, tmp_path_factory.mktemp(name)) for name in ("one", "other")]
    yield runs
    for run in runs:
        run.go.touch()


@pytest.fixture(scope="module")
def processes(live_workspace: TemporaryWorkspace, two: list[Submitted]) -> dict[int, tuple[list[str], dict[str, str]]]:
    """Return command line and environment of each process of ours, by pid, while both scripts wait."""
    home = str(live_workspace.root)
    found = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            argv = Path(entry.path, "cmdline").read_bytes().decode().split("\0")
            pairs = Path(entry.path, "environ").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        environ = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        if any(home in part for part in argv) or environ.get("STOKER_RUN_ID") in {run.id for run in two}:
            found[int(entry.name)] = argv, environ
    assert len(found) >= 5, "service, agent, shipper, and a script for each of two runs"
    return found


@pytest.fixture(scope="module")
def ended(processes: Any, two: list[Submitted]) -> list[Submitted]:
    """Return both runs, ended."""
    del processes
    for run in two:
        run.finish()
    return two


def test_no_command_line_shows_a_secret_or_a_token(door: Any, processes: Any) -> None:
    lines = "\n".join(" ".join(argv) for argv, _ in processes.values())

    assert "secret-of" not in lines
    assert door.token not in lines
    assert ".eyJ" not in lines.replace(" eyJ", ".eyJ")


def test_no_process_of_ours_has_a_secret_that_it_was_not_given(door: Any, processes: Any) -> None:
    allowed = {"PIP_INDEX_URL"}  # on the documented list: installing needs it
    for argv, environ in processes.values():
        leaked = {name for name, value in environ.items() if "secret-of" in value} - allowed
        assert leaked == set(), argv
        assert door.token not in environ.values(), argv


def test_a_run_has_its_own_token_and_no_other_run_s(door: Any, ended: list[Submitted]) -> None:
    first, second = (run.environ() for run in ended)

    assert first["STOKER_TOKEN"] != second["STOKER_TOKEN"]
    for run, environ in zip(ended, (first, second), strict=True):
        principal = door.signer().read(environ["STOKER_TOKEN"])
        assert (principal.kind, principal.run_id) == ("run", run.id)
        assert not {name for name, value in environ.items() if "secret-of" in value} - {"PIP_INDEX_URL"}


def test_no_record_shows_a_secret(door: Any, ended: list[Submitted]) -> None:
    run_id = ended[0].id
    paths = [path for method, path in door.operations() if method == "GET" and not path.endswith("/events")]
    filled = {
        path.replace("{run_id}", run_id)
        .replace("{name}", "secretive" if "environments" in path else "secrets")
        .replace("{snapshot_id}", door.owner("GET", f"/runs/{run_id}").json()["snapshot_id"])
        for path in paths
    }
    logs = [item["name"] for item in door.owner("GET", f"/runs/{run_id}/logs").json()["logs"]]
    filled |= {f"/api/v1/runs/{run_id}/logs/{name}" for name in logs}

    answers = {path: door.ask("GET", path, token=door.token) for path in filled}
    answers["page"] = door.ask("GET", f"/runs/{run_id}", Cookie=door.cookie())

    assert sum(answer.status == 200 for answer in answers.values()) > 20
    for path, answer in answers.items():
        assert b"secret-of" not in answer.data, path
        assert door.token.encode() not in answer.data, path


def test_no_log_of_ours_shows_a_secret_or_a_token(door: Any, ended: list[Submitted]) -> None:
    door.ask("GET", "/api/v1/ping", token=f"{door.token}x")
    door.ask("GET", f"/login?code={door.token}")
    home = door.workspace.root / ".stoker"
    texts = {path: path.read_text(errors="replace") for path in (home / "logs").rglob("*") if path.is_file()}
    texts |= {path: path.read_text(errors="replace") for path in home.glob("runs/*/system_logs/*")}

    assert ended
    assert texts
    for path, text in texts.items():
        assert "secret-of" not in text, path
        assert door.token not in text, path
        for run in ended:
            assert run.environ()["STOKER_TOKEN"] not in text, path


def test_no_secret_is_in_the_snapshot_or_among_the_objects(door: Any, ended: list[Submitted]) -> None:
    snapshot = door.owner("GET", f"/runs/{ended[0].id}").json()["snapshot_id"]
    names = [item[0] for item in door.owner("GET", f"/snapshots/{snapshot}").json()["files"]]
    objects = door.workspace.root / ".stoker" / "objects"
    stored = [path.read_bytes() for path in objects.rglob("*") if path.is_file()]

    assert names == ["train.py"]
    assert stored
    for text in FILES.values():
        assert not any(text.encode() in data for data in stored)


def test_what_the_service_was_started_with_reaches_nobody_else(ended: list[Submitted]) -> None:
    assert ended[0].environ().keys() & SECRETS.keys() == set()
    assert base_environment({**SECRETS, "PIP_INDEX_URL": INDEX, "STOKER_TOKEN": "x"}) == {"PIP_INDEX_URL": INDEX}


def test_the_workspace_is_closed_to_other_users_whatever_the_umask(door: Any, ended: list[Submitted]) -> None:
    home = door.workspace.root / ".stoker"
    assert ended
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    open_ones = {
        str(path.relative_to(home)): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in home.iterdir()
        if not path.is_symlink() and path.lstat().st_mode & 0o077 and path.name != ".gitignore"
    }
    assert open_ones == {}
    for path in home.glob("agent/*.sock"):
        assert path.stat().st_mode & 0o077 == 0, path
    for path in home.glob("runs/*/spec.json"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_workspace_that_was_opened_to_others_is_closed_again_by_its_service(tmp_path: Path) -> None:
    with TemporaryWorkspace(tmp_path / "w") as workspace:
        home = workspace.root / ".stoker"
        service = workspace.service
        workspace.api.post("/service/stop", {})
        wait_until(lambda: workspace.service is None, what="the end of the service")
        assert service is not None
        home.chmod(0o755)
        workspace.api.get("/ping")

        assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_the_owner_s_token_is_in_one_file_and_no_other(door: Any, ended: list[Submitted]) -> None:
    home = door.workspace.root / ".stoker"
    holding = {path.name for path in home.rglob("*") if path.is_file() and door.token.encode() in path.read_bytes()}

    assert ended
    assert holding == {"token"}
    assert json.loads((home / "service.json").read_text()).keys().isdisjoint({"token", "key"})
