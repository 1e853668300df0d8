from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from stoker.client._line import Patience
from stoker.client.http import Api, quote_name
from stoker.exceptions import (
    AuthenticationException,
    ConflictException,
    NotFoundException,
    ServiceException,
    StokerException,
    UserErrorException,
)
from stoker.testing.workspaces import wait_until


class _Service(ThreadingHTTPServer):
    """A real HTTP server that answers with what it was asked."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.connections = 0
        self.cut_events = 1
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Service

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        if "/events" in self.path:
            self._events()
        elif "/status/" in self.path:
            status = int(self.path.rsplit("/", 1)[1])
            self._send(status, {"error": {"code": "X", "message": f"it is {status}", "details": {"a": 1}}})
        else:
            self._send(200, {"path": self.path, "token": self.headers["Authorization"]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._send(200, {"body": json.loads(body) if body else None})

    def _events(self) -> None:
        begun = int(self.headers.get("Last-Event-ID") or 0)
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(begun + 1, 4):
            name = "end" if number == 3 else "run"
            self.wfile.write(f"event: {name}\nid: {number}\ndata: {json.dumps({'n': number})}\n\n".encode())
            if number == 1 and self.server.cut_events:
                self.server.cut_events -= 1
                break
        self.close_connection = True

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def service() -> Iterator[_Service]:
    server = _Service()
    yield server
    server.stop()


@pytest.fixture
def api(service: _Service) -> Iterator[Api]:
    client = Api(service.url, "secret")
    yield client
    client.close()


def test_one_connection_serves_many_requests(api: Api, service: _Service) -> None:
    answers = [api.get("/x", n=n) for n in range(3)]

    assert answers[2] == {"path": "/api/v1/x?n=2", "token": "Bearer secret"}
    assert service.connections == 1


def test_parameters_that_are_none_are_left_out_and_lists_repeated(api: Api) -> None:
    path = api.get("/x", a=None, b=True, c=["1", "ä&"])["path"]

    assert path == "/api/v1/x?b=1&c=1&c=%C3%A4%26"


def test_a_name_becomes_path_segments() -> None:
    assert quote_name("a b/\n%\udcff") == "a%20b/%0A%25%FF"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, UserErrorException),
        (401, AuthenticationException),
        (404, NotFoundException),
        (409, ConflictException),
        (500, ServiceException),
    ],
)
def test_an_error_s_class_fits_its_status_and_its_text_is_the_service_s(
    api: Api, status: int, kind: type[StokerException]
) -> None:
    with pytest.raises(kind, match=f"it is {status}") as caught:
        api.get(f"/status/{status}")

    assert caught.value.details == {"a": 1}


def test_a_request_is_repeated_at_the_new_address_after_a_restart(service: _Service) -> None:
    fresh: list[_Service] = []

    def find() -> tuple[str, str]:
        fresh.append(_Service())
        return fresh[0].url, "secret"

    client = Api(service.url, "secret", find)
    client.get("/x")
    service.stop()
    client.close()

    assert client.post("/y", {"a": 1}) == {"body": {"a": 1}}
    client.close()
    fresh[0].stop()


def test_a_closed_door_that_stays_closed_is_said_in_words() -> None:
    with pytest.raises(ServiceException, match=r"does not answer.*stoker server start"):
        Api("http://127.0.0.1:1", "secret").get("/x")


def test_events_go_on_behind_the_last_one_after_a_cut(service: _Service) -> None:
    client = Api(service.url, "secret", lambda: (service.url, "secret"))

    events = list(client.events("/events"))

    assert [(event.name, event.data["n"]) for event in events] == [("run", 1), ("run", 2), ("end", 3)]


def test_a_forked_child_makes_a_connection_of_its_own(api: Api, service: _Service) -> None:
    api.get("/x")
    child = os.fork()
    if child == 0:
        os._exit(0 if api.get("/y")["path"] == "/api/v1/y" else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert api.get("/z")["path"] == "/api/v1/z"
    assert service.connections == 2


def test_patience_counts_from_the_first_failure_and_not_from_the_last_success() -> None:
    api = Api("http://127.0.0.1:1", "token", lambda: ("http://127.0.0.1:1", "token"))
    patience = Patience(seconds=0.05)
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.1, what="a quiet time longer than the patience")
    patience.wait(ConnectionResetError("cut"), api)

    def knock() -> None:
        while True:
            patience.wait(ConnectionResetError("cut"), api)

    with pytest.raises(ServiceException, match="stoker server start"):
        knock()
