"""What every launcher must do: inherit `LauncherContract` and give it a launcher."""

from __future__ import annotations

import sys
from abc import abstractmethod
from pathlib import Path
from typing import Any

from stoker.service.launchers.base import Handle, Job, JobState, Launcher
from stoker.testing.workspaces import wait_until

__all__ = ["LauncherContract", "script_job"]


def script_job(run_id: str, code: str, **spec: Any) -> Job:
    """Return a job that runs a piece of Python.

    Parameters
    ----------
    run_id : str
    code : str
        The program.
    **spec
        Entries of the supervisor's spec that differ from the usual ones.
    """
    usual: dict[str, Any] = {
        "kind": "script",
        "argv": [sys.executable, "-c", code],
        "shell": None,
        "env": {"STOKER_RUN_ID": run_id, "PATH": "/usr/bin:/bin"},
        "snapshot": {"manifest": None, "objects": None},
        "work": "work",
        "time_limit": None,
        "grace": 1.0,
        "processes": [{"rank": 0, "node": "local", "env": {}, "cpus": None, "log": "user_logs/std_log.txt"}],
        "watch": ["outputs", "logs"],
        "home": None,
    }
    return Job(run_id, 1, {**usual, **spec})


class LauncherContract:
    """Checks for one implementation of `Launcher`; each test of it uses run ids of its own.

    A subclass gives two methods: `launcher()`, called at each use with the same place, and `folder(run_id)`.
    """

    @abstractmethod
    def launcher(self) -> Launcher:
        """Return a launcher; each call may return a new object for the same target."""

    @abstractmethod
    def folder(self, run_id: str) -> Path:
        """Return where the run's files lie."""

    def test_a_started_job_ends_with_its_exit_status(self) -> None:
        """Exit status 7 is reported as 7."""
        handle = self._start("exit-seven", "raise SystemExit(7)")

        assert self._ended(handle).exit["code"] == 7

    def test_what_a_job_prints_is_in_its_log_in_order(self) -> None:
        """Standard output and error go to one file, unbuffered."""
        code = "import sys; print('one'); print('two', file=sys.stderr); print('three')"
        self._ended(self._start("prints", code))

        assert (self.folder("prints") / "user_logs" / "std_log.txt").read_text() == "one\ntwo\nthree\n"

    def test_start_twice_starts_once(self) -> None:
        """A second start, by another launcher object too, gives the handle of the first."""
        code = "open('marks', 'a').write('x'); import time; time.sleep(0.3)"
        first = self._start("once", code)
        second = self._start("once", code)
        self._ended(first)

        assert second["pid"] == first["pid"]
        assert (self.folder("once") / "work" / "marks").read_text() == "x"

    def test_find_knows_a_started_job_and_no_other(self) -> None:
        """The handle is found again by run and attempt alone."""
        handle = self._start("findable", "import time; time.sleep(0.2)")
        launcher = self.launcher()
        wait_until(lambda: launcher.find("findable", 1) is not None, what="the job's first state")
        found = launcher.find("findable", 1)

        assert found is not None
        assert found["pid"] == handle["pid"]
        assert launcher.find("findable", 2) is None
        assert launcher.find("never-started", 1) is None
        self._ended(handle)

    def test_cancel_ends_a_job_that_ignores_term_and_may_be_repeated(self) -> None:
        """TERM, then KILL; a second cancel and one of an ended job do nothing."""
        code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready'); time.sleep(60)"
        handle = self._start("stubborn", code)
        log = self.folder("stubborn") / "user_logs" / "std_log.txt"
        wait_until(lambda: log.exists() and "ready" in log.read_text(), what="the job's first line")
        launcher = self.launcher()
        launcher.cancel(handle, "a test", 0.2)
        launcher.cancel(handle, "a test", 0.2)
        state = self._ended(handle)
        launcher.cancel(handle, "too late", 0.2)

        assert state.exit["canceled"]
        assert launcher.poll(handle).phase == "ended"

    def test_a_program_that_is_not_there_is_an_exit_in_words(self) -> None:
        """The exit says what was not found."""
        job = script_job("no-program", "", argv=["/nowhere/python", "train.py"])
        state = self._ended(self.launcher().start(job))

        assert state.exit["code"] == 127
        assert "/nowhere/python" in state.exit["message"]

    def test_clean_removes_what_is_left_and_may_be_repeated(self) -> None:
        """After it, the job is lost as soon as its last process has left, and nothing raises."""
        handle = self._start("cleaned", "pass")
        self._ended(handle)
        launcher = self.launcher()
        launcher.clean(handle)
        launcher.clean(handle)

        assert not self.folder("cleaned").exists()
        wait_until(lambda: launcher.poll(handle).phase == "lost", what="the end of what watched the job")

    def _start(self, run_id: str, code: str) -> Handle:
        return self.launcher().start(script_job(run_id, code))

    def _ended(self, handle: Handle) -> JobState:
        launcher = self.launcher()
        wait_until(lambda: launcher.poll(handle).phase == "ended", what="the end of the job")
        return launcher.poll(handle)
