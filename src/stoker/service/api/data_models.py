"""The bodies of requests about secrets, datastores, data sets and lineage."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from stoker.service.api.models import Count, Document, Name, Sha256, Tags, Text

__all__ = [
    "DatasetBody",
    "DatasetPatch",
    "DatastoreBody",
    "Fingerprint",
    "LineageBody",
    "RegisterBody",
    "SecretBody",
]

MOST_ENTRIES = 100_000
"""Most files that a fingerprint names; of more it has the digest."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SecretBody(_Body):
    """The value of a secret."""

    value: SecretStr


class DatastoreBody(_Body):
    """A datastore to register."""

    name: Text
    type: Text
    kind: Text
    config: Document = {}
    secret: dict[Text, SecretStr] | None = None
    overwrite: bool = False

    def opened(self) -> dict[str, str] | None:
        """Return the secret in plain."""
        return None if self.secret is None else {name: value.get_secret_value() for name, value in self.secret.items()}


def _entry(value: tuple[str, int, str]) -> tuple[str, int, str]:
    if not value[0]:
        raise ValueError("it has no path")
    return value


Entry = Annotated[tuple[str, Count, str], AfterValidator(_entry)]


class Fingerprint(_Body):
    """What the files of a data set were: how many, and a digest of names, sizes and marks."""

    files: Count
    bytes: Count
    digest: Sha256
    truncated: bool = False
    entries: Annotated[list[Entry], Field(max_length=MOST_ENTRIES)] | None = None


class DatasetBody(_Body):
    """A definition to save without a name."""

    definition: Document
    run_id: Text | None = None


class RegisterBody(_Body):
    """A definition to register under a name."""

    name: Name
    definition: Document
    description: Text | None = None
    tags: Tags | None = None
    create_new_version: bool = False
    fingerprint: Fingerprint | None = None
    run_id: Text | None = None


class DatasetPatch(_Body):
    """What can be changed about a data set."""

    description: Text | None = None
    tags: Tags | None = None
    add_tags: Tags | None = None
    remove_tags: list[Text] | None = None
    state: Literal["active", "archived", "deprecated"] | None = None
    fingerprint: Fingerprint | None = None

    def changes(self) -> dict[str, Any]:
        """Return what is given."""
        return self.model_dump(exclude_none=True) | {
            name: value for name in ("tags", "add_tags") if (value := getattr(self, name)) is not None
        }


class LineageBody(_Body):
    """What a run was given or made."""

    direction: Literal["input", "output"]
    kind: Literal["dataset", "model", "path", "mlflow_dataset"]
    ref: Annotated[Text, Field(min_length=1, max_length=4000)]
    name: Name
    mechanism: Annotated[Text, Field(max_length=255)] | None = None
    details: Document = {}
