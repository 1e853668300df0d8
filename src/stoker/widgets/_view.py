"""The live view: an anywidget whose facts this process keeps up to date, so that the browser asks nobody."""

from __future__ import annotations

import contextlib
import os
import threading
import time

import anywidget
import traitlets

from stoker.exceptions import StokerException
from stoker.widgets._facts import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from stoker.client.http import Api

__all__ = ["RunView"]

_HERE = os.path.dirname(os.path.abspath(__file__))
_PERIOD = 1.0
"""Seconds between two updates at least."""


def _text(name: str) -> str:
    with open(os.path.join(_HERE, name), encoding="utf-8") as file:
        return file.read()


class RunView(anywidget.AnyWidget):
    """Shows the facts of one run.

    Parameters
    ----------
    ask : callable
        Returns the facts as they are now.
    """

    _esm = _text("run_view.js")
    _css = _text("run_view.css")
    facts = traitlets.Dict().tag(sync=True)

    def __init__(self, ask: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self._ask = ask
        self.refresh()

    def refresh(self) -> None:
        """Show what is on record now."""
        self.facts = self._ask()

    def follow(self, api: Api, run_id: str) -> None:
        """Keep the view up to date in a thread, until the run has ended."""
        if not self.facts["ended"]:
            threading.Thread(target=self._follow, args=(api, run_id), name=f"view of {run_id}", daemon=True).start()

    def _follow(self, api: Api, run_id: str) -> None:
        changed, over = threading.Event(), threading.Event()

        def listen() -> None:
            with contextlib.suppress(StokerException):
                for _ in api.events(f"/runs/{run_id}/events", logs=True, metrics=True):
                    changed.set()
            over.set()
            changed.set()

        threading.Thread(target=listen, name=f"events of {run_id}", daemon=True).start()
        while not over.is_set():
            changed.wait()
            changed.clear()
            with contextlib.suppress(StokerException):
                self.refresh()
            time.sleep(_PERIOD)
        with contextlib.suppress(StokerException):
            self.refresh()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            # What a front end without widgets, or a notebook on a page, shows.
            data["text/plain"] = text_of(self.facts)
        return bundle
