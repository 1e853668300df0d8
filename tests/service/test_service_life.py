"""One service a workspace: it starts by itself, leaves when idle, and knows a moved from a copied folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stoker.base.jsonio import read_json
from stoker.base.processes import is_alive
from stoker.client import connect, connect_running
from stoker.client.discovery import living_service
from stoker.client.layout import create_workspace, read_config, update_config
from stoker.exceptions import ConflictException, ServiceException, WorkspaceException
from stoker.service import lifecycle
from stoker.service.lifecycle import claim_workspace, network_filesystem
from stoker.testing.workspaces import TemporaryWorkspace, wait_until


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[TemporaryWorkspace]:
    with TemporaryWorkspace(tmp_path / "w", "life") as made:
        yield made


def end_service(workspace: TemporaryWorkspace) -> None:
    service = workspace.service
    workspace.api.post("/service/stop", {})
    workspace.api.close()
    assert service is not None
    wait_until(lambda: not is_alive(service), what="the end of the service")


def test_many_clients_starting_at_once_get_one_service(tmp_path: Path) -> None:
    with TemporaryWorkspace(tmp_path / "w", "once") as workspace:
        end_service(workspace)
        found: list[object] = []

        def ask() -> None:
            api = connect(workspace.paths.home)
            found.append(api.get("/service")["pid"])
            api.close()

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(found) == 5
        assert len(set(found)) == 1


def test_a_restarted_service_keeps_its_port_and_the_copied_token(workspace: TemporaryWorkspace) -> None:
    url, token = workspace.api.url, workspace.api.token
    end_service(workspace)
    again = connect(workspace.paths.home)

    assert (again.url, again.token) == (url, token)
    assert again.get("/ping")["incarnation"] == 2
    again.close()


def test_a_taken_port_gives_way_to_a_new_one_which_is_said(workspace: TemporaryWorkspace) -> None:
    end_service(workspace)
    port = int(workspace.api.url.rsplit(":", 1)[1])
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        again = connect(workspace.paths.home)

    assert int(again.url.rsplit(":", 1)[1]) != port
    assert f"port {port} is taken" in Path(workspace.paths.logs, "service.log").read_text()
    again.close()


def test_an_idle_service_leaves_with_its_agent(tmp_path: Path) -> None:
    with TemporaryWorkspace(tmp_path / "w", "idle") as workspace:
        end_service(workspace)
        update_config(workspace.paths.home, settings={"idle_seconds": 0.2})
        connect(workspace.paths.home).close()
        wait_until(lambda: workspace.service is None, what="the idle exit")
        wait_until(lambda: workspace.agent is None, what="the agent's exit")

        assert not os.path.exists(workspace.paths.service)


def test_a_killed_service_is_started_again_by_the_next_request(workspace: TemporaryWorkspace) -> None:
    service = workspace.service
    assert service is not None
    os.kill(service.pid, signal.SIGKILL)

    assert workspace.api.get("/ping")["incarnation"] == 2


def test_looking_never_starts_a_service(workspace: TemporaryWorkspace) -> None:
    end_service(workspace)

    assert connect_running(workspace.paths.home) is None
    assert living_service(workspace.paths.home) is None


def test_a_moved_folder_is_the_same_workspace_and_a_copied_one_is_not(tmp_path: Path) -> None:
    with TemporaryWorkspace(tmp_path / "w", "original") as workspace:
        before = read_config(workspace.paths.home)
        end_service(workspace)
        shutil.copytree(workspace.root, tmp_path / "copy", symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
        copied = connect(str(tmp_path / "copy" / ".stoker"))
        after = copied.get("/workspace")
        copied.post("/service/stop", {})
        copied.close()

        assert after["id"] != before["id"]
        assert after["name"] == "original-2"

        os.rename(workspace.root, tmp_path / "moved")
        moved = connect(str(tmp_path / "moved" / ".stoker"))
        same = moved.get("/workspace")
        moved.post("/service/stop", {})
        moved.close()
        wait_until(lambda: living_service(str(tmp_path / "moved" / ".stoker")) is None, what="its end")
        os.rename(tmp_path / "moved", workspace.root)

        assert (same["id"], same["name"]) == (before["id"], "original")


def test_a_service_whose_folder_is_deleted_leaves(tmp_path: Path) -> None:
    with TemporaryWorkspace(tmp_path / "w", "deleted") as workspace:
        service = workspace.service
        assert service is not None
        shutil.rmtree(workspace.root)
        wait_until(lambda: not is_alive(service), what="the end of the service")


def test_a_workspace_of_another_user_is_refused_with_the_way_to_share(workspace: TemporaryWorkspace) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder to another user")
    end_service(workspace)
    os.chown(workspace.paths.home, 12345, 12345)
    try:
        with pytest.raises(ServiceException, match="stoker server run"):
            connect(workspace.paths.home)
    finally:
        os.chown(workspace.paths.home, os.getuid(), os.getgid())


def test_a_workspace_on_a_network_file_system_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_workspace(str(tmp_path), "far-away")
    home = tmp_path / ".stoker"
    before = sorted(home.rglob("*"))
    monkeypatch.setattr(lifecycle, "_mounts", lambda: [("/", "ext4"), (os.path.realpath(tmp_path), "nfs4")])

    with pytest.raises(WorkspaceException) as caught:
        claim_workspace(str(home))

    assert caught.value.message == (
        f"The workspace {tmp_path} lies on a network file system (nfs4), where a database can be damaged. "
        "Put the workspace on a local disk, or run `stoker server run` on the machine that has the disk."
    )
    assert sorted(home.rglob("*")) == before


def test_a_wrong_setting_is_named_when_the_service_can_not_start(workspace: TemporaryWorkspace) -> None:
    end_service(workspace)
    update_config(workspace.paths.home, settings={"local_concurrency": "many"})

    with pytest.raises(ServiceException, match="local_concurrency"):
        connect(workspace.paths.home)
    update_config(workspace.paths.home, settings={})


def test_stop_with_unfinished_runs_wants_a_mode(workspace: TemporaryWorkspace) -> None:
    definition = {"command": "sleep 60", "environment": {"name": "e", "python": {"userManagedDependencies": True}}}
    body = {"id": "sleeper", "experiment": "e", "kind": "submitted", "definition": definition, "python": sys.executable}
    workspace.api.post("/runs", body)
    wait_until(lambda: workspace.api.get("/runs/sleeper")["status"] == "Running", what="the run's start")

    with pytest.raises(ConflictException, match="--cancel"):
        workspace.api.post("/service/stop", {})


def test_a_detached_run_goes_on_and_is_taken_over(workspace: TemporaryWorkspace) -> None:
    definition = {"command": "sleep 1.5", "environment": {"name": "e", "python": {"userManagedDependencies": True}}}
    body = {"id": "goes-on", "experiment": "e", "kind": "submitted", "definition": definition, "python": sys.executable}
    workspace.api.post("/runs", body)
    wait_until(lambda: workspace.api.get("/runs/goes-on")["status"] == "Running", what="the run's start")
    first = workspace.service
    workspace.api.post("/service/stop", {"mode": "detach"})
    wait_until(lambda: workspace.service != first, what="the end of the service")

    events = list(workspace.api.events("/runs/goes-on/events"))

    assert events[-1].data["status"] == "Completed"


def test_a_local_disk_is_no_network_file_system(tmp_path: Path) -> None:
    assert network_filesystem(str(tmp_path)) is None


def test_service_json_says_where_and_who(workspace: TemporaryWorkspace) -> None:
    facts = read_json(workspace.paths.service)

    assert facts["url"] == workspace.api.url
    assert {"pid", "start", "boot", "host", "version", "workspace", "incarnation"} <= set(facts)


def test_ctrl_c_while_the_service_still_loads_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'uvicorn': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "stoker.service", str(tmp_path / ".stoker")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (130, "")
