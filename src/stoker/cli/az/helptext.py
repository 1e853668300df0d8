"""The text of `--help` for `stoker az ml ...`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stoker.cli.az.table import COMMANDS, GROUPS
from stoker.cli.helptext import render

__all__ = ["command_help", "group_help", "root_help"]

_COMMON: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("-w", "--workspace-name"), "NAME", "The workspace; else STOKER_WORKSPACE, else the one of the folder"),
    (("-g", "--resource-group"), "GROUP", "Must be the workspace's, where that has one"),
    (("--subscription-id",), "ID", "The same"),
    (("--path",), "DIR", "Root of the configuration files; default: this folder"),
    (("-t", "--output-metadata-file"), "FILE", "What was made, as JSON"),
    (("-v", "--verbose"), "", "Taken, and without effect"),
    (("-o", "--output"), "FORM", "json (default), jsonc, tsv, yaml, yamlc, table, jsonl or none"),
    (("--query",), "EXPR", "A JMESPath expression on the JSON"),
    (("--only-show-errors",), "", "No notes, no warnings, no progress"),
    (("--debug",), "", "Show where in Stoker an error came from"),
    (("-h", "--help"), "", "Show this"),
)


def root_help() -> str:
    """Return the help of `stoker az` and of `stoker az ml`."""
    about = "v1's command line: each command as v1 had it, on the workspaces of this machine."
    return render(
        "stoker az ml GROUP COMMAND [OPTIONS]",
        f"{about}\n\n`alias az='stoker az'` lets a script that calls `az ml` run here.",
        [("Groups", list(GROUPS.items())), _common_section(set())],
        "`stoker az ml GROUP --help` lists the commands of a group.",
    )


def group_help(words: list[str], table: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the help of a group, or of the first words of some commands."""
    begin = " ".join(words)
    rows = []
    for name, place in COMMANDS.items():
        if name.startswith(f"{begin} "):
            text = place if isinstance(place, str) else table[f"az ml {name}"]["help"].split("\n", 1)[0]
            rows.append((name.removeprefix(f"{begin} "), _brief(text) if isinstance(place, str) else text.rstrip(".")))
    about = f"{GROUPS[begin]}." if begin in GROUPS else ""
    after = f"`stoker az ml {begin} COMMAND --help` shows what a command takes."
    return render(f"stoker az ml {begin} COMMAND [OPTIONS]", about, [("Commands", rows)], after)


def _brief(sentence: str) -> str:
    comes = "later version" in sentence.partition(":")[0]
    return "comes later" if comes else "not here; try it to see what to use"


def command_help(name: str, facts: Mapping[str, Any]) -> str:
    """Return the help of a command, from its facts in the table of words."""
    words = [f"stoker {name}", "[OPTIONS]"]
    words.extend(item["name"] if item["required"] else f"[{item['name']}]" for item in facts["arguments"])
    arguments = [(item["name"], item["help"]) for item in facts["arguments"]]
    options = [(f"{', '.join(item['names'])} {item['metavar']}".rstrip(), item["help"]) for item in facts["options"]]
    own = {option for item in facts["options"] for option in item["names"]}
    sections = [("Arguments", arguments), ("Options", options), _common_section(own)]
    return render(" ".join(words), facts["help"], sections)


def _common_section(own: set[str]) -> tuple[str, list[tuple[str, str]]]:
    """Return the options of every command, but for the names that a command uses otherwise."""
    rows = []
    for names, value, text in _COMMON:
        free = [name for name in names if name not in own]
        if free:
            rows.append((f"{', '.join(free)} {value}".rstrip(), text))
    return "Options of every command", rows
