"""Requests made from the OpenAPI document, at a real service: no 500, and every error in the documented form."""

from __future__ import annotations

import itertools
import json
from hashlib import sha256
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from stoker.client.http import quote_name
from stoker.testing.workspaces import TemporaryWorkspace

EXAMPLES = 25
"""Examples an operation: within a minute and a half in all."""
LEFT_OUT = {
    "/api/v1/service/stop",  # it does
    "/api/v1/events",  # a stream has no end of its own
    "/api/v1/runs/{run_id}/events",
}
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
CONTENT = b"x\n"
KNOWN = {"experiments": "fuzz", "environments": "fuzz-env", "compute": "pool", "files": "outputs/a.txt"}
KNOWN |= {"secrets": "fuzz/ü", "datastores": "fuzz_store", "datasets": "fuzz data"}
KNOWN |= {"models": "fuzz model"}
DATASET = {"format": 1, "kind": "File", "source": {"type": "files", "paths": []}, "steps": []}
_numbers = itertools.count()

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "tags", "$"]), inner),
    max_leaves=6,
)
_kinds = st.sampled_from(
    ["m", "d", "l", "r", "t", "a", "tag", "untag", "prop", "set", "child", "end", "status", "warn", "run"]
)
_records = st.builds(lambda kind, rest: [kind, 0, 1.5, *rest], _kinds, st.lists(_json, max_size=4))
_lines = st.lists(_records | _json, max_size=3).map(
    lambda items: "".join(json.dumps(item) + "\n" for item in items).encode()
)
BODIES = st.binary(max_size=60) | _lines
"""Bodies of the operations that take bytes: packs, journals, logs, files."""


class Target:
    """Fills addresses with names that exist, so that requests come further than to "not found"."""

    def __init__(self, workspace: TemporaryWorkspace) -> None:
        self.api = workspace.api
        self.headers = {"Authorization": f"Bearer {self.api.token}"}
        self.schema = schemathesis.openapi.from_url(f"{self.api.url}/api/v1/openapi.json", headers=self.headers)
        self.renew()

    def renew(self) -> None:
        """Make what an example may have ended or deleted."""
        self.run_id = f"fuzz-{next(_numbers)}"
        self.api.post("/runs", {"id": self.run_id, "experiment": KNOWN["experiments"], "kind": "interactive"})
        self.api.request("PUT", f"/runs/{self.run_id}/files/{KNOWN['files']}", raw=CONTENT)
        self.api.request("POST", f"/runs/{self.run_id}/logs/{KNOWN['files']}", params={"offset": 0}, raw=CONTENT)
        self.api.post("/environments", {"definition": {"name": KNOWN["environments"], "python": {}}})
        self.api.post("/compute", {"name": KNOWN["compute"], "type": "AmlCompute", "config": {"max_nodes": 1}})
        self.api.request(
            "POST", "/objects/pack", raw=sha256(CONTENT).digest() + len(CONTENT).to_bytes(8, "big") + CONTENT
        )
        self.api.put(f"/secrets/{quote_name(KNOWN['secrets'])}", {"value": "x"})
        place = {"type": "LocalFolder", "kind": "folder", "config": {"path": "/data"}, "overwrite": True}
        self.api.post("/datastores", {"name": KNOWN["datastores"], **place})
        self.dataset = self.api.post("/datasets/register", {"name": KNOWN["datasets"], "definition": DATASET})["id"]
        model = {"name": KNOWN["models"], "run_id": self.run_id, "run_path": KNOWN["files"]}
        self.model_version = str(self.api.post("/models", model)["version"])
        self.snapshot = self.api.post("/snapshots", {"format": 1, "files": [], "links": [], "dirs": ["a"]})["id"]

    def fill(self, case: Any) -> None:
        """Give a case names that exist or may be given, where its address and its body want some."""
        resource = case.operation.path.split("/")[3]
        names = {
            "run_id": self.run_id,
            "name": KNOWN.get(resource, KNOWN["files"]),
            "version": self.model_version,
            "path": "a.txt",
            "snapshot_id": self.snapshot,
            "dataset_id": self.dataset,
            "sha256": sha256(CONTENT).hexdigest(),
        }
        fresh = {"offset": 0, "journal": f"j{next(_numbers)}"}
        case.path_parameters = {name: names.get(name, value) for name, value in (case.path_parameters or {}).items()}
        case.query = {name: fresh.get(name, value) for name, value in (case.query or {}).items()}
        if isinstance(case.body, dict):
            legal = {
                "id": f"fuzz-{next(_numbers)}",
                "experiment": "fuzz",
                "name": f"n{next(_numbers)}",
                "type": "AmlCompute",
            }
            case.body = {name: legal.get(name, value) for name, value in case.body.items()}
            if isinstance(case.body.get("definition"), dict):
                known: dict[str, Any] = DATASET if resource == "datasets" else {"name": "fuzz-env"}
                case.body["definition"] = {**case.body["definition"], **known}


@pytest.fixture(scope="module")
def target(live_workspace: TemporaryWorkspace) -> Target:
    return Target(live_workspace)


def operations(target: Target) -> list[Any]:
    found: list[Any] = list(target.schema.get_all_operations())
    return [item.ok() for item in found if item.ok().path not in LEFT_OUT]


def attack(target: Target, operation: Any) -> None:
    """Send examples to one operation; most name things that exist."""
    takes_bytes = operation.method in {"post", "put"} and not operation.body

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(), data=BODIES, exists=st.integers(0, 9))
    def send(case: Any, data: bytes, exists: int) -> None:
        if operation.method == "delete" and exists > 6:
            target.renew()
        if exists > 1:
            target.fill(case)
        sent = {"data": data} if takes_bytes else {}
        response = case.call(headers=target.headers, timeout=40, **sent)
        case.validate_response(response, checks=CHECKS)

    target.renew()
    send()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_request_that_the_document_allows_or_not_breaks_the_service(target: Target) -> None:
    """Slow: some 1,400 requests. It earns its place by finding what nobody thought of, in every operation at once."""
    found = operations(target)

    for operation in found:
        attack(target, operation)

    assert len(found) > 45
    assert target.api.get("/runs")["total"] > len(found)
