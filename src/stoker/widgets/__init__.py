"""Runs in a notebook: `RunDetails(run).show()`. Nothing is imported before it is used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.widgets._run_details import RunDetails

__all__ = ["RunDetails"]


def __getattr__(name: str) -> Any:
    if name == "RunDetails":
        from stoker.widgets._run_details import RunDetails

        return RunDetails
    raise AttributeError(f"module 'stoker.widgets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
