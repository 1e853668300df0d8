from __future__ import annotations

import json
import math
import multiprocessing
import os
import resource
import stat
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.base import journal as module
from stoker.base.journal import Journal, decode_value, encode_value, parse
from stoker.base.processes import boot_id, identity


def files_of(folder: Path) -> list[Path]:
    return sorted((folder / "journal").glob("*.jsonl"))


def lines_of(folder: Path) -> list[Any]:
    records: list[Any] = []
    for path in files_of(folder):
        found, consumed, torn = parse(path.read_bytes())
        assert (consumed, torn) == (path.stat().st_size, 0)
        records += found
    return records


def test_first_line_says_who_writes(tmp_path: Path) -> None:
    Journal.open(str(tmp_path), "r").metric("r", "alpha", 0.5)

    head, record = lines_of(tmp_path)
    who = identity(os.getpid())
    assert who is not None
    assert head["journal"] == files_of(tmp_path)[0].stem
    assert (head["pid"], head["start"], head["boot"], head["format"]) == (os.getpid(), who.start, boot_id(), 1)
    assert record == ["m", 0, record[2], "alpha", 0.5, None]
    assert abs(record[2] - time.time()) < 60


def test_folder_is_made_for_the_owner_only(tmp_path: Path) -> None:
    Journal.open(str(tmp_path / "run"), "r").metric("r", "alpha", 1)

    assert stat.S_IMODE((tmp_path / "run" / "journal").stat().st_mode) == 0o700


def test_a_journal_that_nobody_writes_to_makes_no_file(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path), "r")

    assert journal.positions == []
    assert not (tmp_path / "journal").exists()


def test_same_folder_gives_the_same_journal(tmp_path: Path) -> None:
    assert Journal.open(str(tmp_path), "r") is Journal.open(str(tmp_path / "x" / ".."), "r")


def test_other_runs_are_introduced_once(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path), "r")
    journal.write("child", "r", {"id": "c"})
    journal.metric("c", "alpha", 1)
    journal.metric("c", "alpha", 2)
    journal.write("end", "c", "Completed", None)

    kinds = [record[:2] for record in lines_of(tmp_path)[1:]]
    assert kinds == [["child", 0], ["run", 1], ["m", 1], ["m", 1], ["end", 1]]


def test_position_is_the_end_of_the_file(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path), "r")
    journal.metric("r", "alpha", 1, 7)

    (path,) = files_of(tmp_path)
    assert journal.position() == (path.stem, path.stat().st_size)
    assert journal.positions == [journal.position()]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, True),
        (None, None),
        ("text\n\"'\u2028ö\ud800", "text\n\"'\u2028ö\ud800"),
        (2**53 + 1, 2**53 + 1),
        (2**70, float(2**70)),
        (10**4000, {"$": "inf"}),
        (float("nan"), {"$": "nan"}),
        (float("-inf"), {"$": "-inf"}),
        (np.float32(0.5), 0.5),
        (np.float64("inf"), {"$": "inf"}),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([4.5]), 4.5),
        (np.array([1, 2]), "[1 2]"),
        (Decimal("1.5"), 1.5),
        ([1, 2], "[1, 2]"),
        ({"a": 1}, "{'a': 1}"),
        (float, "<class 'float'>"),
    ],
)
def test_each_value_has_one_form(tmp_path: Path, value: Any, kept: Any) -> None:
    journal = Journal.open(str(tmp_path), "r")
    journal.metric("r", "x", value)
    journal.metric("r", "x", value, np.int64(3))  # type: ignore[arg-type]

    (_, first, second) = lines_of(tmp_path)
    assert first[4:] == [kept, None]
    assert second[4:] == [kept, 3]


def test_lists_and_tables_keep_their_shape(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path), "r")
    journal.write("l", "r", "x", (1, np.float32(2), float("nan")))
    journal.write("t", "r", "x", {"a": np.array([1, 2]), 3: [None, "b"]})

    _, first, second = lines_of(tmp_path)
    assert first[3:] == ["x", [1, 2.0, {"$": "nan"}]]
    assert second[3:] == ["x", {"a": [1, 2], "3": [None, "b"]}]


def test_a_forked_child_writes_a_file_of_its_own(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path), "r")
    journal.metric("c", "alpha", 1)
    before = journal.position()
    pid = os.fork()
    if pid == 0:
        journal.metric("c", "alpha", 2)
        ok = journal.positions[0] == before and len(journal.positions) == 2
        os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
    journal.metric("c", "alpha", 3)

    values = {tuple(record[4] for record in parse(path.read_bytes())[0][2:]) for path in files_of(tmp_path)}
    assert values == {(1, 3), (2,)}


def test_a_fork_while_threads_write_does_not_hang(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path), "r")
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            journal.metric(f"run{number % 500}", "alpha", number)
            number += 1

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    context = multiprocessing.get_context("fork")
    try:
        for _ in range(20):
            child = context.Process(target=journal.metric, args=("new", "alpha", 1))
            child.start()
            child.join(20)
            assert child.exitcode == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_threads_never_mix_their_lines(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path), "r")

    def write(number: int) -> None:
        for step in range(300):
            journal.metric(f"run{step % 7}", f"m{number}", "x" * step, step)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    records = lines_of(tmp_path)
    introduced = [record[1:] for record in records[1:] if record[0] == "run"]
    assert sorted(introduced) == sorted([index + 1, f"run{run}"] for index, (_, run) in enumerate_runs(introduced))
    assert sum(record[0] == "m" for record in records[1:]) == 1200


