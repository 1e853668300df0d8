"""Models: what a run's token may do with them, names of any kind, and files that are hostile."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import pytest


def stored(door: Any, data: bytes) -> list[Any]:
    """Return a file of a model whose bytes are stored."""
    digest = hashlib.sha256(data)
    door.owner("POST", "/objects/pack", digest.digest() + len(data).to_bytes(8, "big") + data)
    return ["model.pkl", digest.hexdigest(), len(data)]


@pytest.fixture
def token(door: Any) -> str:
    door.run("mine")
    door.run("other")
    return str(door.signer().run_token("mine"))


def test_a_run_registers_models_of_its_own_tree_only(door: Any, token: str) -> None:
    file = stored(door, b"weights")
    own = door.ask("POST", "/api/v1/models", {"name": "own", "files": [file]}, token)
    foreign = door.ask("POST", "/api/v1/models", {"name": "own", "files": [file], "run_id": "other"}, token)

    assert (own.status, own.json()["run_id"]) == (200, "mine")
    assert (foreign.status, foreign.code) == (403, "Forbidden")
    assert not [made for made in door.owner("GET", "/runs/other/lineage").json()["outputs"] if made["name"] == "own"]


def test_a_run_changes_models_of_its_own_tree_only(door: Any, token: str) -> None:
    file = stored(door, b"weights")
    door.ask("POST", "/api/v1/models", {"name": "changed", "files": [file]}, token)
    for body in ({"run_id": "other"}, {}):
        door.owner("POST", "/models", {"name": "changed", "files": [file], **body})
    change = {"add_tags": {"k": "v"}}

    assert door.ask("PATCH", "/api/v1/models/changed/1", change, token).json()["tags"] == {"k": "v"}
    for version in (2, 3):
        assert door.ask("PATCH", f"/api/v1/models/changed/{version}", change, token).code == "Forbidden"
    assert door.ask("DELETE", "/api/v1/models/changed/1", None, token).code == "Forbidden"


@pytest.mark.parametrize(
    "name", ["größe", "a b", "100%", "?x=1#y", "模型", "a;b,c", "'\"<script>", "%2e%2e", "x" * 255]
)
def test_a_model_of_any_name_is_found_again(door: Any, name: str) -> None:
    made = door.owner("POST", "/models", {"name": name, "files": [stored(door, b"weights")]}).json()

    path = f"/models/{quote(name, safe='')}"
    assert door.owner("GET", path).json() == door.owner("GET", f"{path}/1").json() == made
    assert door.owner("GET", f"{path}/1/files/model.pkl").data == b"weights"


@pytest.mark.parametrize("name", ["", "a/b", "a:1", "..", ".", "\x00", "a\nb", "x" * 256, 7, None])
def test_a_model_name_that_leads_elsewhere_is_refused(door: Any, name: object) -> None:
    answer = door.owner("POST", "/models", {"name": name, "files": [stored(door, b"weights")]})

    assert (answer.status, answer.code) == (400, "UserError")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../b", "", "a//b", "a\x00b"])
def test_a_path_in_a_model_that_leads_elsewhere_is_refused(door: Any, path: str) -> None:
    _, sha256, size = stored(door, b"weights")
    body = {"name": "paths", "files": [[path, sha256, size]]}
    assert door.owner("POST", "/models", body).status == 400

    door.run("paths")
    assert door.owner("POST", "/models", {"name": "paths", "run_id": "paths", "run_path": path}).status in {400, 404}


def test_a_file_of_a_model_is_sent_sandboxed_and_in_parts(door: Any) -> None:
    _, sha256, size = stored(door, b"<script>alert(1)</script>")
    door.owner("POST", "/models", {"name": "page", "files": [["deep/a\udcff.html", sha256, size]]})
    path = "/models/page/1/files/deep/a%FF.html"
    whole, part = door.owner("GET", path), door.owner("GET", path, Range="bytes=1-6")

    assert "sandbox" in whole.headers["Content-Security-Policy"]
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert (part.status, part.data) == (206, b"script")
    assert door.owner("GET", "/models/page/1/files/nothing").code == "NotFound"


def test_a_model_whose_bytes_are_not_stored_is_refused(door: Any) -> None:
    answer = door.owner("POST", "/models", {"name": "missing", "files": [["a", "0" * 64, 3]]})
    assert (answer.status, answer.json()["error"]["details"]) == (404, {"missing": ["0" * 64]})
    _, sha256, _ = stored(door, b"weights")
    assert door.owner("POST", "/models", {"name": "missing", "files": [["a", sha256, 99]]}).code == "UserError"
    wrong = {"name": "missing", "files": [], "datasets": [["training", "no such id"]]}
    assert door.owner("POST", "/models", wrong).code == "NotFound"

    assert door.owner("GET", "/models/missing").code == "NotFound"
