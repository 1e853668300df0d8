from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.data._storage.base import Storage
from stoker.data._storage.fingerprint import compare, fingerprint
from stoker.data._storage.folder import FolderStorage
from stoker.data._storage.http import HttpFile
from stoker.data._storage.paths import check_path
from stoker.data._storage.patterns import Pattern
from stoker.data._storage.resolve import resolve, resolve_paths
from stoker.exceptions import (
    AuthenticationException,
    ConflictException,
    DatasetValidationError,
    NotFoundException,
    UserErrorException,
)


@pytest.fixture
def opener(tmp_path: Path) -> Callable[[str], Storage]:
    for path in ("one/a/1.csv", "one/a/2.csv", "one/a/b/3.csv", "one/x.csv", "two/a/1.csv"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return lambda name: FolderStorage(str(tmp_path / name), name)


def on(datastore: str, path: str) -> dict[str, str]:
    return {"datastore": datastore, "path": path}


def test_a_definition_becomes_its_files(opener: Callable[[str], Storage], tmp_path: Path) -> None:
    files = resolve({"source": {"type": "files", "paths": [on("one", "a/**/*.csv")]}}, opener)

    assert [file.relative for file in files] == ["1.csv", "2.csv", "b/3.csv"]
    assert files[2].shown == "datastore://one/a/b/3.csv"
    assert files[2].local == str(tmp_path / "one/a/b/3.csv")
    assert files[2].size == len("one/a/b/3.csv")
    with files[2].open() as file:
        assert file.read() == b"one/a/b/3.csv"


@pytest.mark.parametrize(
    ("paths", "relative"),
    [
        ([on("one", "a/1.csv")], ["1.csv"]),
        ([on("one", "")], ["a/1.csv", "a/2.csv", "a/b/3.csv", "x.csv"]),
        ([on("one", "a/b")], ["3.csv"]),
        ([on("one", "a/b/*.csv"), on("one", "x.csv")], ["a/b/3.csv", "x.csv"]),
        ([on("one", "a/1.csv"), on("one", "a/b/3.csv")], ["1.csv", "b/3.csv"]),
        ([on("one", "a/1.csv"), on("two", "a/1.csv")], ["one/a/1.csv", "two/a/1.csv"]),
        ([on("one", "a/1.csv"), on("one", "a/1.csv")], ["1.csv", "1.csv"]),
    ],
)
def test_relative_paths_begin_after_what_all_have_in_common(
    opener: Callable[[str], Storage], paths: list[dict[str, str]], relative: list[str]
) -> None:
    assert [file.relative for file in resolve_paths(paths, opener)] == relative


def test_only_a_whole_folder_stands_for_its_files(opener: Callable[[str], Storage], tmp_path: Path) -> None:
    assert resolve_paths([on("one", "a")], opener).whole == str(tmp_path / "one/a")
    assert resolve_paths([on("one", "a/**")], opener).whole == str(tmp_path / "one/a")
    assert resolve_paths([on("one", "**")], opener).whole == str(tmp_path / "one")
    assert resolve_paths([on("one", "")], opener).whole == str(tmp_path / "one")
    for paths in (
        [on("one", "a/*")],
        [on("one", "x.csv")],
        [on("one", "a/**/*.csv")],
        [on("one", "a"), on("two", "a")],
    ):
        assert resolve_paths(paths, opener).whole is None


def test_what_matches_nothing_is_named_with_what_is_there(opener: Callable[[str], Storage]) -> None:
    with pytest.raises(
        DatasetValidationError, match=r"'a/\*\.parquet' on the datastore 'one'.*'1\.csv', '2\.csv', 'b/'"
    ):
        resolve_paths([on("one", "a/*.parquet")], opener)
    with pytest.raises(DatasetValidationError, match=r"'none/deep/x\.csv'.*At the root there is 'a/', 'x\.csv'"):
        resolve_paths([on("one", "none/deep/x.csv")], opener)
    with pytest.raises(UserErrorException, match=r"'\.\./two' leads out"):
        resolve_paths([on("one", "../two")], opener)


def test_local_paths_are_looked_at_in_place(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a[1].csv").write_text("x")
    (tmp_path / "elsewhere.csv").write_text("y")
    (tmp_path / "d" / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    files = resolve_paths([{"local": str(tmp_path / "d" / "*.csv")}])

    assert [(file.relative, file.shown) for file in files] == [
        ("a[1].csv", str(tmp_path / "d" / "a[1].csv")),
        ("link.csv", str(tmp_path / "d" / "link.csv")),
    ]
    assert resolve_paths([{"local": str(tmp_path / "d")}]).whole == str(tmp_path / "d")
    assert resolve_paths([{"url": (tmp_path / "d" / "a[1].csv").as_uri()}])[0].local == str(tmp_path / "d" / "a[1].csv")
    with pytest.raises(DatasetValidationError, match="nothing-of-that-name"):
        resolve_paths([{"local": str(tmp_path / "nothing-of-that-name")}])


def test_a_datastore_wants_a_workspace() -> None:
    with pytest.raises(UserErrorException, match=r"'one'.*no workspace"):
        resolve_paths([on("one", "a")])


def test_a_query_has_a_database_and_no_files() -> None:
    files = resolve({"source": {"type": "sql_query", "datastore": "sales", "query": "SELECT 1"}})

    assert list(files) == []
    assert files.database is not None
    with pytest.raises(UserErrorException, match="'sales', and no workspace"):
        files.database()


class Site(http.server.BaseHTTPRequestHandler):
    content: ClassVar[bytes] = b"0123456789" * 1000
    tag: ClassVar[str] = '"v1"'
    answers_head: ClassVar[bool] = True
    requests: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer(head=True)

    def do_GET(self) -> None:
        self._answer(head=False)

    def _answer(self, *, head: bool) -> None:
        self.requests.append(f"{self.command} {self.path} {self.headers.get('Range', '')}".strip())
        if head and not self.answers_head:
            self.send_error(403)
            return
        if "secret" in self.path and self.headers.get("Authorization") is None:
            self.send_error(401)
            return
        if "missing" in self.path:
            self.send_error(404)
            return
        if "elsewhere" in self.path:
            self.send_response(302)
            self.send_header("Location", self.path.partition("to=")[2])
            self.end_headers()
            return
        if "passwords" in self.path:
            self.requests.append(f"Authorization {self.headers.get('Authorization')}")
        data, status = self.content, 200
        wanted = "" if "ranges" in self.path else self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            start, end = wanted[6:].split("-")
            data, status = data[int(start) : int(end) + 1], 206
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(self.content)}")
        self.send_header("Content-Length", str(len(data)))
        if self.tag:
            self.send_header("ETag", self.tag)
        self.end_headers()
        if not head:
            self.wfile.write(data[:5] if "cut" in self.path else data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Site.tag, Site.answers_head = '"v1"', True
    Site.requests.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_addresses_are_files(site: str) -> None:
    files = resolve_paths([{"url": f"{site}/data/a.csv"}, {"url": f"{site}/data/sub/b%20c.csv?version=2"}])

    assert [file.relative for file in files] == ["a.csv", "sub/b c.csv"]
    assert [file.size for file in files] == [10_000, 10_000]
    with files[0].open() as file:
        file.seek(9_995)
        assert file.read() == b"56789"
        file.seek(3)
        assert file.read(4) == b"3456"
    with files[1].open() as file:
        assert file.read() == Site.content


def test_the_second_read_of_a_whole_address_comes_from_the_cache(site: str) -> None:
    file = resolve_paths([{"url": f"{site}/cached.csv"}])[0]
    for _ in range(3):
        with file.open(whole=True) as opened:
            assert opened.read() == Site.content
    with file.open() as opened:
        assert opened.read(3) == b"012"

    assert [request for request in Site.requests if request.startswith("GET")] == ["GET /cached.csv"]


def test_addresses_that_differ_in_their_query_are_different_files(site: str) -> None:
    files = resolve_paths([{"url": f"{site}/get.csv?part=1"}, {"url": f"{site}/get.csv?part=2"}])

    assert [file.relative for file in files] == ["get.csv", "get_2.csv"]
    assert files[0].mark != files[1].mark


def test_a_server_without_head_is_asked_otherwise(site: str) -> None:
    Site.answers_head = False

    assert resolve_paths([{"url": f"{site}/a.csv"}])[0].size == 10_000


def test_an_address_that_refuses_or_lacks_or_breaks_is_said(site: str, tmp_path: Path) -> None:
    with pytest.raises(AuthenticationException, match=r"secret\.csv may not be read"):
        resolve_paths([{"url": f"{site}/secret.csv"}])
    with pytest.raises(DatasetValidationError, match=r"missing\.csv"):
        resolve_paths([{"url": f"{site}/missing.csv"}])
    with pytest.raises(UserErrorException, match="cut off after 5 of 10,000"):
        HttpFile(f"{site}/cut.csv").download("cut.csv", str(tmp_path / "x"))
    with pytest.raises(UserErrorException, match=r"127\.0\.0\.1:9/x.csv can't be read"):
        resolve_paths([{"url": "http://127.0.0.1:9/x.csv"}])
    with pytest.raises(ConflictException, match="has changed"):
        HttpFile(f"{site}/a.csv").download("a.csv", str(tmp_path / "x"), '"v0"')
    with pytest.raises(UserErrorException, match="Nothing can be stored"):
        HttpFile(f"{site}/a.csv").upload(__file__, "a.csv")
    with pytest.raises(NotFoundException):
        HttpFile(f"{site}/a.csv").open("b.csv")


def test_a_password_does_not_go_where_an_answer_sends_on_to(site: str) -> None:
    other, own = site.replace("127.0.0.1", "localhost"), site.replace("://", "://me:word@")
    for target in (f"{other}/passwords.csv", f"{site}/passwords.csv"):
        resolve_paths([{"url": f"{own}/elsewhere.csv?to={target}"}])

    assert [item for item in Site.requests if item.startswith("Authorization")] == [
        "Authorization None",
        "Authorization Basic bWU6d29yZA==",
    ]
    with pytest.raises(UserErrorException, match="no web address"):
        resolve_paths([{"url": f"{site}/elsewhere.csv?to=ftp://127.0.0.1/x"}])


def test_a_server_without_ranges_is_read_as_far_as_needed(site: str) -> None:
    with HttpFile(f"{site}/no-ranges.csv").open("no-ranges.csv") as file:
        file.seek(9_995)
        assert file.read() == b"56789"


def test_an_answer_that_ends_early_is_no_end_of_the_file(site: str) -> None:
    with HttpFile(f"{site}/cut.csv").open("cut.csv") as file, pytest.raises(UserErrorException, match="cut off after"):
        file.read()


def test_a_password_in_an_address_is_used_and_not_shown(site: str) -> None:
    url = site.replace("://", "://me:p%40ss@") + "/secret.csv?sig=abc&sv=1"
    file = resolve_paths([{"url": url}])[0]

    assert file.shown == f"{site}/secret.csv?sig=...&sv=1"
    assert "abc" not in repr(file) + file.storage.identity
    assert "ss@" not in repr(file) + file.storage.identity


def test_a_file_without_any_mark_is_known_by_its_content(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Site.tag = ""
    prints = []
    for content in (b"a,b\n1,2\n", b"a,b\n8,9\n", b"a,b\n1,2\n"):
        monkeypatch.setattr(Site, "content", content)
        prints.append(fingerprint(resolve_paths([{"url": f"{site}/plain.csv"}])))

    assert compare(prints[0], prints[1]) == ["plain.csv"]
    assert prints[0] == prints[2]
    assert fingerprint(resolve_paths([{"url": f"{site}/plain.csv"}]), limit=2)["entries"] == [["plain.csv", 8, "8:0"]]


names = st.text(st.characters(exclude_characters="/\0*?", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in {".", ".."}
)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(paths)
def test_a_clean_path_is_a_fixed_point(path: str) -> None:
    assert check_path(path) == path
    assert check_path(f"/./{path}//") == path


@given(st.text(max_size=30))
def test_no_text_becomes_a_path_that_leads_out(text: str) -> None:
    try:
        clean = check_path(text)
    except UserErrorException:
        return
    assert not clean.startswith("/")
    assert ".." not in clean.split("/")
    assert check_path(clean) == clean
    assert os.path.normpath(f"/root/{clean}").startswith("/root")


@given(paths)
def test_a_name_is_a_pattern_of_itself_and_of_what_is_below(path: str) -> None:
    pattern = Pattern(path)

    assert pattern.matches(path)
    assert pattern.matches(f"{path}/below")
    assert not pattern.matches(f"{path}2")


@given(paths, st.data())
@settings(max_examples=200)
def test_a_pattern_made_of_a_path_matches_it(path: str, data: st.DataObject) -> None:
    parts = path.split("/")
    place = data.draw(st.integers(0, len(parts) - 1))
    part = parts[place]
    cut = data.draw(st.integers(0, len(part)))
    for made in (part[:cut] + "*", "*" + part[cut:], "?" * len(part), "*", "**"):
        pattern = Pattern("/".join([*parts[:place], made, *parts[place + 1 :]]))
        assert pattern.matches(path)
        assert path == pattern.base or path.startswith(f"{pattern.base}/" if pattern.base else "")
    assert Pattern("/".join(["**", *parts])).matches(path)
    assert not Pattern("/".join([*parts, "*"])).matches(path)
