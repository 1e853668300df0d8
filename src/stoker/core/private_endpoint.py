"""v1's private endpoints of the cloud, which Stoker does not have: importable, and clear when used."""

from __future__ import annotations

from stoker.core._cloud import cloud_only

__all__ = ["PrivateEndPoint", "PrivateEndPointConfig"]

_INSTEAD = "A workspace's service listens on this machine only, so there is nothing to close off: leave it out."

PrivateEndPoint = cloud_only("PrivateEndPoint", __name__, _INSTEAD)
PrivateEndPointConfig = cloud_only("PrivateEndPointConfig", __name__, _INSTEAD)
