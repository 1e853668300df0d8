"""Conda's way to write a requirement, in pip's words."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from stoker.exceptions import EnvironmentBuildException

__all__ = ["parse_conda"]

_ENTRY = re.compile(r"^(?:[^\s:]+::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.\-]*)\s*(?P<rest>.*)$", re.DOTALL)
_BRACKET_VERSION = re.compile(r"version\s*=\s*(?P<quote>['\"]?)(?P<version>[^'\"\]]+)(?P=quote)")
_CLAUSE = re.compile(r"^(?P<operator>==|>=|<=|!=|~=|=|>|<)?\s*(?P<version>[^=<>!~\s]*)$")


def parse_conda(entry: str) -> tuple[str, str]:
    """Return the name and pip's specifier of a line in a conda file's `dependencies`.

    Parameters
    ----------
    entry : str
        For example `numpy=1.17`, `conda-forge::numpy >=1.17,<2`, `numpy=1.17.3=py37_0`.

    Raises
    ------
    stoker.exceptions.EnvironmentBuildException
        It is no conda requirement.

    Examples
    --------
    >>> parse_conda("numpy=1.17"), parse_conda("numpy=1.17.3=py37_0")
    (('numpy', '==1.17.*'), ('numpy', '==1.17.3'))
    """
    match = _ENTRY.match(entry.strip())
    if match is None:
        raise _unreadable(entry)
    rest = match["rest"].strip()
    specifier = _bracket(entry, rest) if rest.startswith("[") else _specifier(entry, rest)
    try:
        SpecifierSet(specifier)
    except InvalidSpecifier:
        raise _unreadable(entry) from None
    return match["name"], specifier


def _bracket(entry: str, rest: str) -> str:
    version = _BRACKET_VERSION.search(rest)
    return _specifier(entry, version["version"].strip()) if version else ""


def _specifier(entry: str, text: str) -> str:
    """Translate the part behind the name."""
    text = re.sub(r"([=<>!~,|])\s+", r"\1", re.sub(r"\s+([,|])", r"\1", text))
    version, _, build = text.partition(" ")
    if not build and (built := re.match(r"^(={1,2})([^=<>!~,|]+)=([^=<>!~,|]*)$", version)):
        version, build = "==" + built[2], built[3]
    if build and version.startswith("=") and not version.startswith("=="):
        version = "=" + version
    # Pip has no "or": the last alternative is the newest as people write them.
    clauses = [_clause(entry, one) for one in version.rpartition("|")[2].split(",") if one]
    return ",".join(clause for clause in clauses if clause)


def _clause(entry: str, text: str) -> str:
    match = _CLAUSE.match(text)
    if match is None or (match["operator"] and not match["version"]):
        raise _unreadable(entry)
    operator, version = match["operator"] or "==", match["version"]
    if version.strip("*.") == "":
        return ""
    is_prefix = version.endswith("*") or operator == "="
    version = version.rstrip("*").rstrip(".")
    if operator == "=":
        operator = "=="
    if is_prefix and operator in {"==", "!="}:
        return _prefix(operator, version)
    return operator + version


def _prefix(operator: str, version: str) -> str:
    """Return the clause for all versions that begin so, or for exactly this one where pip has no such clause."""
    try:
        SpecifierSet(f"{operator}{version}.*")
    except InvalidSpecifier:
        return operator + version
    return f"{operator}{version}.*"


def _unreadable(entry: str) -> EnvironmentBuildException:
    return EnvironmentBuildException(
        f"The conda dependency {entry!r} can't be read: it is not of the form name=version, name>=version or name. "
        "Correct it in the environment's conda dependencies.",
        target="condaDependencies",
    )
