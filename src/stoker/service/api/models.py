"""The bodies of requests, as people and schemathesis read them in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stoker.service.store.documents import check_document, check_text

__all__ = [
    "CancelBody",
    "CodeBody",
    "ComputeBody",
    "ComputePatch",
    "EndBody",
    "EnvironmentBody",
    "ErrorAnswer",
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

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, AfterValidator(check_text)]
Name = Annotated[Text, Field(min_length=1, max_length=255)]
Tags = dict[Text, Text | None]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Priority = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Document = Annotated[dict[str, Any], AfterValidator(check_document)]
"""A free JSON object, such that it can be kept and sent again."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErrorFacts(BaseModel):
    """What went wrong."""

    code: str
    message: str
    target: str | None
    details: dict[str, Any]


class ErrorAnswer(BaseModel):
    """The one form of every error: what, why and what to do next are in its message."""

    model_config = ConfigDict(extra="forbid")
    error: ErrorFacts


class WorkspacePatch(_Body):
    """What can be changed about a workspace."""

    tags: Tags | None = None
    description: Text | None = None
    friendly_name: Text | None = None


class ExperimentBody(_Body):
    """An experiment to get or make."""

    name: Name


class ExperimentPatch(_Body):
    """What can be changed about an experiment."""

    tags: Tags | None = None
    remove_tags: list[Text] | None = None
    archived: bool | None = None
    description: Text | None = None


class RunBody(_Body):
    """A run to record; with kind `submitted` it is also run."""

    id: Annotated[str, Field(min_length=1, max_length=300)]
    experiment: Name
    kind: Literal["submitted", "interactive"]
    type: Text | None = None
    parent_id: Text | None = None
    display_name: Text | None = None
    description: Text | None = None
    tags: Tags = {}
    properties: dict[Text, Text] = {}
    definition: Document | None = None
    snapshot_id: Text | None = None
    python: str | None = None
    base_environment: dict[Text, str] = {}
    priority: Priority | None = None
    submitted_by: Text | None = None
    warnings: list[str] = []


class RunPatch(_Body):
    """What can be changed about a run."""

    display_name: Text | None = None
    description: Text | None = None
    tags: Tags | None = None
    remove_tags: list[Text] | None = None
    properties: dict[Text, Text] | None = None


class CancelBody(_Body):
    """Why a run is canceled."""

    reason: Text | None = None


class EndBody(_Body):
    """The end of an interactive or child run, or of a submitted one from outside."""

    status: Literal["Completed", "Failed", "Canceled"]
    error: Document | str | None = None
    seen: list[str] = []


class FinishBody(_Body):
    """What an agent says when all of a run is shipped."""

    attempt: int = 1
    exit: Document = {}
    journals: dict[str, Count] = {}
    logs: dict[str, Count] = {}


class HashesBody(_Body):
    """Hashes to ask for."""

    hashes: Annotated[list[Sha256], Field(max_length=200_000)]


class SnapshotBody(_Body):
    """A manifest of a source tree."""

    format: Literal[1]
    files: list[tuple[str, Sha256, Count, Annotated[int, Field(ge=0, le=0o7777)]]]
    links: list[tuple[str, str]] = []
    dirs: list[str] = []


class EnvironmentBody(_Body):
    """An environment to register."""

    definition: Document


class ComputeBody(_Body):
    """A compute target to make."""

    name: Name
    type: Text
    config: Document = {}
    tags: Tags = {}


class ComputePatch(_Body):
    """What can be changed about a compute target."""

    config: Document | None = None
    tags: Tags | None = None


class CodeBody(_Body):
    """Where the browser goes after it has used its one-time code."""

    next: Text = "/"


class GarbageBody(_Body):
    """Whether to remove what is not needed, or only to say it."""

    dry_run: bool = False


class StopBody(_Body):
    """What becomes of unfinished runs when the service stops."""

    mode: Literal["cancel", "detach"] | None = None
