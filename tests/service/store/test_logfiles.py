from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store import LogFiles


@pytest.fixture
def logs(tmp_path: Path) -> LogFiles:
    return LogFiles(str(tmp_path / "logfiles"))


def test_bytes_are_stored_once_however_often_they_are_sent(logs: LogFiles) -> None:
    assert logs.append("r", "user_logs/std_log.txt", 0, b"hello ") == 6
    assert logs.append("r", "user_logs/std_log.txt", 3, b"lo world") == 11
    assert logs.append("r", "user_logs/std_log.txt", 0, b"hello") == 11

    assert logs.read("r", "user_logs/std_log.txt") == b"hello world"


def test_without_an_offset_bytes_come_at_the_end(logs: LogFiles) -> None:
    logs.append("r", "log", None, b"a")
    logs.append("r", "log", None, b"b")

    assert logs.read("r", "log") == b"ab"


def test_a_gap_is_a_conflict_that_says_where_to_go_on(logs: LogFiles) -> None:
    logs.append("r", "log", 0, b"abc")

    with pytest.raises(ConflictException) as caught:
        logs.append("r", "log", 5, b"f")
    assert caught.value.details == {"stored": 3}
    assert logs.size("r", "log") == 3


def test_a_part_is_read(logs: LogFiles) -> None:
    logs.append("r", "log", 0, b"0123456789")

    assert logs.read("r", "log", 4, 3) == b"456"
    assert logs.read("r", "log", 8, 100) == b"89"
    assert logs.read("r", "log", 50) == b""


@pytest.mark.parametrize(
    ("text", "lines", "wanted"),
    [
        (b"a\nb\nc\n", 2, b"b\nc\n"),
        (b"a\nb\nc", 2, b"b\nc"),
        (b"a\nb\n", 9, b"a\nb\n"),
        (b"a\n", 0, b""),
        (b"", 3, b""),
        (b"10%\r20%\nend\r\n", 1, b"end\r\n"),
    ],
)
def test_the_tail_is_the_last_lines(logs: LogFiles, text: bytes, lines: int, wanted: bytes) -> None:
    logs.append("r", "log", 0, text)

    assert logs.tail("r", "log", lines) == wanted


def test_the_tail_of_a_log_of_many_blocks_is_found(logs: LogFiles) -> None:
    logs.append("r", "log", 0, b"x" * 200_000 + b"\n" + b"y" * 100_000 + b"\n")

    assert logs.tail("r", "log", 1) == b"y" * 100_000 + b"\n"
    assert len(logs.tail("r", "log", 2)) == 300_002


def test_names_come_back_as_they_were_whatever_their_bytes(logs: LogFiles) -> None:
    names = ["a b/ü\n.txt", "user_logs/std_log.txt", "x\udcff"]
    for name in names:
        logs.append("r", name, 0, b".")

    assert logs.names("r") == sorted(names)
    assert logs.names("other") == []


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "", "a//b", "a/./b", "a\0b", "a/..", "n" * 300])
def test_a_name_that_leads_elsewhere_or_is_too_long_is_refused(logs: LogFiles, name: str) -> None:
    with pytest.raises(UserErrorException):
        logs.append("r", name, 0, b"")


@pytest.mark.parametrize("run_id", ["..", "a/b", ""])
def test_a_run_id_that_leads_elsewhere_is_refused(logs: LogFiles, run_id: str) -> None:
    with pytest.raises(UserErrorException):
        logs.names(run_id)


def test_a_log_that_is_not_there_is_not_found_and_the_others_are_named(logs: LogFiles) -> None:
    logs.append("r", "std_log.txt", 0, b"")

    with pytest.raises(NotFoundException, match="has no log"):
        logs.read("r", "other")
    with pytest.raises(NotFoundException):
        logs.path("r", "other")


def test_all_logs_of_a_run_go_at_once(logs: LogFiles) -> None:
    logs.append("r", "log", 0, b"a")
    logs.delete("r")
    logs.delete("r")

    assert logs.names("r") == []


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60))))
def test_any_order_of_pieces_gives_the_same_log(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, pieces: list[tuple[int, int]]
) -> None:
    logs = LogFiles(str(tmp_path_factory.mktemp("logs")))
    stored = 0
    for start, end in pieces:
        if start <= stored:
            stored = logs.append("r", "log", start, data[start:end])
    logs.append("r", "log", stored, data[stored:])

    assert logs.read("r", "log") == data
