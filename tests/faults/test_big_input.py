"""Very much of everything: one line, points, names, files; and uploads that are cut in the middle."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import socket
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stoker.base.packs import pack
from stoker.client import Api
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

PATIENCE = 240.0
LARGEST_PAGE = 2_000_000
"""Bytes: what a browser still shows without a pause."""


def page_of(api: Api, path: str) -> str:
    """Return a page as a browser gets it: a one-time code, the cookie, the page."""
    way_in = urllib.parse.urlsplit(api.post("/codes", {"next": path})["url"])
    connection = http.client.HTTPConnection(way_in.netloc, timeout=60)
    connection.request("GET", f"{way_in.path}?{way_in.query}")
    answer = connection.getresponse()
    answer.read()
    cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    assert answer.status == 200
    page = answer.read()
    connection.close()
    assert len(page) < LARGEST_PAGE
    return page.decode()


@pytest.mark.slow
def test_a_line_of_50_megabytes_is_kept_shown_and_followed(runs: Any) -> None:
    """Slow for its 50 MB; a progress bar without a newline makes such lines, and every reader of logs meets them."""
    code = """
        import sys
        part = "x" * 999_999 + "\\u00e9"
        print("begin")
        for _ in range(50):
            sys.stdout.write(part)
        print()
        print("end")
    """
    run_id = runs.python(code)
    followed = hashlib.sha256()
    for event in runs.api.events(f"/runs/{run_id}/events", logs=1):
        if event.name == "log" and event.data["name"] == "user_logs/std_log.txt":
            followed.update(event.data["text"].encode())

    line = ("x" * 999_999 + "é") * 50
    wanted = f"begin\n{line}\nend\n"
    runs.completed(run_id)
    assert hashlib.sha256(runs.log(run_id).encode()).digest() == hashlib.sha256(wanted.encode()).digest()
    assert followed.digest() == hashlib.sha256(wanted.encode()).digest()
    assert runs.log(run_id, tail=1) == "end\n"
    assert len(runs.log(run_id, tail=2)) == len(line) + len("\nend\n")
    assert "are left out here" in page_of(runs.api, f"/runs/{run_id}")


@pytest.mark.slow
def test_a_metric_of_50_megabytes_is_one_record(runs: Any) -> None:
    """Slow for its 50 MB; a line of a journal goes whole, whatever the size of a piece is."""
    code = """
        from stoker.core import Run
        run = Run.get_context()
        run.log("before", 1)
        run.log("book", "y" * 50_000_000)
        run.log("after", 2)
        assert run.get_metrics("after") == {"after": 2}
    """
    run_id = runs.python(code)

    runs.completed(run_id, PATIENCE)
    found = runs.metrics(run_id)
    assert (found["before"], found["after"], found["book"] == "y" * 50_000_000) == (1, 2, True)
    assert "book" in page_of(runs.api, f"/runs/{run_id}")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_million_points_are_kept_in_order_and_others_are_served_meanwhile(runs: Any) -> None:
    """Slow as it logs a million times; it shows that a run may, and that its page and neighbours don't suffer."""
    code = """
        from stoker.core import Run
        run = Run.get_context()
        for number in range(1_000_000):
            run.log("x", number)
    """
    run_id = runs.python(code)
    runs.reach(run_id, "Running")
    other = runs.ended(runs.submit("echo meanwhile"))
    assert other["status"] == "Completed"

    runs.completed(run_id, PATIENCE)
    assert runs.metrics(run_id)["x"] == list(range(1_000_000))
    page = page_of(runs.api, f"/runs/{run_id}")
    assert "drawn by 500 of its points" in page
    points = [
        point
        for event in runs.api.events(f"/runs/{run_id}/events", cursor="v=0&m=0", metrics=1)
        if event.name == "metric"
        for point in event.data["points"]
    ]
    assert [point[2] for point in points] == list(range(1_000_000))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_thousand_names_are_kept_and_the_page_shows_the_first(runs: Any) -> None:
    """Slow for its 30,000 points in 10,000 series; every look at a run's metrics must not ask for each of them."""
    code = """
        from stoker.core import Run
        run = Run.get_context()
        for step in range(3):
            for number in range(10_000):
                run.log(f"metric {number:05d}", step)
    """
    run_id = runs.python(code)

    runs.completed(run_id, PATIENCE)
    assert runs.metrics(run_id) == {f"metric {number:05d}": [0, 1, 2] for number in range(10_000)}
    page = page_of(runs.api, f"/runs/{run_id}")
    assert "The first 100 of 10000 metrics" in page
    assert "metric 00099" in page
    assert "metric 00100" not in page
    names: dict[str, list[float]] = {}
    for event in runs.api.events(f"/runs/{run_id}/events", cursor="v=0&m=0", metrics=1):
        if event.name == "metric":
            names.setdefault(event.data["name"], []).extend(point[2] for point in event.data["points"])
    assert names == {f"metric {number:05d}": [0, 1, 2] for number in range(10_000)}


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory where the machine has room there: the disk is not what is tested."""
    memory = "/dev/shm"
    if not os.path.isdir(memory) or shutil.disk_usage(memory).free < 3e9:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="stoker-files-", dir=memory) as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_hundred_thousand_files_arrive_and_keep_nobody_waiting(in_memory: Path, runs_of: Any) -> None:
    """Slow as it writes and stores 100,000 files; it shows that they go in packs, and that runs take turns."""
    with TemporaryWorkspace(in_memory / "w", "many-files") as workspace:
        _check_many_files(runs_of(workspace))


def _check_many_files(runs: Any) -> None:
    code = """
        import os
        for number in range(100_000):
            folder = f"outputs/{number // 1000:03d}"
            os.makedirs(folder, exist_ok=True)
            with open(f"{folder}/{number}.txt", "w") as file:
                file.write(str(number))
    """
    run_id = runs.python(code)
    runs.reach(run_id, "Finalizing", PATIENCE)
    other = runs.submit("echo meanwhile > outputs/small.txt")
    assert runs.ended(other)["status"] == "Completed"
    assert "outputs/small.txt" in runs.files(other)
    assert runs.status(run_id) == "Finalizing", "the other run was not served before these files"

    runs.completed(run_id, PATIENCE)
    files = runs.api.get(f"/runs/{run_id}/files")["files"]
    stored = {file["name"]: file for file in files if file["name"].startswith("outputs/")}
    assert len(stored) == 100_000
    assert not any(file["live"] for file in stored.values())
    for number in (0, 4_321, 99_999):
        name = f"outputs/{number // 1000:03d}/{number}.txt"
        assert stored[name]["sha256"] == hashlib.sha256(str(number).encode()).hexdigest()
        assert runs.api.request("GET", f"/runs/{run_id}/files/{name}").data == str(number).encode()
    assert "The first 500" in page_of(runs.api, f"/runs/{run_id}")
    paths = runs.workspace.paths
    wait_until(lambda: not os.path.exists(paths.run(run_id).folder), what="that the run's folder goes")
    wait_until(lambda: not os.listdir(paths.trash), what="that its files go")


# -- half-written uploads ---------------------------------------------------------------------------------------------

HALF = b"z" * 300_000


def send_half(api: Api, target: str, head: str, half: bytes) -> None:
    """Send the head of a request and half of its body, and cut the connection."""
    place = urllib.parse.urlsplit(api.url)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=30) as line:
        lines = (f"PUT /api/v1{target} HTTP/1.1", f"Host: {place.netloc}", f"Authorization: Bearer {api.token}", head)
        line.sendall("\r\n".join([*lines, "", ""]).encode() + half)
        # The service has begun to read: the cut comes in the middle, not before it.
        line.shutdown(socket.SHUT_WR)
        while line.recv(65536):
            pass


def staged(workspace: TemporaryWorkspace) -> list[Path]:
    return list(Path(workspace.paths.objects, "tmp").iterdir())


@pytest.fixture
def interactive(live_workspace: TemporaryWorkspace) -> str:
    body = {"id": "half", "experiment": "faults", "kind": "interactive"}
    live_workspace.api.post("/runs", body)
    return "half"


@pytest.mark.parametrize("form", ["length", "chunked"])
def test_a_half_written_upload_is_never_visible(
    live_workspace: TemporaryWorkspace, interactive: str, form: str
) -> None:
    api, name = live_workspace.api, f"cut-{form}.bin"
    length = f"Content-Length: {2 * len(HALF)}"
    head, half = (
        (length, HALF) if form == "length" else ("Transfer-Encoding: chunked", b"%x\r\n" % len(HALF) + HALF + b"\r\n")
    )
    send_half(api, f"/runs/{interactive}/files/{name}", head, half)

    wait_until(lambda: not staged(live_workspace), what="that the half is thrown away")
    assert name not in [file["name"] for file in api.get(f"/runs/{interactive}/files")["files"]]
    stored = api.request("PUT", f"/runs/{interactive}/files/{name}", raw=HALF * 2).json()
    assert stored["size"] == 2 * len(HALF)
    # What is there already is not touched by half of something else either.
    send_half(api, f"/runs/{interactive}/files/{name}?overwrite=1", head, half)
    wait_until(lambda: not staged(live_workspace), what="that the half is thrown away")
    assert api.request("GET", f"/runs/{interactive}/files/{name}").data == HALF * 2


def test_a_half_written_pack_gives_none_of_its_files(live_workspace: TemporaryWorkspace, interactive: str) -> None:
    api = live_workspace.api
    body = pack("one.txt", b"1") + pack("two.txt", b"2" * 1000)
    send_half(api, f"/runs/{interactive}/files", f"Content-Length: {len(body)}", body[:-500])
    with pytest.raises(Exception, match="not whole"):
        api.request("PUT", f"/runs/{interactive}/files", raw=body[:-500])

    names = [file["name"] for file in api.get(f"/runs/{interactive}/files")["files"]]
    assert {"one.txt", "two.txt"}.isdisjoint(names)
    assert api.request("PUT", f"/runs/{interactive}/files", raw=body).json()["stored"] == 2
    assert api.request("GET", f"/runs/{interactive}/files/two.txt").data == b"2" * 1000


def test_a_pack_refuses_bad_names_alone_and_says_what_it_lacks(
    live_workspace: TemporaryWorkspace, interactive: str
) -> None:
    api = live_workspace.api
    body = pack("../out.txt", b"x") + pack("good.txt", b"good") + pack("never-sent.txt", None)
    answer = api.request("PUT", f"/runs/{interactive}/files", params={"live": True}, raw=body).json()
    assert answer["stored"] == 1
    assert answer["missing"] == ["never-sent.txt"]
    assert "'..'" in answer["refused"]["../out.txt"]

    # The same file said to be as it was sent is no longer one that the run may change.
    answer = api.request("PUT", f"/runs/{interactive}/files", raw=pack("good.txt", None)).json()
    found = {file["name"]: file for file in api.get(f"/runs/{interactive}/files")["files"]}
    assert (answer["missing"], found["good.txt"]["live"], found["good.txt"]["size"]) == ([], False, 4)
