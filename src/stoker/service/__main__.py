"""``python -m stoker.service HOME``: serve one workspace until it is idle or told to stop."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Serve the workspace whose `.stoker` folder is named; with `--detach`, in the background.

    Detached, this returns as soon as the background process exists: the caller does not pay for its imports. What
    goes wrong until it listens is also written to the descriptor `--say=N`, which a full disk can't keep back.
    """
    home = os.path.abspath(next(item for item in arguments if not item.startswith("-")))
    if "--detach" in arguments and os.fork():
        return 0
    if "--detach" in arguments:
        os.setsid()
    say = next((int(item.partition("=")[2]) for item in arguments if item.startswith("--say=")), None)
    try:
        from stoker.service.serve import serve

        return serve(home, foreground="--detach" not in arguments, say=say)
    except KeyboardInterrupt:
        # Before the server listens: from then on it ends by itself.
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
