"""Every method that MLflow's client can ask for, and what becomes of it here; `python -m` writes the docs' table."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.services.mlflow_client import mlflow_python

from stoker.service.mlflow import routers
from stoker.service.mlflow.rest import NOT_SERVED

__all__ = ["Method", "methods_of_client", "page_with", "served", "table"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "mlflow.md"
BEGIN, END = "<!-- methods: begin -->", "<!-- methods: end -->"
ASK = """
import json
from mlflow.store.model_registry import rest_store as registry
from mlflow.store.tracking.rest_store import RestStore
from mlflow.version import VERSION

found = []
for proto, info in RestStore._METHOD_TO_INFO.items():
    path, http = RestStore._V3_METHOD_TO_INFO[proto] if proto in RestStore._V3_APIS else info
    found.append((proto.DESCRIPTOR.name, http, path))
for methods in (registry._METHOD_TO_INFO, registry._WEBHOOK_METHOD_TO_INFO):
    found += [(proto.DESCRIPTOR.name, http, path) for proto, (path, http) in methods.items()]
print(json.dumps([VERSION, found]))
"""


class Method(NamedTuple):
    """A method of the protocol: its name in the client's code, HTTP method and path."""

    name: str
    http: str
    path: str


def methods_of_client() -> tuple[str, list[Method]]:
    """Return the client's version, and what it can ask for."""
    done = subprocess.run([mlflow_python(), "-W", "ignore", "-c", ASK], capture_output=True, text=True, check=True)
    version, found = json.loads(done.stdout.splitlines()[-1])
    return version, [Method(*item) for item in found]


def served(method: Method) -> bool:
    """Whether a router of ours has it."""
    path = re.sub(r"\{[^}]*\}", "{}", re.sub(r"^/api/\d+\.\d+", "", method.path))
    ours = {(http, re.sub(r"\{[^}]*\}", "{}", known)) for router in routers for http, known in router.served}
    return (method.http, path) in ours


def why_not(method: Method) -> str:
    """Return what is said of one that is not served; empty when nothing is."""
    path = re.sub(r"^/api/\d+\.\d+/?mlflow/", "", method.path)
    return next((why for begin, why in NOT_SERVED.items() if path == begin or path.startswith(f"{begin}/")), "")


def table(version: str, methods: list[Method]) -> str:
    """Return the docs' table."""
    lines = [f"Methods of the client {version}.", "", "| Method | Address | Here |", "|---|---|---|"]
    for method in sorted(methods, key=lambda item: (not served(item), item.path, item.http, item.name)):
        here = "served" if served(method) else why_not(method)
        lines.append(f"| {method.name} | `{method.http} {method.path}` | {here} |")
    return "\n".join(lines)


def page_with(page: str, text: str) -> str:
    """Return the page with the table between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), table(*methods_of_client())), encoding="utf-8")
