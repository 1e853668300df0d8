"""The agent of a workspace on one machine: `python -m stoker.runner.agent HOME`.

Its first process becomes the zygote, which forks supervisors; the zygote keeps a shipper running. One agent at a time
holds `agent/lock`; a second one says `running` and leaves.
"""

from __future__ import annotations

import contextlib
import os
import sys

from stoker.base.failpoints import reach
from stoker.base.locks import acquire
from stoker.base.paths import WorkspacePaths

__all__ = ["main"]

_BIG_LOG = 5_000_000


def main(argv: list[str]) -> int:
    """Detach, become the agent of the workspace `argv[1]` and stay until there is nothing left to do."""
    paths = WorkspacePaths(argv[1])
    if os.fork():
        # At once: whoever started us reads our word from the child and must not keep a zombie.
        os._exit(0)
    with contextlib.suppress(FileExistsError):
        # Not the folders above it: where a workspace was moved away or deleted, nothing comes into being again.
        os.mkdir(paths.agent, 0o700)
    lock = acquire(os.path.join(paths.agent, "lock"), timeout=0.2)
    if lock is None:
        _say("running")
        return 0
    _cut_log(os.path.join(paths.logs, "agent.log"))
    from stoker.runner.zygote import Zygote

    zygote = Zygote(paths, lock)
    reach("agent-before-listen")
    zygote.listen()
    _say("ready")
    os.dup2(2, 1)
    return zygote.serve()


def _say(word: str) -> None:
    """Say the word that whoever started us waits for; he may have been killed meanwhile."""
    with contextlib.suppress(OSError):
        os.write(1, f"{word}\n".encode())


def _cut_log(path: str) -> None:
    if os.path.exists(path) and os.path.getsize(path) > _BIG_LOG:
        os.truncate(path, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
