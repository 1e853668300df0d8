"""The options that every command takes, wherever they stand: defined, read and explained here."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from stoker.cli.session import SESSION, UsageProblem

__all__ = ["FLAGS", "FORMATS", "HELP", "VALUES", "leading", "take"]

FORMATS = ("table", "json", "tsv", "yaml", "jsonl", "none")
"""The forms of output."""

VALUES = {"--workspace": "place", "-w": "place", "--output": "output", "-o": "output", "--query": "query"}
"""Option with a value -> what of the session it sets."""

FLAGS = {"--only-show-errors": "only_errors", "--debug": "debug", "--no-color": "no_color"}
"""Option without one -> what of the session it sets."""

HELP: tuple[tuple[str, str], ...] = (
    ("-w, --workspace NAME|PATH", "The workspace; else STOKER_WORKSPACE, else the one of this folder"),
    ("-o, --output FORM", f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"),
    ("--query EXPR", "A JMESPath expression on what -o json shows"),
    ("--only-show-errors", "No hints, no warnings, no progress"),
    ("--no-color", "No colours; NO_COLOR does the same"),
    ("--debug", "Show where in Stoker an error came from"),
    ("-h, --help", "Show this"),
)
"""What every command takes, as its help shows it."""


def leading(words: Sequence[str]) -> list[str]:
    """Keep the common options that `words` begin with in the session, and return the rest."""
    return _take(words, (), stop_at_other=True)


def take(words: Sequence[str], with_value: Collection[str], *, options_first: bool) -> list[str]:
    """Keep the common options among `words` in the session, and return the others.

    Parameters
    ----------
    words : sequence of str
        What follows the verb.
    with_value : collection of str
        The verb's own options that take a value, which may look like an option.
    options_first : bool
        Whether all from the first argument on belongs to that.

    Examples
    --------
    >>> take(["train.py", "-o", "json"], (), options_first=True)
    ['train.py', '-o', 'json']
    """
    return _take(words, with_value, options_first=options_first)


def _take(
    words: Sequence[str], with_value: Collection[str], *, options_first: bool = False, stop_at_other: bool = False
) -> list[str]:
    rest: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        taken = _keep(words, place)
        if taken:
            place += taken
        elif word == "--" or stop_at_other or (options_first and not _is_option(word)):
            break
        else:
            size = 2 if word in with_value else 1
            rest.extend(words[place : place + size])
            place += size
    return [*rest, *words[place:]]


def _is_option(word: str) -> bool:
    return len(word) > 1 and word.startswith("-")


def _keep(words: Sequence[str], place: int) -> int:
    """Keep the option at `place` if it is a common one; return how many words it takes."""
    word = words[place]
    if word in FLAGS:
        setattr(SESSION, FLAGS[word], True)
        return 1
    if word in VALUES:
        if place + 1 == len(words):
            raise UsageProblem(f"The option {word} wants a value, and none follows. See `stoker --help`.")
        _set(word, words[place + 1])
        return 2
    name, sign, value = word.partition("=")
    if sign and name.startswith("--") and name in VALUES:
        _set(name, value)
        return 1
    if word[:2] in VALUES and not word.startswith("--"):
        _set(word[:2], word[2:])
        return 1
    return 0


def _set(name: str, value: str) -> None:
    if VALUES[name] == "output" and value not in FORMATS:
        from stoker.base.names import suggestion

        raise UsageProblem(f"{value!r} is no form of output. {suggestion(value, FORMATS)}")
    setattr(SESSION, VALUES[name], value)
