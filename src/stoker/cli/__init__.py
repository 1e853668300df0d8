"""The command line: `stoker <noun> <verb>`.

Only what a command needs is imported: `--version` and completion load no library at all, a command
loads Typer and the file of its noun.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after `stoker`; by default those of this process.

    Returns
    -------
    int
        0 done; 1 the thing failed; 2 wrong use; 130 interrupted.

    Examples
    --------
    >>> main(["--version"])
    stoker 0.1.0
    0
    """
    try:
        status = _carried_out(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return 130
    except BrokenPipeError:
        return _reader_left()
    return status


def _carried_out(words: list[str]) -> int:
    if words == ["--version"]:
        from stoker.base.version import __version__

        sys.stdout.write(f"stoker {__version__}\n")
        return 0
    if words[:1] == ["__complete"]:
        from stoker.cli.complete import answer

        return answer(words[1:])
    if words[:1] == ["completion"] and len(words) == 2 and not words[1].startswith("-"):
        from stoker.cli.shells import show

        return show(words[1])
    from stoker.cli.dispatch import run

    return run(words)


def _reader_left() -> int:
    """Leave quietly when nobody reads stdout any more, as after `| head`."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
