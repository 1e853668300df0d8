"""The pages in a real browser: nothing breaks the content policy, and a living run's page follows it."""

from __future__ import annotations

import json
import os
import queue
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from stoker.service.pages import CONTENT_SECURITY_POLICY, STATIC_FOLDER, RunView, render_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium on PATH")

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Site:
    """Serves one page, its static files, and a stream of events that the test writes."""

    def __init__(self) -> None:
        self.page = ""
        self.events: queue.Queue[str | None] = queue.Queue()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path.endswith("/events"):
                    self._stream()
                elif path.startswith("/static/"):
                    name = os.path.basename(path)
                    with open(os.path.join(STATIC_FOLDER, name), "rb") as file:
                        self._send(TYPES[os.path.splitext(name)[1]], file.read())
                else:
                    self._send("text/html; charset=utf-8", site.page.encode())

            def _send(self, kind: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                self.end_headers()
                self.wfile.write(body)

            def _stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                while (event := site.events.get()) is not None:
                    self.wfile.write(event.encode())
                    self.wfile.flush()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/runs/r1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def send(self, event: str, **data: Any) -> None:
        self.events.put(f"event: {event}\nid: c1\ndata: {json.dumps(data)}\n\n")

    def send_log(self, offset: int, text: str) -> int:
        self.send("log", name="user_logs/std_log.txt", offset=offset, text=text)
        return offset + len(text.encode())

    def close(self) -> None:
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def tab(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(color_scheme="light", viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()


def living(view: RunView, **changes: Any) -> RunView:
    run = {**view.run, "status": "Running", "ended": None, **changes}
    return replace(view, run=run, metrics={"rmse": 1.0}, series=[], log_start=0, log_text="one\n", log_end=4)


def test_a_page_keeps_to_the_content_policy_and_to_a_narrow_screen(
    site: Site, tab: Page, view: RunView, complaints: list[str]
) -> None:
    site.page = render_run(replace(view, metrics={**view.metrics, "plot": 1}))

    tab.goto(site.url)

    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert complaints == []


def test_the_theme_is_the_systems_until_one_is_chosen_and_then_kept(site: Site, tab: Page, view: RunView) -> None:
    site.page = render_run(view)
    ground = "getComputedStyle(document.body).backgroundColor"
    tab.goto(site.url)
    light = tab.evaluate(ground)

    tab.get_by_role("button", name="Use the dark theme").click()
    dark = tab.evaluate(ground)
    tab.reload()

    assert dark != light
    assert tab.evaluate(ground) == dark
    tab.get_by_role("button", name="Use the light theme").click()
    assert tab.evaluate(ground) == light


def test_a_living_runs_page_follows_log_metrics_and_state(
    site: Site, tab: Page, view: RunView, complaints: list[str]
) -> None:
    site.page = render_run(living(view))
    tab.goto(site.url)

    end = site.send_log(0, "one\ntwo\n")
    end = site.send_log(end, "\x1b[31mred <b>\x1b[0m\n1%")
    site.send_log(end, "\r99%")
    log = tab.locator("#log-text")
    expect(log).to_have_text("one\ntwo\nred <b>\n99%", use_inner_text=True)
    expect(log.locator(".a-f1")).to_have_text("red <b>")

    site.page = render_run(replace(living(view), metrics={"rmse": 2.5}, log_end=0))
    site.send("metric", name="rmse", column="rmse", points=[[0.0, None, 2.5]])
    expect(tab.locator("#metrics .values b")).to_have_text("2.5")
    expect(log).to_have_text("one\ntwo\nred <b>\n99%", use_inner_text=True)

    site.page = render_run(replace(view, log_text="all of it\n", log_start=0, log_end=4096))
    site.send("end", status="Completed", version=13)
    expect(tab.locator("#head .badge")).to_have_text("Completed")
    expect(log).to_have_text("all of it")
    expect(tab.locator("#connection")).to_be_empty()
    assert complaints == []


def test_a_first_log_appears_without_a_reload(site: Site, tab: Page, view: RunView) -> None:
    site.page = render_run(replace(living(view), log_name=None, logs=[]))
    tab.goto(site.url)
    assert tab.locator("#log-text").count() == 0

    site.page = render_run(living(view))
    site.send_log(0, "one\n")

    expect(tab.locator("#log-text")).to_have_text("one")


def test_a_link_as_mlflow_s_client_prints_it_leads_to_the_run(site: Site, tab: Page, view: RunView) -> None:
    site.page = render_run(view)

    tab.goto(site.url.replace("/runs/r1", "/#/experiments/1/runs/r%201"))

    expect(tab).to_have_url(site.url.replace("/runs/r1", "/runs/r%201"))


def test_without_script_the_page_says_the_same(site: Site, browser: Browser, view: RunView) -> None:
    site.page = render_run(view)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(site.url)

    assert page.locator("#head .badge").inner_text() == "Completed"
    assert page.locator("#log-text").inner_text().strip() == "hello"
    assert not page.locator("#theme").is_visible()
    context.close()
