"""What a run's token may do, operation by operation: a new one must be added here, so that somebody decides."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.service.tokens import CODE_SECONDS, TokenSigner

ID = "/api/v1/runs/{run_id}"
OWNER_ONLY = {
    ("PATCH", "/api/v1/workspace"),
    ("PATCH", "/api/v1/experiments/{name}"),
    ("DELETE", "/api/v1/experiments/{name}"),
    ("POST", "/api/v1/service/stop"),
    ("POST", "/api/v1/gc"),
    ("POST", "/api/v1/codes"),
    ("DELETE", ID),
    ("POST", f"{ID}/finish"),
    ("POST", f"{ID}/resources"),
    ("POST", f"{ID}/logs/{{name}}"),
    ("DELETE", "/api/v1/environments/{name}"),
    ("POST", "/api/v1/environments/{name}/build"),
    ("POST", "/api/v1/compute"),
    ("PATCH", "/api/v1/compute/{name}"),
    ("DELETE", "/api/v1/compute/{name}"),
    ("PUT", "/api/v1/secrets/{name}"),
    ("DELETE", "/api/v1/secrets/{name}"),
    ("DELETE", "/api/v1/datastores/{name}"),
    ("POST", "/api/v1/datastores/{name}/default"),
    ("DELETE", "/api/v1/datasets/by-name/{name}"),
    ("DELETE", "/api/v1/models/{name}/{version}"),
}
OWN_TREE_ONLY = {
    ("PATCH", ID),
    ("POST", f"{ID}/cancel"),
    ("POST", f"{ID}/end"),
    ("POST", f"{ID}/journal"),
    ("PUT", f"{ID}/files"),
    ("PUT", f"{ID}/files/{{name}}"),
    ("POST", f"{ID}/lineage"),
}
ANY_RUN = {
    ("POST", "/api/v1/runs"),
    ("POST", "/api/v1/experiments"),
    ("POST", "/api/v1/environments"),
    ("POST", "/api/v1/objects/missing"),
    ("POST", "/api/v1/objects/pack"),
    ("POST", "/api/v1/snapshots"),
    # New ones only, and only data sets and models of its own tree: test_security_data.py.
    ("POST", "/api/v1/datastores"),
    ("POST", "/api/v1/datasets"),
    ("POST", "/api/v1/datasets/register"),
    ("PATCH", "/api/v1/datasets/by-id/{dataset_id}"),
    ("POST", "/api/v1/models"),
    ("PATCH", "/api/v1/models/{name}/{version}"),
}
QUERY = {f"{ID}/journal": "?journal=j&offset=0", f"{ID}/logs/{{name}}": "?offset=0"}
BODY: dict[str, Any] = {
    f"{ID}/end": {"status": "Completed"},
    "/api/v1/experiments": {"name": "x"},
    "/api/v1/compute": {"name": "pool", "type": "AmlCompute"},
    "/api/v1/secrets/{name}": {"value": "x"},
    f"{ID}/lineage": {"direction": "input", "kind": "path", "ref": "workspaceblobstore/x", "name": "x"},
    f"{ID}/journal": b"",
    f"{ID}/files": b"",
    f"{ID}/files/{{name}}": b"x",
}


def concrete(path: str, run_id: str) -> str:
    filled = path.replace("{run_id}", run_id)
    while "{" in filled:
        filled = filled[: filled.index("{")] + "x" + filled[filled.index("}") + 1 :]
    return filled + QUERY.get(path, "")


@pytest.fixture
def token(door: Any) -> str:
    door.run("mine")
    door.run("other")
    return str(door.signer().run_token("mine"))


def test_every_operation_that_changes_something_has_its_rule(door: Any) -> None:
    changing = {(method, path) for method, path in door.operations() if method not in {"GET", "HEAD"}}

    assert changing == OWNER_ONLY | OWN_TREE_ONLY | ANY_RUN


@pytest.mark.parametrize(("method", "path"), sorted(OWNER_ONLY))
def test_a_runs_token_does_nothing_that_is_the_owners(door: Any, token: str, method: str, path: str) -> None:
    answer = door.ask(method, concrete(path, "mine"), BODY.get(path, {}), token)

    assert (answer.status, answer.code) == (403, "Forbidden")


@pytest.mark.parametrize(("method", "path"), sorted(OWN_TREE_ONLY))
def test_a_runs_token_changes_no_run_of_another_tree(door: Any, token: str, method: str, path: str) -> None:
    before = door.owner("GET", "/runs/other").json()

    answer = door.ask(method, concrete(path, "other"), BODY.get(path, {}), token)

    assert (answer.status, answer.code) == (403, "Forbidden")
    assert door.owner("GET", "/runs/other").json() == before


def test_a_runs_token_reads_everything(door: Any, token: str) -> None:
    reading = [(m, p) for m, p in door.operations() if m == "GET" and not p.endswith("/events")]

    refused = [path for method, path in reading if door.ask(method, concrete(path, "other"), None, token).status == 403]

    assert len(reading) > 20
    assert refused == []


def test_a_runs_token_makes_no_child_in_another_tree(door: Any, token: str) -> None:
    body = {"id": "stray", "experiment": "security", "kind": "interactive", "parent_id": "other"}

    assert door.ask("POST", "/api/v1/runs", body, token).status == 403
    assert door.owner("GET", "/runs/stray").status == 404


@pytest.mark.parametrize(
    "record",
    [
        b'["run",1,"other"]\n["tag",1,1.0,{"stolen":"1"}]\n',
        b'["run",1,"other"]\n["m",1,1.0,"stolen",1.0,null]\n',
        b'["run",1,"other"]\n["end",1,1.0,"Failed",null]\n',
        b'["run",1,"other"]\n["child",1,1.0,{"id":"stolen-child","name":"x","tags":{}}]\n',
        b'["run",1,"other"]\n["set",1,1.0,{"display_name":"stolen"}]\n',
    ],
)
def test_a_runs_journal_changes_no_run_of_another_tree(door: Any, token: str, record: bytes) -> None:
    before = door.owner("GET", "/runs/other").json()
    head = b'{"journal":"j","format":1,"host":"h","pid":1,"start":"1","boot":"b","opened":1.0}\n'
    path = f"/api/v1/runs/mine/journal?journal=steal-{abs(hash(record))}&offset=0"

    answer = door.ask("POST", path, head + record, token)

    assert answer.status == 200
    assert door.owner("GET", "/runs/other").json() == before
    assert door.owner("GET", "/runs/other/metrics").json() == {"metrics": {}}
    assert door.owner("GET", "/runs/other/children").json() == {"runs": []}


def test_a_runs_journal_does_not_say_how_its_process_ended(door: Any, token: str) -> None:
    line = b'["status",0,1.0,"Finalizing",{"exit":{"code":0}}]\n'

    answer = door.ask("POST", "/api/v1/runs/mine/journal?journal=ending&offset=0", line, token)

    run = door.owner("GET", "/runs/mine").json()
    assert answer.json()["stored"] == len(line)
    assert (run["status"], run["exit"]) == ("Running", None)


@pytest.mark.parametrize("kind", ["wrong", "expired", "other workspace", "run"])
def test_no_cookie_but_the_owners_shows_a_page(door: Any, token: str, kind: str) -> None:
    values = {
        "wrong": "wrong",
        "expired": door.signer().run_token("mine", seconds=-1),
        "other workspace": TokenSigner("0" * 64, "other").owner_token(),
        "run": token,
    }
    name = door.cookie().split("=")[0]

    answer = door.ask("GET", "/runs/mine", Cookie=f"{name}={values[kind]}")

    assert answer.status == 401
    assert b"stoker studio" in answer.data


def test_a_cookie_that_is_no_longer_good_does_not_bar_the_way_in(door: Any) -> None:
    name, _, good = door.cookie().partition("=")
    link = door.workspace.api.post("/codes", {})["url"]

    answer = door.ask("GET", link[len(door.url) :], Cookie=f"{name}=of-yesterday")

    assert answer.status == 303
    assert f"{name}={good}" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("cookie", ["", ";;;", "=", "a b=c", "x\x7f=1", '"', "stoker_=; ,", "é"])
def test_a_cookie_that_is_none_is_no_error(door: Any, cookie: str) -> None:
    # A byte that no header may have is refused before anybody looks at cookies.
    expected = 400 if "\x7f" in cookie else 401
    assert door.ask("GET", "/api/v1/ping", Cookie=cookie.encode().decode("latin-1")).status == expected


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer \xff", "Bearer a.b.c", "bearer" * 1000]
)
def test_a_header_that_is_no_token_opens_nothing(door: Any, value: str) -> None:
    assert door.ask("GET", "/api/v1/ping", Authorization=value).status == 401


def test_a_token_in_the_address_opens_nothing(door: Any) -> None:
    for name in ("token", "access_token", "code", "authorization"):
        assert door.ask("GET", f"/api/v1/ping?{name}={door.token}").status == 401


def test_a_code_is_too_old_after_its_time() -> None:
    now = [0.0]
    signer = TokenSigner("0" * 64, "w", clock=lambda: now[0])
    early, late = signer.new_code(), signer.new_code()

    now[0] = CODE_SECONDS - 1
    assert signer.redeem(early)
    now[0] = CODE_SECONDS + 1
    assert not signer.redeem(late)
    assert not signer.redeem("never made")


@pytest.mark.parametrize("change", ["cut", "added", "kind"])
def test_a_token_that_was_changed_is_refused(door: Any, token: str, change: str) -> None:
    body, _, signature = token.rpartition(".")
    changed = {
        "cut": token[:-1],
        "added": f"{body}A.{signature}",
        "kind": f"{door.token.partition('.')[0]}.{signature}",
    }[change]

    assert door.ask("GET", "/api/v1/ping", token=changed).status == 401
