"""A definition, read: what has to be installed, for which Python, from where."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stoker.base.jsonio import canonical
from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.base import EnvironmentRequest
from stoker.service.environments.conda import parse_conda
from stoker.service.environments.explain import redact
from stoker.service.environments.names import (
    azureml_replacement,
    is_azureml,
    is_conda_only,
    pip_renamed,
    pypi_name,
)
from stoker.service.environments.pip import PipLines, parse_pip
from stoker.service.environments.wanted import Wanted

__all__ = ["Plan", "make_plan"]


@dataclass
class Plan:
    """What a definition asks for.

    Attributes
    ----------
    wanted : list of Wanted
        One entry a requirement; empty for the default environment.
    python : str
        The pin as a specifier; empty for none.
    options, arguments : list of str
        Where packages come from: lines for a requirements file (they may hold passwords), arguments for uv.
    variables : dict of str to str
        The conda file's `variables`.
    messages, warnings : list of str
        Sentences for the log; and those that also go to the run's record.
    """

    wanted: list[Wanted] = field(default_factory=list)
    python: str = ""
    options: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def pins(self) -> list[Wanted]:
        """The requirements whose versions are limited."""
        return [one for one in self.wanted if one.is_from_index and one.specifier]

    @property
    def stamps(self) -> list[list[int]]:
        """Time and size of each local file that is asked for: it may be made anew under its old name."""
        return [stamp for one in self.wanted if (stamp := _stamp(one.url))]

    def digest(self, *more: Any) -> str:
        """Return the hash of all that decides what is resolved; passwords are no part of it."""
        content = {
            "format": 1,
            "wanted": sorted(redact(one.line) for one in self.wanted),
            "stamps": self.stamps,
            "options": [redact(line) for line in self.options],
            "arguments": self.arguments,
            "more": list(more),
        }
        return hashlib.sha256(canonical(content)).hexdigest()[:32]

    def warn(self, sentence: str) -> None:
        """Say it in the log and keep it for the run's record."""
        self.messages.append(sentence)
        self.warnings.append(sentence)


def make_plan(request: EnvironmentRequest, plan: Plan) -> Plan:
    """Read the definition of a system-managed environment into `plan`, and return it.

    Raises
    ------
    stoker.exceptions.EnvironmentBuildException
        A line that can't be read; the message names it.
    """
    conda, pip = _sections(request.definition, plan)
    lines = parse_pip(pip)
    plan.options, plan.arguments = lines.options, lines.arguments
    plan.messages.extend(lines.messages)
    from_pip = _pip_wanted(lines, plan)
    plan.wanted = _without_overruled(_conda_wanted(conda, plan), from_pip, plan) + from_pip
    asked = {one.project for one in plan.wanted}
    for line in request.needs:
        need = _simple(line, "run")
        if need.project not in asked:
            plan.wanted.append(need)
            asked.add(need.project)
    plan.wanted = list(dict.fromkeys(plan.wanted))
    return plan


def _sections(definition: Mapping[str, Any], plan: Plan) -> tuple[list[str], list[str]]:
    """Return the conda and the pip lines of the definition."""
    python = definition.get("python") or {}
    if not isinstance(python, dict):
        raise _malformed("the section 'python' is no mapping")
    if python.get("baseCondaEnvironment"):
        plan.warn(
            f"The base conda environment {python['baseCondaEnvironment']!r} is left out: environments are built from "
            "PyPI's packages. Name its interpreter in a user-managed environment to use it as it is."
        )
    content = python.get("condaDependencies")
    if content is None:
        return [], []
    if not isinstance(content, dict):
        raise _malformed(f"it is {type(content).__name__}, not a mapping with 'dependencies'")
    variables, dependencies = content.get("variables") or {}, content.get("dependencies") or []
    if not isinstance(variables, dict) or not isinstance(dependencies, list):
        raise _malformed("'dependencies' must be a list, and 'variables' a mapping")
    plan.variables = {str(name): str(value) for name, value in variables.items()}
    conda: list[str] = []
    pip: list[str] = []
    for entry in dependencies:
        if isinstance(entry, str):
            conda.append(entry)
        elif isinstance(entry, dict) and set(entry) == {"pip"} and isinstance(entry["pip"], (list, type(None))):
            pip.extend(str(line) for line in entry["pip"] or [])
        else:
            raise _malformed(f"the entry {redact(str(entry))!r} is neither a text nor a list called 'pip'")
    return conda, pip


