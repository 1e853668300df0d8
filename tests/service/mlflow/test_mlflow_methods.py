from __future__ import annotations

import json
import re
import urllib.error
import urllib.request

import pytest
from tests.services.mlflow_methods import PAGE, Method, methods_of_client, page_with, served, table, why_not

from stoker.testing.workspaces import TemporaryWorkspace

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture(scope="module")
def methods() -> list[Method]:
    return methods_of_client()[1]


def test_each_method_is_served_or_has_a_sentence(methods: list[Method]) -> None:
    silent = [method for method in methods if not served(method) and not why_not(method)]

    assert len(methods) > 100
    assert silent == []


def test_each_method_is_answered_in_the_protocol_s_form(
    live_workspace: TemporaryWorkspace, methods: list[Method]
) -> None:
    wrong = []
    for method in methods:
        status, body = _ask(live_workspace, method)
        known = status == 200 or {"error_code", "message"} <= set(body)
        expected = status != 501 if served(method) else (status, body.get("error_code")) == (501, "NOT_IMPLEMENTED")
        if not (known and expected and status != 500):
            wrong.append((method, status, body))

    assert wrong == []


def test_the_page_has_the_table_of_today_s_client() -> None:
    version, methods = methods_of_client()
    page = PAGE.read_text(encoding="utf-8")

    assert page_with(page, table(version, methods)) == page, "run `python -m tests.services.mlflow_methods`"


def _ask(workspace: TemporaryWorkspace, method: Method) -> tuple[int, dict[str, object]]:
    path = re.sub(r"\{[^}]*\}", "nothing", method.path)
    data = None if method.http == "GET" else b"{}"
    headers = {"Authorization": f"Bearer {workspace.api.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(workspace.api.url + path, data, headers, method=method.http)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
