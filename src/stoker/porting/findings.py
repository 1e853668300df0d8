"""What is found in a code base: uses of v1, each with a verdict, and the share that works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

__all__ = ["Finding", "Report", "Verdict"]


class Verdict(str, Enum):
    """What becomes of a use of v1.

    `WORKS` here as there; `DIFFERS` works, and not quite alike; `CLOUD` only v1's cloud had it; `MISSING` is not in
    this version of Stoker.
    """

    WORKS = "works"
    DIFFERS = "differs"
    CLOUD = "cloud"
    MISSING = "missing"


@dataclass(frozen=True, order=True)
class Finding:
    """One use of v1.

    Attributes
    ----------
    file : str
        Path below the folder that was read.
    line : int
        From 1; in a notebook counted in its cell.
    name : str
        v1's full name, as `azureml.core.Workspace.from_config` or `az ml run list`.
    verdict : Verdict
    instead : str
        How it differs, or what to use; empty where it works.
    cell : int or None
        The notebook's cell, from 1.
    """

    file: str
    line: int
    name: str
    verdict: Verdict
    instead: str = ""
    cell: int | None = None

    @property
    def place(self) -> str:
        """Where it stands, as `train.py:12` or `start.ipynb: cell 3, line 2`."""
        cell = "" if self.cell is None else f" cell {self.cell},"
        return f"{self.file}:{cell} line {self.line}" if cell else f"{self.file}:{self.line}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        facts = {
            "name": self.name,
            "file": self.file,
            "line": self.line,
            "verdict": self.verdict.value,
            "instead": self.instead,
        }
        return facts if self.cell is None else {**facts, "cell": self.cell}


@dataclass
class Report:
    """All that was found.

    Attributes
    ----------
    files : int
        Files that were read.
    findings : list of Finding
    unread : list of (str, str)
        File and why it could not be read.
    """

    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Take in what was found in a file."""
        self.findings += findings

    @property
    def share(self) -> float:
        """The share of uses that work here as there, from 0 to 1; 1 where nothing is used."""
        if not self.findings:
            return 1.0
        return self.count(Verdict.WORKS) / len(self.findings)

    def count(self, verdict: Verdict) -> int:
        """Return how many uses have the verdict."""
        return sum(finding.verdict is verdict for finding in self.findings)

    def by_name(self) -> list[tuple[str, Sequence[Finding]]]:
        """Return the uses grouped by name and verdict: what does not work first, the most used first."""
        groups: dict[tuple[str, Verdict], list[Finding]] = {}
        for finding in self.findings:
            # `experiment.submit` works with what is here, and not with what is missing.
            groups.setdefault((finding.name, finding.verdict), []).append(finding)
        order = [Verdict.MISSING, Verdict.CLOUD, Verdict.DIFFERS, Verdict.WORKS]
        shown = sorted(groups.items(), key=lambda item: (order.index(item[0][1]), -len(item[1]), item[0][0]))
        return [(name, found) for (name, _), found in shown]

    def to_dict(self) -> dict[str, Any]:
        """Return `share`, `files`, `calls` and `unread` as plain JSON."""
        return {
            "share": round(self.share, 4),
            "files": self.files,
            "calls": [finding.to_dict() for finding in sorted(self.findings, key=_place)],
            "unread": [{"file": file, "why": why} for file, why in self.unread],
        }


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.file, finding.cell or 0, finding.line, finding.name
