"""Environments built by uv, kept for the user and shared by all workspaces."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from stoker.base.failpoints import reach
from stoker.base.jsonio import canonical, read_json, write_json
from stoker.base.paths import cache_home
from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.base import (
    BuiltEnvironment,
    EnvironmentBuilder,
    EnvironmentRequest,
    Lease,
    Log,
    Removed,
    never,
)
from stoker.service.environments.cache import Cache
from stoker.service.environments.existing import Existing, check_docker, resolved
from stoker.service.environments.explain import build_error, is_unreachable, redact
from stoker.service.environments.installed import versions_in
from stoker.service.environments.interpreters import Choice, Interpreter, Interpreters
from stoker.service.environments.plan import Plan, make_plan
from stoker.service.environments.resolve import Lock, Resolver, index_arguments, requirements_file
from stoker.service.environments.tool import RESOLUTION_VARIABLES, Uv, uv_environment

__all__ = ["UvEnvironmentBuilder"]


@dataclass(frozen=True)
class _Job:
    """A request that needs a built environment."""

    request: EnvironmentRequest
    plan: Plan
    choice: Choice
    digest: str

    @property
    def interpreter(self) -> Interpreter:
        return self.choice.interpreter

    def key(self, lock: Lock) -> str:
        """Return the name of the folder: by what was resolved, not by how it was asked for."""
        base = self.interpreter
        content = [1, [redact(line) for line in lock.lines], self.plan.stamps, base.base, base.version, base.platform]
        return hashlib.sha256(canonical(content)).hexdigest()[:32]


class UvEnvironmentBuilder(EnvironmentBuilder):
    """Builds environments with uv; the promises are `EnvironmentBuilder`'s.

    A request's hash leads to a stored lock, the lock to a folder, so that a request that was met once is met again
    without network. Below the cache lie `locks/HASH.txt`, `environments/KEY/` with its `KEY.lock`, `interpreters/`.

    Parameters
    ----------
    cache : str, optional
        The cache's folder (default: `STOKER_CACHE`).

    Examples
    --------
    >>> builder = UvEnvironmentBuilder("/tmp/cache")  # doctest: +SKIP
    >>> builder.build(request, print).python  # doctest: +SKIP
    '/tmp/cache/environments/6f0c.../bin/python'
    """

    def __init__(self, cache: str | None = None) -> None:
        self._cache = Cache(os.path.abspath(cache or cache_home()))
        self._interpreters = Interpreters(self._cache.interpreters)
        self._existing = Existing(self._interpreters)

    def find(self, request: EnvironmentRequest) -> BuiltEnvironment | None:
        """Return the environment when nothing has to be built, else None."""
        job = self._prepare(request)
        if isinstance(job, BuiltEnvironment):
            return job
        lock = Lock.read(self._cache.lock_file(job.digest))
        return self._complete(job, lock) if lock else None

    def build(self, request: EnvironmentRequest, log: Log, cancelled: Callable[[], bool] = never) -> BuiltEnvironment:
        """Return the environment, after building it where that is needed."""
        job = self._prepare(request)
        if isinstance(job, BuiltEnvironment):
            for message in job.messages:
                log(message)
            return job
        for message in _opening(job):
            log(message)
        with _disk_errors(self._cache.root):
            self._cache.make()
            uv = Uv(uv_environment(request.base_environment), self._cache.environments, cancelled)
            lock, is_stored = self._locked(job, uv, log, cancelled)
            try:
                return self._built(job, lock, uv, log, cancelled)
            except EnvironmentBuildException as error:
                if not is_stored or is_unreachable(error.details.get("log", "")):
                    raise
                log("What was resolved before can't be installed any more: resolving again.")
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._cache.lock_file(job.digest))
            lock, _ = self._locked(job, uv, log, cancelled)
            return self._built(job, lock, uv, log, cancelled)

    def lease(self, built: BuiltEnvironment) -> Lease:
        """Hold an environment for a run."""
        if built.key is None:
            return Lease()
        release = self._cache.share(built.key)
        if release is None:
            raise EnvironmentBuildException(
                f"The environment {built.key} was removed before the run could start in it. Submit the run again."
            )
        return Lease(release)

    def gc(self, in_use: Collection[str] = (), dry_run: bool = False, *, unused_for: float = 60.0) -> list[Removed]:
        """Remove the built environments that nobody uses, and what broken builds left."""
        return self._cache.collect(in_use, dry_run=dry_run, unused_for=unused_for)

    def _prepare(self, request: EnvironmentRequest) -> BuiltEnvironment | _Job:
        """Return what is there without a build, or the job to look for and to build."""
        plan = Plan()
        check_docker(request.definition, request.base_environment, plan)
        named = self._existing.user_managed(request)
        if named is not None:
            return replace(named, warnings=plan.warnings, messages=[*plan.messages, *named.messages])
        make_plan(request, plan)
        current = self._existing.current(request, plan)
        if current is not None:
            return current
        choice = self._interpreters.choose(plan.python, request.python, request.base_environment)
        index = {name: redact(request.base_environment.get(name, "")) for name in RESOLUTION_VARIABLES}
        base = choice.interpreter
        digest = plan.digest(index, request.policy, base.base, base.version, base.platform)
        return _Job(request, plan, choice, digest)

    def _locked(self, job: _Job, uv: Uv, log: Log, cancelled: Callable[[], bool]) -> tuple[Lock, bool]:
        """Return the lock of the request, and whether it was stored before."""
        path = self._cache.lock_file(job.digest)
        wait = "Another process is resolving the same requirements: waiting for it."
        with self._cache.alone(path + ".lock", wait, log, cancelled):
            lock = Lock.read(path)
            if lock is not None:
                for message in lock.messages:
                    log(message)
                return lock, True
            lock = Resolver(uv, job.plan, job.interpreter, job.request.policy).resolve(log)
            lock.write(path)
            return lock, False

    def _built(self, job: _Job, lock: Lock, uv: Uv, log: Log, cancelled: Callable[[], bool]) -> BuiltEnvironment:
        """Return the folder of the lock, filled first where it is not complete."""
        key = job.key(lock)
        wait = "Another process is building this environment: waiting for it."
        found = self._complete(job, lock)
        if found is None:
            with self._cache.alone(self._cache.guard(key), wait, log, cancelled) as descriptor:
                found = self._complete(job, lock)
                if found is None:
                    self._fill(job, lock, _Step(uv, log, descriptor))
                    found = self._complete(job, lock)
        if found is None:
            raise EnvironmentBuildException(
                f"The environment {key} was built, but its interpreter {job.interpreter.path} is gone. Submit again."
            )
        log(found.messages[-1])
        return found

    def _fill(self, job: _Job, lock: Lock, step: _Step) -> None:
        """Build the environment at its final path; the mark of completion comes last."""
        folder, began = self._cache.folder(job.key(lock)), time.monotonic()
        shutil.rmtree(folder, ignore_errors=True)
        try:
            step.log(f"Building the environment with Python {job.interpreter.version}.")
            step.run(["venv", "--quiet", "--python", job.interpreter.base, folder], "Making the environment")
            reach("build-before-packages")
            with tempfile.TemporaryDirectory(prefix="stoker-install-") as temporary:
                file = requirements_file(temporary, job.plan.options, lock.lines)
                target = ("--python", os.path.join(folder, "bin", "python"))
                more = index_arguments(job.plan)
                step.run(["pip", "install", *target, "--no-deps", "-r", file, *more], "Installing the packages")
            seconds = time.monotonic() - began
            minor = ".".join(str(number) for number in job.interpreter.minor)
            packages = versions_in(os.path.join(folder, "lib", f"python{minor}", "site-packages"))
            reach("build-before-mark")
            write_json(self._cache.mark(folder), {"format": 1, "packages": packages, "seconds": seconds})
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        step.log(f"Built in {seconds:.1f} s.")

    def _complete(self, job: _Job, lock: Lock) -> BuiltEnvironment | None:
        """Return the environment when its folder is whole, and note that it was used."""
        key = job.key(lock)
        folder = self._cache.folder(key)
        python = os.path.join(folder, "bin", "python")
        mark = read_json(self._cache.mark(folder))
        if not isinstance(mark, dict) or mark.get("format") != 1 or not os.path.exists(python):
            return None
        self._cache.touch(key)
        interpreter = replace(job.interpreter, path=python)
        ready = f"Using the environment {key} ({_summary(interpreter, mark['packages'])})."
        base = job.request.base_environment.get("PATH", os.defpath)
        return BuiltEnvironment(
            python=python,
            kind="system-managed",
            key=key,
            resolved=resolved(interpreter, mark["packages"], lock.moved, _python_moved(job)),
            warnings=[*job.plan.warnings, *([job.choice.message] if job.choice.moved else []), *lock.warnings],
            variables={
                "PATH": f"{os.path.dirname(python)}{os.pathsep}{base}",
                "VIRTUAL_ENV": folder,
                **job.plan.variables,
            },
            messages=[*_opening(job), *lock.messages, ready],
        )


class _Step:
    """Runs the commands of one build and turns what uv says into the build's log."""

    def __init__(self, uv: Uv, log: Log, descriptor: int) -> None:
        self._uv = uv
        self.log = log
        self._descriptor = descriptor

    def run(self, arguments: list[str], what: str) -> None:
        outcome = self._uv.run(arguments, self._progress, keep=[self._descriptor])
        if not outcome.ok:
            for line in redact(outcome.said).splitlines():
                self.log(line)
            raise build_error(outcome.said, what)

    def _progress(self, line: str) -> None:
        verb, _, rest = line.strip().partition(" ")
        if verb == "Downloading":
            self.log(f"Downloading {rest}.")
        elif verb == "Building":
            self.log(f"Building {rest} from its source.")


def _opening(job: _Job) -> list[str]:
    return [*job.plan.messages, *([job.choice.message] if job.choice.message else [])]


def _summary(interpreter: Interpreter, packages: dict[str, Any]) -> str:
    number = f"{len(packages)} package" + ("" if len(packages) == 1 else "s")
    return f"Python {interpreter.version}, {number}"


def _python_moved(job: _Job) -> dict[str, str] | None:
    if not job.choice.moved:
        return None
    return {"from": job.plan.python.removeprefix("==").removesuffix(".*"), "to": job.interpreter.version}


@contextlib.contextmanager
def _disk_errors(root: str) -> Iterator[None]:
    """Say in words what the disk refuses."""
    try:
        yield
    except OSError as error:
        raise EnvironmentBuildException(
            f"The environment can't be kept in {root}: {error.strerror or error}. "
            "Free some space, or set STOKER_CACHE to another folder, and submit again."
        ) from error
