"""The supervisor of one run: a process forked from the zygote, in its own session, that needs nobody else.

It puts the source in place, starts the run's process or processes, watches them, and writes down how they ended. Its
state is `state.json` in the run's folder, written by rename; the end is the last thing that it writes there.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import select
import signal
import sys
import time
from typing import TYPE_CHECKING

from stoker.base.failpoints import reach
from stoker.base.jsonio import read_json
from stoker.base.paths import RunPaths
from stoker.base.processes import end_tree, identity
from stoker.runner import exits
from stoker.runner.data_steps import DataError, DataSteps
from stoker.runner.launch import LaunchError, close_all, launch, to_argv
from stoker.runner.materialize import materialise
from stoker.runner.notes import Notes
from stoker.runner.papers import at_last, make_folder, redirect, say
from stoker.runner.ranks import Ranks
from stoker.runner.sampling import PERIOD, Sampler
from stoker.runner.verdict import Ending, data_lost, never_started, verdict
from stoker.runner.wakeup import Wakeup

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Supervisor", "supervise"]

LEFT_OVER_GRACE = 1.0
"""Seconds between TERM and KILL for what a script leaves behind when it ends."""

_SUBREAPER = 36
_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def supervise(folder: str) -> None:
    """Carry out the run in `folder`; called in a fresh fork with signals blocked, which should end afterwards."""
    paths = RunPaths(folder)
    close_all()
    os.setsid()
    if _prctl is not None:
        _prctl(_SUBREAPER, 1, 0, 0, 0)
    try:
        supervisor = Supervisor(paths)
        reach("supervise-before-claim")
        if supervisor.claim():
            supervisor.run()
    except BaseException:  # noqa: BLE001  # the log is the only one who can still be told
        import traceback

        traceback.print_exc()
        sys.stderr.flush()


class _ToldToEndError(BaseException):
    """SIGTERM came before there was a process to end."""


class Supervisor(Notes):
    """Starts, watches and ends the processes of one run.

    Parameters
    ----------
    paths : RunPaths
        The run's folder, which holds `spec.json`.
    """

    def __init__(self, paths: RunPaths) -> None:
        super().__init__(paths)
        self.ranks = Ranks(self.spec.get("processes") or [{}])
        self.env: dict[str, str] = {
            "STOKER_RUN_ID": self.run_id,
            "STOKER_RUN_DIR": paths.folder,
            **(self.spec.get("env") or {}),
            "PYTHONUNBUFFERED": "1",
        }
        self.work = os.path.join(paths.folder, self.spec.get("work") or "work")
        self._has_own_log = False
        self._told = False
        self._preparing = False
        self._is_gone = False
        self._ending: Ending | None = None
        self._kill_at = math.inf
        self._deadline = math.inf
        self._sampler: Sampler | None = None
        self._memory_limit = 0
        self._oom_kills: int | None = None
        self._awake = self._listen()
        self._data = DataSteps(self, self.work) if self.spec.get("data") else None

    def _listen(self) -> Wakeup:
        """Have signals end a wait from here on."""
        wakeup = Wakeup()
        wakeup.listen()
        for number in _HANDLED:
            signal.signal(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
        return wakeup

    def _on_signal(self, number: int, _frame: object) -> None:
        if number == signal.SIGCHLD:
            return
        self._told = True
        if self._preparing:
            raise _ToldToEndError

    def run(self) -> None:
        """Carry the run out to its written end, whatever happens."""
        try:
            self._prepare()
            self._bring_data()
            reach("supervise-before-script")
            self._start()
            self._watch()
            facts = self._judge()
        except _ToldToEndError:
            reason = self._why_canceled()
            facts = never_started(self.ranks, 143, reason, f"The run was canceled: {reason}", canceled=True)
        except LaunchError as error:
            facts = never_started(self.ranks, 127, "could not be started", str(error), error="NotStarted")
        except DataError as error:
            facts = never_started(
                self.ranks, 126, "its data could not be prepared", str(error), error="DataNotPrepared"
            )
        except Exception as error:  # noqa: BLE001  # a full disk, a missing object: the run must say so
            say(f"failed: {error!r}")
            message = f"The run could not be carried out on this machine: {error}. Mend that and submit it again."
            facts = never_started(self.ranks, 126, "could not be carried out", message, error="NotStarted")
        with contextlib.suppress(OSError):
            self._own_log()
        self._clear_up(thorough=self._ending is not None or not self.ranks.succeeded)
        self._finish(self._keep_data(facts))

    def _prepare(self) -> None:
        """Put the source in place."""
        snapshot = self.spec.get("snapshot") or {}
        if self.spec.get("attempt", 1) > 1 and os.path.exists(self.work):
            import shutil

            shutil.rmtree(self.work)
        make_folder(self.work, 0o700)
        self._preparing = True
        if self._told or os.path.exists(self.paths.cancel):
            raise _ToldToEndError
        began = time.monotonic()
        if snapshot.get("manifest"):
            materialise(snapshot["manifest"], snapshot["objects"], self.work)
            self._own_log()
            say(f"source in place after {time.monotonic() - began:.3f} s")
        for name in ("outputs", "logs"):
            make_folder(os.path.join(self.work, name))
        make_folder(self.paths.user_logs, 0o700)
        self._preparing = False

    def _bring_data(self) -> None:
        """Put the inputs in place, where the run has any."""
        if self._data is None:
            return
        self._own_log()
        self.tell("status", "Starting", {"reason": "Preparing data"})
        self.poke()
        reach("supervise-before-data")
        if not self._data.prepare(self._awake, lambda: self._told):
            raise _ToldToEndError
        self.warn(self._data.warnings)
        self.env, self.spec = self._data.variables(self.env), self._data.command()

    def _keep_data(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Store and register the outputs of a script that was started, and return how the run ended."""
        if self._data is None or not self.state["processes"]:
            return facts
        outcome = "Completed" if self.ranks.succeeded and self._ending is None else "Failed"
        told, limit = self._told, None
        if told or self._ending is not None:
            # Whoever wants it to end does not wait long for what it has written so far.
            outcome, limit = ("Canceled", float(self.spec.get("grace", 10)))
        reach("supervise-before-outputs")
        try:
            warnings = self._data.keep(outcome, self._awake, lambda: self._told and not told, limit)
        except (DataError, OSError) as error:
            return data_lost(facts, str(error))
        if warnings is None and not told and self._told:
            reason = self._why_canceled()
            return {**facts, "canceled": True, "reason": reason, "message": f"The run was canceled: {reason}"}
        self.warn(warnings or [])
        return facts

    def _start(self) -> None:
        """Start every process; the first one counts as the start of the run."""
        self._oom_kills = exits.oom_kills()
        argv = to_argv(self.spec)
        for rank in self.ranks:
            log = os.path.join(self.paths.folder, rank.log)
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                rank.pid = launch(argv, {**self.env, **rank.env}, self.work, output, cpus=rank.cpus)
            finally:
                os.close(output)
            who = identity(rank.pid)
            rank.start = who.start if who is not None else ""
        reach("supervise-before-running")
        now = time.time()
        self._own_log()
        limit = self.spec.get("time_limit")
        self._deadline = time.monotonic() + limit if limit else math.inf
        self.tell("status", "Running", {key: self.state.get(key) for key in ("pid", "start", "boot", "host")})
        processes = [{"rank": rank.number, "pid": rank.pid, "start": rank.start} for rank in self.ranks]
        self.write_state(phase="running", started=now, processes=processes)
        self.poke()
        others = f" and {len(self.ranks) - 1} more" if len(self.ranks) > 1 else ""
        say(f"started process {self.ranks[0].pid}{others}: {' '.join(argv)}")
        self._sampler = Sampler(os.getpid(), self.paths.resources, self.env)
        self._memory_limit = exits.memory_limit()

    def _own_log(self) -> None:
        """Write to the run's `supervisor.txt` from here on, not to the agent's log; made late, as the script waits."""
        if self._has_own_log:
            return
        self._has_own_log = True
        make_folder(self.paths.system_logs, 0o700)
        redirect(os.path.join(self.paths.system_logs, "supervisor.txt"))

    def _watch(self) -> None:
        """Wait until every process has ended; meanwhile sample, keep the limit, obey."""
        sampler = self._sampler
        assert sampler is not None
        self._collect()
        sampler.sample()
        first_second = time.monotonic() + PERIOD / 2
        while self.ranks.live:
            self._sleep_until(min(sampler.next_at, self._deadline, self._kill_at))
            self._collect()
            self._act()
            now = time.monotonic()
            if now >= sampler.next_at:
                sampler.sample()
                self._is_gone = not self.follow()
            if now >= first_second:
                sampler.gpus.begin()

    def _sleep_until(self, moment: float) -> None:
        select.select([self._awake], [], [], max(0.0, moment - time.monotonic()))
        self._awake.drain()

    def _collect(self) -> bool:
        return self.ranks.collect(None if self._sampler is None else self._sampler.reaped)

    def _act(self) -> None:
        """Begin to end the processes where there is a reason, and go on to KILL when the grace is over."""
        now = time.monotonic()
        grace = float(self.spec.get("grace", 10))
        if self._ending is None and self.ranks.live:
            failed = self.ranks.first_failure
            if self._told:
                facts = read_json(self.paths.cancel) or {}
                self._begin_to_end(Ending("canceled", self._why_canceled(), float(facts.get("grace", grace))))
            elif now >= self._deadline:
                reason = f"the time limit of {self.spec['time_limit']:g} s was reached"
                self._begin_to_end(Ending("timed_out", reason, grace))
            elif self._is_gone:
                self._begin_to_end(Ending("canceled", "the run's folder was deleted", grace))
            elif failed is not None:
                self._begin_to_end(Ending("rank", f"process {failed.number} failed", grace))
        if now >= self._kill_at:
            self.ranks.signal(signal.SIGKILL)
            self._kill_at = now + 1.0

    def _begin_to_end(self, ending: Ending) -> None:
        say(f"ending the processes: {ending.reason}")
        self._ending = ending
        self._deadline = math.inf
        self._kill_at = time.monotonic() + ending.grace
        if ending.grace > 0:
            self.ranks.terminate()

    def _why_canceled(self) -> str:
        facts = read_json(self.paths.cancel) or {}
        return str(facts.get("reason") or "the supervisor was told to end (SIGTERM)")

    def _judge(self) -> dict[str, Any]:
        sampler = self._sampler
        memory = (sampler.memory, self._memory_limit) if sampler is not None else None
        kills = exits.oom_kills()
        oom = kills is not None and self._oom_kills is not None and kills > self._oom_kills
        return verdict(self.ranks, self.ranks.first_failure, self._ending, self.paths.folder, memory, oom)

    def _clear_up(self, *, thorough: bool) -> None:
        """End whatever the processes left behind: children, adopted ones, and whoever carries the run's id."""
        if self._sampler is not None:
            self._sampler.gpus.close()
        self.ranks.signal(signal.SIGKILL)
        own = os.getpid()
        if self._collect():
            left = end_tree([own], None, LEFT_OVER_GRACE)
            say(f"ended what was left behind{f', but {left} remain' if left else ''}")
        # Every descendant comes to a subreaper; somebody else's child, begun for this run, is younger than we are.
        above = 0 if thorough or _prctl is None else own
        from_others = end_tree((), self.run_id, LEFT_OVER_GRACE, run_dir=self.paths.folder, above=above)
        if from_others:
            say(f"these processes of the run remain: {from_others}")
        self._collect()

    def _finish(self, facts: dict[str, Any]) -> None:
        """Write the end, in the order in which it may be believed: samples, journal, state."""
        if self._sampler is not None:
            self._sampler.close()
            facts["cpu_seconds"] = round(self._sampler.cpu_seconds, 3)
            facts["memory_peak"] = self._sampler.memory_peak
            facts["gpu_memory_peak"] = self._sampler.gpu_memory_peak
        ended = time.time()
        say(f"ended: {facts['reason']}")
        who = {key: self.state.get(key) for key in ("pid", "start", "boot", "host")}
        reach("supervise-before-finalizing")
        self.tell("status", "Finalizing", {**who, "exit": facts})
        reach("supervise-before-ended")
        # Only this process knows it: on a full disk it waits until there is room.
        at_last(self.follow, lambda: self.write_state(phase="ended", ended=ended, exit=facts))
        self.poke()
