"""How a program ended, in plain words."""

from __future__ import annotations

import contextlib
import os
import re
import signal

__all__ = ["in_words", "last_line", "memory_limit", "oom_kills", "read_traceback", "signal_name", "split_status"]

_WORDS = {
    "SIGABRT": "aborted",
    "SIGBUS": "bus error",
    "SIGFPE": "arithmetic error",
    "SIGHUP": "hung up",
    "SIGILL": "illegal instruction",
    "SIGINT": "interrupted",
    "SIGKILL": "killed",
    "SIGPIPE": "broken pipe",
    "SIGQUIT": "quit",
    "SIGSEGV": "segmentation fault",
    "SIGTERM": "terminated",
    "SIGXCPU": "CPU time limit of the system reached",
    "SIGXFSZ": "file size limit of the system reached",
}
_TAIL = 65536
_ANSI = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]")
_HEAD = re.compile(r"Traceback \(most recent call last\)")
_PLACE = re.compile(r'  File ".*", line \d+')
_LONE = re.compile(r"SyntaxError: ")
_INDENTED = (" ", "\t", "│", "╭", "╰", "|", "+", "─", "┃")
_LONGEST = 16000
_MOST_AFTER = 40


def split_status(status: int) -> tuple[int | None, int | None]:
    """Return (exit code, signal) of a wait status; the one that does not apply is None."""
    if os.WIFSIGNALED(status):
        return None, os.WTERMSIG(status)
    return os.WEXITSTATUS(status), None


def signal_name(number: int) -> str:
    """Return the signal's name.

    Examples
    --------
    >>> signal_name(9)
    'SIGKILL'
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def in_words(code: int | None, number: int | None, memory: tuple[int, int] | None = None, oom: bool = False) -> str:
    """Return how a process ended, as half a sentence.

    Parameters
    ----------
    code : int or None
        The exit code.
    number : int or None
        The signal that ended it.
    memory : (int, int), optional
        Bytes it used when last seen, and bytes there are.
    oom : bool, default=False
        Whether the kernel counted an out-of-memory kill meanwhile.

    Examples
    --------
    >>> in_words(None, 11)
    'segmentation fault (signal 11)'
    >>> in_words(None, 9, memory=(15_800_000_000, 16_000_000_000))
    'killed (signal 9), last seen at 15.8 of 16.0 GB'
    """
    if number is None:
        return _code_in_words(code or 0)
    if number == signal.SIGKILL and oom:
        return f"out of memory: killed by the system (signal 9){_last_seen(memory)}"
    word = _WORDS.get(signal_name(number), f"ended by {signal_name(number)}")
    seen = _last_seen(memory) if number == signal.SIGKILL else ""
    return f"{word} (signal {number}){seen}"


def _code_in_words(code: int) -> str:
    if code > 128 and code - 128 in {int(item) for item in signal.Signals}:
        number = code - 128
        word = _WORDS.get(signal_name(number), signal_name(number))
        return f"exit code {code}, which is a shell's word for {word} (signal {number})"
    return f"exit code {code}"


def _last_seen(memory: tuple[int, int] | None) -> str:
    if memory is None or not memory[1]:
        return ""
    return f", last seen at {memory[0] / 1e9:.1f} of {memory[1] / 1e9:.1f} GB"


def read_traceback(log: str) -> tuple[str, str] | None:
    """Return (last line of the exception, whole traceback) from the end of a log, or None.

    Only one that ends the log counts: a script may print tracebacks and go on.
    """
    lines = [_ANSI.sub("", line).rstrip() for line in _tail(log)]
    start = _beginning(lines)
    if start is None:
        # Of a script that Python can't decode there is one line only.
        last = lines[-1] if lines else ""
        return (last, last) if _LONE.match(last) else None
    for place in range(start + 1, len(lines)):
        line = lines[place]
        if line and not line.startswith(_INDENTED):
            if len(lines) - place > _MOST_AFTER:
                return None
            return line.strip()[:_LONGEST], "\n".join(lines[start:]).strip()[-_LONGEST:]
    return None


def _beginning(lines: list[str]) -> int | None:
    for wanted in (_HEAD, _PLACE):
        for place in range(len(lines) - 1, -1, -1):
            if wanted.search(lines[place]):
                return place
    return None


def _tail(log: str) -> list[str]:
    with contextlib.suppress(OSError), open(log, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        return file.read().decode("utf-8", "replace").rstrip().splitlines()
    return []


def last_line(log: str) -> str:
    """Return the last line of a log that is not empty, at most 300 characters, or an empty text."""
    lines = _tail(log)
    return _ANSI.sub("", lines[-1]).strip()[:300] if lines else ""


def oom_kills() -> int | None:
    """Return how often the kernel has killed for want of memory in this process' control group; None if unknown."""
    for path in _memory_files("memory.events", "memory.oom_control"):
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            for line in file:
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return None


def memory_limit() -> int:
    """Return the bytes of memory that a run may use at most: the machine's, or the control group's limit."""
    total = _machine_memory()
    for path in _memory_files("memory.max", "memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            total = min(total, int(file.read())) if total else int(file.read())
            break
    return total


def _machine_memory() -> int:
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0


def _memory_files(second: str, first: str) -> list[str]:
    """Return where a file of this process' memory group may be: version 2 of the interface, and version 1."""
    with contextlib.suppress(OSError), open("/proc/self/cgroup", encoding="utf-8") as file:
        groups = [line.rstrip("\n").split(":", 2) for line in file]
        found = []
        for entry in groups:
            if len(entry) != 3:
                continue
            if entry[1] == "":
                found += [f"/sys/fs/cgroup{entry[2]}/{second}", f"/sys/fs/cgroup/{second}"]
            elif "memory" in entry[1].split(","):
                found += [f"/sys/fs/cgroup/memory{entry[2]}/{first}", f"/sys/fs/cgroup/memory/{first}"]
        return found
    return []
