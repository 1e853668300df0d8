"""Requests that are too large, too deep, too slow or no text: refused in words, and the records stay readable."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from stoker.service.limits import MOST_IN_MEMORY
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

MOST = 100_000


@pytest.fixture(scope="module")
def live_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporaryWorkspace]:
    os.environ["STOKER_MAX_UPLOAD_BYTES"] = str(MOST)
    try:
        with TemporaryWorkspace(tmp_path_factory.mktemp("limits")) as workspace:
            yield workspace
    finally:
        del os.environ["STOKER_MAX_UPLOAD_BYTES"]


@pytest.fixture(autouse=True)
def records_stay_readable(door: Any) -> Iterator[None]:
    """See after each test that the lists and the page, in which everything shows, still answer."""
    yield
    for path in ("/runs", "/workspace", "/experiments?view=all", "/environments", "/compute"):
        assert door.owner("GET", path).status == 200, path
    assert door.ask("GET", "/", Cookie=door.cookie()).status == 200


def staged(door: Any) -> list[str]:
    return os.listdir(door.workspace.root / ".stoker" / "objects" / "tmp")


def pack(*parts: bytes) -> bytes:
    import hashlib

    return b"".join(hashlib.sha256(part).digest() + len(part).to_bytes(8, "big") + part for part in parts)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("what", ["file", "pack"])
def test_an_upload_beyond_the_limit_is_refused_and_leaves_nothing(door: Any, what: str, chunked: bool) -> None:
    door.run("large")
    data = b"x" * (3 * MOST)
    method, path, body = {
        "file": ("PUT", "/api/v1/runs/large/files/big.bin", data),
        "pack": ("POST", "/api/v1/objects/pack", pack(data)),
    }[what]
    connection = door.connection()
    headers = {"Authorization": f"Bearer {door.token}"}

    connection.request(method, path, iter([body]) if chunked else body, headers, encode_chunked=chunked)
    answer = connection.getresponse()
    error = json.loads(answer.read())["error"]
    connection.close()

    assert (answer.status, error["code"]) == (413, "TooLarge")
    assert "max_upload_bytes" in error["message"]
    assert door.owner("GET", "/runs/large/files").json() == {"files": []}
    assert staged(door) == []


def test_an_upload_of_just_the_limit_is_taken(door: Any) -> None:
    door.run("fits")

    assert door.owner("PUT", "/runs/fits/files/big.bin", b"x" * MOST).status == 201


@pytest.mark.parametrize("path", ["/runs", "/snapshots", "/runs/large/journal?journal=j&offset=0"])
def test_a_body_that_says_to_be_huge_is_refused_before_it_has_come(door: Any, path: str) -> None:
    door.run("large")
    place = urlsplit(door.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        head = f"POST /api/v1{path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {door.token}\r\n"
        line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {MOST_IN_MEMORY + 1}\r\n\r\n".encode())
        line.sendall(b'{"')
        line.shutdown(socket.SHUT_WR)
        line.recv(1)

    assert door.owner("GET", "/ping").status == 200


def test_a_body_that_comes_slowly_keeps_nobody_else_waiting(door: Any) -> None:
    place = urlsplit(door.url)
    lines = [socket.create_connection((place.hostname, place.port), timeout=10) for _ in range(80)]
    try:
        head = f"POST /api/v1/experiments HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {door.token}\r\n"
        for line in lines:
            line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 15\r\n\r\n".encode() + b'{"name"')
        assert door.owner("GET", "/runs").status == 200
        assert door.owner("POST", "/experiments", {"name": "quick"}).status == 200
        lines[0].sendall(b':"slowly"}'[:8])
        assert lines[0].recv(20).startswith(b"HTTP/1.1 ")
    finally:
        for line in lines:
            line.close()


def test_a_body_cut_in_the_middle_leaves_nothing(door: Any) -> None:
    door.run("cut")
    place = urlsplit(door.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        head = (
            f"PUT /api/v1/runs/cut/files/a HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {door.token}\r\n"
        )
        line.sendall(f"{head}Content-Length: 90000\r\n\r\n".encode() + b"x" * 1000)
        wait_until(lambda: len(staged(door)) == 1, what="the beginning of the upload")

    wait_until(lambda: staged(door) == [], what="the end of the upload")
    assert door.owner("GET", "/runs/cut/files").json() == {"files": []}


def test_a_pack_that_lies_about_a_length_stores_nothing(door: Any) -> None:
    lie = bytes(32) + (2**64 - 1).to_bytes(8, "big") + b"short"

    answer = door.owner("POST", "/objects/pack", lie)

    assert (answer.status, answer.code) == (400, "UserError")
    assert staged(door) == []


def test_a_pack_that_lies_about_a_hash_stores_nothing(door: Any) -> None:
    answer = door.owner("POST", "/objects/pack", bytes(32) + (5).to_bytes(8, "big") + b"other")

    assert (answer.status, answer.code) == (400, "UserError")
    assert door.owner("POST", "/objects/missing", {"hashes": ["00" * 32]}).json() == {"missing": ["00" * 32]}


def test_a_packed_body_is_not_unpacked(door: Any) -> None:
    import gzip

    bomb = gzip.compress(b'{"name":"' + b" " * 10_000_000 + b'"}')

    answer = door.owner("POST", "/experiments", bomb, Content_Type="application/json", Content_Encoding="gzip")

    assert (answer.status, answer.code) == (400, "UserError")


DEEP = json.loads('{"a":' * 500 + "1" + "}" * 500)
HALF = "\ud800"


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 200_000,
        b'{"name":' * 50_000,
        b"[" * 50_000 + b"]" * 50_000,
        b'{"name":' + b"1" * 100_000 + b"}",
        b'{"name":NaN}',
        b'{"name":1e999}',
        b"\xff\xfe\x00",
        b'"',
        b"null",
        b"",
        b'{"name":"a","name":["b"]}',
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.parametrize("path", ["/experiments", "/runs", "/environments", "/snapshots"])
def test_json_that_is_none_or_too_deep_is_refused(door: Any, path: str, text: bytes) -> None:
    answer = door.owner("POST", path, text, Content_Type="application/json")

    assert (answer.status, answer.code) == (400, "UserError")


HOSTILE = [DEEP, {HALF: 1}, {"a": {HALF: 1}}, {"a": float("nan")}, {"a": [float("inf")]}]


@pytest.mark.parametrize("value", HOSTILE, ids=["deep", "half a character", "inside", "nan", "infinite"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/runs", {"id": "doc", "experiment": "e", "kind": "interactive", "definition": ...}),
        ("POST", "/environments", {"definition": ...}),
        ("POST", "/compute", {"name": "pool", "type": "AmlCompute", "config": ...}),
        ("POST", "/runs/ended/end", {"status": "Failed", "error": ...}),
        ("POST", "/runs/ended/finish", {"exit": ...}),
    ],
)
def test_a_document_that_could_not_be_sent_again_is_refused(
    door: Any, method: str, path: str, body: dict[str, Any], value: Any
) -> None:
    door.run("ended")
    filled = {name: value if item is ... else item for name, item in body.items()}

    answer = door.owner(method, path, filled)

    assert (answer.status, answer.code) == (400, "UserError")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/runs", {"id": "half", "experiment": "e", "kind": "interactive", "display_name": HALF}),
        ("POST", "/runs", {"id": "half", "experiment": "e", "kind": "interactive", "tags": {HALF: "x"}}),
        ("POST", "/runs", {"id": "half", "experiment": "e", "kind": "interactive", "parent_id": HALF}),
        ("POST", "/runs", {"id": "big", "experiment": "e", "kind": "interactive", "priority": 10**30}),
        ("POST", "/runs", {"id": "big", "experiment": "e", "kind": "submitted", "definition": {"priority": "x"}}),
        ("PATCH", "/runs/text", {"display_name": HALF}),
        ("PATCH", "/runs/text", {"tags": {"a": HALF}}),
        ("PATCH", "/experiments/security", {"description": HALF}),
        ("PATCH", "/workspace", {"tags": {HALF: "a"}}),
        ("PATCH", "/workspace", {"friendly_name": HALF}),
        ("POST", "/environments", {"definition": {"name": HALF}}),
        ("GET", "/runs?search=%ff", None),
        ("GET", "/runs?tag=%ed%a0%80", None),
        ("GET", "/runs/resolve?name=%ff", None),
        ("GET", "/runs/%ff", None),
        ("GET", "/experiments/%ff", None),
        ("GET", "/compute/%ff", None),
        ("GET", "/environments/%ff?version=%ff", None),
        ("GET", "/snapshots/%ff", None),
        ("GET", "/runs?after=%ff", None),
        ("GET", f"/runs/text/logs/a?offset={10**30}", None),
        ("GET", f"/runs/text/resources?limit={10**30}", None),
        ("GET", "/runs/text?seen=nonsense", None),
        ("GET", "/runs/text?seen=j:-1", None),
        ("GET", f"/runs/text?seen=j:{10**30}", None),
        ("POST", f"/runs/text/journal?journal=j&offset={10**30}", b"x"),
        ("POST", "/runs/text/end", {"status": "Failed", "seen": ["nonsense"]}),
        ("POST", "/runs/text/resources", b"[1]\n"),
        ("POST", "/runs/text/resources", b'{"t":"x"}\n'),
        ("POST", "/runs/text/resources", b'{"t":1,"node":[]}\n'),
        ("POST", "/runs/text/resources", b'{"t":1,"node":' + b"9" * 30 + b"}\n"),
        ("POST", "/environments/strange/build", None),
    ],
)
def test_what_can_not_be_kept_or_found_is_said_in_words(door: Any, method: str, path: str, body: Any) -> None:
    door.run("text")
    door.owner("POST", "/environments", {"definition": {"name": "strange", "docker": 5}})

    answer = door.owner(method, path, body)

    if answer.status != 200:
        assert answer.status in {400, 404}, answer.data
        assert answer.json()["error"]["message"]


def test_a_journal_s_hostile_values_leave_the_run_readable(door: Any) -> None:
    door.run("journal")
    lines: list[Any] = [
        ["tag", 0, 1.0, {"deep": DEEP, HALF: HALF, "n": 10**40}],
        ["prop", 0, 1.0, {HALF: DEEP}],
        ["set", 0, 1.0, {"display_name": DEEP, "description": HALF}],
        ["child", 0, 1.0, {"id": "journal-child", "name": HALF, "tags": {HALF: DEEP}, "status": "Running"}],
        ["m", 0, 1.0, HALF, 10**400, 10**400],
        ["l", 0, 1.0, "l", [DEEP]],
        ["t", 0, 1.0, "t", {HALF: [10**400]}],
        ["a", 0, 1.0, "a", "../../etc/passwd", "image"],
        ["end", 0, 1.0, "Failed", DEEP],
    ]
    raw = "".join(json.dumps(line) + "\n" for line in lines).encode()

    answer = door.owner("POST", "/runs/journal/journal?journal=j&offset=0", raw)

    assert answer.json()["stored"] == len(raw)
    for path in ("", "/metrics", "/metrics/series", "/children", "/files"):
        assert door.owner("GET", f"/runs/journal{path}").status == 200, path
    assert door.ask("GET", "/runs/journal", Cookie=door.cookie()).status == 200


def test_no_trace_of_ours_is_in_an_answer(door: Any) -> None:
    for answer in (door.owner("GET", "/nothing"), door.owner("POST", "/runs", b"{"), door.ask("GET", "/nothing")):
        assert b"Traceback" not in answer.data
        assert b".py" not in answer.data
        assert str(Path(door.workspace.root)).encode() not in answer.data
        assert "server" not in {name.lower() for name in answer.headers}
