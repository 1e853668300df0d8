"""The commands as a table, for completion and help: made from the commands, kept in `words.json`.

Reading it takes a millisecond, where Typer takes a hundred. `python -m stoker.cli.words` writes the file anew;
a test compares it with the commands.
"""

from __future__ import annotations

import json
import os
from typing import Any

from stoker.cli.az.table import COMMANDS
from stoker.cli.nouns import NOUNS, ROOT_VERBS

__all__ = ["PATH", "collect", "read"]

PATH = os.path.join(os.path.dirname(__file__), "words.json")
"""Where the table is kept."""


def read() -> dict[str, dict[str, Any]]:
    """Return the table: command (`"run list"`, `"init"`) -> facts.

    The facts are `help` (text), `arguments` (list of `{"name", "required", "help"}`) and `options` (list of
    `{"names", "metavar", "help"}`, the metavar empty for a flag).
    """
    with open(PATH, encoding="utf-8") as file:
        table: dict[str, dict[str, Any]] = json.load(file)
    return table


def collect() -> dict[str, dict[str, Any]]:
    """Return the table as the commands have it now."""
    table = {verb: _facts(_commands(module)[verb]) for verb, (module, _) in ROOT_VERBS.items()}
    for noun in NOUNS:
        table.update({f"{noun} {verb}": _facts(command) for verb, command in _commands(noun).items()})
    for name, place in COMMANDS.items():
        if isinstance(place, tuple):
            table[f"az ml {name}"] = _facts(_commands(f"az.{place[0]}")[place[1]])
    return table


def _commands(module: str) -> dict[str, Any]:
    import importlib

    app = importlib.import_module(f"stoker.cli.{module}").app
    return {str(info.name): app.one(str(info.name)) for info in app.registered_commands}


def _facts(command: Any) -> dict[str, Any]:
    import inspect

    arguments = [_argument(param) for param in command.params if param.param_type_name == "argument"]
    options = [_option(param) for param in command.params if param.param_type_name == "option"]
    return {"help": inspect.cleandoc(command.help or ""), "arguments": arguments, "options": options}


def _argument(param: Any) -> dict[str, Any]:
    name = (param.metavar or param.name.upper()) + ("..." if param.nargs != 1 else "")
    return {"name": name, "required": bool(param.required), "help": param.help or ""}


def _option(param: Any) -> dict[str, Any]:
    names = sorted([*param.opts, *param.secondary_opts], key=lambda name: name.startswith("--"))
    metavar = "" if param.is_flag else (param.metavar or param.name.upper())
    return {"names": names, "metavar": metavar, "help": param.help or ""}


def main() -> None:
    """Write the table."""
    from stoker.base.jsonio import write_json

    write_json(PATH, collect(), mode=0o644)


if __name__ == "__main__":
    main()
