"""The bodies of requests, as people and schemathesis read them in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "CancelBody",
    "CodeBody",
    "ComputeBody",
    "ComputePatch",
    "EndBody",
    "EnvironmentBody",
    "ExperimentBody",
    "ExperimentPatch",
    "FinishBody",
    "GarbageBody",
    "HashesBody",
    "RunBody",
    "RunPatch",
    "SnapshotBody",
    "StopBody",
    "Tags",
    "WorkspacePatch",
]

Tags = dict[str, str | None]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1, max_length=255)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WorkspacePatch(_Body):
    """What can be changed about a workspace."""

    tags: Tags | None = None
    description: str | None = None
    friendly_name: str | None = None


class ExperimentBody(_Body):
    """An experiment to get or make."""

    name: Name


class ExperimentPatch(_Body):
    """What can be changed about an experiment."""

    tags: Tags | None = None
    remove_tags: list[str] | None = None
    archived: bool | None = None
    description: str | None = None


class RunBody(_Body):
    """A run to record; with kind `submitted` it is also run."""

    id: Annotated[str, Field(min_length=1, max_length=300)]
    experiment: Name
    kind: Literal["submitted", "interactive"]
    type: str | None = None
    parent_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    tags: Tags = {}
    properties: dict[str, str] = {}
    definition: dict[str, Any] | None = None
    snapshot_id: str | None = None
    python: str | None = None
    base_environment: dict[str, str] = {}
    priority: int | None = None
    submitted_by: str | None = None
    warnings: list[str] = []


class RunPatch(_Body):
    """What can be changed about a run."""

    display_name: str | None = None
    description: str | None = None
    tags: Tags | None = None
    remove_tags: list[str] | None = None
    properties: dict[str, str] | None = None


class CancelBody(_Body):
    """Why a run is canceled."""

    reason: str | None = None


class EndBody(_Body):
    """The end of an interactive or child run, or of a submitted one from outside."""

    status: Literal["Completed", "Failed", "Canceled"]
    error: dict[str, Any] | str | None = None
    seen: list[str] = []


class FinishBody(_Body):
    """What an agent says when all of a run is shipped."""

    attempt: int = 1
    exit: dict[str, Any] = {}
    journals: dict[str, int] = {}
    logs: dict[str, int] = {}


class HashesBody(_Body):
    """Hashes to ask for."""

    hashes: Annotated[list[Sha256], Field(max_length=200_000)]


class SnapshotBody(_Body):
    """A manifest of a source tree."""

    format: Literal[1]
    files: list[tuple[str, Sha256, Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0, le=0o7777)]]]
    links: list[tuple[str, str]] = []
    dirs: list[str] = []


class EnvironmentBody(_Body):
    """An environment to register."""

    definition: dict[str, Any]


class ComputeBody(_Body):
    """A compute target to make."""

    name: Name
    type: str
    config: dict[str, Any] = {}
    tags: Tags = {}


class ComputePatch(_Body):
    """What can be changed about a compute target."""

    config: dict[str, Any] | None = None
    tags: Tags | None = None


class CodeBody(_Body):
    """Where the browser goes after it has used its one-time code."""

    next: str = "/"


class GarbageBody(_Body):
    """Whether to remove what is not needed, or only to say it."""

    dry_run: bool = False


class StopBody(_Body):
    """What becomes of unfinished runs when the service stops."""

    mode: Literal["cancel", "detach"] | None = None
