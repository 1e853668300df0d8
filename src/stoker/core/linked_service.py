"""v1's links to other services of the cloud, which Stoker does not have: importable, and clear when used."""

from __future__ import annotations

from stoker.core._cloud import cloud_only

__all__ = ["LinkedService", "LinkedServiceConfiguration", "SynapseWorkspaceLinkedServiceConfiguration"]

_INSTEAD = "Stoker links to no other service: a script may start Spark itself, as `local[*]` or on a cluster of yours."

LinkedService = cloud_only("LinkedService", __name__, _INSTEAD)
LinkedServiceConfiguration = cloud_only("LinkedServiceConfiguration", __name__, _INSTEAD)
SynapseWorkspaceLinkedServiceConfiguration = cloud_only(
    "SynapseWorkspaceLinkedServiceConfiguration", __name__, _INSTEAD
)
