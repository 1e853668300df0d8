"""What `stoker __complete WORD...` answers at a Tab: one `value<TAB>explanation` a line, `:files` for file names.

The last word is the one being written. Typer is not loaded, and no service is started: names come from one
that runs, or not at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from stoker.cli.common import FLAGS, FORMATS, VALUES
from stoker.cli.nouns import GRAMMARS, NOUNS, ROOT_VERBS

__all__ = ["FILES", "answer", "candidates"]

FILES = ":files"
"""Asks the shell to complete file names too."""

_SHOWN = 50

_COMMON = {
    "-w": "NAME|PATH",
    "--workspace": "NAME|PATH",
    "-o": "FORM",
    "--output": "FORM",
    "--query": "EXPR",
    **dict.fromkeys(FLAGS, ""),
    "-h": "",
    "--help": "",
}

Pair = tuple[str, str]


def answer(words: Sequence[str]) -> int:
    """Write the candidates to stdout; whatever goes wrong, nothing else is written."""
    try:
        for value, about in candidates(list(words) or [""]):
            sys.stdout.write(f"{value}\t{about}\n" if about else f"{value}\n")
        sys.stdout.flush()
    except Exception:  # noqa: BLE001  # a broken completion must not disturb the line that is being written
        return 1
    return 0


def candidates(words: Sequence[str]) -> list[Pair]:
    """Return the candidates for the last word as (value, explanation) pairs.

    Examples
    --------
    >>> candidates(["expe"])
    [('experiment', 'Groups of runs')]
    """
    *before, current = words
    found = _found(before, current)
    return [(value, about) for value, about in found if value == FILES or value.startswith(current)]


def _found(before: list[str], current: str) -> list[Pair]:
    kind = _COMMON.get(before[-1], "") if before else ""
    if kind:
        return _values(kind, current, [])
    rest = _without_common(before)
    if not rest:
        return _options(_COMMON, current) or [
            *NOUNS.items(),
            *((name, about) for name, (_, about) in ROOT_VERBS.items()),
            *GRAMMARS.items(),
        ]
    from stoker.cli.words import read

    table = read()
    if rest[0] in ROOT_VERBS:
        return _in_command(table[rest[0]], rest[1:], current)
    if rest[0] not in NOUNS:
        return _in_grammar(table, rest, current) if rest[0] in GRAMMARS else []
    if len(rest) == 1:
        verbs = [(key.split(" ")[1], facts) for key, facts in table.items() if key.startswith(f"{rest[0]} ")]
        return _options(_COMMON, current) or [(verb, facts["help"].split("\n")[0]) for verb, facts in verbs]
    facts = table.get(f"{rest[0]} {rest[1]}")
    return _in_command(facts, rest[2:], current) if facts else []


def _in_grammar(table: dict[str, dict[str, Any]], rest: list[str], current: str) -> list[Pair]:
    """Return the next words of a command of several words, or what it takes."""
    from stoker.cli.az.table import COMMON, GROUPS

    for size in range(len(rest), 0, -1):
        facts = table.get(" ".join(rest[:size]))
        if facts is not None:
            return _in_command(facts, rest[size:], current, COMMON)
    begin = f"{' '.join(rest)} "
    found: dict[str, str] = {}
    for name, facts in table.items():
        if name.startswith(begin):
            word, _, more = name.removeprefix(begin).partition(" ")
            found.setdefault(word, GROUPS.get(word, "") if more else facts["help"].split("\n")[0])
    return _options(COMMON, current) or list(found.items())


def _without_common(words: Sequence[str]) -> list[str]:
    """Return the words without the common options that stand before the verb; a workspace that they name is kept."""
    from stoker.cli.session import SESSION

    kept: list[str] = []
    place = 0
    while place < len(words) and len(kept) < 2:
        if words[place] in VALUES:
            if words[place] in {"-w", "--workspace"} and place + 1 < len(words):
                SESSION.place = words[place + 1]
            place += 2
        elif words[place].startswith("-"):
            place += 1
        else:
            kept.append(words[place])
            place += 1
    return [*kept, *words[place:]]


def _options(options: dict[str, str], current: str) -> list[Pair]:
    return list(options.items()) if current.startswith("-") else []


def _in_command(
    facts: dict[str, Any], before: list[str], current: str, common: Mapping[str, str] = _COMMON
) -> list[Pair]:
    own = {name: item["metavar"] for item in facts["options"] for name in item["names"]}
    options = {**common, **own}
    if before and options.get(before[-1]):
        return _values(options[before[-1]], current, _arguments(options, before[:-1]))
    given = _arguments(options, before)
    kinds = [str(item["name"]) for item in facts["arguments"]]
    if kinds and kinds[0].startswith("SCRIPT") and given:
        return [(FILES, "")]
    if current.startswith("-"):
        return _options(options, current)
    place = min(len(given), len(kinds) - 1)
    if not kinds or (len(given) >= len(kinds) and not kinds[-1].endswith("...")):
        return []
    return _values(kinds[place].removesuffix("..."), current, given)


def _arguments(options: dict[str, str], before: Sequence[str]) -> list[str]:
    given, skip = [], False
    for word in before:
        if skip:
            skip = False
        elif word.startswith("-") and word in options:
            skip = bool(options[word])
        else:
            given.append(word)
    return given


def _values(kind: str, current: str, given: Sequence[str]) -> list[Pair]:
    """Return the candidates of a kind of value, which its metavar names."""
    if kind in _FIXED:
        return [(word, "") for word in _FIXED[kind]()]
    if kind in _NAMES:
        return [*_NAMES[kind](current, given)]
    return [(FILES, "")] if kind in _FILE_KINDS else []


_FILE_KINDS = {"FILE", "DIR", "PATH", "SCRIPT [ARGS]"}


def _statuses() -> list[str]:
    from stoker.base.states import RunStatus

    return [status.value for status in RunStatus]


_FIXED: dict[str, Callable[[], Sequence[str]]] = {
    "FORM": lambda: FORMATS,
    "STATUS": _statuses,
    "STAGE": lambda: ("None", "Staging", "Production", "Archived"),
    "KIND": lambda: ("tabular", "file"),
    "TYPE": lambda: ("pool", "amlcompute"),
    "bash|zsh|fish": lambda: ("bash", "zsh", "fish"),
}


def _asked(part: str, path: str, **params: str | int | None) -> list[dict[str, Any]]:
    """Return a list that the service knows; empty when no service runs."""
    from stoker.cli.quick import get
    from stoker.cli.session import SESSION

    answer = get(SESSION.home(), path, **params)
    found: list[dict[str, Any]] = (answer or {}).get(part) or []
    return found


def _runs(current: str, given: Sequence[str]) -> Iterator[Pair]:
    del given
    yield "@last", "the run made last"
    yield "@last-failed", "the last that failed"
    if not current.startswith("@"):
        for run in _asked("runs", "/runs", limit=_SHOWN, select="brief", search=current or None):
            yield run["id"], f"{run['status']} {run.get('display_name') or ''}".strip()


def _experiments(current: str, given: Sequence[str]) -> Iterator[Pair]:
    del current, given
    for item in _asked("experiments", "/experiments"):
        yield item["name"], ""


def _targets(current: str, given: Sequence[str]) -> Iterator[Pair]:
    del current, given
    yield "local", "this machine"
    for item in _asked("compute", "/compute"):
        yield item["name"], item["type"]


def _environments(current: str, given: Sequence[str]) -> Iterator[Pair]:
    del current, given
    for item in _asked("environments", "/environments"):
        yield item["name"], f"version {item['version']}"


def _datastores(current: str, given: Sequence[str]) -> Iterator[Pair]:
    del current, given
    for item in _asked("datastores", "/datastores"):
        yield item["name"], item["type"]


def _datasets(current: str, given: Sequence[str]) -> Iterator[Pair]:
    del current, given
    for item in _asked("datasets", "/datasets"):
        yield item["name"], f"version {item['version']}"


def _models(current: str, given: Sequence[str]) -> Iterator[Pair]:
    del current, given
    for item in _asked("models", "/models", latest=1):
        yield item["name"], f"version {item['version']}"


def _runconfigs(current: str, given: Sequence[str]) -> Iterator[Pair]:
    from stoker.cli.configs import config_files

    del current, given
    yield from config_files(".").items()
    yield FILES, ""


def _workspaces(current: str, given: Sequence[str]) -> Iterator[Pair]:
    from stoker.client.registry import all_workspaces

    del current, given
    yield from all_workspaces().items()
    yield FILES, ""


def _part_of_run(part: str) -> Callable[[str, Sequence[str]], Iterator[Pair]]:
    def names(current: str, given: Sequence[str]) -> Iterator[Pair]:
        from urllib.parse import quote

        from stoker.cli.quick import get
        from stoker.cli.refs import name_of
        from stoker.cli.session import SESSION

        del current
        run = get(SESSION.home(), "/runs/resolve", name=name_of(given[0])) if given else None
        if run is not None:
            for item in _asked(part, f"/runs/{quote(run['id'])}/{part}"):
                yield item["name"], ""

    return names


_NAMES: dict[str, Callable[[str, Sequence[str]], Iterator[Pair]]] = {
    "RUN": _runs,
    "EXPERIMENT": _experiments,
    "TARGET": _targets,
    "ENVIRONMENT": _environments,
    "DATASTORE": _datastores,
    "DATASET": _datasets,
    "MODEL": _models,
    "RUNCONFIG": _runconfigs,
    "WORKSPACE": _workspaces,
    "NAME|PATH": _workspaces,
    "F": _part_of_run("logs"),
    "PREFIX": _part_of_run("files"),
}
