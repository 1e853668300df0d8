"""No name leads out of its place, whichever way it comes in, and whoever reads it."""

from __future__ import annotations

import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from stoker.base.packs import pack, unpack
from stoker.client.http import Api
from stoker.client.snapshots import restore
from stoker.core import Experiment, ScriptRunConfig, Workspace
from stoker.exceptions import StokerException

OUT = [
    "..",
    "../x",
    "../../key",
    "a/../../../key",
    "/etc/x",
    "//etc/x",
    "a//b",
    "./a",
    "a/.",
    "a\0b",
    "\0",
    "",
    "a/" + "b" * 5000,
]
ENCODED = ["..%2f..%2fkey", "%2e%2e/%2e%2e/key", "..%252f..%252fkey", "%2fetc%2fpasswd", "a%00b", "..%5c..%5ckey"]


@pytest.fixture(autouse=True)
def nothing_else_changes(door: Any) -> Iterator[None]:
    """See that no file lies anywhere in the workspace but where runs' logs and objects are."""
    before = _others(door)
    yield
    assert _others(door) == before


def _others(door: Any) -> set[str]:
    home = Path(door.workspace.root) / ".stoker"
    mine = ("objects", "logfiles", "logs", "agent", "runs", "trash", "stoker.db")
    found = {str(path.relative_to(home)) for path in home.rglob("*")}
    beside = {path.name for path in Path(door.workspace.root).iterdir()}
    return {name for name in found if not name.startswith(mine)} | beside


@pytest.mark.parametrize("name", OUT, ids=lambda name: repr(name[:20]))
def test_a_file_s_name_is_refused(door: Any, name: str) -> None:
    door.run("paths")

    answer = door.owner("PUT", f"/runs/paths/files/{quote(name, safe='')}", b"x")

    assert answer.status in {400, 404, 405}
    assert [item for item in door.owner("GET", "/runs/paths/files").json()["files"] if item["name"] == name] == []


@pytest.mark.parametrize("name", [name for name in OUT if name], ids=lambda name: repr(name[:20]))
def test_a_log_s_name_is_refused(door: Any, name: str) -> None:
    door.run("paths")

    for method, query, body in (("POST", "?offset=0", b"x"), ("GET", "", None)):
        answer = door.owner(method, f"/runs/paths/logs/{quote(name, safe='')}{query}", body)
        assert answer.status in {400, 404, 405}, method


def test_a_log_s_name_with_slashes_is_one_file_below_its_run(door: Any) -> None:
    door.run("logs")
    name = "user_logs/..hidden/%2e%2e/\udcff"

    door.owner("POST", f"/runs/logs/logs/{quote(name.encode('utf-8', 'surrogateescape'), safe='')}?offset=0", b"x")

    folder = Path(door.workspace.root) / ".stoker" / "logfiles" / "logs"
    assert [path.parent for path in folder.iterdir()] == [folder]


@pytest.mark.parametrize("raw", ENCODED)
@pytest.mark.parametrize(
    "place", ["/api/v1/runs/paths/files/", "/api/v1/runs/paths/logs/", "/runs/paths/files/", "/static/"]
)
def test_an_address_with_signs_in_disguise_reads_nothing(door: Any, place: str, raw: str) -> None:
    door.run("paths")

    answer = door.ask("GET", place + raw, token=door.token)

    assert answer.status in {400, 404}
    assert door.token.encode() not in answer.data
    assert b"root:" not in answer.data


@pytest.mark.parametrize("run_id", [name for name in OUT if name] + ["-x", "a/b", "x" * 400, "a b", "é", "\udcff"])
def test_a_run_s_id_is_refused(door: Any, run_id: str) -> None:
    body = {"id": run_id, "experiment": "security", "kind": "interactive"}

    assert door.owner("POST", "/runs", body).status == 400


def test_a_journal_makes_no_run_whose_id_is_a_path(door: Any) -> None:
    door.run("parent")
    lines = [["child", 0, 1.0, {"id": name, "name": "x", "tags": {}}] for name in OUT] + [["run", 1, "../../x"]]
    raw = "".join(json.dumps(line) + "\n" for line in lines).encode()

    assert door.owner("POST", "/runs/parent/journal?journal=ids&offset=0", raw).status == 200

    assert door.owner("GET", "/runs/parent/children").json() == {"runs": []}
    assert door.owner("GET", "/runs/parent").json()["warnings"]


@pytest.mark.parametrize("journal", ["../../x", "/etc/x", "a\0b", "..", "x" * 5000, "\n"])
def test_a_journal_s_name_is_a_name_and_no_place(door: Any, journal: str) -> None:
    door.run("journals")

    answer = door.owner("POST", f"/runs/journals/journal?offset=0&journal={quote(journal, safe='')}", b"")

    assert answer.status in {200, 400}


