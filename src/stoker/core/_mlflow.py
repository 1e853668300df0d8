"""The workspace as MLflow's clients see it: an address, a token, and a service that stays."""

from __future__ import annotations

import os
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stoker.client.http import Api

__all__ = ["tracking_uri"]

TOKEN_VARIABLE = "MLFLOW_TRACKING_TOKEN"  # noqa: S105  # the name of a variable

_kept: set[str] = set()


def tracking_uri(api: Api) -> str:
    """Return the address for `mlflow.set_tracking_uri`, and let this process' client in.

    The client's token is set in the environment. One connection stays open in a thread: it counts as use, so that the
    service does not leave while a notebook is open, and starts the service again should it die.
    """
    os.environ[TOKEN_VARIABLE] = api.token
    if api.url not in _kept:
        _kept.add(api.url)
        threading.Thread(target=_stay, args=(api,), name="mlflow tracking", daemon=True).start()
    return api.url


def _stay(api: Api) -> None:
    from stoker.exceptions import StokerException

    try:
        for _ in api.events("/events"):
            # What happens is of no interest, only that the line is open.
            continue
    except StokerException:
        # The workspace is gone, and the client will say so.
        pass
    finally:
        _kept.discard(api.url)
