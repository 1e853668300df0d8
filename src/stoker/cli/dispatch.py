"""From words to a command: only the file of the noun that is named gets imported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from stoker.cli.common import leading
from stoker.cli.nouns import GRAMMARS, NOUNS, ROOT_VERBS
from stoker.cli.session import SESSION, UsageProblem
from stoker.exceptions import StokerException

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

_HELP = ("-h", "--help")


def run(words: list[str]) -> int:
    """Carry out a command line and return its exit status."""
    SESSION.output = _stated_output(words)
    try:
        return _run(words)
    except StokerException as error:
        from stoker.cli.problems import report

        return report(error)


def _run(words: list[str]) -> int:
    rest = leading(words)
    if rest[:1] == ["--version"]:
        from stoker.cli import main

        return main(["--version"])
    if not rest or rest[0] in _HELP:
        from stoker.cli.helptext import root_help

        return _show(root_help())
    name, *after = rest
    if name in GRAMMARS:
        from stoker.cli.az.dispatch import run as run_az

        before = words[: len(words) - len(rest)]
        return run_az(after, _invoke, stated=any(word.startswith(("-o", "--output")) for word in before))
    if name in ROOT_VERBS:
        return _run_command(ROOT_VERBS[name][0], name, name, after)
    if name not in NOUNS:
        raise _unknown(name)
    verb, *tail = leading(after) or ["--help"]
    if verb in _HELP:
        from stoker.cli.helptext import noun_help
        from stoker.cli.words import read

        return _show(noun_help(name, read()))
    return _run_command(name, verb, f"{name} {verb}", tail)


def _run_command(module: str, verb: str, name: str, words: list[str]) -> int:
    if words in (["-h"], ["--help"]):
        from stoker.cli.helptext import command_help
        from stoker.cli.words import read

        facts = read().get(name)
        if facts is not None:
            return _show(command_help(name, facts))
    import importlib

    app = importlib.import_module(f"stoker.cli.{module}").app
    known = [str(info.name) for info in app.registered_commands]
    if verb not in known:
        raise _no_verb(module, verb, known)
    return _invoke(app.one(verb), words, f"stoker {name}")


def _show(text: str) -> int:
    sys.stdout.write(text)
    return 0


def _invoke(command: Any, words: Sequence[str], program: str) -> int:
    try:
        status = command.main(args=list(words), prog_name=program, standalone_mode=False)
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):
            # Click makes exit status 1 of it, and whoever reads no further wanted no more.
            raise error.__context__ from None
        return error.code if isinstance(error.code, int) else 1
    except Exception as error:  # noqa: BLE001  # the last place: every error becomes words and an exit status
        return _failed(error, program)
    return status if isinstance(status, int) else 0


def _failed(error: Exception, program: str) -> int:
    from stoker.cli.problems import report

    message = getattr(error, "format_message", None)
    if message is None:
        return report(error)
    what = " ".join(message().split())
    sentence = what if what.endswith((".", "?", "!")) else f"{what}."
    return report(UsageProblem(f"{sentence} See `{program} --help`."))


def _stated_output(words: list[str]) -> str:
    """Return the form of output that the words ask for, so that an error in other words has it too."""
    for place, word in enumerate(words):
        if word == "--" or word.startswith("submit"):
            break
        if word in {"-o", "--output"} and words[place + 1 : place + 2]:
            value = words[place + 1]
        elif word.startswith(("--output=", "-o")):
            value = word.removeprefix("--output=").removeprefix("-o")
        else:
            continue
        return value if value in {"json", "jsonl"} else "table"
    return "table"


def _no_verb(noun: str, verb: str, known: Sequence[str]) -> UsageProblem:
    from stoker.base.names import suggestion

    what = (
        f"`stoker {noun}` has no option {verb!r}." if verb.startswith("-") else f"`stoker {noun}` has no verb {verb!r}."
    )
    return UsageProblem(f"{what} {suggestion(verb, known)} `stoker {noun} --help` lists the verbs.")


def _unknown(name: str) -> UsageProblem:
    from stoker.base.names import nearest

    if name.startswith("-"):
        return UsageProblem(f"`stoker` has no option {name!r}. See `stoker --help`.")
    close = nearest(name, [*NOUNS, *ROOT_VERBS, *GRAMMARS])
    maybe = f" Did you mean {' or '.join(f'`stoker {item}`' for item in close)}?" if close else ""
    return UsageProblem(f"`stoker` has no command {name!r}.{maybe} `stoker --help` lists what there is.")
