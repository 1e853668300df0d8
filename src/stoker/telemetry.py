"""v1's switch for diagnostics: accepted, and without effect, as Stoker sends nothing anywhere."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["set_diagnostics_collection"]


def set_diagnostics_collection(send_diagnostics: bool = True, verbosity: Any = None) -> None:
    """Do nothing: there is nothing that could be turned on or off.

    Parameters
    ----------
    send_diagnostics, verbosity
        v1's arguments, without effect.

    Examples
    --------
    >>> set_diagnostics_collection(send_diagnostics=True)
    """
    del send_diagnostics, verbosity
