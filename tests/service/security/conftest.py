"""A raw way to ask a service: with any header, any bytes, and no help from our client."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from stoker.service.tokens import TokenSigner
from stoker.testing.workspaces import TemporaryWorkspace

JSON = {"Content-Type": "application/json"}


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.data = response.read()

    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def code(self) -> str:
        return str(self.json()["error"]["code"])


class Door:
    """Asks one workspace's service."""

    def __init__(self, workspace: TemporaryWorkspace) -> None:
        self.workspace = workspace
        self.url = workspace.api.url
        self.token = workspace.api.token

    def signer(self) -> TokenSigner:
        """Return what signs as the service does: the tests hold the key, as the owner could."""
        key = (self.workspace.root / ".stoker" / "key").read_text()
        return TokenSigner(key, self.workspace.api.get("/workspace")["id"])

    def connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str) -> Answer:
        """Send a request with a bearer token and `headers`; a body that is not bytes goes as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body, named = json.dumps(body).encode(), {**JSON, **named}
        connection = self.connection()
        try:
            connection.request(method, path, body, named)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def owner(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask below `/api/v1` as the owner."""
        return self.ask(method, f"/api/v1{path}", body, self.token, **headers)

    def run(self, run_id: str, **fields: Any) -> str:
        """Record an interactive run, once."""
        body = {"id": run_id, "experiment": "security", "kind": "interactive", **fields}
        answer = self.owner("POST", "/runs", body)
        assert answer.status in {200, 201}, answer.data
        return run_id

    def cookie(self) -> str:
        """Return the pair that a browser sends once it is in."""
        link = self.workspace.api.post("/codes", {})["url"]
        return str(self.ask("GET", link[len(self.url) :]).headers["Set-Cookie"]).split(";")[0]

    def operations(self) -> list[tuple[str, str]]:
        """Return method and path of all that the OpenAPI document names."""
        document = self.workspace.api.get("/openapi.json")
        return [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]


@pytest.fixture(scope="session")
def new_door() -> type[Door]:
    """Return what asks a workspace's service, for fixtures that live longer than a test."""
    return Door


@pytest.fixture
def door(live_workspace: TemporaryWorkspace) -> Door:
    return Door(live_workspace)
