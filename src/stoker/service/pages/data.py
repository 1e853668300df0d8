"""What a run was given and made: its inputs, outputs, models and pictures."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stoker.service.pages import format as words
from stoker.service.pages.metrics import PICTURES, Picture
from stoker.service.pages.views import Record

__all__ = ["Item", "Model", "inputs_of", "models_of", "outputs_of", "pictures_of"]

MOST_PICTURES = 60
"""Pictures on the page; more are among the files."""
_MODELS = ("model", "logged_model")
_KINDS = {"dataset": "data set", "path": "path", "mlflow_dataset": "data set", "logged_model": "model"}


@dataclass(frozen=True)
class Item:
    """Something that a run was given or has made.

    Attributes
    ----------
    name : str
        As the run calls it.
    label : str
        As people call it: name and version, or its place.
    kind : str
        What it is, in words.
    mechanism : str
        How it was handed over.
    size : str
        How many files and bytes, where known.
    fingerprint : str
        The beginning of the digest of its content, where known.
    """

    name: str
    label: str
    kind: str
    mechanism: str
    size: str
    fingerprint: str


@dataclass(frozen=True)
class Model:
    """A model that a run has registered or logged, with the command that fetches it (empty: none does)."""

    label: str
    kind: str
    framework: str
    size: str
    fetch: str


def inputs_of(lineage: Mapping[str, Any]) -> list[Item]:
    """Return what the run was given, models included."""
    return [_item(item) for item in lineage.get("inputs") or ()]


def outputs_of(lineage: Mapping[str, Any]) -> list[Item]:
    """Return the data that the run has made; models stand apart."""
    return [_item(item) for item in lineage.get("outputs") or () if item["kind"] not in _MODELS]


def models_of(lineage: Mapping[str, Any]) -> list[Model]:
    """Return the models that the run has made: those of the registry, then those that were only logged."""
    made = [item for item in lineage.get("outputs") or () if item["kind"] in _MODELS]
    return [_model(item) for item in sorted(made, key=lambda item: _MODELS.index(item["kind"]))]


def pictures_of(files: Sequence[Record], shown: Iterable[str] = ()) -> list[Picture]:
    """Return the image files of a run.

    Parameters
    ----------
    files : sequence of Record
    shown : iterable of str
        Names of files that the page shows already, as metrics.
    """
    known = set(shown)
    names = [str(file["name"]) for file in files if str(file["name"]).lower().endswith(PICTURES)]
    return [Picture(name, name, "") for name in names if name not in known]


def _item(item: Record) -> Item:
    record, details = item.get("record") or {}, item.get("details") or {}
    kind = _KINDS.get(str(item["kind"]), str(item["kind"]))
    table = {"Tabular": "table", "File": "files"}.get(str(record.get("kind")))
    mark = details.get("fingerprint") or record.get("fingerprint") or {}
    return Item(
        name=str(item["name"]),
        label=_label(item),
        kind=f"{kind}, {table}" if table else kind,
        mechanism=str(item.get("mechanism") or ""),
        size=_size(mark),
        fingerprint=str(mark.get("digest") or "")[:12],
    )


def _label(item: Record) -> str:
    """Return what people call it: an unregistered data set has no name, but its files have a place."""
    label, details = str(item.get("label") or item["ref"]), item.get("details") or {}
    is_nameless = item["kind"] == "dataset" and label == str(item["ref"])
    return str(details.get("path") or label) if is_nameless else label


def _size(mark: Mapping[str, Any]) -> str:
    if not isinstance(mark.get("files"), int):
        return ""
    files = "1 file" if mark["files"] == 1 else f"{mark['files']} files"
    return f"{files}, {words.size(mark.get('bytes'))}" if mark.get("bytes") is not None else files


def _model(item: Record) -> Model:
    record = item.get("record") or {}
    if item["kind"] == "logged_model":
        name = str((item.get("details") or {}).get("name") or item["name"])
        return Model(name, "logged", "MLflow", "", "")
    framework = f"{record.get('framework') or ''} {record.get('framework_version') or ''}".strip()
    fetch = shlex.join(["stoker", "model", "download", str(item["ref"])]) if record else ""
    kind = "registered" if record else "deleted since"
    return Model(str(item["label"]), kind, framework, words.size(record.get("size")), fetch)
