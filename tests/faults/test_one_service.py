"""One service a workspace, whatever the clients, the folder and the machine do meanwhile."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stoker.base.jsonio import read_json, write_json
from stoker.base.locks import acquire, release
from stoker.base.processes import Identity, boot_id, identity, is_alive
from stoker.client import connect, connect_running, registry
from stoker.client.discovery import living_service
from stoker.client.layout import create_workspace, read_config, update_config
from stoker.exceptions import ServiceException, WorkspaceException
from stoker.service.lifecycle import network_filesystem
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

SLEEPER = {"command": "sleep 600", "environment": {"name": "e", "python": {"userManagedDependencies": True}}}


def end_service(workspace: TemporaryWorkspace) -> None:
    service = workspace.service
    workspace.api.post("/service/stop", {})
    workspace.api.close()
    assert service is not None
    wait_until(lambda: not is_alive(service), what="the end of the service")


def submit(workspace: TemporaryWorkspace, run_id: str, command: str) -> None:
    definition = {**SLEEPER, "command": command}
    body = {"id": run_id, "experiment": "e", "kind": "submitted", "definition": definition, "python": sys.executable}
    workspace.api.post("/runs", body)


def status(workspace: TemporaryWorkspace, run_id: str) -> str:
    return str(workspace.api.get(f"/runs/{run_id}")["status"])


def shipper_of(agent: Identity) -> Identity:
    def find() -> Identity | None:
        for child in Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"stoker.runner.shipper" in words:
                return identity(int(child))
        return None

    wait_until(lambda: find() is not None, what="the shipper")
    found = find()
    assert found is not None
    return found


# -- the idle exit ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_submit_that_races_the_idle_exit_is_carried_out(tmp_path: Path) -> None:
    """Slow for its four starts: with no patience at all, every submit meets a service that is leaving, or gone."""
    with TemporaryWorkspace(tmp_path / "w", "racing") as workspace:
        end_service(workspace)
        update_config(workspace.paths.home, settings={"idle_seconds": 0.0})
        workspace.api = connect(workspace.paths.home)
        chance, incarnations = random.Random(7), set()
        for number in range(4):
            until = time.monotonic() + chance.uniform(0.8, 1.3)
            wait_until(lambda until=until: time.monotonic() > until, what="the instant")  # type: ignore[misc]
            submit(workspace, f"run-{number}", f"echo {number}")
            wait_until(lambda n=number: status(workspace, f"run-{n}") == "Completed", what="the run")  # type: ignore[misc]
            incarnations.add(workspace.api.get("/ping")["incarnation"])

        assert len(incarnations) > 1


def test_a_submit_is_sent_on_by_a_service_that_has_begun_to_leave(workspace: TemporaryWorkspace) -> None:
    first = workspace.service
    threads = [threading.Thread(target=submit, args=(workspace, f"run-{n}", "true")) for n in range(8)]
    workspace.api.post("/service/stop", {})
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for number in range(8):
        wait_until(lambda n=number: status(workspace, f"run-{n}") == "Completed", what="the run")  # type: ignore[misc]
    assert workspace.service != first


def test_a_new_service_waits_for_one_that_takes_its_time_to_leave(workspace: TemporaryWorkspace) -> None:
    end_service(workspace)
    lock = acquire(workspace.paths.service_lock, timeout=5.0)
    assert lock is not None
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(connect(workspace.paths.home).get("/ping")))
    thread.start()
    log = Path(workspace.paths.logs, "service.log")
    before = time.monotonic() + 3.0
    wait_until(lambda: time.monotonic() > before, what="longer than a service waits that another one serves")
    assert "another service holds" not in log.read_text()
    release(lock)
    thread.join(30)

    assert [ping["incarnation"] for ping in found] == [2]


# -- what service.json says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stranger", ["another start", "another boot", "no facts"])
def test_a_service_json_that_names_a_living_stranger_is_stale(workspace: TemporaryWorkspace, stranger: str) -> None:
    facts = read_json(workspace.paths.service)
    end_service(workspace)
    with subprocess.Popen(["sleep", "600"]) as process:
        who = identity(process.pid)
        assert who is not None
        lies = {
            "another start": {**facts, "pid": who.pid, "start": str(int(who.start) - 1), "boot": boot_id()},
            "another boot": {**facts, **who.as_dict(), "boot": "00000000-0000-0000-0000-000000000000"},
            "no facts": {"url": facts["url"], "pid": who.pid},
        }
        write_json(workspace.paths.service, lies[stranger])

        assert connect_running(workspace.paths.home) is None
        workspace.api = connect(workspace.paths.home)
        assert workspace.api.get("/ping")["incarnation"] == 2
        assert process.poll() is None
        process.kill()


def test_a_service_that_can_not_be_started_at_all_is_told_at_once(workspace: TemporaryWorkspace) -> None:
    end_service(workspace)
    os.unlink(workspace.paths.key)
    os.mkdir(workspace.paths.key)
    began = time.monotonic()

    with pytest.raises(ServiceException, match="Is a directory"):
        connect(workspace.paths.home)
    assert time.monotonic() - began < 30.0
    os.rmdir(workspace.paths.key)


# -- places where no service may be -----------------------------------------------------------------------------------


def test_a_read_only_workspace_is_refused(tmp_path: Path, mount: Callable[..., Any]) -> None:
    disk = mount(tmp_path / "disk", "16m")
    create_workspace(str(disk.place), "read-only")
    disk.remount("ro")

    with pytest.raises(WorkspaceException, match="is read-only"):
        connect(str(disk.place / ".stoker"))
    assert not (disk.place / ".stoker" / "service.json").exists()


def test_a_workspace_on_a_network_is_known_by_its_mount() -> None:
    mounts = [("/", "ext4"), ("/home", "nfs4"), ("/home/me/local", "ext4"), ("/data", "fuse.sshfs"), ("/mnt", "CIFS")]

    def kind(path: str) -> str | None:
        return network_filesystem(path, mounts)

    assert [kind(path) for path in ("/srv/w", "/home/me", "/home/me/local/w")] == [None, "nfs4", None]
    assert [kind(path) for path in ("/data", "/data/w", "/database")] == ["fuse.sshfs", "fuse.sshfs", None]
    assert kind("/mnt/share/w") == "CIFS"
    assert network_filesystem("/mnt/w", [("/mnt", "nfs"), ("/mnt", "ext4")]) is None
    assert network_filesystem("/mnt/w", []) is None


# -- older and newer --------------------------------------------------------------------------------------------------

CONNECT = """
import sys
from stoker.client import connect
print(connect(sys.argv[1]).get('/ping')['version'])
"""


def ask_by(python: str, workspace: TemporaryWorkspace) -> str:
    asked = subprocess.run(
        [python, "-c", CONNECT, workspace.paths.home], capture_output=True, text=True, timeout=90, check=False
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout.strip()


def test_a_newer_client_has_an_older_service_hand_over_and_its_run_goes_on(
    tmp_path: Path, installation: Callable[[str], str]
) -> None:
    older = installation("0.0.9")
    with TemporaryWorkspace(tmp_path / "w", "handed-over") as workspace:
        mine = workspace.api.get("/ping")["version"]
        end_service(workspace)
        assert ask_by(older, workspace) == "0.0.9"
        before, facts = workspace.service, living_service(workspace.paths.home)
        assert facts is not None
        workspace.api = connect_running(workspace.paths.home) or workspace.api
        go = tmp_path / "go"
        submit(workspace, "goes-on", f"while [ ! -e {go} ]; do sleep 0.05; done; echo went on")
        wait_until(lambda: status(workspace, "goes-on") == "Running", what="the run's start")

        workspace.api = connect(workspace.paths.home)

        assert workspace.api.get("/ping")["version"] == mine
        assert workspace.service != before
        go.touch()
        wait_until(lambda: status(workspace, "goes-on") == "Completed", what="the run's end")
        log = workspace.api.request("GET", "/runs/goes-on/logs/user_logs/std_log.txt").data
        assert log == b"went on\n"


def test_several_newer_clients_at_once_get_one_new_service(tmp_path: Path, installation: Callable[[str], str]) -> None:
    older = installation("0.0.9")
    with TemporaryWorkspace(tmp_path / "w", "handed-over-once") as workspace:
        mine = workspace.api.get("/ping")["version"]
        end_service(workspace)
        assert ask_by(older, workspace) == "0.0.9"
        found: list[tuple[str, int]] = []

        def ask() -> None:
            api = connect(workspace.paths.home)
            answer = api.get("/service")
            found.append((answer["version"], answer["pid"]))
            api.close()

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(found) == 4
        assert len(set(found)) == 1
        assert found[0][0] == mine


def test_an_older_client_is_served_by_a_newer_service(tmp_path: Path, installation: Callable[[str], str]) -> None:
    older = installation("0.0.9")
    with TemporaryWorkspace(tmp_path / "w", "served") as workspace:
        service, mine = workspace.service, workspace.api.get("/ping")["version"]

        assert ask_by(older, workspace) == mine
        assert workspace.service == service


def test_an_older_client_is_told_when_the_workspace_is_of_a_newer_format(workspace: TemporaryWorkspace) -> None:
    end_service(workspace)
    config = read_config(workspace.paths.home)
    write_json(workspace.paths.config, {**config, "format": 99})

    with pytest.raises(WorkspaceException, match=r"newer Stoker.*Upgrade"):
        connect(workspace.paths.home)
    write_json(workspace.paths.config, config)


# -- folders that move ------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "elsewhere"
    yield place
    if (place / ".stoker").is_dir():
        api = connect_running(str(place / ".stoker"))
        service = living_service(str(place / ".stoker"))
        if api is not None and service is not None:
            api.post("/service/stop", {"mode": "cancel"})
            api.close()
            who = Identity(service["pid"], service["start"], service["boot"])
            wait_until(lambda: not is_alive(who), what="the end of the service")
    registry.forget(str(place))


def test_a_folder_moved_under_its_service_is_served_from_its_new_place(
    workspace: TemporaryWorkspace, elsewhere: Path
) -> None:
    submit(workspace, "before", "echo kept")
    wait_until(lambda: status(workspace, "before") == "Completed", what="the run")
    first, agent, identifier = workspace.service, workspace.agent, read_config(workspace.paths.home)["id"]
    assert first is not None
    assert agent is not None
    os.rename(workspace.root, elsewhere)
    for process in (first, agent):
        wait_until(lambda who=process: not is_alive(who), what=f"the end of {process}")  # type: ignore[misc]

    api = connect(str(elsewhere / ".stoker"))
    assert api.get("/runs/before")["status"] == "Completed"
    assert api.get("/workspace")["id"] == identifier
    assert registry.lookup("faults") == str(elsewhere)
    api.close()


def test_a_run_goes_on_when_its_workspace_is_moved(
    workspace: TemporaryWorkspace, elsewhere: Path, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    submit(workspace, "moved", f"echo before; while [ ! -e {go} ]; do sleep 0.05; done; echo after")
    wait_until(lambda: status(workspace, "moved") == "Running", what="the run's start")
    first = workspace.service
    assert first is not None
    os.rename(workspace.root, elsewhere)
    wait_until(lambda: not is_alive(first), what="the end of the service")
    api = connect(str(elsewhere / ".stoker"))
    go.touch()

    wait_until(lambda: api.get("/runs/moved")["status"] == "Completed", what="the run's end")
    assert api.request("GET", "/runs/moved/logs/user_logs/std_log.txt").data == b"before\nafter\n"
    left = "\n".join(str(path) for path in workspace.root.rglob("*"))
    assert not left, left
    assert not workspace.root.exists()
    api.close()


def test_a_copy_made_while_the_original_works_is_a_workspace_of_its_own(
    workspace: TemporaryWorkspace, elsewhere: Path, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    submit(workspace, "before", "echo kept")
    wait_until(lambda: status(workspace, "before") == "Completed", what="the run")
    submit(workspace, "goes-on", f"while [ ! -e {go} ]; do sleep 0.05; done")
    wait_until(lambda: status(workspace, "goes-on") == "Running", what="the run's start")
    service, agent = workspace.service, workspace.agent
    shutil.copytree(workspace.root, elsewhere, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))

    # The copied files name the original's living service, agent and supervisor, which are not the copy's.
    copy = connect(str(elsewhere / ".stoker"))
    mine, other = workspace.api.get("/workspace"), copy.get("/workspace")

    assert copy.url != workspace.api.url
    assert copy.token != workspace.api.token
    assert other["id"] != mine["id"]
    assert other["name"] != mine["name"]
    assert (registry.lookup(mine["name"]), registry.lookup(other["name"])) == (str(workspace.root), str(elsewhere))
    assert copy.get("/runs/before")["status"] == "Completed"
    assert copy.get("/runs/goes-on")["error"]["code"] == "Copied"
    assert "copied" in copy.get("/runs/goes-on")["error"]["message"]
    copied = living_service(str(elsewhere / ".stoker"))
    assert copied is not None
    copy.post("/service/stop", {"mode": "cancel"})
    copy.close()
    wait_until(lambda: not is_alive(Identity(copied["pid"], copied["start"], copied["boot"])), what="the copy's end")
    assert (workspace.service, workspace.agent) == (service, agent)
    go.touch()
    wait_until(lambda: status(workspace, "goes-on") == "Completed", what="the original's run")


def test_everybody_leaves_a_deleted_workspace(tmp_path: Path) -> None:
    with TemporaryWorkspace(tmp_path / "w", "deleted-with-a-run") as workspace:
        submit(workspace, "runs-on", "exec sleep 600")
        wait_until(lambda: status(workspace, "runs-on") == "Running", what="the run's start")
        state = read_json(workspace.paths.run("runs-on").state)
        service, agent = workspace.service, workspace.agent
        assert service is not None
        assert agent is not None
        supervisor = Identity(state["pid"], state["start"], state["boot"])
        script = identity(state["processes"][0]["pid"])
        assert script is not None
        everybody = {
            "service": service,
            "zygote": agent,
            "shipper": shipper_of(agent),
            "supervisor": supervisor,
            "script": script,
        }

        def is_deleted() -> bool:
            # A folder that somebody writes to is not deleted at the first try.
            shutil.rmtree(workspace.root, ignore_errors=True)
            return not workspace.root.exists()

        wait_until(is_deleted, what="the deletion")

        for name, process in everybody.items():
            wait_until(lambda who=process: not is_alive(who), what=f"the end of the {name}")  # type: ignore[misc]
