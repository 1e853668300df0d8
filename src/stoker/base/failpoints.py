"""Named instants at which a process can be made to die, so that tests can prove that nothing is lost there.

`STOKER_FAILPOINT=NAME` arms one point: the first process that reaches it ends by SIGKILL, as if someone had sent it.
`NAME:3` means the third time that one process comes by. `STOKER_FAILPOINT_MARK` names a file that is made at that
instant; while it is there nobody dies again, so that what takes over passes the point unharmed. Without the variables
a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

__all__ = ["MARK_VARIABLE", "POINTS", "VARIABLE", "reach"]

VARIABLE = "STOKER_FAILPOINT"
MARK_VARIABLE = "STOKER_FAILPOINT_MARK"

POINTS = {
    # The service
    "service-before-announce": "The service holds its lock and listens; service.json does not name it yet.",
    "snapshot-between-objects": "One object of a snapshot's pack is stored, the others are not.",
    "snapshot-before-manifest": "All objects of a snapshot are stored, its manifest is not.",
    "submit-before-wake": "The run is on record; its submitter has no answer, and the queue was not told.",
    "build-before-packages": "An environment's folder is made, and is empty.",
    "build-before-mark": "An environment is whole, and nothing says so.",
    "launch-before-start": "The run is Starting; its launcher was not asked yet.",
    "launch-before-handle": "The launcher has started the run; its handle is not on record.",
    "cancel-before-signal": "A cancel is on record; the run's processes were not told.",
    "end-before-signal": "That a run is to end is on record; its processes were not told.",
    "journal-before-answer": "A piece of a journal is stored; the shipper has no answer.",
    "log-before-record": "A piece of a log is stored; its size is not on record.",
    "upload-before-record": "The bytes of a file are stored; the run does not name them.",
    "pack-before-record": "The bytes of several small files are stored; the run does not name them.",
    "finish-before-end": "All of a run is stored; it has not ended on record.",
    "finish-before-release": "The run has ended on record; its place is not free, and the shipper has no answer.",
    "leave-before-exit": "The service has withdrawn service.json and still holds its lock.",
    # The agent
    "agent-before-listen": "The agent holds its lock; nobody can speak to it yet.",
    "fork-before-answer": "The zygote has forked a supervisor and not said so.",
    "ship-before-send": "The shipper has read what is new and not sent it.",
    "ship-before-mark": "The service has stored a piece; the shipper has not noted it.",
    "ship-before-finish": "All of a run is shipped; the service was not told that it has ended.",
    "ship-before-ended": "The service has ended the run; its folder is not marked.",
    # The supervisor
    "supervise-before-claim": "The supervisor is alone in its session and has not claimed the run's folder.",
    "supervise-before-data": "The source is in place; nothing was done about the run's data.",
    "supervise-before-script": "The source is in place; the script is not started.",
    "supervise-before-running": "The script runs; neither journal nor state say so.",
    "supervise-before-outputs": "The script has ended; nothing of its output data was stored or registered.",
    "supervise-before-finalizing": "The script has ended; nothing says how.",
    "supervise-before-ended": "The journal says how the script has ended; the state does not.",
    # The script
    "script-journal-opened": "A process has opened its journal and written its first line.",
    "script-child-introduced": "A journal has given a number to another run and said nothing of it.",
}
"""What is true at each point, by its name."""

_armed = os.environ.get(VARIABLE)
_left = int(_armed.partition(":")[2] or 1) if _armed else 0
_name = _armed.partition(":")[0] if _armed else None


def reach(name: str) -> None:
    """End this process by SIGKILL when the point `name` is armed; else do nothing."""
    if _name is not None and _name == name:
        _count()


def _count() -> None:
    global _left  # noqa: PLW0603  # one count a process; forks begin with their parent's
    _left -= 1
    if _left == 0 and _is_first():
        os.kill(os.getpid(), signal.SIGKILL)


def _is_first() -> bool:
    """Make the mark; False when another process was here before."""
    mark = os.environ.get(MARK_VARIABLE)
    if not mark:
        return True
    try:
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return False
    return True
