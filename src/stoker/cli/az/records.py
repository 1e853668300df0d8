"""A run's record under the names that v1's command line has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["brief", "made_by", "run_shape"]


def run_shape(run: Mapping[str, Any], *, whole: bool = True) -> dict[str, Any]:
    """Return what v1 shows of a run; what is not known is left out, as there.

    Parameters
    ----------
    run : mapping
        The service's record.
    whole : bool, default=True
        Whether what was submitted is part of it; a list leaves it out.
    """
    definition = run.get("definition") or {}
    shape = {
        "run_id": run["id"],
        "run_number": run["number"],
        "root_run_id": run.get("root_id") or run["id"],
        "parent_run_id": run.get("parent_id"),
        "experiment_id": run.get("experiment_id"),
        "_experiment_name": run["experiment"],
        "status": run["status"],
        "created_utc": run["created"],
        "start_time_utc": run.get("started"),
        "end_time_utc": run.get("ended"),
        "run_type": run.get("type"),
        "display_name": run.get("display_name"),
        "name": run.get("display_name"),
        "description": run.get("description"),
        "script_name": definition.get("script"),
        "target": run.get("target"),
        "hidden": False,
        "data_container_id": f"dcid.{run['id']}",
        "created_by": {"user_name": run.get("submitted_by")} if run.get("submitted_by") else None,
        "properties": run.get("properties") or {},
        "tags": run.get("tags") or {},
        "error": {"error": run["error"]} if run.get("error") else None,
        "warnings": [{"source": "Stoker", "message": text} for text in run.get("warnings") or []] or None,
        "run_definition": definition if definition and whole else None,
    }
    return {key: value for key, value in shape.items() if value is not None}


def brief(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `--minimal` shows of a run."""
    return {
        "RunId": run["id"],
        "RunType": run.get("type"),
        "Status": run["status"],
        "StartTime": run.get("started"),
        "EndTime": run.get("ended"),
        "Target": run.get("target"),
        "Tags": run.get("tags") or {},
    }


def made_by(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file of `-t` says of a run: `model register -f` reads its id and experiment there."""
    names = {"experimentName": run["experiment"], "runId": run["id"], "runNumber": run["number"]}
    return {**run_shape(run), **names}
