"""What git says of a source folder: remote, branch, commit, and whether anything was changed since.

Two git commands run side by side, and they can run while something else is done (`begin`, later `finish`).
Nothing here ever fails: where git is missing or refuses, less is recorded.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

__all__ = ["GitInfo", "begin", "collect", "without_credentials"]

_PATIENCE = 3.0
_STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--no-renames", "--", ".")
_REMOTES = ("config", "--null", "--get-regexp", r"^(remote\..*\.url|branch\..*\.remote)$")
_NAMES = {
    "repository": ("azureml.git.repository_uri", "mlflow.source.git.repoURL"),
    "branch": ("azureml.git.branch", "mlflow.source.git.branch"),
    "commit": ("azureml.git.commit", "mlflow.source.git.commit"),
    "dirty": ("azureml.git.dirty",),
}


def collect(folder: str) -> dict[str, str]:
    """Return the git facts of a folder as properties of a run; empty without git or a repository.

    Parameters
    ----------
    folder : str

    Returns
    -------
    dict of str to str
        `azureml.git.repository_uri`, `.branch`, `.commit`, `.dirty` (`'True'` or `'False'`: a file of the folder
        differs from the commit, or is not in it), and `mlflow.source.git.repoURL`, `.branch`, `.commit`; each only
        where it is known.

    Examples
    --------
    >>> collect("/")
    {}
    """
    return begin(folder).finish()


def begin(folder: str, patience: float = _PATIENCE) -> GitInfo:
    """Start to ask git about a folder, `patience` seconds long; the answer is fetched by `GitInfo.finish`."""
    return GitInfo(os.path.abspath(folder), patience)


class GitInfo:
    """A question to git that is under way.

    Parameters
    ----------
    folder : str
        Absolute path.
    patience : float
        Seconds.
    """

    def __init__(self, folder: str, patience: float) -> None:
        self._folder = folder
        self._until = time.monotonic() + patience
        self._asked = [_start(folder, _STATUS), _start(folder, _REMOTES)] if _is_in_repository(folder) else []

    def finish(self) -> dict[str, str]:
        """Return the properties; waits while the patience lasts, and at least 0.5 s."""
        if not self._asked:
            return {}
        status, remotes = (_output(process, self._until) for process in self._asked)
        self._asked = []
        facts = self._without_status() if status is None else _read_status(status)
        if facts and remotes:
            facts["repository"] = _choose_remote(remotes, facts.get("branch", ""))
        return {name: value for fact, value in facts.items() if value for name in _NAMES[fact]}

    def _without_status(self) -> dict[str, str]:
        """Return commit and branch alone, where the state of a large folder takes too long to find."""
        until = time.monotonic() + 1.0
        asked = [
            _start(self._folder, arguments)
            for arguments in (("rev-parse", "--verify", "HEAD"), ("symbolic-ref", "--quiet", "--short", "HEAD"))
        ]
        commit, branch = ((_output(process, until) or "").strip() for process in asked)
        return {"commit": commit, "branch": branch}


def without_credentials(url: str) -> str:
    """Return a remote's URL without user, password, token, query and fragment; empty where it can't be told safely.

    Examples
    --------
    >>> without_credentials("https://me:secret@example.com/team/code.git?token=x")
    'https://example.com/team/code.git'
    >>> without_credentials("git@example.com:team/code.git")
    'git@example.com:team/code.git'
    """
    url = url.strip()
    helper = re.match(r"([A-Za-z0-9][A-Za-z0-9+.-]*)::", url)
    if helper:
        rest = url[helper.end() :]
        inner = without_credentials(rest) if "://" in rest else ""
        return helper.group() + inner if inner else ""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme:
        return scheme.group() + _clean_address(url[scheme.end() :], scheme.group(1).lower())
    # The short form of ssh, user@host:path: the user is a name, a password does not belong there.
    short = re.match(r"([^/@]*)@(.*)", url, re.DOTALL)
    if short and ":" in short.group(1):
        return f"{short.group(1).partition(':')[0]}@{short.group(2)}"
    return url


def _clean_address(address: str, scheme: str) -> str:
    authority, slash, path = address.partition("/")
    user, at, host = authority.rpartition("@")
    if not at and "@" in path and re.search(r":(?!\d*$)", re.sub(r"^\[[^]]*\]", "", host)):
        # What looks like a host with a port is a user with half a password: there was a slash in the other half.
        return _clean_address(path.rpartition("@")[2], scheme)
    if "ssh" in scheme and user:
        host = f"{user.partition(':')[0]}@{host}"
    return re.split(r"[?#]", host + slash + path, maxsplit=1)[0]


def _is_in_repository(folder: str) -> bool:
    """Whether a `.git` is in the folder or above it: a look of microseconds that mostly saves starting git."""
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return True
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent


def _start(folder: str, arguments: tuple[str, ...]) -> subprocess.Popen[bytes] | None:
    import subprocess

    try:
        return subprocess.Popen(
            ["git", *arguments],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None


def _environment() -> dict[str, str]:
    """Return this process' variables less those by which git's hooks point to another repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _is_setting(name)}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _is_setting(name: str) -> bool:
    return name.startswith("GIT_CONFIG_") or name in {"GIT_CEILING_DIRECTORIES", "GIT_EXEC_PATH"}


def _output(process: subprocess.Popen[bytes] | None, until: float) -> str | None:
    """Return what a command printed; None when it could not start, failed, or was too slow and so was ended."""
    import subprocess

    if process is None:
        return None
    try:
        output, _ = process.communicate(timeout=max(until - time.monotonic(), 0.5))
    except subprocess.TimeoutExpired:
        _end(process)
        return None
    return output.decode("utf-8", "replace") if process.returncode == 0 else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command without waiting for what it started, or for a disk that does not answer."""
    import subprocess

    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)


def _read_status(text: str) -> dict[str, str]:
    facts = {"dirty": "False"}
    for line in text.split("\n"):
        if line.startswith("# branch.oid ") and line[13:] != "(initial)":
            facts["commit"] = line[13:]
        elif line.startswith("# branch.head ") and line[14:] != "(detached)":
            facts["branch"] = line[14:]
        elif line and not line.startswith("#"):
            facts["dirty"] = "True"
    return facts


def _choose_remote(text: str, branch: str) -> str:
    """Return the URL of the branch's remote, else of `origin`, else of the first one."""
    urls: dict[str, str] = {}
    upstream = ""
    for item in text.split("\0"):
        key, _, value = item.partition("\n")
        if key.startswith("remote."):
            urls.setdefault(key[len("remote.") : -len(".url")], value)
        elif key == f"branch.{branch}.remote":
            upstream = value
    chosen = urls.get(upstream) or urls.get("origin") or next(iter(urls.values()), "")
    return without_credentials(chosen)