def enumerate_runs(introduced: list[Any]) -> list[tuple[int, tuple[int, int]]]:
    ordered = sorted(introduced)
    return [(index, (number, int(name[3:]))) for index, (number, name) in enumerate(ordered)]


def test_a_program_that_replaces_itself_begins_another_file(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom stoker.base.journal import Journal\n"
        "Journal.open(sys.argv[1], 'r').metric('r', 'x', len(sys.argv))\n"
        "if len(sys.argv) == 2: os.execv(sys.executable, [sys.executable, '-c', sys.argv0, sys.argv[1], 'again'])\n"
    )
    code = code.replace("sys.argv0", "open('/proc/self/cmdline').read().split(chr(0))[2]")
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)

    first, second = files_of(tmp_path)
    assert {first.stem, second.stem} == {first.stem.removesuffix("-2"), f"{first.stem.removesuffix('-2')}-2"}


def test_what_is_logged_survives_a_kill(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom stoker.base.journal import Journal\n"
        "Journal.open(sys.argv[1], 'r').metric('r', 'x', 1)\nos.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    assert lines_of(tmp_path)[1][3:] == ["x", 1, None]


def test_a_script_that_closes_all_descriptors_loses_nothing(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom stoker.base.journal import Journal\njournal = Journal.open(sys.argv[1], 'r')\n"
        "journal.metric('c', 'x', 1)\nos.closerange(3, 100)\njournal.metric('c', 'x', 2)\njournal.metric('c', 'x', 3)\n"
        "print(len(journal.positions))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "2"
    found = [parse(path.read_bytes())[0][1:] for path in files_of(tmp_path)]
    assert sorted([record[3:5] for record in records if record[0] == "m"] for records in found) == [
        [["x", 1]],
        [["x", 2], ["x", 3]],
    ]
    assert all(records[0] == ["run", 1, "c"] for records in found)


def test_a_full_disk_is_said_and_the_next_record_is_whole(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from stoker.base.journal import Journal
journal = Journal.open(sys.argv[1], "r")
journal.metric("r", "x", 1)
size = journal.position()[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        journal.metric("r", "x", 2)
    except OSError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.metric("r", "x", 3)
"""
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)

    assert "not written to the run's journal" in done.stdout
    assert "Free some space" in done.stdout
    records, _, torn = parse(files_of(tmp_path)[0].read_bytes())
    assert [record[4] for record in records[1:]] == [1, 3]
    assert torn == 1


def test_where_the_workspace_is_gone_a_record_is_refused_in_words_and_nothing_comes_into_being(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path / "gone" / "runs" / "run-1"), "run-1")

    with pytest.raises(FileNotFoundError, match="moved or deleted"):
        journal.metric("run-1", "x", 1)
    assert not (tmp_path / "gone").exists()


def test_one_call_stays_in_its_budget(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path), "r")
    best = math.inf
    for _ in range(20):
        began = time.perf_counter()
        for step in range(1000):
            journal.metric("r", "alpha", 0.25, step)
        best = min(best, (time.perf_counter() - began) / 1000)

    # 5 us is the promise; the benchmark measures it. Here only a blunder should show.
    assert best < 15e-6


def test_import_loads_only_light_modules() -> None:
    code = "import sys; import stoker.base.journal; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    assert not {"subprocess", "tempfile", "shutil", "http.client", "dataclasses", "asyncio"} & set(loaded)


def test_torn_and_foreign_lines_are_counted() -> None:
    data = b'{"journal":"j"}\n["m",0,1.0,"x",1,null]\n["m",0,1.0,"x\n\n["m",0,2.0,"x",2,null]\n12\n["m",0,3.0'

    records, consumed, torn = parse(data)

    assert [record[4] for record in records[1:]] == [1, 2]
    assert consumed == data.rindex(b"\n") + 1
    assert torn == 2


@given(st.data())
def test_a_journal_cut_anywhere_gives_its_whole_lines(data: st.DataObject) -> None:
    value = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    rows = data.draw(st.lists(st.tuples(st.text(), value), max_size=6))
    lines = [json.dumps(["m", 0, 1.5, name, encode_value(item), None]).encode() + b"\n" for name, item in rows]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))

    records, consumed, torn = parse(whole[:cut])

    assert torn == 0
    assert whole[:consumed] == b"".join(lines[: len(records)])
    assert consumed + (len(lines[len(records)]) if len(records) < len(lines) else 1) > cut
    again, _, torn = parse(whole[:cut] + b"\n" + b"".join(lines))
    assert again[-len(rows) :] == [json.loads(line) for line in lines] if rows else not torn


@given(st.floats())
def test_floats_come_back(value: float) -> None:
    back = decode_value(json.loads(json.dumps(encode_value(value))))

    assert back == value or (math.isnan(back) and math.isnan(value))


def test_host_name_is_safe_in_a_url() -> None:
    assert module.host_name().replace("-", "").replace(".", "").isalnum()
