"""Start a program, and know at once whether it has started."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["LaunchError", "close_all", "launch", "to_argv"]


_SIGNALS = [
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGCHLD,
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
]


class LaunchError(Exception):
    """A program that could not be started; the text says what, why and what to do."""


def to_argv(spec: dict[str, Any]) -> list[str]:
    """Return the arguments of a spec: `argv` as it is, or `shell` given to bash (else sh)."""
    if spec.get("argv"):
        return [str(word) for word in spec["argv"]]
    shell = "/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh"
    return [shell, "-c", str(spec.get("shell") or "")]


def launch(
    argv: list[str],
    env: dict[str, str],
    cwd: str,
    output: int,
    *,
    cpus: Iterable[int] | None = None,
    session: bool = False,
) -> int:
    """Start a program and return its pid once it runs; this process' working folder becomes `cwd`.

    Parameters
    ----------
    argv : list of str
        The first word is a path, or a name that is looked up on the PATH of `env`.
    env : dict
        The complete environment.
    cwd : str
    output : int
        The descriptor that becomes both 1 and 2, so that their order is kept; 0 is empty.
    cpus : iterable of int, optional
        The cores that it may use.
    session : bool, default=False
        Whether it gets a session of its own; else it gets a process group of its own.

    Raises
    ------
    LaunchError
        Nothing was started.
    """
    stage = "cwd"
    try:
        # Spawning is three times as quick as fork and exec, but knows neither of these two: the child inherits them.
        os.chdir(cwd)
        stage = "cpus"
        with _affinity(cpus):
            stage = "exec"
            return _spawn(_find(argv[0], env), argv, env, output, session)
    except OSError as error:
        raise LaunchError(_in_words(argv[0], cwd, stage, error.errno or 0)) from error
    except (ValueError, TypeError) as error:
        raise LaunchError(
            f"The program {argv[0]} could not be started: {error}. Check its arguments and environment variables."
        ) from error


def _spawn(path: str, argv: list[str], env: dict[str, str], output: int, session: bool) -> int:
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
    ]
    # None blocked, ignored or handled: as a shell would start it.
    place: dict[str, Any] = {"setsid": True} if session else {"setpgroup": 0}
    return os.posix_spawn(path, argv, env, file_actions=files, setsigmask=[], setsigdef=_SIGNALS, **place)


def _find(program: str, env: dict[str, str]) -> str:
    if "/" in program:
        return program
    for folder in env.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, program)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)


@contextlib.contextmanager
def _affinity(cpus: Iterable[int] | None) -> Iterator[None]:
    """Bind this process to some cores while the block runs."""
    if not cpus or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _in_words(program: str, cwd: str, stage: str, code: int) -> str:
    why = os.strerror(code)
    if stage == "cwd":
        return f"The working folder {cwd} of the run can't be entered: {why}. Check that nothing removed it, and rerun."
    if stage == "cpus":
        return f"The run's cores can't be used: {why}. Ask for fewer nodes or cores on this machine."
    if code == errno.ENOENT:
        return (
            f"The program {program} could not be started: it is not there, or the interpreter that it names is not. "
            "Set the environment's interpreter (python.interpreter_path) to one that exists on the target."
        )
    if code in {errno.EACCES, errno.ENOEXEC}:
        return (
            f"The program {program} could not be started: {why}. "
            "Make it executable (chmod +x) and let its first line name its interpreter, or choose another one."
        )
    if code == errno.E2BIG:
        return (
            f"The program {program} could not be started: its arguments and environment are too long. "
            "Pass long values in a file of the source folder."
        )
    return f"The program {program} could not be started: {why}. Check its arguments and environment variables."


def close_all() -> None:
    """Close every descriptor above 2."""
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        os.closerange(3, 4096)
        return
    for name in names:
        if int(name) > 2:
            with contextlib.suppress(OSError):
                os.close(int(name))
