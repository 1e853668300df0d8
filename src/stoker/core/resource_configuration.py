"""How much of a machine something needs."""

from __future__ import annotations

from typing import Any

__all__ = ["ResourceConfiguration"]


class ResourceConfiguration:
    """Cores, memory and GPUs.

    Parameters
    ----------
    cpu : float, optional
        Cores.
    memory_in_gb : float, optional
        GB.
    gpu : int, optional

    Examples
    --------
    >>> ResourceConfiguration(cpu=2, memory_in_gb=0.5).serialize()
    {'cpu': 2, 'memoryInGB': 0.5, 'gpu': None}
    """

    def __init__(self, cpu: float | None = None, memory_in_gb: float | None = None, gpu: int | None = None) -> None:
        self.cpu = cpu
        self.memory_in_gb = memory_in_gb
        self.gpu = gpu

    def serialize(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}

    @staticmethod
    def deserialize(payload_obj: dict[str, Any] | None) -> ResourceConfiguration | None:
        """Return the object that `serialize` has described; None for None."""
        if payload_obj is None:
            return None
        return ResourceConfiguration(payload_obj.get("cpu"), payload_obj.get("memoryInGB"), payload_obj.get("gpu"))

    def __repr__(self) -> str:
        return f"ResourceConfiguration(cpu={self.cpu!r}, memory_in_gb={self.memory_in_gb!r}, gpu={self.gpu!r})"
