from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.runner.exits import (
    in_words,
    last_line,
    memory_limit,
    oom_kills,
    read_traceback,
    signal_name,
    split_status,
)
from stoker.runner.launch import to_argv
from stoker.runner.sampling import parse_gpu
from stoker.runner.verdict import Ending, Rank, lost, verdict


def traceback_of(tmp_path: Path, code: str | bytes, after: str = "") -> tuple[str, str] | None:
    script, log = tmp_path / "train.py", tmp_path / "log.txt"
    script.write_bytes(code.encode() if isinstance(code, str) else code)
    with log.open("wb") as output:
        subprocess.run([sys.executable, str(script)], stdout=output, stderr=output, check=False, cwd=tmp_path)
    log.write_bytes(log.read_bytes() + after.encode())
    return read_traceback(str(log))


@pytest.mark.parametrize(
    ("code", "number", "words"),
    [
        (0, None, "exit code 0"),
        (3, None, "exit code 3"),
        (137, None, "exit code 137, which is a shell's word for killed (signal 9)"),
        (255, None, "exit code 255"),
        (None, signal.SIGKILL, "killed (signal 9)"),
        (None, signal.SIGSEGV, "segmentation fault (signal 11)"),
        (None, signal.SIGABRT, "aborted (signal 6)"),
        (None, signal.SIGUSR1, "ended by SIGUSR1 (signal 10)"),
        (None, 63, "ended by SIG63 (signal 63)"),
    ],
)
def test_ends_have_words(code: int | None, number: int | None, words: str) -> None:
    assert in_words(code, number) == words


def test_memory_is_told_only_for_a_kill() -> None:
    memory = (15_800_000_000, 16_000_000_000)

    assert in_words(None, 9, memory) == "killed (signal 9), last seen at 15.8 of 16.0 GB"
    assert in_words(None, 9, memory, oom=True) == (
        "out of memory: killed by the system (signal 9), last seen at 15.8 of 16.0 GB"
    )
    assert in_words(None, 11, memory) == "segmentation fault (signal 11)"
    assert in_words(1, None, memory, oom=True) == "exit code 1"


def test_a_status_is_a_code_or_a_signal() -> None:
    assert split_status(0x0300) == (3, None)
    assert split_status(9) == (None, 9)
    assert signal_name(15) == "SIGTERM"


def test_the_last_of_chained_exceptions_is_found(tmp_path: Path) -> None:
    code = "try:\n    {}['alpha']\nexcept KeyError:\n    raise ValueError('no alpha given')"
    found = traceback_of(tmp_path, code)

    assert found is not None
    assert found[0] == "ValueError: no alpha given"


def test_a_message_of_several_lines_is_kept_in_the_traceback(tmp_path: Path) -> None:
    found = traceback_of(tmp_path, "raise RuntimeError('first\\nsecond')")

    assert found is not None
    assert found[0] == "RuntimeError: first"
    assert found[1].endswith("RuntimeError: first\nsecond")


def test_an_exception_of_the_users_own_is_found(tmp_path: Path) -> None:
    found = traceback_of(tmp_path, "class Oops(Exception): pass\nraise Oops")

    assert found is not None
    assert found[0] == "__main__.Oops" or found[0] == "Oops"  # depends on the Python version


def test_a_syntax_error_is_found(tmp_path: Path) -> None:
    found = traceback_of(tmp_path, "print('hi'\n")

    assert found is not None
    assert found[0] == "SyntaxError: '(' was never closed"


def test_a_script_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    found = traceback_of(tmp_path, b"print('\xff')\n")

    assert found is not None
    assert found[0].startswith("SyntaxError: ")
    assert "UTF-8" in found[0] or "utf-8" in found[0]


def test_colours_do_not_hide_it(tmp_path: Path) -> None:
    plain = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: x'
    log = tmp_path / "log"
    log.write_text("".join(f"\x1b[31m{line}\x1b[0m\n" for line in plain.splitlines()))

    assert read_traceback(str(log)) == ("ValueError: x", plain)


def test_a_traceback_that_the_script_went_on_after_is_not_the_cause(tmp_path: Path) -> None:
    code = (
        "import traceback, sys\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()\n"
        "print('going on\\n' * 100)"
    )

    assert traceback_of(tmp_path, code) is None


@pytest.mark.parametrize("text", ["", "just output\n", 'Traceback (most recent call last):\n  File "a", line 1\n'])
def test_a_log_without_an_exception_has_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "log").write_text(text)

    assert read_traceback(str(tmp_path / "log")) is None
    assert read_traceback(str(tmp_path / "absent")) is None


def test_the_last_line_is_short_and_plain(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a\n\x1b[32m" + "b" * 1000 + "\x1b[0m\n\n")

    assert last_line(str(tmp_path / "log")) == "b" * 300
    assert last_line(str(tmp_path / "absent")) == ""


def test_the_machines_memory_is_known() -> None:
    assert 1 << 26 < memory_limit() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert oom_kills() is None or oom_kills() == oom_kills()


def rank(code: int | None, number: int | None = None) -> Rank:
    made = Rank({"rank": 0})
    made.code, made.signal, made.ended = code, number, True
    return made


def test_an_oom_kill_is_told_where_the_kernel_counted_one(tmp_path: Path) -> None:
    ended = rank(None, 9)
    facts = verdict([ended], ended, None, str(tmp_path), (1, 2_000_000_000), True)

    assert facts["reason"].startswith("out of memory")
    assert facts["message"].startswith("The script was ended: out of memory")


def test_a_cancel_counts_even_when_the_script_ends_with_0(tmp_path: Path) -> None:
    facts = verdict([rank(0)], None, Ending("canceled", "enough", 1.0), str(tmp_path))

    assert facts["canceled"]
    assert facts["code"] == 0


def test_a_lost_run_says_when() -> None:
    assert "while the script ran" in lost(started=True)["message"]
    assert "before the script began" in lost(started=False)["message"]


def test_a_command_is_given_to_a_shell() -> None:
    assert to_argv({"argv": ["a", 1]}) == ["a", "1"]
    shell, flag, command = to_argv({"argv": None, "shell": "echo hi"})
    assert re.fullmatch(r"/bin/(ba)?sh", shell)
    assert (flag, command) == ("-c", "echo hi")


def test_a_card_that_does_not_tell_all_is_kept() -> None:
    assert parse_gpu("0, NVIDIA A100, [N/A], 10, 100") == {
        "index": 0,
        "name": "NVIDIA A100",
        "utilization": None,
        "memory": 10 << 20,
        "memory_total": 100 << 20,
    }
    assert parse_gpu("No devices were found") is None
