"""Ships the files in a run's watched folders: once they are quiet, and once more at the end."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from stoker.exceptions import AuthenticationException, ServiceException, StokerException
from stoker.runner.link import Link
from stoker.runner.outputs import ChangedMeanwhileError, UnreadableError, Uploader, Watch, send_file
from stoker.runner.refusals import Refusals

if TYPE_CHECKING:
    from typing import Any

__all__ = ["FileShipper"]

_MOST_CHANGES = 5
_AWAY = (ServiceException, AuthenticationException)


class FileShipper:
    """Hands files to the uploads' thread and takes in what became of them.

    Parameters
    ----------
    run_id : str
    watch : Watch
        Which files there are, and which were sent.
    uploader : Uploader
    refusals : Refusals
    """

    def __init__(self, run_id: str, watch: Watch, uploader: Uploader, refusals: Refusals) -> None:
        self._run_id = run_id
        self._watch = watch
        self._uploader = uploader
        self._refusals = refusals
        self._in_flight: set[str] = set()
        self._results: deque[tuple[str, bool, Any]] = deque()
        self._changes: dict[str, int] = {}
        self.is_done = False

    def marks(self) -> dict[str, Any]:
        """Return what was sent, for `shipped.json`."""
        return {"live": self._watch.live, "final": self._watch.final}

    def turn(self, link: Link, over: bool) -> bool:
        """Send what is due; return whether something was stored. `is_done` says whether an ended run has nothing left.

        Parameters
        ----------
        link : Link
        over : bool
            Whether the run has ended: then each file is sent in its last form.
        """
        moved = self._take_results(link, over)
        self.is_done = False
        if self._in_flight or self._refusals.waits("run"):
            return moved
        left = self._watch.left() if over else self._watch.due()
        wanted = [(name, path) for name, path in left if not (over and self._refusals.is_hopeless(name))]
        for name, path in wanted:
            if not self._refusals.waits(name):
                self._send(link, name, path, live=not over)
        self.is_done = over and not wanted
        return moved

    def _send(self, link: Link, name: str, path: str, *, live: bool) -> None:
        api = link.api()
        if api is None:
            return
        self._in_flight.add(name)

        def work() -> None:
            try:
                result: Any = send_file(api, self._run_id, name, path, live)
            except Exception as error:  # noqa: BLE001  # judged by the shipper's own thread
                result = error
            self._results.append((name, live, result))

        self._uploader.do(work)

    def _take_results(self, link: Link, over: bool) -> bool:
        moved = False
        while self._results:
            name, live, result = self._results.popleft()
            self._in_flight.discard(name)
            if isinstance(result, tuple):
                (self._watch.live if live else self._watch.final)[name] = result
                self._refusals.forget(name)
                moved = True
            elif result is None or isinstance(result, ChangedMeanwhileError):
                self._changed(name, over)
            elif isinstance(result, UnreadableError):
                self._refusals.add(name, str(result), at_once=over)
            elif isinstance(result, StokerException) and not isinstance(result, _AWAY):
                self._refusals.add(name, str(result))
            else:
                link.drop(str(result))
        return moved

    def _changed(self, name: str, over: bool) -> None:
        if over:
            self._changes[name] = self._changes.get(name, 0) + 1
            if self._changes[name] >= _MOST_CHANGES:
                self._refusals.add(name, "something outside the run goes on changing it", at_once=True)
