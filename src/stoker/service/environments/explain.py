"""What uv says, in words for the user; and no secret in any of them."""

from __future__ import annotations

import re

from stoker.exceptions import EnvironmentBuildException

__all__ = ["build_error", "is_missing", "is_unreachable", "missing_version", "redact"]

_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)[^/@\s'\"`]*@")
_QUERY = re.compile(
    r"(?P<key>[?&](?:access_token|api_?key|auth|key|password|pwd|secret|sig|token)=)[^&\s'\"`#]+", re.IGNORECASE
)
_UNREACHABLE = (
    "client error (connect)",
    "connection refused",
    "connection reset",
    "dns error",
    "error sending request",
    "failed to fetch",
    "network was disabled",
    "operation timed out",
    "request failed after",
    "tls handshake",
)
_REFUSED = ("401 unauthorized", "403 forbidden", "status code 401", "status code 403")
_ABSENT = ("404 not found", "status code 404")
_FULL = ("no space left on device", "disk quota exceeded")


def redact(text: str) -> str:
    """Return the text without passwords and tokens in its URLs.

    Examples
    --------
    >>> redact("from https://me:secret@host/simple?sig=abc")
    'from https://***@host/simple?sig=***'
    """
    return _QUERY.sub(r"\g<key>***", _USERINFO.sub(r"\g<scheme>***@", text))


def is_unreachable(said: str) -> bool:
    """Tell whether uv gave up because an index, not a requirement, was the trouble."""
    lowered = said.lower()
    return any(sign in lowered for sign in _UNREACHABLE + _REFUSED + _FULL)


def is_missing(said: str) -> bool:
    """Tell whether the index knows no project of the name."""
    return "was not found in the package registry" in said or "was not found in the provided package locations" in said


def missing_version(said: str) -> bool:
    """Tell whether the project exists, but no release of the version asked for."""
    return bool(re.search(r"there (?:is|are) no versions? of", said)) and "no wheel" not in said


def build_error(said: str, what: str) -> EnvironmentBuildException:
    """Return the error for a failed uv command.

    Parameters
    ----------
    said : str
        What uv wrote.
    what : str
        The step in words, as the subject of a sentence: "The requirements".
    """
    cause = _cause(said)
    lowered = said.lower()
    if any(sign in lowered for sign in _FULL):
        next_step = "The disk is full: free some space, for example by `stoker gc`, and submit again."
    elif any(sign in lowered for sign in _REFUSED):
        next_step = "The package index refused the credentials: correct them in the index's URL."
    elif any(sign in lowered for sign in _ABSENT):
        next_step = "There is nothing at this address: correct it and submit again."
    elif is_unreachable(said):
        next_step = (
            "The package index can't be reached: check the network and the proxy variables, then submit again. "
            "Environments that were built before need no network."
        )
    elif "failed to build" in lowered:
        next_step = (
            "It has no wheel for this Python, and building it from its source failed: the log of the build says where. "
            "Choose a release that has a wheel, or another Python version."
        )
    else:
        next_step = "Correct the environment's dependencies and submit again."
    return EnvironmentBuildException(f"{what} {cause} {next_step}", details={"log": redact(said)[-4000:]})


def _cause(said: str) -> str:
    """Return the heart of uv's message as the end of a sentence."""
    lines = [line.strip() for line in redact(said).splitlines() if line.strip()]
    causes = [line.removeprefix("cause: ") for line in lines if line.startswith(("cause: ", "╰─▶ "))]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    chosen = causes[:2] or errors[:1] or lines[-1:] or ["no reason was given."]
    text = " ".join(one.removeprefix("╰─▶ ") for one in chosen).rstrip(".")
    return f"failed: {text}."
