"""The same request sent twice, as its answer was cut off, does what it says once."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.lab import Ledger, configuration, problems_of
from tests.services.proxy import CuttingProxy

from stoker.client import Api
from stoker.client.snapshots import take
from stoker.core import Experiment, Workspace
from stoker.core._files import send_file
from stoker.core._writer import ServiceWriter
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

ENVIRONMENT = {"name": "e", "python": {"userManagedDependencies": True}}


@pytest.fixture
def proxy(live_workspace: TemporaryWorkspace) -> Iterator[CuttingProxy]:
    made = CuttingProxy(live_workspace.api.url)
    yield made
    made.close()


@pytest.fixture
def api(live_workspace: TemporaryWorkspace, proxy: CuttingProxy) -> Iterator[Api]:
    """Return a connection that knows no other way to the service."""
    made = Api(proxy.url, live_workspace.api.token)
    yield made
    made.close()


def an_interactive_run(api: Api, run_id: str) -> str:
    api.post("/runs", {"id": run_id, "experiment": "repeats", "kind": "interactive"})
    return run_id


def submission(run_id: str, ledger: Path) -> dict[str, Any]:
    definition = {"command": f"echo begin >> {ledger}", "environment": ENVIRONMENT}
    return {
        "id": run_id,
        "experiment": "repeats",
        "kind": "submitted",
        "definition": definition,
        "python": sys.executable,
        "base_environment": {"PATH": "/usr/bin:/bin"},
    }


@pytest.mark.parametrize("passing", [0, 1, 150], ids=["nothing", "one byte", "a part"])
def test_one_run_of_two_submits(api: Api, proxy: CuttingProxy, tmp_path: Path, passing: int) -> None:
    proxy.cut("POST /api/v1/runs ", passing=passing)
    run_id = f"submitted-{passing:03}"
    run = api.post("/runs", submission(run_id, tmp_path / "ledger"))
    wait_until(lambda: api.get(f"/runs/{run_id}")["status"] == "Completed", what="the run's end")

    assert proxy.cuts == 1
    assert run["id"] == run_id
    assert [one["id"] for one in api.get("/runs", search=run_id)["runs"]] == [run_id]
    assert Ledger.read(tmp_path / "ledger")["begin"] == [""]


def test_one_child_and_one_point_of_two_requests(api: Api, proxy: CuttingProxy) -> None:
    run_id = an_interactive_run(api, "parent")
    writer = ServiceWriter(run_id, lambda: api)
    proxy.cut(f"POST /api/v1/runs/{run_id}/journal", times=2)
    writer.write("child", run_id, {"id": "the-child", "name": "child", "tags": {}})
    writer.metric(run_id, "x", 1.0)
    writer.metric(run_id, "x", 2.0)

    assert proxy.cuts == 2
    assert [child["id"] for child in api.get(f"/runs/{run_id}/children")["runs"]] == ["the-child"]
    assert api.get(f"/runs/{run_id}/metrics")["metrics"] == {"x": [1.0, 2.0]}


def test_one_upload_of_two_requests(api: Api, proxy: CuttingProxy, tmp_path: Path) -> None:
    run_id = an_interactive_run(api, "uploads")
    (tmp_path / "file").write_bytes(b"x" * 300_000)
    proxy.cut(f"PUT /api/v1/runs/{run_id}/files/")
    record = send_file(api, run_id, "kept/file", str(tmp_path / "file"))

    assert proxy.cuts == 1
    assert record["size"] == 300_000
    assert [file["name"] for file in api.get(f"/runs/{run_id}/files")["files"]] == ["kept/file"]


@pytest.mark.parametrize("request_line", ["POST /api/v1/objects/pack", "POST /api/v1/snapshots"])
def test_one_snapshot_of_two_requests(api: Api, proxy: CuttingProxy, tmp_path: Path, request_line: str) -> None:
    (tmp_path / "train.py").write_text(f"print({request_line!r})")
    proxy.cut(request_line)
    snapshot = take(api, str(tmp_path))

    assert proxy.cuts == 1
    assert [file[0] for file in api.get(f"/snapshots/{snapshot.id}")["files"]] == ["train.py"]


def test_a_download_that_is_cut_comes_whole(api: Api, proxy: CuttingProxy, tmp_path: Path) -> None:
    run_id = an_interactive_run(api, "downloads")
    data = bytes(range(256)) * 20_000
    (tmp_path / "file").write_bytes(data)
    send_file(api, run_id, "kept/file", str(tmp_path / "file"))
    target, steps = io.BytesIO(b"before "), list[int]()
    target.seek(0, io.SEEK_END)
    proxy.cut(f"GET /api/v1/runs/{run_id}/files/", passing=20_000)
    size = api.download(f"/runs/{run_id}/files/kept/file", target, steps.append)

    assert proxy.cuts == 1
    assert target.getvalue() == b"before " + data
    assert size == sum(steps) == len(data)


def test_a_script_behind_a_line_that_breaks_loses_nothing(
    live_workspace: TemporaryWorkspace, proxy: CuttingProxy, tmp_path: Path
) -> None:
    config = configuration(tmp_path / "source", tmp_path / "ledger", 8, 0.0, STOKER_URL=proxy.url)
    proxy.cut("PUT /api/v1/runs/")
    run = Experiment(Workspace.from_config(str(live_workspace.root)), "repeats").submit(config)
    run.wait_for_completion(raise_on_error=False)

    assert proxy.cuts == 1
    assert problems_of(live_workspace.api, run.id, Ledger.read(tmp_path / "ledger")) == []
    assert run.get_status() == "Completed"
