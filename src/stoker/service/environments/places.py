"""Where Pythons lie on a machine: on PATH, in pyenv, among uv's own."""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping

from packaging.version import Version

__all__ = ["OLDEST", "candidates"]

OLDEST = Version("3.9")
"""The oldest Python that a run can have."""

_NAME = re.compile(r"^python3\.(\d+)$")
_FOLDER = re.compile(r"^(?:cpython-)?(\d+\.\d+\.\d+)(?:-[a-z0-9_\-]+)?$")


def candidates(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield paths that may be interpreters of 3.9 or newer: on PATH, in pyenv, uv's own."""
    home = environment.get("HOME") or os.path.expanduser("~")
    pyenv = environment.get("PYENV_ROOT") or os.path.join(home, ".pyenv")
    shims = os.path.join(pyenv, "shims")
    folders = [one for one in environment.get("PATH", "").split(os.pathsep) if one and os.path.normpath(one) != shims]
    yield from _on_path(folders)
    yield from _in_folders(os.path.join(pyenv, "versions"))
    data = environment.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    yield from _in_folders(environment.get("UV_PYTHON_INSTALL_DIR") or os.path.join(data, "uv", "python"))


def _on_path(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        names = [os.path.basename(path) for path in glob.glob(os.path.join(glob.escape(folder), "python3.*"))]
        usable = [name for name in names if (match := _NAME.match(name)) and int(match[1]) >= OLDEST.release[1]]
        for name in [*sorted(usable), "python3"]:
            # Only programs: a pyenv shim or another script can be anything tomorrow.
            if (path := shutil.which(name, path=folder)) and not _is_script(path):
                yield path


def _in_folders(root: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return
    for name in names:
        match = _FOLDER.match(name)
        path = os.path.join(root, name, "bin", "python3")
        if match and Version(match[1]) >= OLDEST and os.path.exists(path):
            yield path


def _is_script(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True
