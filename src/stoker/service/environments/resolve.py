"""From requirements to a lock: which release of each project, and which pins had to move."""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from stoker.base.jsonio import write_text
from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.base import Log
from stoker.service.environments.explain import build_error, is_missing, is_unreachable, missing_version, redact
from stoker.service.environments.interpreters import Interpreter
from stoker.service.environments.names import FIRST_FOR_NUMPY_2, WELL_KNOWN
from stoker.service.environments.plan import Plan
from stoker.service.environments.tool import Outcome, Uv
from stoker.service.environments.wanted import Wanted

__all__ = ["Lock", "Resolver", "index_arguments", "requirements_file"]

_HEAD = "# stoker: "


@dataclass(frozen=True)
class Lock:
    """What requirements resolved to, on one interpreter.

    Attributes
    ----------
    lines : list of str
        One pinned requirement each.
    moved : list of dict
        `{"name", "from", "to"}` of each pin that moved.
    messages, warnings : list of str
        Sentences for the log; those that also go to the run's record.
    """

    lines: list[str]
    moved: list[dict[str, str]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def write(self, path: str) -> None:
        """Keep it: a requirements file that any pip can read. For its owner only, as URLs may hold passwords."""
        head = {"format": 1, "moved": self.moved, "messages": self.messages, "warnings": self.warnings}
        write_text(path, "\n".join([_HEAD + json.dumps(head), *self.lines]) + "\n", 0o600)

    @classmethod
    def read(cls, path: str) -> Lock | None:
        """Return what was kept, or None when it is not there or not whole."""
        try:
            with open(path, encoding="utf-8") as file:
                first, *lines = file.read().splitlines()
            head = json.loads(first.removeprefix(_HEAD))
            if head["format"] != 1:
                return None
            return cls(lines, head["moved"], head["messages"], head["warnings"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


@dataclass
class _Verdict:
    """What was found out about each requirement alone."""

    moved: dict[Wanted, Wanted] = field(default_factory=dict)
    without_wheel: set[Wanted] = field(default_factory=set)
    from_source: set[str] = field(default_factory=set)


class Resolver:
    """Resolves one plan for one interpreter.

    Parameters
    ----------
    uv : Uv
    plan : Plan
    interpreter : Interpreter
    policy : {"nearest", "exact"}
    """

    def __init__(self, uv: Uv, plan: Plan, interpreter: Interpreter, policy: Literal["nearest", "exact"]) -> None:
        self._uv = uv
        self._plan = plan
        self._interpreter = interpreter
        self._policy = policy
        self._numpy_limited_for = ""

    def resolve(self, log: Log) -> Lock:
        """Return the lock; each pin that moved is said in the log.

        Raises
        ------
        stoker.exceptions.EnvironmentBuildException
            A requirement does not exist, can't be had for this interpreter, or does not go with the others.
        """
        wanted = self._plan.wanted
        log(f"Resolving {_count(len(wanted), 'requirement')} for Python {self._interpreter.version}.")
        outcome = self._attempt(wanted, self._wheels(wanted, set()), moved=False)
        verdict = _Verdict()
        if not outcome.ok:
            outcome, verdict = self._mend(outcome)
        return self._lock(outcome, verdict, log)

    def _mend(self, failed: Outcome) -> tuple[Outcome, _Verdict]:
        """Find what is wrong with the requirements and resolve again with as little moved as can be."""
        if is_unreachable(failed.said):
            raise build_error(failed.said, "Resolving the requirements")
        verdict = self._examine()
        if verdict.moved and self._policy == "exact":
            raise self._refused(verdict)
        plain = [verdict.moved.get(one, one) for one in self._plan.wanted]
        tries = [(plain, self._wheels(plain, verdict.from_source))]
        if verdict.moved:
            joint = self._jointly(plain)
            tries.append((joint, self._wheels(joint, verdict.from_source)))
        tries.extend([(one, _wheels_of(one, verdict.from_source)) for one, _ in tries])
        for wanted, wheels in tries:
            outcome = self._attempt(wanted, wheels, moved=bool(verdict.moved))
            if outcome.ok:
                moved = {old: new for old, new in zip(self._plan.wanted, wanted, strict=True) if old != new}
                return outcome, _Verdict(moved, set(verdict.moved), verdict.from_source)
        raise _conflict(outcome.said)

    def _examine(self) -> _Verdict:
        """Ask the index about each requirement alone."""
        verdict = _Verdict()
        for one in self._plan.wanted:
            if not one.is_from_index:
                continue
            alone = self._probe(one, "highest")
            if alone.ok:
                continue
            self._check_exists(one, alone)
            bound = one.lower_bound
            newer = self._probe(one.at(f">={bound}"), "lowest-direct") if bound and one.is_capped else None
            if newer is not None and newer.ok and (version := _versions(newer).get(one.project)):
                verdict.moved[one] = one.at(f"=={version}")
            else:
                verdict.from_source.add(one.project)
        return verdict

    def _check_exists(self, one: Wanted, alone: Outcome) -> None:
        """Raise when there is no such project or release at all."""
        if is_unreachable(alone.said):
            raise build_error(alone.said, f"Looking for {one.shown}")
        if is_missing(alone.said):
            raise _no_project(one)
        if missing_version(alone.said):
            newest = _versions(self._probe(one.at(""), "highest")).get(one.project)
            found = (
                f"The newest for Python {self._interpreter.version} is {newest}" if newest else "Look at its releases"
            )
            raise EnvironmentBuildException(
                f"The requirement {one.shown} does not exist: the package index has the project {one.name}, but no "
                f"such release. {found}: correct the version and submit again.",
                target=one.name,
            )

    def _probe(self, one: Wanted, resolution: str) -> Outcome:
        """Resolve one project alone, wheels only, without what it depends on."""
        more = ["--no-deps", "--resolution", resolution, "--only-binary", ":all:"]
        return self._compile([one], more)

    def _jointly(self, wanted: list[Wanted]) -> list[Wanted]:
        """Return the requirements with each pin at the lowest release, from its own on, that goes with the others."""
        pins = [one for one in wanted if one.is_from_index and one.is_capped]
        freed = [one.at(f">={one.lower_bound}") for one in pins]
        bounds = [one.line for one in wanted if one.is_from_index and one.specifier and not one.is_capped]
        more = ["--resolution", "lowest-direct", "--only-binary", ":all:"]
        versions = _versions(self._compile(freed, more, bounds))
        return [
            one.at(f"=={versions[one.project]}") if one in pins and one.project in versions else one for one in wanted
        ]

    def _attempt(self, wanted: list[Wanted], wheels: list[str], *, moved: bool) -> Outcome:
        """Resolve all, with NumPy below 2 where something is older than that."""
        self._numpy_limited_for = _reason_for_old_numpy(wanted, self._plan.wanted if moved else wanted)
        if self._numpy_limited_for:
            outcome = self._compile(wanted, wheels, ["numpy<2"])
            if outcome.ok:
                return outcome
            self._numpy_limited_for = ""
        return self._compile(wanted, wheels)

    def _compile(self, wanted: Sequence[Wanted], more: Sequence[str], constraints: Sequence[str] = ()) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="stoker-resolve-") as folder:
            file = requirements_file(folder, self._plan.options, [one.line for one in wanted])
            limits = requirements_file(folder, [], constraints, "constraints.txt")
            return self._uv.run(
                [
                    *("pip", "compile", file, "--constraints", limits, "--python", self._interpreter.base),
                    *("--no-header", "--no-annotate", "--quiet", *more, *index_arguments(self._plan)),
                ]
            )

    def _wheels(self, wanted: Iterable[Wanted], from_source: set[str]) -> list[str]:
        """Return the arguments that allow only wheels: for all that is installed, where that can be."""
        if from_source or any(not one.is_from_index for one in self._plan.wanted):
            return _wheels_of(wanted, from_source)
        return ["--only-binary", ":all:"]

    def _lock(self, outcome: Outcome, verdict: _Verdict, log: Log) -> Lock:
        lines = [line.strip() for line in outcome.out.splitlines() if line.strip() and not line.startswith("#")]
        said = [self._moved_sentence(old, new, verdict) for old, new in verdict.moved.items()]
        messages = list(said)
        if self._numpy_limited_for and "numpy" in _versions(outcome):
            messages.append(f"numpy is kept below 2: {self._numpy_limited_for} is older than NumPy 2.")
        messages.extend(f"{name} has no wheel and is built from its source." for name in sorted(verdict.from_source))
        for message in messages:
            log(message)
        log(f"Resolved to {_count(len(lines), 'package')}.")
        moved = [
            {"name": old.project, "from": old.version_shown, "to": new.version_shown}
            for old, new in verdict.moved.items()
        ]
        return Lock(lines, moved, messages, said)

    def _moved_sentence(self, old: Wanted, new: Wanted, verdict: _Verdict) -> str:
        if old not in verdict.without_wheel:
            return (
                f"{old.shown} does not go with what had to move: {new.shown}, the nearest newer one that does, is used."
            )
        return (
            f"{old.shown} has no wheel for Python {self._interpreter.version}: {new.shown}, the nearest newer release "
            "that has one, is used."
        )

    def _refused(self, verdict: _Verdict) -> EnvironmentBuildException:
        old, new = next(iter(verdict.moved.items()))
        return EnvironmentBuildException(
            f"{old.shown} has no wheel for Python {self._interpreter.version}, and the setting environment_policy is "
            f"'exact'. The nearest newer release that has one is {new.shown}: ask for that one, ask for another Python "
            "with python_version, or set environment_policy to 'nearest'.",
            target=old.name,
        )


def requirements_file(folder: str, options: Iterable[str], lines: Iterable[str], name: str = "requirements.in") -> str:
    """Write a requirements file and return its path; options stand in it, so that no process list shows passwords."""
    path = os.path.join(folder, name)
    write_text(path, "".join(f"{line}\n" for line in [*options, *lines]), 0o600)
    return path


def index_arguments(plan: Plan) -> list[str]:
    """Return uv's arguments for where packages come from.

    Several indexes are one pool, as they are for pip: v1's environments count on it.
    """
    several = any(line.startswith("--extra-index-url") for line in plan.options)
    return [*plan.arguments, *(["--index-strategy", "unsafe-best-match"] if several else [])]


def _wheels_of(wanted: Iterable[Wanted], from_source: set[str]) -> list[str]:
    """Return the arguments that allow only wheels for the projects named, and sources for what they depend on."""
    names = sorted({one.project for one in wanted if one.is_from_index} - from_source)
    return [argument for name in names for argument in ("--only-binary", name)]


def _versions(outcome: Outcome) -> dict[str, str]:
    """Return project and version of each pinned line."""
    pairs = (line.split("==", 1) for line in outcome.out.splitlines() if "==" in line and " @ " not in line)
    return {canonicalize_name(name.strip()): version.split(";")[0].strip() for name, version in pairs}


def _reason_for_old_numpy(wanted: Sequence[Wanted], asked: Sequence[Wanted]) -> str:
    """Return the pin for which NumPy 2 is too new; empty when there is none, or NumPy itself is pinned."""
    if any(one.project == "numpy" and one.is_pinned for one in wanted):
        return ""
    for one, before in zip(wanted, asked, strict=True):
        if one != before or _is_older_than_numpy_2(one):
            return one.shown
    return ""


def _is_older_than_numpy_2(one: Wanted) -> bool:
    first = FIRST_FOR_NUMPY_2.get(one.project)
    if first is None or one.url or not one.is_capped:
        return False
    bound = one.lower_bound
    return bound is not None and bound <= Version(first) and not SpecifierSet(one.specifier).contains(first)


def _no_project(one: Wanted) -> EnvironmentBuildException:
    near = difflib.get_close_matches(one.project, WELL_KNOWN, n=1, cutoff=0.75)
    if near:
        hint = f"Did you mean {near[0]!r}? Correct the name and submit again."
    elif one.source == "conda":
        hint = "It stands in the conda list: if PyPI calls it otherwise, write that name into the pip list."
    else:
        hint = "Correct the name, or name the index that has it with --extra-index-url in the pip list."
    return EnvironmentBuildException(
        f"The requirement {one.shown} does not exist: the package index has no project called {one.name!r}. {hint}",
        target=one.name,
    )


def _conflict(said: str) -> EnvironmentBuildException:
    error = build_error(said, "Resolving the requirements together")
    if "unsatisfiable" not in said:
        return error
    cause = " ".join(redact(said).partition("Because")[2].split("\n")[0].split())
    return EnvironmentBuildException(
        f"The requirements can't be installed together: because {cause.rstrip('.')}. "
        "Loosen or leave out one of these pins, or ask for another Python with python_version.",
        details=error.details,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
