"""The datasets of a run: as its script finds them, and as its reader does."""

from __future__ import annotations

import os
from collections.abc import Mapping

from stoker.base.jsonio import read_json
from stoker.base.names import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["InputDatasets", "RecordedDataset", "dataset_details", "output_paths"]


class InputDatasets(Mapping):  # type: ignore[type-arg]  # subscripting it needs typing at run time
    """Name -> input of the run that this process belongs to.

    A path (mount, download), or the dataset itself (direct), which is looked up when it is asked for.

    Parameters
    ----------
    workspace : Workspace
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._inputs: dict[str, Any] = _facts().get("inputs") or {}
        self._opened: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return an input; the `KeyError` of a name that is none lists those there are."""
        if name not in self._inputs:
            raise KeyError(f"The run has no input {name!r}. {suggestion(str(name), self._inputs)}")
        item = self._inputs[name]
        if item["mode"] != "direct":
            return item["path"]
        if name not in self._opened:
            from stoker.data._lookup import by_id

            self._opened[name] = by_id(self._workspace, item["dataset_id"], note=False)
        return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)

    def __repr__(self) -> str:
        shown = {name: item.get("path") or f"dataset {item['dataset_id']}" for name, item in self._inputs.items()}
        return repr(shown)


class RecordedDataset(dict):  # type: ignore[type-arg]  # the same
    """`{"id": ...}` of a dataset in a run's details, which also has the dataset's own methods, as in v1.

    Parameters
    ----------
    workspace : Workspace
    dataset_id : str
    """

    def __init__(self, workspace: Workspace, dataset_id: str) -> None:
        super().__init__(id=dataset_id)
        self._workspace = workspace

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        from stoker.data._lookup import by_id

        return getattr(by_id(self._workspace, self["id"]), name)


def output_paths() -> dict[str, str]:
    """Return name -> local path of each output of the run that this process belongs to."""
    return dict(_facts().get("outputs") or {})


def dataset_details(workspace: Workspace, lineage: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return v1's `inputDatasets` and `outputDatasets` of the lineage of a run."""
    inputs = [_input(workspace, item) for item in lineage["inputs"] if item["kind"] == "dataset"]
    outputs = [_output(workspace, item) for item in lineage["outputs"] if item["kind"] == "dataset"]
    return {"inputDatasets": inputs, "outputDatasets": outputs}


def _input(workspace: Workspace, item: dict[str, Any]) -> dict[str, Any]:
    details = {
        "type": "RunInput",
        "inputName": item["name"],
        "mechanism": str(item["mechanism"] or "direct").capitalize(),
    }
    path = (item.get("details") or {}).get("path_on_compute")
    if path:
        details["pathOnCompute"] = path
    return {"dataset": RecordedDataset(workspace, item["ref"]), "consumptionDetails": details}


def _output(workspace: Workspace, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "identifier": {"savedId": item["ref"]},
        "dataset": RecordedDataset(workspace, item["ref"]),
        "outputType": "RunOutput",
        "outputDetails": {"outputName": item["name"]},
    }


def _facts() -> dict[str, Any]:
    """Return what was put in place for the run's script (`data.json`)."""
    path = os.environ.get("STOKER_DATA")
    facts = read_json(path) if path else None
    return facts if isinstance(facts, dict) else {}
