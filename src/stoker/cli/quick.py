"""One GET without `http.client`, whose import costs 30 ms: for completion and lists, which must answer at once."""

from __future__ import annotations

import json
import socket
from typing import Any

__all__ = ["SECONDS", "get"]

SECONDS = 1.0
"""How long the service may take: a Tab must not hang."""


def get(home: str, path: str, **params: Any) -> Any:
    """Return the JSON answer of the service of the workspace `home`; None when none runs, is slow, or says no.

    Whoever must know why asks again through `stoker.client`. HTTP/1.0, so that the body ends with the connection.
    """
    from stoker.client.discovery import living_service

    facts = living_service(home)
    if facts is None:
        return None
    try:
        head, _, body = _ask(home, str(facts["url"]), path, params).partition(b"\r\n\r\n")
        return json.loads(body) if b" 200 " in head.split(b"\r\n", 1)[0] else None
    except (OSError, ValueError):
        return None


def _ask(home: str, url: str, path: str, params: dict[str, Any]) -> bytes:
    from urllib.parse import urlencode

    from stoker.base.paths import WorkspacePaths

    with open(WorkspacePaths(home).token, encoding="ascii") as file:
        token = file.read().strip()
    address = url.removeprefix("http://")
    host, _, port = address.rpartition(":")
    query = urlencode({name: _word(value) for name, value in params.items() if value is not None}, doseq=True)
    request = f"GET /api/v1{path}?{query} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
    with socket.create_connection((host.strip("[]"), int(port)), SECONDS) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            return answer.read()


def _word(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
