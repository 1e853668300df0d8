"""The MLflow protocol without a client: one call is one request, as any program could send it."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from stoker.service.tokens import TokenSigner
from stoker.testing.workspaces import TemporaryWorkspace

__all__ = ["Protocol", "ProtocolError"]


class ProtocolError(Exception):
    """An answer that is no success; `code` is the protocol's, `status` is HTTP's."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{body['error_code']} ({status}): {body['message']}")
        self.status = status
        self.code = body["error_code"]


class Protocol:
    """Asks one workspace's service, with the owner's token or another one."""

    def __init__(self, workspace: TemporaryWorkspace, token: str | None = None) -> None:
        self.workspace = workspace
        self.token = token or workspace.api.token

    def as_run(self, run_id: str) -> Protocol:
        """Return the same with the token of a run: the tests hold the key, as the owner could."""
        key = (self.workspace.root / ".stoker" / "key").read_text()
        signer = TokenSigner(key, self.workspace.api.get("/workspace")["id"])
        return Protocol(self.workspace, signer.run_token(run_id))

    def ask(self, method: str, path: str, **parameters: Any) -> Any:
        """Return the answer's JSON; parameters are the query of a GET, the body of all others."""
        data = None
        if method == "GET":
            path = f"{path}?{urlencode(parameters, doseq=True)}" if parameters else path
        else:
            data = json.dumps(parameters).encode()
        status, content = self.raw(method, f"/api/2.0/mlflow/{path}", data)
        body = json.loads(content)
        if status >= 400:
            raise ProtocolError(status, body)
        return body

    def put_file(self, uri: str, name: str, data: bytes) -> None:
        """Write a file at an `mlflow-artifacts:/` address."""
        status, content = self.raw("PUT", _address(uri, name), data)
        if status >= 400:
            raise ProtocolError(status, json.loads(content))

    def get_file(self, uri: str, name: str) -> bytes:
        """Read a file at an `mlflow-artifacts:/` address."""
        status, content = self.raw("GET", _address(uri, name))
        if status >= 400:
            raise ProtocolError(status, json.loads(content))
        return content

    def run(self, name: str = "run") -> str:
        """Make a run and return its id."""
        return str(self.ask("POST", "runs/create", experiment_id="0", run_name=name)["run"]["info"]["run_id"])

    def raw(self, method: str, path: str, data: bytes | None = None) -> tuple[int, bytes]:
        """Send a request and return status and body."""
        parts = urlsplit(self.workspace.api.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request(method, path, data, {"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def _address(uri: str, name: str) -> str:
    path = uri.removeprefix("mlflow-artifacts:/")
    return "/api/2.0/mlflow-artifacts/artifacts/" + quote(f"{path}/{name}")
