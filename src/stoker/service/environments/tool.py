"""Runs uv: its environment, its output as it comes, and its end when the build is canceled."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

import uv

from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.base import EnvironmentCanceled, Log, never
from stoker.service.environments.explain import redact

__all__ = ["RESOLUTION_VARIABLES", "Outcome", "Uv", "uv_environment"]

_PAUSE = 0.05
# Ends uv, and what builds a package for it, when this process is killed, so that whoever waits for the build takes over
# at once. A program of its own does it, the head of their group: code between fork and exec is unsafe in a process with
# threads. Where the kernel does not tell of a parent's end, it looks.
_LEASH = """
import os, signal, sys, time
def end(*_):
    os.killpg(0, signal.SIGKILL)
signal.signal(signal.SIGTERM, end)
is_told = sys.platform == "linux"
if is_told:
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
while True:
    if os.getppid() != int(sys.argv[1]):
        end()
    pid, status = os.waitpid(child, 0 if is_told else os.WNOHANG)
    if pid:
        sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
    time.sleep(0.2)
"""
_MISLEADING = frozenset(
    {
        "CONDA_DEFAULT_ENV",
        "CONDA_PREFIX",
        "UV_BREAK_SYSTEM_PACKAGES",
        "UV_MANAGED_PYTHON",
        "UV_NO_MANAGED_PYTHON",
        "UV_ONLY_BINARY",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_PYTHON_PREFERENCE",
        "UV_REQUIRE_HASHES",
        "UV_RESOLUTION",
        "UV_SYSTEM_PYTHON",
        "UV_WORKING_DIR",
        "VIRTUAL_ENV",
    }
)
_FROM_PIP = {
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_INDEX_URL": "UV_INDEX_URL",
}
RESOLUTION_VARIABLES = (
    "UV_CONSTRAINT",
    "UV_DEFAULT_INDEX",
    "UV_EXCLUDE_NEWER",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_INDEX_URL",
    "UV_NO_INDEX",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_TORCH_BACKEND",
)
"""Variables that decide what a requirement resolves to: part of a request's hash."""


def uv_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to run uv with: the submitter's, without what would point it elsewhere.

    Pip's own variables for indexes are given to uv under its names, where those are not set.
    """
    result = {name: value for name, value in base.items() if name not in _MISLEADING}
    for pip_name, uv_name in _FROM_PIP.items():
        value = base.get(pip_name)
        if value and uv_name not in base:
            result[uv_name] = ",".join(value.split()) if pip_name == "PIP_FIND_LINKS" else value
    result.setdefault("PATH", os.defpath)
    result.setdefault("HOME", os.path.expanduser("~"))
    result.update(UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1", NO_COLOR="1", COLUMNS="10000")
    return result


@dataclass(frozen=True)
class Outcome:
    """How a uv command ended.

    Attributes
    ----------
    ok : bool
    out : str
        Its standard output.
    said : str
        Its standard error.
    """

    ok: bool
    out: str
    said: str


class Uv:
    """Runs uv commands for one build.

    Parameters
    ----------
    environment : mapping
        Made by `uv_environment`.
    folder : str
        Where it runs: a place without a project of the user's.
    cancelled : callable
        Asked many times a second.
    """

    def __init__(self, environment: Mapping[str, str], folder: str, cancelled: Callable[[], bool] = never) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._cancelled = cancelled

    def run(self, arguments: Sequence[str], log: Log | None = None, keep: Sequence[int] = ()) -> Outcome:
        """Run one command to its end.

        Parameters
        ----------
        arguments : sequence of str
        log : callable, optional
            Called with each line of its standard error as it comes, without secrets.
        keep : sequence of int
            Descriptors that the command holds too: a lock lasts until the command is gone, also when this process
            is killed.

        Raises
        ------
        EnvironmentCanceled
            The build was canceled; the command and its children are gone.
        """
        if self._cancelled():
            raise EnvironmentCanceled("The build of the environment was canceled.")
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
            process = self._start(arguments, out, said, keep)
            try:
                self._wait(process, said, log)
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            return Outcome(process.returncode == 0, _text(out), _text(said))

    def _start(
        self, arguments: Sequence[str], out: IO[bytes], said: IO[bytes], keep: Sequence[int]
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), _binary(), *arguments],
                cwd=self._folder,
                env=self._environment,
                pass_fds=tuple(keep),
                start_new_session=True,
                stderr=said,
                stdin=subprocess.DEVNULL,
                stdout=out,
            )
        except OSError as error:
            raise EnvironmentBuildException(
                f"uv, which builds environments, can't be started: {error.strerror}. Install Stoker anew."
            ) from error

    def _wait(self, process: subprocess.Popen[bytes], said: IO[bytes], log: Log | None) -> None:
        tail = _Tail(said.fileno(), log) if log else None
        while True:
            try:
                process.wait(_PAUSE)
            except subprocess.TimeoutExpired:
                if self._cancelled():
                    raise EnvironmentCanceled("The build of the environment was canceled.") from None
            if tail:
                tail.pass_on(last=process.returncode is not None)
            if process.returncode is not None:
                return


class _Tail:
    """Passes on the lines of a file that another process is writing."""

    def __init__(self, descriptor: int, log: Log) -> None:
        self._descriptor = descriptor
        self._log = log
        self._offset = 0
        self._rest = b""

    def pass_on(self, *, last: bool) -> None:
        while block := os.pread(self._descriptor, 1 << 16, self._offset):
            self._offset += len(block)
            *lines, self._rest = (self._rest + block).split(b"\n")
            for line in lines:
                self._log(redact(line.decode("utf-8", "replace").rstrip()))
        if last and self._rest:
            self._log(redact(self._rest.decode("utf-8", "replace").rstrip()))
            self._rest = b""


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _binary() -> str:
    try:
        return os.fspath(uv.find_uv_bin())
    except FileNotFoundError:
        found = shutil.which("uv")
    if found is None:
        raise EnvironmentBuildException("uv, which builds environments, is not installed: run `pip install uv`.")
    return found
