"""What is checked when a run is recorded, and the record that is made of the request."""

from __future__ import annotations

from typing import Any

from stoker.base.names import check_free_name
from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.controllers.targets import LOCAL, Targets
from stoker.service.store import Store

__all__ = ["record_of", "register_environment"]


def record_of(body: dict[str, Any], targets: Targets, store: Store) -> dict[str, Any]:
    """Return the arguments of `RunRepository.create` for a request.

    Raises
    ------
    stoker.exceptions.UserErrorException
        An unknown target, snapshot or parent, a wrong number of nodes, nothing to start.
    """
    check_free_name(body["experiment"], "experiment")
    definition = body["definition"] or {}
    submitted = body["kind"] == "submitted"
    target = str(definition.get("target") or LOCAL) if submitted else "sdk"
    nodes = _node_count(definition) if submitted else 1
    if submitted:
        _check_submission(definition, body["snapshot_id"], target, nodes, targets, store)
    priority = body["priority"] if body["priority"] is not None else _priority(definition)
    private = {"python": body.pop("python"), "base_environment": body.pop("base_environment")}
    return {**body, "priority": priority, "target": target, "node_count": nodes, "submission": private}


def _check_submission(
    definition: dict[str, Any], snapshot_id: str | None, target: str, nodes: int, targets: Targets, store: Store
) -> None:
    launcher = targets.launcher(target)
    if nodes > launcher.most_nodes():
        raise UserErrorException(
            f"node_count is {nodes}, and the target {target!r} gives a run at most {launcher.most_nodes()}. "
            "Lower node_count, or use a pool with a larger max_nodes (`stoker compute create`, `compute update`).",
            target="nodeCount",
        )
    if not definition.get("script") and not definition.get("command"):
        raise UserErrorException(
            "The run has neither a script nor a command, so there is nothing to start. "
            "Give ScriptRunConfig a `script` or a `command`.",
            target="definition",
        )
    framework = str(definition.get("framework") or "Python").lower()
    if framework == "pyspark":
        raise UserErrorException(
            "The framework PySpark is not available in this version. "
            "Use framework Python and start Spark in the script.",
            target="framework",
        )
    if snapshot_id is not None and not store.snapshots.exists(snapshot_id):
        raise NotFoundException(
            f"The snapshot {snapshot_id} is not stored here. Take it again: submit from the source folder.",
            target="snapshot_id",
        )


def _node_count(definition: dict[str, Any]) -> int:
    value = definition.get("nodeCount")
    try:
        count = 1 if value is None else int(value)
    except (TypeError, ValueError):
        count = 0
    if count < 1:
        raise UserErrorException(f"node_count is {value!r}. Give a whole number of 1 or more.", target="nodeCount")
    return count


def _priority(definition: dict[str, Any]) -> int:
    value = definition.get("priority") or 0
    if isinstance(value, int) and abs(value) < 1 << 31:
        return value
    raise UserErrorException(
        f"priority is {value!r}. Give a whole number; runs with a higher one start first.", target="priority"
    )


def register_environment(run: dict[str, Any], store: Store) -> dict[str, Any]:
    """Register the environment of a new run, as v1 does, and return the run's record with its name and version."""
    environment = (run["definition"] or {}).get("environment")
    if not isinstance(environment, dict) or not environment.get("name"):
        return run
    record = store.environments.register(environment)
    return store.runs.record(run["id"], environment={"name": record["name"], "version": record["version"]})
