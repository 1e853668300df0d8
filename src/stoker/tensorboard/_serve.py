"""The program `tensorboard`, ending with whoever started it. It is run as a file and knows nothing of Stoker."""

from __future__ import annotations

import os
import sys
import threading


def _end_with_the_starter() -> None:
    # The other end of the pipe is closed however the starter ends.
    sys.stdin.buffer.read()
    os._exit(0)


def _main() -> None:
    # A file's folder is no place for the modules of others.
    sys.path.pop(0)
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    sys.argv[0] = "tensorboard"
    import importlib

    importlib.import_module("tensorboard.main").run_main()


if __name__ == "__main__":
    _main()
