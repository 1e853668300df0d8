"""One requirement as the builder handles it, wherever the user wrote it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from stoker.service.environments.explain import redact

__all__ = ["Wanted"]

_FAR = Version("99999")
Source = Literal["conda", "pip", "run"]


@dataclass(frozen=True)
class Wanted:
    """A project that is asked for.

    Attributes
    ----------
    name : str
        As PyPI calls it; empty for a bare URL or path, which then is in `url`.
    specifier : str
        In pip's grammar; empty for any version.
    extras : tuple of str
    marker : str
        Environment marker; empty for always.
    url : str
        Where it comes from; empty for the index.
    source : {"conda", "pip", "run"}
        Which list it stood in; `"run"`: brought by the run itself.
    """

    name: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    url: str = ""
    source: Source = "pip"

    @property
    def project(self) -> str:
        """The canonical name, by which projects are told apart."""
        return canonicalize_name(self.name) if self.name else self.url

    @property
    def line(self) -> str:
        """The requirement in pip's grammar."""
        if not self.name:
            return self.url
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        place = f" @ {self.url}" if self.url else self.specifier
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{place}{marker}"

    @property
    def is_from_index(self) -> bool:
        """Whether the package index decides what it is."""
        return bool(self.name) and not self.url

    @property
    def is_pinned(self) -> bool:
        """Whether the user limited the versions in any way."""
        return bool(self.specifier or self.url)

    @property
    def is_capped(self) -> bool:
        """Whether no release of the far future would do: a pin in the narrow sense."""
        return not self.url and bool(self.specifier) and not SpecifierSet(self.specifier).contains(_FAR)

    @property
    def lower_bound(self) -> Version | None:
        """The version from which a newer release is looked for; None when nothing is pinned."""
        clauses = [one for one in SpecifierSet(self.specifier) if one.operator != "!="]
        lowest = [_version(one) for one in clauses if one.operator not in {"<", "<="}]
        upper = [_version(one) for one in clauses if one.operator in {"<", "<="}]
        if lowest:
            return max(lowest)
        return min(upper) if upper else None

    @property
    def shown(self) -> str:
        """Name and version as a person says them."""
        if not self.name:
            return redact(self.url)
        clauses = list(SpecifierSet(self.specifier))
        if len(clauses) == 1 and clauses[0].operator in {"==", "==="}:
            return f"{self.name} {self.version_shown}"
        return f"{self.name}{self.specifier}"

    @property
    def version_shown(self) -> str:
        """The version of a pin as a person says it."""
        return self.specifier.lstrip("=").removesuffix(".*")

    def at(self, specifier: str) -> Wanted:
        """Return the same project with other versions."""
        return replace(self, specifier=specifier)


def _version(clause: Specifier) -> Version:
    return Version(clause.version.removesuffix(".*"))
