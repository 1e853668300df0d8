"""What a run uses of the machine: CPU, memory, GPUs; once a second, from `/proc` and from nvidia-smi."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import time
from typing import TYPE_CHECKING

from stoker.base.processes import descendants, send
from stoker.runner.launch import LaunchError, launch

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Gpus", "Sampler"]

PERIOD = 1.0
"""Seconds between two samples."""

_QUERY = "index,name,utilization.gpu,memory.used,memory.total"


class Sampler:
    """Measures a tree of processes and writes a line a sample.

    A line is `{"t": Unix seconds, "cpu": per cent of one core since the last, "cpu_seconds": in all, "memory": bytes,
    "processes": how many, "gpus": [{"index", "name", "utilization": per cent, "memory", "memory_total": bytes}]}`;
    `gpus` only where nvidia-smi answers. Memory is the sum over the processes: what they share counts for each.

    Parameters
    ----------
    root : int
        The supervisor's pid; it is not counted itself.
    path : str
        The file of the lines.
    env : dict
        The run's environment, on whose PATH nvidia-smi is looked for.
    """

    def __init__(self, root: int, path: str, env: dict[str, str]) -> None:
        self._root = root
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._before = (time.monotonic(), 0.0)
        self._tick = 1.0 / os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")
        self.gpus = Gpus(env)
        self.reaped_seconds = 0.0
        self.cpu_seconds = 0.0
        self.memory = 0
        self.memory_peak = 0
        self.gpu_memory_peak = 0
        self.next_at = 0.0
        self._own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.5

    def reaped(self, pid: int, usage: Any) -> None:
        """Take over what an ended child used (its `rusage`)."""
        if pid == self.gpus.pid:
            self.gpus.pid = 0
            return
        self.reaped_seconds += usage.ru_utime + usage.ru_stime
        # The kernel counts what the fork had before its exec: up to that size the number tells nothing.
        if usage.ru_maxrss > self._own_peak:
            self.memory_peak = max(self.memory_peak, usage.ru_maxrss * 1024)

    def sample(self) -> None:
        """Measure now and write the line; a full disk loses the line, never the run."""
        now = time.monotonic()
        seconds, memory, count = self._measure()
        # The parts are read one after the other: a process that ends meanwhile may be missed once.
        seconds = max(seconds + self.reaped_seconds, self.cpu_seconds)
        passed = now - self._before[0]
        share = 100.0 * (seconds - self._before[1]) / passed if passed > 0.05 else 0.0
        self._before = (now, seconds)
        self.cpu_seconds, self.next_at = seconds, now + PERIOD
        if memory:
            self.memory = memory
        self.memory_peak = max(self.memory_peak, memory)
        line: dict[str, Any] = {
            "t": round(time.time(), 3),
            "cpu": round(share, 1),
            "cpu_seconds": round(seconds, 3),
            "memory": memory,
            "processes": count,
        }
        gpus = self.gpus.read()
        if gpus:
            line["gpus"] = gpus
            self.gpu_memory_peak = max(self.gpu_memory_peak, sum(gpu["memory"] or 0 for gpu in gpus))
        with contextlib.suppress(OSError):
            os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def _measure(self) -> tuple[float, int, int]:
        seconds, memory, count = 0.0, 0, 0
        for pid in _below(self._root, self.gpus.pid):
            with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/stat", "rb") as file:
                data = file.read()
                parts = data[data.rfind(b")") + 2 :].split()
                seconds += sum(int(part) for part in parts[11:15]) * self._tick
                memory += int(parts[21]) * self._page
                count += 1
        return seconds, memory, count

    def close(self) -> None:
        """Take the last sample, unless there was one just now, end the helper and close the file."""
        if time.monotonic() - self._before[0] > PERIOD / 2:
            self.sample()
        self.cpu_seconds = max(self.cpu_seconds, self.reaped_seconds)
        self.gpus.close()
        os.close(self._file)


def _below(root: int, without: int) -> list[int]:
    """Return the descendants but `without` and what is below it.

    The kernel's lists of children are a hundred times quicker than the whole table of processes.
    """
    found: list[int] = []
    todo = [root]
    while todo:
        pid = todo.pop()
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                    children = [int(child) for child in file.read().split() if int(child) != without]
                found += children
                todo += children
        except OSError:
            if pid == root:
                return [child for child in descendants(root) if child != without]
    return found


class Gpus:
    """The graphics cards as nvidia-smi tells of them: one helper process that says a line a card each second."""

    def __init__(self, env: dict[str, str]) -> None:
        self.pid = 0
        self._env = env
        self._reading = -1
        self._rest = b""
        self._last: dict[str, dict[str, Any]] = {}
        self._program = _on_path("nvidia-smi", env.get("PATH", ""))

    def begin(self) -> None:
        """Start the helper, where there is one."""
        if self._program is None or self.pid:
            return
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        argv = [self._program, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits", "--loop=1"]
        # Without the run's id: whoever carries that is ended with the run, and the helper has its own end.
        env = {name: value for name, value in self._env.items() if not name.startswith("STOKER_")}
        try:
            self.pid = launch(argv, env, "/", writing)
            self._reading = reading
        except (LaunchError, OSError):
            self._program = None
            os.close(reading)
        finally:
            os.close(writing)

    def read(self) -> list[dict[str, Any]]:
        """Return the newest facts of each card; none before the helper has said something."""
        if self._reading < 0:
            return []
        with contextlib.suppress(OSError):
            while True:
                block = os.read(self._reading, 65536)
                if not block:
                    break
                self._rest += block
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            facts = parse_gpu(line.decode("utf-8", "replace"))
            if facts is not None:
                self._last[facts["index"]] = facts
        return [self._last[index] for index in sorted(self._last)]

    def close(self) -> None:
        """End the helper."""
        if self.pid:
            send(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1


def parse_gpu(line: str) -> dict[str, Any] | None:
    """Return the facts of one line of nvidia-smi, or None when it says something else.

    Examples
    --------
    >>> parse_gpu("0, NVIDIA H100, 37, 1024, 81559")["memory"]
    1073741824
    """
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 5 or not parts[0].isdigit():
        return None
    used, total = _number(parts[3]), _number(parts[4])
    return {
        "index": int(parts[0]),
        "name": parts[1],
        "utilization": _number(parts[2]),
        "memory": None if used is None else int(used * 1048576),
        "memory_total": None if total is None else int(total * 1048576),
    }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _on_path(program: str, path: str) -> str | None:
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, program)
        if folder and os.access(candidate, os.X_OK):
            return candidate
    return None
