"""What a store promises about logs, files, snapshots, environments and compute targets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from stoker.service.store.base_runs import Record
from stoker.service.store.objects import ArtifactStore

__all__ = [
    "ArtifactRepository",
    "ComputeRepository",
    "EnvironmentRepository",
    "LogRepository",
    "SnapshotRepository",
]


class LogRepository(ABC):
    """Which log files a run has and how long they are; their bytes are in `LogFiles`."""

    @abstractmethod
    def record(self, run_id: str, name: str, size: int, *, live: bool = True) -> bool:
        """Note that a log has `size` bytes now; a smaller size than known is ignored.

        Returns
        -------
        bool
            Whether this is news.
        """

    @abstractmethod
    def list(self, run_id: str) -> Sequence[Record]:
        """Return `{"name", "size", "live"}` of each log, in order of appearance."""

    @abstractmethod
    def finish(self, run_id: str) -> None:
        """Note that the run's logs grow no more."""


class ArtifactRepository(ABC):
    """Which files a run has; their bytes are in an `ArtifactStore`.

    A FILE is `{"name", "size", "sha256", "live", "created"}`. Names are relative and `/`-separated; bytes that are not
    UTF-8 are kept by surrogate escapes. A name that leads elsewhere is a `UserErrorException`.
    """

    @abstractmethod
    def add(
        self,
        run_id: str,
        name: str,
        sha256: str,
        size: int,
        *,
        live: bool = False,
        overwrite: bool = False,
        request_id: str | None = None,
    ) -> Record:
        """Give a run a file and return its record FILE.

        Parameters
        ----------
        run_id, name, sha256 : str
        size : int
            Bytes.
        live : bool, default=False
            Whether the run may still change the file; a live file gives way to any later one.
        overwrite : bool, default=False
            Whether a file of that name gives way.
        request_id : str, optional
            The same request again gives the record that is there.

        Raises
        ------
        stoker.exceptions.ConflictException
            The name is taken.
        """

    @abstractmethod
    def add_many(
        self, run_id: str, files: Sequence[tuple[str, str | None, int]], *, live: bool = False
    ) -> Sequence[str]:
        """Give a run many files at once, over those of the same names that it has.

        Parameters
        ----------
        run_id : str
        files : sequence of (name, sha256, size)
            A hash that is None stands for the file that is there: only `live` changes.
        live : bool, default=False
            Whether the run may still change them.

        Returns
        -------
        sequence of str
            The names without a hash that are not there.
        """

    @abstractmethod
    def list(self, run_id: str, prefix: str = "") -> Sequence[Record]:
        """Return the records FILE whose names begin so, sorted by name."""

    @abstractmethod
    def get(self, run_id: str, name: str) -> Record:
        """Return the record FILE; a wrong name is a `NotFoundException` that suggests the nearest."""

    @abstractmethod
    def find(self, run_id: str, name: str) -> Record | None:
        """Return the record FILE, or None."""

    @abstractmethod
    def delete(self, run_id: str, name: str) -> None:
        """Take a file from a run; nothing happens when it has none of that name."""

    @abstractmethod
    def referenced(self, hashes: Collection[str]) -> set[str]:
        """Return those of the hashes that a file of some run has."""


class SnapshotRepository(ABC):
    """Manifests of source trees.

    A manifest names files by content; their bytes are in an `ArtifactStore`. No path of a stored manifest leads out of
    the folder where it is unpacked, through a link neither.
    """

    @abstractmethod
    def put(self, manifest: Mapping[str, Any], objects: ArtifactStore) -> str:
        """Check and keep a manifest and return its id; the same manifest again has the same id.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The manifest has not the right form, or a path that leads elsewhere; the message names the entry.
        stoker.exceptions.NotFoundException
            Objects that are not stored; `details["missing"]` lists their hashes.
        """

    @abstractmethod
    def get(self, snapshot_id: str) -> Record:
        """Return the manifest; an id that is not there is a `NotFoundException`."""

    @abstractmethod
    def exists(self, snapshot_id: str) -> bool:
        """Whether the manifest is kept."""

    @abstractmethod
    def referenced(self, hashes: Collection[str]) -> set[str]:
        """Return those of the hashes that some manifest names."""


class EnvironmentRepository(ABC):
    """Registered environments by name and version; versions are `"1"`, `"2"`, ... and never change."""

    @abstractmethod
    def register(self, definition: Mapping[str, Any]) -> Record:
        """Keep a definition (it has a `name`) and return the record ENVIRONMENT.

        The content of any version of that name, apart from `version`, is found again rather than kept twice.
        """

    @abstractmethod
    def get(self, name: str, version: str | None = None) -> Record:
        """Return the record ENVIRONMENT; by default the latest version.

        Raises
        ------
        stoker.exceptions.NotFoundException
            The message suggests the nearest name or lists the versions.
        """

    @abstractmethod
    def list(self) -> Sequence[Record]:
        """Return the latest version of each environment, sorted by name."""

    @abstractmethod
    def versions(self, name: str) -> Sequence[Record]:
        """Return all versions, the latest first."""

    @abstractmethod
    def delete(self, name: str, version: str | None = None) -> None:
        """Remove a version, or all; their numbers are not given again."""


class ComputeRepository(ABC):
    """Compute targets by name, as records COMPUTE."""

    @abstractmethod
    def put(self, name: str, kind: str, config: Mapping[str, Any], tags: Mapping[str, str | None]) -> Record:
        """Keep a target of the type `kind`, or give the one of that name this `config` and these `tags`.

        Raises
        ------
        stoker.exceptions.ConflictException
            The name belongs to a target of another type.
        stoker.exceptions.ComputeTargetException
            The name is not legal.
        """

    @abstractmethod
    def get(self, name: str) -> Record:
        """Return the record COMPUTE; a wrong name is a `NotFoundException` that suggests the nearest."""

    @abstractmethod
    def find(self, name: str) -> Record | None:
        """Return the record COMPUTE, or None."""

    @abstractmethod
    def list(self) -> Sequence[Record]:
        """Return all targets, sorted by name."""

    @abstractmethod
    def update(self, name: str, **fields: Any) -> Record:
        """Write any of `config`, `tags`, `provisioning_state`, `errors`, `status`, `nodes`, `location`."""

    @abstractmethod
    def set_nodes(self, name: str, nodes: Sequence[Record], **status: Any) -> None:
        """Write the nodes as they are now, and facts of `status`; a name that is not there is passed over."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a target; a name that is not there is a `NotFoundException`."""
