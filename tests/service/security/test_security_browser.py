"""A browser that was lured elsewhere: foreign names, foreign origins, foreign frames."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

CHANGING = ["POST", "PUT", "PATCH", "DELETE"]
WORD = "\"><img src=x onerror=alert(1)><script>alert('x')</script>{{7*7}}<!--"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "[::1].evil.example",
        "127.0.0.2:{port}",
        "0.0.0.0:{port}",
        "127.1:{port}",
        "2130706433:{port}",
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/ping", "/", "/static/style.css"])
def test_a_foreign_name_is_refused_whatever_is_asked(door: Any, host: str, path: str) -> None:
    name = host.format(port=door.url.rsplit(":", 1)[1])

    answer = door.ask("GET", path, token=door.token, Host=name)

    assert (answer.status, answer.code) == (403, "Forbidden")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "127.0.0.1", "[::1]:{port}"])
def test_a_name_of_this_machine_is_known(door: Any, host: str) -> None:
    name = host.format(port=door.url.rsplit(":", 1)[1])

    assert door.ask("GET", "/api/v1/ping", token=door.token, Host=name).status == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "{url}.evil.example", "{other}", "file://", ""]
)
@pytest.mark.parametrize("method", CHANGING)
def test_a_cookie_changes_nothing_from_another_page(door: Any, method: str, origin: str | None) -> None:
    host, port = door.url.rsplit(":", 1)
    other = f"{host}:{int(port) - 1}"
    headers = {} if origin is None else {"Origin": origin.format(url=door.url, other=other)}

    answer = door.ask(method, "/api/v1/workspace", {"tags": {"a": "b"}}, Cookie=door.cookie(), **headers)

    assert (answer.status, answer.code) == (403, "Forbidden")


def test_no_answer_lets_another_site_read_it(door: Any) -> None:
    door.run("cors")
    for path in ("/api/v1/runs", "/", "/runs/cors", "/api/v1/runs/cors/files"):
        answer = door.ask("GET", path, token=door.token, Cookie=door.cookie(), Origin=door.url)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    asked = door.ask("OPTIONS", "/api/v1/runs", token=door.token, Access_Control_Request_Method="POST")
    assert not [name for name in asked.headers if name.lower().startswith("access-control-")]


class _Tags(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]


def _filled(door: Any, run_id: str, word: str) -> _Tags:
    """Give a run `word` as every name and text that a client may choose, and return its page."""
    door.run(
        run_id,
        display_name=word,
        description=word,
        type=word,
        tags={word: word},
        properties={word: word},
        submitted_by=word,
        warnings=[word],
        definition={"script": word, "arguments": ["--a", f"x{word}"], "environment": {"name": word}},
    )
    child = {"display_name": word, "tags": {word: word}, "parent_id": run_id}
    door.run(f"{run_id}-child", **child)
    name = quote(word, safe="")
    door.owner("PUT", f"/runs/{run_id}/files/outputs/{name}", b"x")
    door.owner("POST", f"/runs/{run_id}/logs/user_logs/{name}?offset=0", f"{word}\n\x1b[31m{word}\x1b[0m\n".encode())
    api = door.workspace.api
    import json

    lines = [
        ["m", 0, 1.0, f"m{word}", 1.0, None],
        ["m", 0, 2.0, f"m{word}", 2.0, None],
        ["m", 0, 1.0, f"s{word}", word, None],
        ["r", 0, 1.0, f"r{word}", {f"c{word}": 1.0, "d": word}],
        ["d", 0, 1.0, f"m{word}", word],
        ["end", 0, 3.0, "Failed", {"code": word, "message": word, "details": {"traceback": word}}],
    ]
    raw = "".join(json.dumps(line) + "\n" for line in lines).encode()
    api.request("POST", f"/runs/{run_id}/journal", params={"journal": "j", "offset": 0}, raw=raw)
    page = door.ask("GET", f"/runs/{run_id}", Cookie=door.cookie())
    assert page.status == 200
    assert word.partition("<")[0].encode() in page.data or word == "word"
    return _Tags(page.data)


def test_a_name_that_would_like_to_be_html_stays_text_on_the_real_page(door: Any) -> None:
    benign, hostile = _filled(door, "benign", "word"), _filled(door, "hostile", WORD)

    assert sorted(set(hostile.tags)) == sorted(set(benign.tags))
    assert len(hostile.tags) == len(benign.tags)
    assert [link for link in hostile.links if re.match(r"(?i)\s*(javascript|data|vbscript|https?):", link)] == []


def test_a_page_names_no_foreign_place_and_lets_itself_not_be_framed(door: Any) -> None:
    door.run("framed")

    headers = door.ask("GET", "/runs/framed", Cookie=door.cookie()).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xhtml", "a.xml", "a.js", "a.css", "a.pdf", "a", "a.png.html"])
@pytest.mark.parametrize("prefix", ["/api/v1", ""])
def test_what_a_run_made_is_never_a_page_of_ours(door: Any, name: str, prefix: str) -> None:
    door.run("made")
    door.owner("PUT", f"/runs/made/files/outputs/{name}?overwrite=1", b"<script>alert(1)</script>")

    answer = door.ask("GET", f"{prefix}/runs/made/files/outputs/{name}", Cookie=door.cookie())

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_log_is_text_whatever_it_says(door: Any) -> None:
    door.run("log")
    door.owner("POST", "/runs/log/logs/user_logs/page.html?offset=0", b"<html><script>alert(1)</script>")

    for path in ("/api/v1/runs/log/logs/user_logs/page.html", "/runs/log/files/user_logs/page.html"):
        answer = door.ask("GET", path, Cookie=door.cookie())
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