def _conda_wanted(lines: list[str], plan: Plan) -> list[Wanted]:
    wanted: list[Wanted] = []
    for line in lines:
        name, specifier = parse_conda(line)
        if canonicalize_name(name) == "python":
            plan.python = specifier
        elif canonicalize_name(name) == "pip":
            plan.messages.append("The conda package pip is left out: uv installs the packages.")
        elif is_azureml(name):
            wanted.extend(_replaced(name, (), plan))
        elif is_conda_only(name):
            plan.warn(f"The conda package {name} is left out: PyPI has no counterpart of it.")
        else:
            wanted.append(_from_conda(name, specifier, plan))
    return wanted


def _from_conda(name: str, specifier: str, plan: Plan) -> Wanted:
    known_as = pypi_name(name)
    if canonicalize_name(known_as) != canonicalize_name(name):
        plan.messages.append(f"The conda package {name} is called {known_as} on PyPI.")
    return Wanted(name=known_as, specifier=specifier, source="conda")


def _pip_wanted(lines: PipLines, plan: Plan) -> list[Wanted]:
    wanted: list[Wanted] = []
    for one in lines.wanted:
        if one.name and is_azureml(one.name):
            wanted.extend(_replaced(one.name, one.extras, plan))
        elif one.name and pip_renamed(one.name) != one.name:
            renamed = pip_renamed(one.name)
            plan.messages.append(f"The project {one.name} is called {renamed} now.")
            wanted.append(replace(one, name=renamed))
        else:
            wanted.append(one)
    return _merged(wanted)


def _replaced(name: str, extras: tuple[str, ...], plan: Plan) -> list[Wanted]:
    """Return what stands for a v1 package."""
    replacement = azureml_replacement(name, extras)
    if replacement is None:
        plan.warn(f"The package {name} is left out: Stoker has no counterpart of it.")
        return []
    return [_simple(line, "pip") for line in replacement]


def _merged(wanted: list[Wanted]) -> list[Wanted]:
    """Leave out what a v1 package brings where the user names the same project with a version."""
    pinned = {one.project for one in wanted if one.is_pinned}
    return [one for one in wanted if one.is_pinned or one.extras or one.project not in pinned]


def _without_overruled(conda: list[Wanted], pip: list[Wanted], plan: Plan) -> list[Wanted]:
    """Let a pip pin win over conda's pin of the same project, as pip does by installing last."""
    pinned = {one.project: one for one in pip if one.is_pinned}
    kept = []
    for one in conda:
        winner = pinned.get(one.project)
        if winner is None:
            kept.append(one)
        elif one.specifier and one.specifier != winner.specifier:
            plan.messages.append(f"{one.shown} of the conda list gives way to {winner.shown} of the pip list.")
    return kept


def _stamp(url: str) -> list[int]:
    """Return time and size of a local file, nothing for another place."""
    if not url:
        return []
    try:
        status = os.stat(url.removeprefix("file://").partition("#")[0])
    except (OSError, ValueError):
        return []
    return [status.st_mtime_ns, status.st_size]


def _simple(line: str, source: str) -> Wanted:
    parsed = Requirement(line)
    return Wanted(name=parsed.name, specifier=str(parsed.specifier), source="run" if source == "run" else "pip")


def _malformed(why: str) -> EnvironmentBuildException:
    return EnvironmentBuildException(
        f"The environment's conda dependencies can't be read: {why}. "
        "They are a mapping with a list 'dependencies' of names and one mapping 'pip'.",
        target="condaDependencies",
    )
