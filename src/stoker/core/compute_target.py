"""v1's old place of `ComputeTarget` and its error."""

from __future__ import annotations

from stoker.core.compute import ComputeTarget
from stoker.exceptions import ComputeTargetException

__all__ = ["ComputeTarget", "ComputeTargetException"]
