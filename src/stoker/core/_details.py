"""The dicts that v1's `get_details` gives, made of the service's records."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.client.http import Api

__all__ = ["log_addresses", "log_texts", "run_details", "workspace_details"]


def run_details(
    record: dict[str, Any], logs: dict[str, str], datasets: dict[str, list[dict[str, Any]]] | None = None
) -> dict[str, Any]:
    """Return v1's details of a run.

    Parameters
    ----------
    record : dict
        The service's record of the run.
    logs : dict
        Name of each log -> its address or its text.
    datasets : dict, optional
        `inputDatasets` and `outputDatasets`.

    Examples
    --------
    >>> run_details({"id": "r", "status": "Running", "target": "sdk", "started": "2025-01-01T00:00:00Z"}, {})["target"]
    'sdk'
    """
    details: dict[str, Any] = {
        "runId": record["id"],
        "target": record.get("target"),
        "status": record["status"],
    }
    for ours, theirs in (("started", "startTimeUtc"), ("ended", "endTimeUtc")):
        if record.get(ours):
            details[theirs] = record[ours]
    if record.get("error"):
        details["error"] = {"error": record["error"]}
    if record.get("warnings"):
        details["warnings"] = [{"source": "Stoker", "message": text} for text in record["warnings"]]
    details["properties"] = record.get("properties") or {}
    details.update(datasets or {"inputDatasets": [], "outputDatasets": []})
    if record.get("definition"):
        details["runDefinition"] = _run_definition(record)
    details["logFiles"] = logs
    details["submittedBy"] = record.get("submitted_by")
    return details


def _run_definition(record: dict[str, Any]) -> dict[str, Any]:
    """Return what was submitted, with the keys that v1 adds and the version that the environment got."""
    definition = {"useAbsolutePath": False, "jobName": None, **record["definition"]}
    environment, registered = definition.get("environment"), record.get("environment")
    if isinstance(environment, dict) and registered:
        definition["environment"] = {**environment, "version": registered["version"]}
    return definition


def log_addresses(api: Api, run_id: str) -> dict[str, str]:
    """Return the address of each log of a run; reading it wants a token, which is not part of it."""
    from stoker.client.http import PREFIX, quote_name

    names = [log["name"] for log in api.get(f"/runs/{run_id}/logs")["logs"]]
    return {name: f"{api.url}{PREFIX}/runs/{run_id}/logs/{quote_name(name)}" for name in names}


def log_texts(api: Api, run_id: str) -> dict[str, str]:
    """Return the text of each log of a run; bytes that are not UTF-8 are replaced."""
    from stoker.client.http import quote_name

    names = [log["name"] for log in api.get(f"/runs/{run_id}/logs")["logs"]]
    answers = {name: api.request("GET", f"/runs/{run_id}/logs/{quote_name(name)}") for name in names}
    return {name: answer.data.decode("utf-8", "replace") for name, answer in answers.items()}


def workspace_details(facts: dict[str, Any]) -> dict[str, Any]:
    """Return v1's details of a workspace; what only the cloud has is None."""
    group = f"/subscriptions/{facts.get('subscription_id')}/resourceGroups/{facts.get('resource_group')}"
    kind = "Microsoft.MachineLearningServices/workspaces"
    return {
        "id": f"{group}/providers/{kind}/{facts['name']}",
        "name": facts["name"],
        "location": facts.get("location"),
        "type": kind,
        "tags": dict(facts.get("tags") or {}),
        "sku": "basic",
        "workspaceid": facts["id"],
        "description": facts.get("description") or "",
        "friendlyName": facts.get("friendly_name") or facts["name"],
        "creationTime": facts.get("created"),
        "containerRegistry": None,
        "keyVault": None,
        "applicationInsights": None,
        "storageAccount": None,
        "identityPrincipalId": None,
        "hbiWorkspace": False,
        "provisioningState": "Succeeded",
    }
