"""The text of `--help`, from the table of commands: one form for the whole command line, good at 40 columns too."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from stoker.cli.common import HELP
from stoker.cli.nouns import GRAMMARS, NOUNS, ROOT_VERBS
from stoker.cli.text import coloured, colours, pad, terminal_width, width, wrap

__all__ = ["command_help", "noun_help", "render", "root_help"]

Section = tuple[str, Sequence[tuple[str, str]]]


def root_help() -> str:
    """Return the help of `stoker` itself."""
    return render(
        "stoker NOUN VERB [OPTIONS]",
        "Train models on your own machines, with every run on record.",
        [
            ("Start here", [(name, text) for name, (_, text) in ROOT_VERBS.items()]),
            ("Nouns", list(NOUNS.items())),
            ("Other command lines", list(GRAMMARS.items())),
            ("Options of every command", [*HELP, ("--version", "Show Stoker's version")]),
        ],
        "`stoker NOUN --help` lists the verbs of a noun.",
    )


def noun_help(noun: str, table: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the help of a noun: its verbs with a line each."""
    verbs = [
        (name.split(" ", 1)[1], facts["help"].split("\n", 1)[0].rstrip("."))
        for name, facts in table.items()
        if name.startswith(f"{noun} ")
    ]
    after = f"`stoker {noun} VERB --help` shows what a verb takes."
    return render(f"stoker {noun} VERB [OPTIONS]", f"{NOUNS[noun]}.", [("Verbs", verbs)], after)


def command_help(name: str, facts: Mapping[str, Any]) -> str:
    """Return the help of a command, from its facts in the table."""
    words = [f"stoker {name}", "[OPTIONS]"]
    words.extend(item["name"] if item["required"] else f"[{item['name']}]" for item in facts["arguments"])
    arguments = [(item["name"], item["help"]) for item in facts["arguments"]]
    options = [(f"{', '.join(item['names'])} {item['metavar']}".rstrip(), item["help"]) for item in facts["options"]]
    sections = [("Arguments", arguments), ("Options", options), ("Options of every command", HELP)]
    return render(" ".join(words), facts["help"], sections)


def render(usage: str, about: str, sections: Sequence[Section], after: str = "") -> str:
    """Return the help text.

    Parameters
    ----------
    usage : str
        The command and what it takes.
    about : str
        What it does; paragraphs are separated by an empty line.
    sections : sequence of (title, rows)
        A row is a name and its explanation.
    after : str, optional
        The last paragraph.
    """
    limit = min(terminal_width() or 80, 100)
    on = colours(sys.stdout)
    parts = [coloured("Usage: ", "bold", on=on) + wrap(usage, limit - 7, "    ", "")]
    parts.extend(_paragraph(text, limit) for text in about.strip().split("\n\n") if text)
    parts.extend(_section(title, rows, limit, on=on) for title, rows in sections if rows)
    if after:
        parts.append(_paragraph(after, limit))
    return "\n\n".join(parts) + "\n"


def _paragraph(text: str, limit: int) -> str:
    """Wrap prose; lines that are indented are examples and stay as they are."""
    if text.startswith("    "):
        return text.rstrip()
    return wrap(text, limit)


def _section(title: str, rows: Sequence[tuple[str, str]], limit: int, *, on: bool) -> str:
    names = max(width(name) for name, _ in rows) + 4
    space = min(names, 34 if limit >= 70 else 18)
    lines = [coloured(title, "bold", on=on)]
    for name, text in rows:
        if width(name) + 4 > space:
            lines.append(f"  {name}")
            lines.extend([wrap(text, limit, " " * space, " " * space)] if text else [])
        else:
            lines.append(wrap(text, limit, " " * space, f"  {pad(name, space - 2)}") if text else f"  {name}")
    return "\n".join(lines)
