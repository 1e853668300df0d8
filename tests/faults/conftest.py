"""Real faults: small disks, old packages, processes that misbehave. What a test here mounts it takes away again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import stoker
from stoker.base.version import __version__
from stoker.client import Api
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

ENVIRONMENT = {"name": "submitters", "python": {"userManagedDependencies": True}}
"""The submitter's own interpreter: nothing is built."""

ENDS = frozenset({"Completed", "Failed", "Canceled"})


class Runs:
    """Submits commands and scripts to a workspace by its REST interface."""

    def __init__(self, workspace: TemporaryWorkspace) -> None:
        self.workspace = workspace
        self._count = 0

    @property
    def api(self) -> Api:
        return self.workspace.api

    def submit(self, command: str, run_id: str | None = None, **more: Any) -> str:
        """Submit a shell command and return the run's id."""
        self._count += 1
        name = run_id or f"run-{self._count}"
        definition = {"command": command, "environment": ENVIRONMENT, **more}
        body = {"id": name, "experiment": "faults", "kind": "submitted", "definition": definition}
        self.api.post("/runs", {**body, "python": sys.executable})
        return name

    def python(self, code: str, run_id: str | None = None, **more: Any) -> str:
        """Submit a Python script given as text; it lies beside the workspace."""
        self._count += 1
        script = self.workspace.root.parent / f"script-{self.workspace.root.name}-{self._count}.py"
        script.write_text(textwrap.dedent(code))
        return self.submit(f"exec {sys.executable} {script}", run_id, **more)

    def get(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/runs/{run_id}")
        return found

    def status(self, run_id: str) -> str:
        return str(self.get(run_id)["status"])

    def reach(self, run_id: str, status: str, seconds: float = 30.0) -> None:
        """Wait until the run is in a state; one that has ended never comes there."""

        def is_there() -> bool:
            run = self.get(run_id)
            assert run["status"] == status or run["status"] not in ENDS, run["error"]
            return bool(run["status"] == status)

        wait_until(is_there, seconds, f"{run_id} {status}")

    def wait_for_file(self, run_id: str, path: Path) -> None:
        """Wait until a living run has made a file."""

        def is_there() -> bool:
            run = self.get(run_id)
            assert path.exists() or run["status"] not in ENDS, run["error"]
            return path.exists()

        wait_until(is_there, what=str(path))

    def ended(self, run_id: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for the end of a run and return its record."""
        wait_until(lambda: self.status(run_id) in ENDS, seconds, f"the end of {run_id}")
        return self.get(run_id)

    def log(self, run_id: str, name: str = "user_logs/std_log.txt", **params: Any) -> str:
        data = self.api.request("GET", f"/runs/{run_id}/logs/{name}", params=params).data
        return data.decode("utf-8", "replace")

    def metrics(self, run_id: str, **params: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/runs/{run_id}/metrics", **params)["metrics"]
        return found

    def completed(self, run_id: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for the end of a run, which must be a good one, and return its record."""
        record = self.ended(run_id, seconds)
        assert record["status"] == "Completed", record["error"]
        return record

    def files(self, run_id: str) -> list[str]:
        return [file["name"] for file in self.api.get(f"/runs/{run_id}/files")["files"]]


@pytest.fixture(scope="module")
def runs(live_workspace: TemporaryWorkspace) -> Runs:
    """Return what submits to the workspace of the module."""
    return Runs(live_workspace)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[TemporaryWorkspace]:
    """Return a workspace with a service of its own."""
    with TemporaryWorkspace(tmp_path / "w", "faults") as made:
        yield made


class Disk:
    """A file system in memory, of a size of its own.

    Parameters
    ----------
    place : Path
        Where it is mounted; made when absent.
    size : str
        As tmpfs takes it.
    """

    def __init__(self, place: Path, size: str = "8m") -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)], check=True)

    def fill(self, leave: int = 0) -> None:
        """Take all space but about `leave` bytes."""
        with open(self.place / "filler", "ab", buffering=0) as file:
            for block in (1 << 16, 1 << 12):
                while shutil.disk_usage(self.place).free > leave:
                    try:
                        file.write(bytes(block))
                    except OSError:
                        break

    def free(self) -> None:
        """Give back what `fill` took."""
        (self.place / "filler").unlink()

    def remount(self, option: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{option}", str(self.place)], check=True)

    def close(self) -> None:
        # Lazily: a process that is just ending may still stand in it.
        subprocess.run(["umount", "-l", str(self.place)], check=True)


@pytest.fixture
def mount() -> Iterator[Callable[..., Disk]]:
    """Return a function that mounts a small disk."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk: run the tests as root")
    disks: list[Disk] = []

    def make(place: Path, size: str = "8m") -> Disk:
        try:
            disks.append(Disk(place, size))
        except (subprocess.CalledProcessError, FileNotFoundError):
            pytest.skip("this machine lets nobody mount a disk, as in a container without CAP_SYS_ADMIN")
        return disks[-1]

    yield make
    for disk in reversed(disks):
        disk.close()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return a function that installs Stoker once more, under another version, and gives its interpreter."""

    def make(version: str) -> str:
        folder = tmp_path_factory.mktemp("installation")
        venv.create(folder, symlinks=True)
        site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        shutil.copytree(Path(stoker.__file__).parent, site / "stoker", ignore=shutil.ignore_patterns("__pycache__"))
        (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
        file = site / "stoker" / "base" / "version.py"
        file.write_text(file.read_text().replace(f'"{__version__}"', f'"{version}"'))
        return str(folder / "bin" / "python")

    return make


@pytest.fixture(scope="session")
def runs_of() -> Callable[[TemporaryWorkspace], Runs]:
    """Return what makes, for a workspace, what submits to it."""
    return Runs
