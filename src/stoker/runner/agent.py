"""The agent of a workspace on one machine: `python -m stoker.runner.agent HOME`.

Its first process becomes the zygote, which forks supervisors; the zygote keeps a shipper running. One agent at a time
holds `agent/lock`; a second one says `running` and leaves.
"""

from __future__ import annotations

import os
import sys

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
    os.makedirs(paths.agent, mode=0o700, exist_ok=True)
    lock = acquire(os.path.join(paths.agent, "lock"), timeout=0.2)
    if lock is None:
        print("running", flush=True)  # noqa: T201  # the word that control waits for
        return 0
    _cut_log(os.path.join(paths.logs, "agent.log"))
    from stoker.runner.zygote import Zygote

    zygote = Zygote(paths, lock)
    zygote.listen()
    print("ready", flush=True)  # noqa: T201  # the word that control waits for
    os.dup2(2, 1)
    return zygote.serve()


def _cut_log(path: str) -> None:
    if os.path.exists(path) and os.path.getsize(path) > _BIG_LOG:
        os.truncate(path, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
