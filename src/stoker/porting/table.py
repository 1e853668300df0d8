"""The table of what of v1 works here: v1's public names, held against Stoker's own code.

`python -m stoker.porting.table PAGE` writes it into a page of the docs, between its marks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from stoker.porting.findings import Verdict
from stoker.porting.surface import Value, module_value

__all__ = ["BEGIN", "END", "Row", "page_with", "rows", "table"]

BEGIN, END = "<!-- v1: begin -->", "<!-- v1: end -->"
_NAMES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "v1_names.txt")


@dataclass
class Row:
    """A class or function of v1.

    Attributes
    ----------
    name : str
        With the module where v1 has it.
    verdict : Verdict
    why : str
        How it differs, or what to use; empty where it works.
    members : dict
        Verdict -> (name, why) of each public attribute; of a class that works, or differs.
    """

    name: str
    verdict: Verdict
    why: str = ""
    members: dict[Verdict, list[tuple[str, str]]] = field(default_factory=dict)

    def names(self, verdict: Verdict) -> list[str]:
        """Return the names of the attributes with this verdict."""
        return [name for name, _ in self.members.get(verdict, [])]

    @property
    def family(self) -> str:
        """v1's package, as `azureml.core`."""
        return ".".join(self.name.split(".")[:2])


def rows() -> list[Row]:
    """Return a row for each of v1's public classes and functions that code is known to use."""
    with open(_NAMES, encoding="utf-8") as file:
        return [_row(*line.split()) for line in file if line.strip()]


def _row(name: str, *members: str) -> Row:
    module, _, short = name.rpartition(".")
    value = module_value(module).member(short)
    if value is None:
        # A plain value, of which nothing is to be said.
        return Row(name, Verdict.WORKS)
    row = Row(name, *value.verdict)
    thing = value.result() if value.kind == "class" and row.verdict in {Verdict.WORKS, Verdict.DIFFERS} else None
    for member in members:
        verdict, why = _of_member(thing, member)
        row.members.setdefault(verdict, []).append((member, why))
    return row


def _of_member(thing: Value | None, member: str) -> tuple[Verdict, str]:
    found = None if thing is None else thing.member(member)
    return (Verdict.WORKS, "") if found is None else found.verdict


def table() -> str:
    """Return the table as Markdown: first what is there, then what only the cloud had, or comes later."""
    lines = ["| v1 (`azureml.` before it) | works | differs | not here |", "|---|---|---|---|"]
    whole: dict[str, list[str]] = {}
    for row in rows():
        if row.verdict not in {Verdict.WORKS, Verdict.DIFFERS}:
            continue
        module, _, short = row.name.removeprefix("azureml.").rpartition(".")
        gone = [*row.names(Verdict.MISSING), *row.names(Verdict.CLOUD)]
        differing = _differing(row)
        if not gone and not differing:
            whole.setdefault(module, []).append(short)
            continue
        lines.append(f"| `{module}.{short}` | {len(row.names(Verdict.WORKS))} | {differing} | {_listed(gone)} |")
    lines += [f"| `{module}`: {_listed(names)} | all | | |" for module, names in whole.items()]
    return "\n".join([*lines, "", *_others()])


def _differing(row: Row) -> str:
    own = [row.why] if row.verdict is Verdict.DIFFERS else []
    return " ".join([*own, *(f"`{name}`: {why}" for name, why in row.members.get(Verdict.DIFFERS, []))])


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _others() -> Iterator[str]:
    yield "| What only the cloud had, or comes later | Here |"
    yield "|---|---|"
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows():
        if row.verdict in {Verdict.CLOUD, Verdict.MISSING}:
            short = row.name.rsplit(".", 1)[1]
            why = "not part of this version" if row.verdict is Verdict.MISSING and _is_later(row) else row.why
            groups.setdefault((row.family, why), []).append(short)
    for (family, why), names in groups.items():
        yield f"| `{family}`: {_listed(names)} | {why} |"


def _is_later(row: Row) -> bool:
    return "is not part of this version of Stoker" in row.why


def page_with(page: str, text: str) -> str:
    """Return a page with the table between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


def _main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        page = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(page_with(page, table()))


if __name__ == "__main__":
    _main(sys.argv[1])
