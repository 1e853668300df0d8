"""What is installed for an interpreter, read from the folders of its distributions."""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from stoker.service.environments.interpreters import Interpreter
from stoker.service.environments.wanted import Wanted

__all__ = ["Installations", "Installed", "versions_in"]

_FOLDER = re.compile(r"^(?P<name>[^/]+?)-(?P<version>[^-/]+)(?:-[^/]*)?\.(?:dist-info|egg-info)$")


class Installed:
    """The distributions that an interpreter sees.

    Parameters
    ----------
    folders : dict of str to tuple
        Canonical name to (version, path of the metadata folder).
    markers : dict of str to str
        The interpreter's values of environment markers.
    """

    def __init__(self, folders: Mapping[str, tuple[str, str]], markers: Mapping[str, str]) -> None:
        self._folders = dict(folders)
        self._markers = dict(markers)

    @property
    def versions(self) -> dict[str, str]:
        """Names and versions, sorted by name."""
        return {name: version for name, (version, _) in sorted(self._folders.items())}

    def lacking(self, wanted: Iterable[Wanted]) -> list[Wanted]:
        """Return the requirements that what is installed does not meet."""
        return [one for one in wanted if not self._meets(one)]

    def _meets(self, one: Wanted) -> bool:
        if not one.name or one.url:
            return False
        return self._has(Requirement(one.line), frozenset())

    def _has(self, requirement: Requirement, seen: frozenset[str], extra: str = "") -> bool:
        if requirement.marker and not requirement.marker.evaluate({**self._markers, "extra": extra}):
            return True
        name = canonicalize_name(requirement.name)
        version, folder = self._folders.get(name, ("", ""))
        if not version or requirement.url or not _allows(requirement, version):
            return False
        fresh = [f"{name}[{extra}]" for extra in requirement.extras if f"{name}[{extra}]" not in seen]
        return all(self._has_extra(folder, one, seen | set(fresh)) for one in fresh)

    def _has_extra(self, folder: str, extra: str, seen: frozenset[str]) -> bool:
        """Tell whether what an extra adds is installed too."""
        asked = extra[extra.index("[") + 1 : -1]
        for line in importlib.metadata.PathDistribution(Path(folder)).requires or []:
            try:
                requirement = Requirement(line)
            except InvalidRequirement:
                return False
            if requirement.marker and "extra" in str(requirement.marker) and not self._has(requirement, seen, asked):
                return False
        return True


class Installations:
    """Reads what interpreters have, again only when one of their folders has changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[tuple[str, int], ...], Installed]] = {}

    def of(self, interpreter: Interpreter) -> Installed:
        """Return what is installed for the interpreter."""
        stamp = tuple((path, _changed(path)) for path in interpreter.paths)
        known = self._known.get(interpreter.path)
        if known is None or known[0] != stamp:
            known = stamp, Installed(_scan(interpreter.paths), interpreter.markers)
            self._known[interpreter.path] = known
        return known[1]


def versions_in(folder: str) -> dict[str, str]:
    """Return names and versions of what is installed in one `site-packages` folder."""
    return Installed(_scan([folder]), {}).versions


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _scan(paths: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the distributions on a path, the first of a name as Python's import takes it."""
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        try:
            names = os.listdir(path)
        except OSError:
            continue
        for name in names:
            match = _FOLDER.match(name)
            if match:
                found.setdefault(canonicalize_name(match["name"]), (match["version"], os.path.join(path, name)))
    return found


def _allows(requirement: Requirement, version: str) -> bool:
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return not requirement.specifier
