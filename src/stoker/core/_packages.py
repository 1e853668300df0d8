"""Texts that name packages: which project a requirement is about, and how two of them are joined."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["conda_name", "merge_requirements", "option_name", "project_name"]

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[^\]]*\])?\s*(.*)\Z", re.DOTALL)
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")


def project_name(requirement: str) -> str:
    """Return the project that a pip requirement is about, normalised; a bare address stands for itself.

    Examples
    --------
    >>> project_name("Scikit_Learn[alldeps]>=1.0; python_version > '3.8'")
    'scikit-learn'
    >>> project_name("git+https://example.org/x.git#egg=thing")
    'thing'
    """
    egg = _EGG.search(requirement)
    match = None if egg or _is_address(requirement) else _REQUIREMENT.match(requirement)
    name = egg.group(1) if egg else match.group(1) if match else None
    return re.sub(r"[-_.]+", "-", name).lower() if name else requirement.strip()


def conda_name(specification: str) -> str:
    """Return the package that a conda specification is about.

    Examples
    --------
    >>> conda_name("conda-forge::numpy>=1.18")
    'numpy'
    """
    return re.split(r"[\s=<>!~\[]", specification.strip().split("::")[-1], maxsplit=1)[0].lower()


def option_name(option: str) -> str:
    """Return the name of a pip option.

    Examples
    --------
    >>> option_name("--extra-index-url https://example.org/simple")
    '--extra-index-url'
    """
    return re.split(r"[\s=]", option.strip(), maxsplit=1)[0]


def merge_requirements(requirements: Iterable[str]) -> list[str]:
    """Return the requirements with those about one project joined, in the order of their first.

    Examples
    --------
    >>> merge_requirements(["a", "b[x]", "a>=0.5", "b[y]==1", "-r more.txt"])
    ['a>=0.5', 'b[x,y]==1', '-r more.txt']
    """
    merged: dict[str, str] = {}
    for requirement in requirements:
        project = project_name(requirement)
        merged[project] = _join(merged[project], requirement) if project in merged else requirement
    return list(merged.values())


def _join(first: str, second: str) -> str:
    one, two = _REQUIREMENT.match(first), _REQUIREMENT.match(second)
    if one is None or two is None or first == second or ";" in first + second or "@" in first + second:
        return first if first == second else second
    extras = [extra for match in (one, two) for extra in (match.group(2) or "").strip("[]").split(",") if extra]
    versions = [match.group(3).strip() for match in (one, two) if match.group(3).strip()]
    shown = f"[{','.join(dict.fromkeys(extras))}]" if extras else ""
    return f"{one.group(1)}{shown}{','.join(dict.fromkeys(versions))}"


def _is_address(requirement: str) -> bool:
    """Whether this is a path, an address or an option, and no name of a project."""
    head = requirement.strip().split("@", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    return head.startswith(("-", ".", "/", "#")) or "/" in head or "+" in head or ":" in head or not head
