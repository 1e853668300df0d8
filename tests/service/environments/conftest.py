"""A package index of our own, on loopback, with wheels made on the spot."""

from __future__ import annotations

import base64
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from stoker.service.environments import EnvironmentRequest, UvEnvironmentBuilder
from stoker.testing.environments import environment_request, make_wheel


class Index:
    """A PEP 503 index that can refuse, hold back and count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password: str | None = None
        self.downloads: list[str] = []
        self.holding: str | None = None
        self.held = threading.Event()
        self.go_on = threading.Event()
        self._guard = threading.Lock()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    index.answer(self)
                except ConnectionError:
                    self.close_connection = True

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.address}/simple"

    def add(self, name: str, version: str, tag: str = "py3-none-any", requires: tuple[str, ...] = ()) -> None:
        make_wheel(self.folder, name, version, tag=tag, requires=requires)

    def remove(self, name: str) -> None:
        for path in self.folder.glob(f"{name.replace('-', '_')}-*"):
            path.unlink()

    def hold(self, name: str) -> None:
        """Hold back the first download of a wheel of the project until `go_on` is set."""
        self.holding = name.replace("-", "_")

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        kind, _, name = handler.path.strip("/").partition("/")
        if self.password is not None and handler.headers["Authorization"] != self._authorization():
            self._send(handler, 401, b"who are you?")
        elif kind == "simple":
            self._send_page(handler, name.replace("-", "_"))
        elif kind == "files" and name.endswith(".metadata"):
            self._send(handler, 200, _metadata(self.folder / name.removesuffix(".metadata")))
        elif kind == "files" and (self.folder / name).exists():
            if handler.command != "HEAD":
                self._wait(name)
            self._send(handler, 200, (self.folder / name).read_bytes())
        else:
            self._send(handler, 404, b"not here")

    def _authorization(self) -> str:
        return "Basic " + base64.b64encode(f"me:{self.password}".encode()).decode()

    def _wait(self, name: str) -> None:
        with self._guard:
            self.downloads.append(name)
            is_held = self.holding is not None and name.startswith(self.holding + "-")
            if is_held:
                self.holding = None
        if is_held:
            self.held.set()
            self.go_on.wait(60)

    def _send_page(self, handler: BaseHTTPRequestHandler, word: str) -> None:
        names = sorted(path.name for path in self.folder.glob(f"{word}-*"))
        links = "".join(f'<a href="/files/{name}" data-core-metadata="true">{name}</a>\n' for name in names)
        self._send(handler, 200 if names else 404, f"<!doctype html><html><body>{links}</body></html>".encode())

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header(
            "Content-Type", "text/html" if body.startswith(b"<!doctype") else "application/octet-stream"
        )
        if status == 401:
            handler.send_header("WWW-Authenticate", 'Basic realm="index"')
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)


def _metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        name = next(one for one in archive.namelist() if one.endswith("/METADATA"))
        return archive.read(name)


Ask = Callable[..., EnvironmentRequest]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    folder = tmp_path / "wheels"
    folder.mkdir()
    one = Index(folder)
    yield one
    one.close()


@pytest.fixture
def ask(index: Index, tmp_path: Path) -> Ask:
    """Make requests whose packages come from our own index only."""

    def make(conda: list[str] | None = None, pip: list[str] | None = None, **definition: Any) -> EnvironmentRequest:
        request = environment_request(conda, pip, **definition)
        base = {name: value for name, value in request.base_environment.items() if not name.startswith(("UV_", "PIP_"))}
        base.update(UV_DEFAULT_INDEX=index.url, UV_CACHE_DIR=str(tmp_path / "uv"), UV_HTTP_RETRIES="0")
        return replace(request, base_environment=base)

    return make


@pytest.fixture
def builder(tmp_path: Path) -> UvEnvironmentBuilder:
    return UvEnvironmentBuilder(str(tmp_path / "cache"))