def test_a_pack_of_files_refuses_each_bad_name_and_says_so(door: Any) -> None:
    door.run("packed")
    hostile = [*(name for name in OUT if name), "\udcff/../x"]
    body = b"".join(pack(name, b"x") for name in [*hostile, "good.txt"])
    assert len(list(unpack(body))) == len(hostile) + 1

    answer = door.owner("PUT", "/runs/packed/files", body)

    assert answer.status == 201
    assert set(answer.json()["refused"]) == set(hostile)
    assert [item["name"] for item in door.owner("GET", "/runs/packed/files").json()["files"]] == ["good.txt"]


EMPTY = sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        *({"files": [[name, EMPTY, 0, 0o644]]} for name in OUT),
        *({"dirs": [name]} for name in OUT),
        *({"links": [[name, "x"]]} for name in OUT),
        {"links": [["a", "/etc/passwd"]]},
        {"links": [["a", "../x"]]},
        {"links": [["a", "b/../../x"]]},
        {"links": [["a", "x\0y"]]},
        {"links": [["a", "."], ["b", "a/../.."]]},
        {"links": [["a", "b"]], "files": [["a/x", EMPTY, 0, 0o644]]},
        {"files": [["a", EMPTY, 0, 0o644], ["a", EMPTY, 0, 0o644]]},
        {"files": [["a", "../../../key", 0, 0o644]]},
        {"files": [["a", EMPTY, -1, 0o644]]},
        {"files": [["a", EMPTY, 0, 0o4755 << 3]]},
    ],
    ids=lambda change: repr(change)[:40],
)
def test_a_manifest_that_leads_out_is_refused(door: Any, change: dict[str, Any]) -> None:
    door.owner("POST", "/objects/pack", sha256(b"").digest() + bytes(8))
    manifest = {"format": 1, "files": [], "links": [], "dirs": [], **change}

    answer = door.owner("POST", "/snapshots", manifest)

    assert (answer.status, answer.code) == (400, "UserError")


class _Liar(BaseHTTPRequestHandler):
    """A service that can't be trusted: its manifest and its archive name places outside."""

    manifest: dict[str, Any]
    archive: bytes

    def do_GET(self) -> None:
        body = self.archive if self.path.endswith("/archive") else json.dumps(self.manifest).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def liar() -> Iterator[tuple[type[_Liar], Api]]:
    handler = type("Liar", (_Liar,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    api = Api(f"http://127.0.0.1:{server.server_address[1]}", "x")
    yield handler, api
    api.close()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "change",
    [
        {"files": [["../escaped", sha256(b"evil").hexdigest(), 4, 0o644]]},
        {"files": [["/tmp/escaped", sha256(b"evil").hexdigest(), 4, 0o644]]},
        {"links": [["out", ".."]], "files": [["out/escaped", sha256(b"evil").hexdigest(), 4, 0o644]]},
        {"links": [["escaped", "../../../etc/passwd"]]},
        {"dirs": ["../escaped"]},
        {"files": [["a", "../escaped", 4, 0o644]]},
    ],
    ids=lambda change: repr(change)[:50],
)
def test_restoring_from_a_service_that_lies_writes_nothing_outside(
    liar: tuple[type[_Liar], Api], tmp_path: Path, change: dict[str, Any]
) -> None:
    handler, api = liar
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("../escaped", "/escaped", "a", "out/escaped"):
            archive.writestr(name, b"evil")
    handler.manifest = {"format": 1, "files": [], "links": [], "dirs": [], **change}
    handler.archive = packed.getvalue()
    target = tmp_path / "deep" / "target"

    with pytest.raises(StokerException):
        restore(api, "id", str(target))

    assert [path for path in tmp_path.rglob("*escaped*") if not path.is_relative_to(target)] == []
    assert not [path for path in target.rglob("*") if not path.resolve().is_relative_to(target.resolve())]


def test_a_run_s_links_make_no_file_outside_and_downloads_stay_below_their_folder(door: Any, tmp_path: Path) -> None:
    """A script may link to a file that it can read: what is kept is the content, under the name in the run."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(
        "import os\nos.symlink('/', 'outputs/root')\nos.symlink('..', 'outputs/up')\n"
        "os.symlink('/etc/hostname', 'outputs/host')\nopen('outputs/real.txt', 'w').write('real')\n"
        "os.symlink('loop', 'outputs/loop')\n"
    )
    workspace = Workspace.from_config(str(door.workspace.root))
    run = Experiment(workspace, "links").submit(ScriptRunConfig(str(source), script="train.py"))
    run.wait_for_completion()

    names = run.get_file_names()
    run.download_files(output_directory=str(tmp_path / "down"))

    assert "outputs/real.txt" in names
    assert [name for name in names if name.startswith(("outputs/root/", "outputs/up/")) or ".." in name] == []
    down = tmp_path / "down"
    assert all(not path.is_symlink() and path.resolve().is_relative_to(down) for path in down.rglob("*"))
    assert os.path.exists(down / "outputs" / "real.txt")
