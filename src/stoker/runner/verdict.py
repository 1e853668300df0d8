"""What is said of a run's end: the `exit` of `state.json`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stoker.runner import exits

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Ending", "Rank", "data_lost", "lost", "never_started", "verdict"]


class Rank:
    """One process of a run.

    Parameters
    ----------
    place : dict
        Its entry in the spec: `rank`, `env`, `cpus`, `log`.
    """

    def __init__(self, place: dict[str, Any]) -> None:
        self.number = int(place.get("rank") or 0)
        self.env: dict[str, str] = place.get("env") or {}
        self.cpus: list[int] | None = place.get("cpus")
        self.log: str = place.get("log") or "user_logs/std_log.txt"
        self.pid = 0
        self.start = ""
        self.code: int | None = None
        self.signal: int | None = None
        self.ended = False

    @property
    def lives(self) -> bool:
        """Whether it was started and has not ended."""
        return self.pid > 0 and not self.ended

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than with 0."""
        return self.ended and self.code != 0

    def end(self, status: int) -> None:
        """Take over its wait status."""
        self.code, self.signal = exits.split_status(status)
        self.ended = True


class Ending:
    """Why the processes are being ended before they did so themselves.

    Attributes
    ----------
    kind : {"canceled", "timed_out", "rank"}
    reason : str
    grace : float
        Seconds between TERM and KILL.
    """

    def __init__(self, kind: str, reason: str, grace: float) -> None:
        self.kind = kind
        self.reason = reason
        self.grace = grace


def verdict(
    ranks: list[Rank],
    first: Rank | None,
    ending: Ending | None,
    folder: str,
    memory: tuple[int, int] | None = None,
    oom: bool = False,
) -> dict[str, Any]:
    """Return how a run ended.

    Parameters
    ----------
    ranks : list of Rank
    first : Rank or None
        The first that failed.
    ending : Ending or None
        Why they were ended from outside.
    folder : str
        The run folder, for the logs.
    memory : (int, int), optional
        Bytes in use when last seen, and bytes there are.
    oom : bool, default=False
        Whether the kernel counted an out-of-memory kill meanwhile.

    Returns
    -------
    dict
        `code`, `signal` (one is None), `reason` in a few plain words, `message` for a failure (a Python script's last
        exception line), `traceback` where there is one, `timed_out`, `canceled`, `ranks`.
    """
    chosen = first or ranks[0]
    words = exits.in_words(chosen.code, chosen.signal, memory, oom)
    facts = _facts(chosen.code, chosen.signal, words, None, ranks)
    if ending is not None and ending.kind == "canceled":
        facts.update(canceled=True, reason=ending.reason, message=f"The run was canceled: {ending.reason}")
    elif ending is not None and ending.kind == "timed_out":
        facts.update(timed_out=True, reason=ending.reason, message=_too_long(ending.reason))
    elif first is not None:
        facts.update(_failure(first, words, len(ranks), os.path.join(folder, first.log)))
    else:
        facts["reason"] = "completed"
    return facts


def _too_long(reason: str) -> str:
    return (
        f"The script was ended: {reason}. "
        "Raise max_run_duration_seconds in the run configuration, or give it less to do."
    )


def _failure(rank: Rank, words: str, count: int, log: str) -> dict[str, Any]:
    who = f"Process {rank.number} of {count}" if count > 1 else "The script"
    found = exits.read_traceback(log) if rank.code == 1 else None
    if found is not None:
        last, whole = found
        return {"message": last if count == 1 else f"{who}: {last}", "traceback": whole}
    said = exits.last_line(log)
    verb = "ended with" if rank.signal is None else "was ended:"
    return {"message": f"{who} {verb} {words}." + (f" The last line of {rank.log}: {said}" if said else "")}


def never_started(
    ranks: list[Rank],
    code: int,
    reason: str,
    message: str,
    *,
    canceled: bool = False,
    error: str | None = None,
) -> dict[str, Any]:
    """Return the end of a run whose script was not, or not wholly, started; `error`: the run's error code."""
    facts = {**_facts(code, None, reason, message, ranks, canceled=canceled), "warnings": []}
    return facts if error is None else {**facts, "error": error}


def data_lost(facts: dict[str, Any], message: str) -> dict[str, Any]:
    """Return the end of a run whose outputs could not be kept: how its script ended counts where that was worse."""
    if facts.get("code") == 0 and not facts.get("canceled") and not facts.get("timed_out"):
        why = {"error": "OutputsNotKept", "reason": "its outputs could not be kept", "message": message}
        return {**facts, "code": 125, **why}
    return {**facts, "warnings": [*(facts.get("warnings") or []), message]}


def lost(started: bool) -> dict[str, Any]:
    """Return the end of a run whose supervisor is gone without a word."""
    where = "while the script ran" if started else "before the script began"
    message = (
        f"The run's supervisor was ended from outside {where} (killed, or the machine was restarted), so how the "
        "script would have ended is not known. Its processes were ended. Submit the run again with `stoker run rerun`."
    )
    return {**_facts(None, None, "supervisor lost", message, []), "lost": True}


def _facts(
    code: int | None, number: int | None, reason: str, message: str | None, ranks: list[Rank], canceled: bool = False
) -> dict[str, Any]:
    return {
        "code": code,
        "signal": number,
        "reason": reason,
        "message": message,
        "timed_out": False,
        "canceled": canceled,
        "ranks": [{"rank": rank.number, "code": rank.code, "signal": rank.signal} for rank in ranks],
    }
