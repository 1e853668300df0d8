"""The state of a pool: how many nodes there are, what they do, how many there will be."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["AmlComputeNodeStateCounts", "AmlComputeStatus", "ScaleSettings"]

_COUNTS = {
    "preparing_node_count": "preparingNodeCount",
    "running_node_count": "runningNodeCount",
    "idle_node_count": "idleNodeCount",
    "unusable_node_count": "unusableNodeCount",
    "leaving_node_count": "leavingNodeCount",
    "preempted_node_count": "preemptedNodeCount",
}


class ScaleSettings:
    """How far and when a pool grows and shrinks.

    Parameters
    ----------
    minimum_node_count, maximum_node_count : int
    idle_seconds_before_scaledown : int
        Seconds without work after which a node leaves.
    """

    def __init__(
        self, minimum_node_count: int, maximum_node_count: int | None, idle_seconds_before_scaledown: int | None
    ) -> None:
        self.minimum_node_count = minimum_node_count
        self.maximum_node_count = maximum_node_count
        self.idle_seconds_before_scaledown = idle_seconds_before_scaledown

    def serialize(self) -> dict[str, Any]:
        """Return the settings as plain data, in v1's form."""
        idle = self.idle_seconds_before_scaledown
        return {
            "minNodeCount": self.minimum_node_count,
            "maxNodeCount": self.maximum_node_count,
            "nodeIdleTimeBeforeScaleDown": None if idle is None else f"PT{idle}S",
        }

    @staticmethod
    def deserialize(data: dict[str, Any]) -> ScaleSettings:
        """Return the settings that `serialize` has described."""
        idle = re.fullmatch(r"PT(\d+)S", str(data.get("nodeIdleTimeBeforeScaleDown")))
        return ScaleSettings(
            data.get("minNodeCount") or 0, data.get("maxNodeCount"), int(idle.group(1)) if idle else None
        )

    def __repr__(self) -> str:
        return f"ScaleSettings({self.serialize()!r})"


class AmlComputeNodeStateCounts:
    """How many nodes are in each state."""

    def __init__(self, counts: dict[str, int] | None = None) -> None:
        known = counts or {}
        self.preparing_node_count = int(known.get("preparingNodeCount") or 0)
        self.running_node_count = int(known.get("runningNodeCount") or 0)
        self.idle_node_count = int(known.get("idleNodeCount") or 0)
        self.unusable_node_count = int(known.get("unusableNodeCount") or 0)
        self.leaving_node_count = int(known.get("leavingNodeCount") or 0)
        self.preempted_node_count = int(known.get("preemptedNodeCount") or 0)

    def serialize(self) -> dict[str, int]:
        """Return the counts as plain data, in v1's form."""
        return {key: getattr(self, name) for name, key in _COUNTS.items()}

    def __repr__(self) -> str:
        return f"AmlComputeNodeStateCounts({self.serialize()!r})"


class AmlComputeStatus:
    """The state of a pool at one moment.

    Attributes
    ----------
    allocation_state : str
        `Steady` or `Resizing`.
    current_node_count, target_node_count : int
    node_state_counts : AmlComputeNodeStateCounts
    scale_settings : ScaleSettings
    provisioning_state, vm_priority, vm_size : str
    creation_time, modified_time, allocation_state_transition_time, provisioning_state_transition_time : str or None
        UTC, ISO 8601.
    errors : list or None
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.allocation_state: str | None = data.get("allocationState")
        self.allocation_state_transition_time: str | None = data.get("allocationStateTransitionTime")
        self.creation_time: str | None = data.get("creationTime")
        self.current_node_count = int(data.get("currentNodeCount") or 0)
        self.errors: list[Any] | None = data.get("errors")
        self.modified_time: str | None = data.get("modifiedTime")
        self.node_state_counts = AmlComputeNodeStateCounts(data.get("nodeStateCounts"))
        self.provisioning_state: str | None = data.get("provisioningState")
        self.provisioning_state_transition_time: str | None = data.get("provisioningStateTransitionTime")
        self.scale_settings = ScaleSettings.deserialize(data.get("scaleSettings") or {})
        self.target_node_count = int(data.get("targetNodeCount") or 0)
        self.vm_priority: str | None = data.get("vmPriority")
        self.vm_size: str | None = data.get("vmSize")

    def serialize(self) -> dict[str, Any]:
        """Return the state as plain data, in v1's form.

        Examples
        --------
        >>> AmlComputeStatus({"currentNodeCount": 2}).serialize()["currentNodeCount"]
        2
        """
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "nodeStateCounts": self.node_state_counts.serialize(),
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": self.allocation_state_transition_time,
            "errors": self.errors,
            "creationTime": self.creation_time,
            "modifiedTime": self.modified_time,
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": self.provisioning_state_transition_time,
            "scaleSettings": self.scale_settings.serialize(),
            "vmPriority": self.vm_priority,
            "vmSize": self.vm_size,
        }

    def __repr__(self) -> str:
        return f"AmlComputeStatus({self.serialize()!r})"
