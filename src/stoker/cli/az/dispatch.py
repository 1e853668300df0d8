"""From the words after `stoker az` to one of v1's commands, or to the sentence about it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from stoker.cli.az.table import COMMANDS, FOREIGN, GROUPS
from stoker.cli.session import SESSION, UsageProblem, say

__all__ = ["run"]

_HELP = ("-h", "--help")
_AROUND = {
    "login": "a workspace here needs no account",
    "logout": "a workspace here needs no account",
    "account": "there are no subscriptions here",
    "extension": "`az ml` is part of Stoker",
}
"""What CI files call before `az ml`, and why nothing has to be done for it."""


def run(words: Sequence[str], invoke: Callable[[Any, list[str], str], int], *, stated: bool) -> int:
    """Carry out what follows `stoker az` and return the exit status.

    Parameters
    ----------
    words : sequence of str
    invoke : callable
        Runs Typer's command with words, under a program's name.
    stated : bool
        Whether the form of output was said before `az`.

    Raises
    ------
    UsageProblem
        It is none of v1's, or one that Stoker does not have; the message says what to use.
    """
    if not stated and SESSION.output == "table":
        SESSION.output = ""
    first, *rest = _without_common(words) or ["-h"]
    if first in _HELP:
        return _root_help()
    if first != "ml":
        return _around(first)
    names = _names(rest)
    if not names:
        return _root_help()
    key = next((" ".join(names[:size]) for size in range(len(names), 0, -1) if " ".join(names[:size]) in COMMANDS), "")
    place = COMMANDS.get(key)
    if isinstance(place, tuple):
        return _carry_out(key, place, _after(rest, len(key.split())), invoke)
    if isinstance(place, str):
        raise UsageProblem(f"`az ml {' '.join(names[: max(2, len(key.split()))])}` {place}")
    if any(command.startswith(f"{' '.join(names)} ") for command in COMMANDS):
        return _group_help(names)
    raise _unknown(names)


def _without_common(words: Sequence[str]) -> list[str]:
    """Return the words from the first that is no option on; the options before it count for the command too."""
    from stoker.cli.common import leading

    return leading(words)


def _names(words: Sequence[str]) -> list[str]:
    """Return the words before the first option: the command is among them."""
    names = []
    for word in words:
        if word.startswith("-"):
            break
        names.append(word)
    return names


def _after(words: Sequence[str], count: int) -> list[str]:
    return list(words[count:])


def _root_help() -> int:
    from stoker.cli.az.helptext import root_help

    sys.stdout.write(root_help())
    return 0


def _group_help(names: list[str]) -> int:
    from stoker.cli.az.helptext import group_help
    from stoker.cli.words import read

    sys.stdout.write(group_help(names, read()))
    return 0


def _carry_out(key: str, place: tuple[str, str], words: list[str], invoke: Callable[[Any, list[str], str], int]) -> int:
    if words in (["-h"], ["--help"]):
        from stoker.cli.az.helptext import command_help
        from stoker.cli.words import read

        facts = read().get(f"az ml {key}")
        if facts is not None:
            sys.stdout.write(command_help(f"az ml {key}", facts))
            return 0
    import importlib

    module, verb = place
    app = importlib.import_module(f"stoker.cli.az.{module}").app
    return invoke(app.one(verb), words, f"stoker az ml {key}")


def _around(word: str) -> int:
    """Pass over what only prepares Azure's command line, and refuse the rest of it."""
    if word in _AROUND:
        say(f"Note: `az {word}` does nothing here, as {_AROUND[word]}.")
        return 0
    if word.startswith("-"):
        raise UsageProblem(f"`stoker az` has no option {word!r}. See `stoker az --help`.")
    if word == "configure":
        raise UsageProblem(
            "`az configure` kept defaults for all of Azure's commands, and Stoker keeps none: set STOKER_WORKSPACE, "
            "or attach the folder with `stoker az ml folder attach -w NAME`."
        )
    raise UsageProblem(
        f"`az {word}` is no command of Azure Machine Learning, and only `stoker az ml` is here: use Azure's own "
        "command line for it, or leave it out."
    )


def _unknown(names: list[str]) -> UsageProblem:
    from stoker.base.names import nearest

    for size in (2, 1):
        if " ".join(names[:size]) in FOREIGN:
            return UsageProblem(f"`az ml {' '.join(names[:2])}` {FOREIGN[' '.join(names[:size])]}")
    known = [name for name, place in COMMANDS.items() if isinstance(place, tuple)]
    close = nearest(" ".join(names[:2]), known) or nearest(names[0], list(GROUPS))
    maybe = f": did you mean {' or '.join(f'`stoker az ml {item}`' for item in close)}?" if close else ""
    more = "" if close else ": `stoker az ml --help` lists what there is."
    return UsageProblem(f"`az ml {' '.join(names[:2])}` is no command of v1{maybe}{more}")
