"""The pip part of a conda file: requirements and the options between them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement

from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.explain import redact
from stoker.service.environments.wanted import Wanted

__all__ = ["PipLines", "parse_pip"]

_IN_FILE = {
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
}
_AS_ARGUMENT = {"--pre": ("--prerelease", "allow"), "--trusted-host": ("--allow-insecure-host",)}
_WITHOUT_EFFECT = frozenset(
    {
        "--cache-dir",
        "--disable-pip-version-check",
        "--ignore-installed",
        "--no-cache-dir",
        "--no-warn-script-location",
        "--prefer-binary",
        "--progress-bar",
        "--quiet",
        "--retries",
        "--timeout",
        "--upgrade",
        "--upgrade-strategy",
        "--use-feature",
        "--use-pep517",
        "--user",
        "--verbose",
        "-U",
        "-q",
        "-v",
    }
)
_VALUED = ("-i", "-f", "-r", "-c", "-e")
_VCS = re.compile(r"^(?:git|hg|svn|bzr)\+")
_PLACE = re.compile(r"^(?:[a-z][a-z0-9+.]*:)?//|^file:|^(?:git|hg|svn|bzr)\+|^[./~\\]", re.IGNORECASE)


@dataclass
class PipLines:
    """What a pip list asks for.

    Attributes
    ----------
    wanted : list of Wanted
    options : list of str
        Lines for a requirements file: where packages come from. They may hold passwords.
    arguments : list of str
        Arguments for uv.
    messages : list of str
        What was left out, as sentences.
    """

    wanted: list[Wanted] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def parse_pip(lines: list[str]) -> PipLines:
    """Read the pip list of a conda file.

    Raises
    ------
    stoker.exceptions.EnvironmentBuildException
        A line that is neither a requirement nor an option that can be kept; the message names it.

    Examples
    --------
    >>> [one.line for one in parse_pip(["six>=1", "# a comment"]).wanted]
    ['six>=1']
    """
    found = PipLines()
    for raw in lines:
        line = re.sub(r"(^|\s)#(?!egg=).*$", "", str(raw)).strip()
        if line.startswith("-"):
            _take_option(line, found)
        elif line:
            found.wanted.append(_requirement(line))
    return found


def _take_option(line: str, found: PipLines) -> None:
    name, value = _split(line)
    if name in {"-e", "--editable"}:
        found.wanted.append(_requirement(value, written=line))
        found.messages.append(
            f"{redact(value)} is installed as a copy: an environment is shared, so nothing is editable."
        )
    elif name == "--no-index":
        found.options.append(name)
    elif name in _IN_FILE:
        if not value:
            raise _refused(line, "the option has no value")
        found.options.append(f"{_IN_FILE[name]} {value}")
    elif name in _AS_ARGUMENT:
        found.arguments.extend([*_AS_ARGUMENT[name], *([value] if value else [])])
    elif name in _WITHOUT_EFFECT:
        found.messages.append(f"The pip option {name} has no effect here and is left out.")
    elif name in {"-r", "--requirement", "-c", "--constraint"}:
        raise _refused(
            line,
            "a file beside the environment is not part of its definition. Write its lines into the pip list itself",
        )
    else:
        raise _refused(line, f"the options that can be used are {', '.join(sorted({*_IN_FILE, *_AS_ARGUMENT}))}")


def _split(line: str) -> tuple[str, str]:
    for short in _VALUED:
        if line.startswith(short) and not line.startswith("--") and len(line) > 2 and not line[2].isspace():
            return short, line[2:].lstrip("=").strip()
    name, _, value = line.partition(" ")
    if "=" in name:
        name, _, value = line.partition("=")
    return name, value.strip().strip("'\"")


def _requirement(text: str, written: str | None = None) -> Wanted:
    if "--hash" in text:
        raise _refused(written or text, "hashes in the list can't be kept. Leave them out: what is resolved is locked")
    if _PLACE.match(text):
        return _place(text, written or text)
    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        hint = (
            " One '=' is conda's way to write a pin: in a pip list it is '=='." if re.search(r"\w=[\w.]", text) else ""
        )
        raise _refused(written or text, f"it is no pip requirement ({redact(reason)}).{hint}") from None
    return Wanted(
        name=parsed.name,
        specifier=str(parsed.specifier),
        extras=tuple(sorted(parsed.extras)),
        marker=str(parsed.marker or ""),
        url=parsed.url or "",
    )


def _place(text: str, written: str) -> Wanted:
    """Read a bare URL or path."""
    if text.startswith(("./", "../", ".", "~")) and not os.path.isabs(text):
        raise _refused(written, "a relative path means nothing where it is built. Give an absolute path or a URL")
    url, _, fragment = text.partition("#")
    name = re.search(r"(?:^|&)egg=([A-Za-z0-9_.\-]+)", fragment)
    if name and (_VCS.match(url) or "://" in url):
        rest = "&".join(part for part in fragment.split("&") if not part.startswith("egg="))
        return Wanted(name=name[1], url=f"{url}#{rest}" if rest else url)
    return Wanted(name="", url=text)


def _refused(line: str, why: str) -> EnvironmentBuildException:
    return EnvironmentBuildException(
        f"The line {redact(line)!r} of the environment's pip packages can't be used: {why.rstrip('.')}. "
        "Correct it and submit again.",
        target="condaDependencies",
    )
