"""Which Python a person at a shell means by the one that they have."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

__all__ = ["own_python"]

_OF_AN_INSTALLER = ("uv-receipt.toml", "pipx_metadata.json")
_PROBE = "import sys; print(sys.executable); sys.exit(sys.version_info < (3,))"


def own_python() -> str:
    """Return the interpreter that this shell's runs start with.

    Beside what the user trains with, it is Stoker's own. Where `uv tool install` or `pipx` has put Stoker into an
    environment of its own, or it is installed for all of a user's Pythons, it is the one that the word `python` means
    in this shell: nobody's packages are beside Stoker there.
    """
    for path in _candidates() if _stands_apart() else ():
        found = _asked(path)
        if found:
            return found
    return sys.executable


def _stands_apart() -> bool:
    """Whether Stoker's interpreter is not the one whose packages the user means."""
    if any(os.path.exists(os.path.join(sys.prefix, name)) for name in _OF_AN_INSTALLER):
        return True
    return sys.prefix == sys.base_prefix and bool(os.environ.get("VIRTUAL_ENV"))


def _candidates() -> Iterator[str]:
    import shutil

    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if os.environ.get(name):
            yield os.path.join(os.environ[name], "bin", "python")
    for name in ("python", "python3"):
        path = shutil.which(name)
        if path:
            yield path


def _asked(path: str) -> str | None:
    """Return the interpreter behind `path`, which may be a shim; None when it is none, or is Python 2."""
    import subprocess

    try:
        done = subprocess.run(
            [path, "-I", "-S", "-c", _PROBE], capture_output=True, stdin=subprocess.DEVNULL, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout).strip() or None
