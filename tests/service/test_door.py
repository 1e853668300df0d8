"""Who may come in, against a real service over real HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from tests.services.mlflow_protocol import Protocol

from stoker.service.mlflow import rest, routers
from stoker.service.mlflow.routing import MlflowRouter
from stoker.service.tokens import TokenSigner
from stoker.testing.workspaces import TemporaryWorkspace


class _Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.data = response.read()

    @property
    def code(self) -> str:
        return str(json.loads(self.data)["error"]["code"])


def ask(workspace: TemporaryWorkspace, method: str, path: str, body: Any = None, **headers: str) -> _Answer:
    parts = urlsplit(workspace.api.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, json.dumps(body) if body is not None else None, named)
    answer = _Answer(connection.getresponse())
    connection.close()
    return answer


def operations(workspace: TemporaryWorkspace) -> list[tuple[str, str]]:
    """Return method and path of everything in the OpenAPI document, with its parameters filled in."""
    document = workspace.api.get("/openapi.json")
    filled = []
    for path, methods in document["paths"].items():
        concrete = path
        while "{" in concrete:
            concrete = concrete[: concrete.index("{")] + "x" + concrete[concrete.index("}") + 1 :]
        filled += [(method.upper(), concrete) for method in methods]
    return filled


@pytest.mark.parametrize("token", [None, "wrong", "other-workspace", "expired"])
def test_no_operation_answers_without_a_good_token(live_workspace: TemporaryWorkspace, token: str | None) -> None:
    key = (live_workspace.root / ".stoker" / "key").read_text()
    workspace_id = live_workspace.api.get("/workspace")["id"]
    tokens = {
        "wrong": "wrong",
        "other-workspace": TokenSigner("0", "x").owner_token(),
        "expired": TokenSigner(key, workspace_id).run_token("r", seconds=-1),
    }
    headers = {} if token is None else {"Authorization": f"Bearer {tokens[token]}"}
    found = operations(live_workspace)

    answers = {(method, path): ask(live_workspace, method, path, **headers).status for method, path in found}

    assert len(answers) > 40
    assert set(answers.values()) == {401}


def methods_of_mlflow(served: Iterable[MlflowRouter] = routers, **values: str) -> list[tuple[str, str]]:
    """Return method and path of all that MLflow's routers answer, with the parameters of the paths filled in."""
    found = []
    for route in [route for router in served for route in router.routes]:
        filled = {name: values.get(name, "2.0" if name == "version" else "x") for name in route.param_convertors}
        path = str(route.url_path_for(route.name, **filled))
        found += [(method, path) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


def in_mlflow_s_form(answer: _Answer) -> bool:
    body = json.loads(answer.data)
    return set(body) == {"error_code", "message"} and all(body.values())


@pytest.mark.parametrize("token", [None, "wrong", "expired", "run-of-another-workspace"])
def test_no_method_of_mlflow_answers_without_a_good_token(
    live_workspace: TemporaryWorkspace, token: str | None
) -> None:
    key = (live_workspace.root / ".stoker" / "key").read_text()
    workspace_id = live_workspace.api.get("/workspace")["id"]
    tokens = {
        "wrong": "wrong",
        "expired": TokenSigner(key, workspace_id).run_token("r", seconds=-1),
        "run-of-another-workspace": TokenSigner("0" * 64, workspace_id).run_token("r"),
    }
    headers = {} if token is None else {"Authorization": f"Bearer {tokens[token]}"}
    found = methods_of_mlflow()

    answers = {(method, path): ask(live_workspace, method, path, **headers) for method, path in found}

    assert len(answers) > 60
    assert {answer.status for answer in answers.values()} == {401}
    assert {json.loads(answer.data)["error_code"] for answer in answers.values()} == {"UNAUTHENTICATED"}
    assert [place for place, answer in answers.items() if not in_mlflow_s_form(answer)] == []


class Theirs(NamedTuple):
    """What a run of another tree has made."""

    run: str
    experiment: str
    files: str
    logged_model: str

    def body(self) -> dict[str, Any]:
        """Return all parameters of MLflow's methods that change something, each aimed at what is theirs."""
        return {
            "run_id": self.run,
            "source_run_id": self.run,
            "experiment_id": self.experiment,
            "name": "theirs",
            "version": "1",
            "new_name": "stolen",
            "alias": "stolen",
            "stage": "Staging",
            "key": "k",
            "value": "1",
            "description": "stolen",
            "status": "READY",
            "model_json": "{}",
            "source": f"{self.files}/model",
            "tags": [{"key": "mlflow.parentRunId", "value": self.run}],
        }

    def on_record(self, owner: Protocol) -> list[Any]:
        return [
            owner.ask("GET", "runs/get", run_id=self.run),
            owner.ask("GET", "experiments/get", experiment_id=self.experiment),
            owner.ask("GET", "registered-models/get", name="theirs"),
            owner.ask("GET", f"logged-models/{self.logged_model}"),
            owner.get_file(self.files, "model/weights"),
        ]


@pytest.fixture
def theirs(live_workspace: TemporaryWorkspace) -> Theirs:
    owner, tags = Protocol(live_workspace), [{"key": "k", "value": "v"}]
    experiment = owner.ask("POST", "experiments/create", name="theirs", tags=tags)["experiment_id"]
    run = owner.ask("POST", "runs/create", experiment_id=experiment, tags=tags)["run"]["info"]
    logged = owner.ask("POST", "logged-models", experiment_id=experiment, source_run_id=run["run_id"], tags=tags)
    owner.put_file(run["artifact_uri"], "model/weights", b"weights")
    owner.ask("POST", "registered-models/create", name="theirs", tags=tags)
    owner.ask("POST", "model-versions/create", name="theirs", source=f"{run['artifact_uri']}/model", tags=tags)
    return Theirs(run["run_id"], experiment, run["artifact_uri"], logged["model"]["info"]["model_id"])


READ_BY_POST = {
    "experiments/search",
    "logged-models/search",
    "registered-models/get-latest-versions",
    "runs/search",
}
OF_ANY_RUN = {"experiments/create", "registered-models/create"}


def test_no_method_of_mlflow_changes_what_is_of_another_run(live_workspace: TemporaryWorkspace, theirs: Theirs) -> None:
    owner = Protocol(live_workspace)
    file = f"{theirs.files.removeprefix('mlflow-artifacts:/')}/model/weights"
    served = [router for router in routers if router is not rest.router]
    found = methods_of_mlflow(served, model_id=theirs.logged_model, tag_key="k", path=file)
    changing = [
        (http, path) for http, path in found if http != "GET" and path.split("/mlflow/")[-1] not in READ_BY_POST
    ]
    before, script = theirs.on_record(owner), owner.as_run(owner.run())
    headers = {"Authorization": f"Bearer {script.token}"}

    answers = {(http, path): ask(live_workspace, http, path, theirs.body(), **headers) for http, path in changing}

    refused = {place for place, answer in answers.items() if answer.status == 403}
    assert {path.split("/mlflow/")[-1] for _, path in answers.keys() - refused} == OF_ANY_RUN
    assert {json.loads(answers[place].data)["error_code"] for place in refused} == {"PERMISSION_DENIED"}
    assert [place for place in refused if not in_mlflow_s_form(answers[place])] == []
    assert len(refused) > 35
    assert theirs.on_record(owner) == before


def test_a_runs_token_reads_but_changes_only_its_own_tree(live_workspace: TemporaryWorkspace) -> None:
    api = live_workspace.api
    for name in ("mine", "other"):
        api.post("/runs", {"id": name, "experiment": "door", "kind": "interactive"})
    key = (live_workspace.root / ".stoker" / "key").read_text()
    token = TokenSigner(key, api.get("/workspace")["id"]).run_token("mine")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    assert ask(live_workspace, "GET", "/api/v1/runs/other", **headers).status == 200
    tags = {"tags": {"a": "b"}}
    assert ask(live_workspace, "PATCH", "/api/v1/runs/mine", tags, **headers).status == 200
    for method, path, body in [
        ("PATCH", "/api/v1/runs/other", tags),
        ("POST", "/api/v1/runs/other/cancel", {}),
        ("POST", "/api/v1/runs/mine/end", {"status": "Completed"}),
        ("POST", "/api/v1/service/stop", {}),
        ("POST", "/api/v1/codes", {}),
        ("DELETE", "/api/v1/runs/mine", None),
        ("POST", "/api/v1/runs/mine/finish", {}),
    ]:
        refused = ask(live_workspace, method, path, body, **headers)
        assert (refused.status, refused.code) == (403, "Forbidden"), path


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_name_is_refused(live_workspace: TemporaryWorkspace, host: str) -> None:
    answer = ask(live_workspace, "GET", "/api/v1/ping", Authorization=f"Bearer {live_workspace.api.token}", Host=host)

    assert answer.status in {400, 403}


def test_a_code_becomes_a_cookie_once_and_the_cookie_needs_our_own_origin(live_workspace: TemporaryWorkspace) -> None:
    link = live_workspace.api.post("/codes", {"next": "/"})["url"]
    path = link[len(live_workspace.api.url) :]
    first = ask(live_workspace, "GET", path)
    cookie = first.headers["Set-Cookie"]

    assert first.status == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ask(live_workspace, "GET", path).status == 401
    pair = cookie.split(";")[0]
    assert ask(live_workspace, "GET", "/", Cookie=pair).status == 200
    tags: dict[str, Any] = {"tags": {}}
    refused = ask(live_workspace, "PATCH", "/api/v1/workspace", tags, Cookie=pair, Origin="http://evil.example")
    assert refused.status == 403
    assert ask(live_workspace, "PATCH", "/api/v1/workspace", tags, Cookie=pair).status == 403
    allowed = ask(
        live_workspace,
        "PATCH",
        "/api/v1/workspace",
        tags,
        Cookie=pair,
        Origin=live_workspace.api.url,
        Content_Type="application/json",
    )
    assert allowed.status == 200


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_way_in_leads_to_no_other_site(live_workspace: TemporaryWorkspace, place: str) -> None:
    code = live_workspace.api.post("/codes", {})["code"]
    from urllib.parse import quote

    answer = ask(live_workspace, "GET", f"/login?code={code}&next={quote(place, safe='')}")

    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("path", ["/", "/runs/x", "/runs/x/files/a"])
def test_a_page_without_a_cookie_says_how_to_get_in(live_workspace: TemporaryWorkspace, path: str) -> None:
    answer = ask(live_workspace, "GET", path)

    assert answer.status == 401
    assert b"stoker studio" in answer.data


@pytest.mark.parametrize("name", ["../../key", "a/../../b", "/etc/passwd", "a\0b", "..", ""])
def test_a_file_s_name_can_not_leave_the_run(live_workspace: TemporaryWorkspace, name: str) -> None:
    from urllib.parse import quote

    live_workspace.api.post("/runs", {"id": "files", "experiment": "door", "kind": "interactive"})
    path = f"/api/v1/runs/files/files/{quote(name, safe='')}"

    answer = ask(live_workspace, "PUT", path, "x", Authorization=f"Bearer {live_workspace.api.token}")

    assert answer.status in {400, 404, 405}
    assert live_workspace.api.get("/runs/files/files")["files"] == []


def test_what_a_run_made_is_served_so_that_it_can_not_act(live_workspace: TemporaryWorkspace) -> None:
    api = live_workspace.api
    api.post("/runs", {"id": "html", "experiment": "door", "kind": "interactive"})
    api.request("PUT", "/runs/html/files/outputs/page.html", raw=b"<script>alert(1)</script>")

    answer = api.request("GET", "/runs/html/files/outputs/page.html")

    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
