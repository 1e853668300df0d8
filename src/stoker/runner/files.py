"""Ships the files in a run's watched folders: once they are quiet, and once more at the end."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from stoker.exceptions import AuthenticationException, ServiceException, StokerException
from stoker.runner.link import Link
from stoker.runner.outputs import (
    ChangedMeanwhileError,
    Found,
    NotSentError,
    UnreadableError,
    Uploader,
    Watch,
    send_file,
    send_pack,
)
from stoker.runner.refusals import Refusals

if TYPE_CHECKING:
    from typing import Any

    from stoker.client.http import Api

__all__ = ["FileShipper"]

_MOST_CHANGES = 5
_SMALL = 256 * 1024
"""Bytes up to which a file goes together with others."""
_MOST_FILES, _MOST_BYTES = 500, 4 << 20
"""How much goes in one request: more would only keep other runs waiting."""

_AWAY = (ServiceException, AuthenticationException)


class FileShipper:
    """Hands files to the uploads' thread, a batch at a time, and takes in what became of them.

    One batch of a run is under way, so that the runs of a workspace take turns: a hundred thousand files of one don't
    keep back the last file of another.

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
        self._todo: deque[Found] = deque()
        self._todo_is_final = False
        self._look_at = 0.0
        self._is_sending = False
        self._results: deque[tuple[bool, dict[str, Any]]] = deque()
        self._changes: dict[str, int] = {}
        self.is_done = False

    def marks(self) -> dict[str, Any]:
        """Return what was sent, for `shipped.json`."""
        return {"live": self._watch.live, "final": self._watch.final}

    def warnings(self) -> list[str]:
        """Return what was left out, a sentence each."""
        return [
            f"The link {name} leads to a folder that holds the run itself, or to the system's own, so its files were "
            "not kept. Link to the folder that is meant."
            for name in sorted(self._watch.left_out)
        ]

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
        if self._is_sending or self._refusals.waits("run"):
            return moved
        if not self._todo or self._todo_is_final != over:
            self._look(over)
        batch = self._next_batch()
        if batch:
            self._send(link, batch, live=not over)
        return moved

    def _look(self, over: bool) -> None:
        """Find what is to be sent."""
        now = time.monotonic()
        self._todo.clear()
        self._todo_is_final = over
        if over and now < self._look_at:
            return
        found = self._watch.left() if over else self._watch.due()
        wanted = [file for file in found if not (over and self._refusals.is_hopeless(file.name))]
        self._todo.extend(file for file in wanted if not self._refusals.waits(file.name))
        self.is_done = over and not wanted
        if wanted and not self._todo:
            # All of it waits: looking through very many files must not fill the time.
            self._look_at = now + min(2.0, 5 * (time.monotonic() - now))

    def _next_batch(self) -> list[Found]:
        batch: list[Found] = []
        size = 0
        while self._todo and len(batch) < _MOST_FILES and size < _MOST_BYTES:
            is_small = self._todo[0].sent is not None or self._todo[0].size <= _SMALL
            if not is_small and batch:
                break
            file = self._todo.popleft()
            batch.append(file)
            if not is_small:
                break
            size += 0 if file.sent is not None else file.size
        return batch

    def _send(self, link: Link, batch: list[Found], *, live: bool) -> None:
        api = link.api()
        if api is None:
            self._todo.extendleft(reversed(batch))
            return
        self._is_sending = True

        def work() -> None:
            try:
                result = self._deliver(api, batch, live)
            except Exception as error:  # noqa: BLE001  # judged by the shipper's own thread
                result = dict.fromkeys((file.name for file in batch), error)
            self._results.append((live, result))

        self._uploader.do(work)

    def _deliver(self, api: Api, batch: list[Found], live: bool) -> dict[str, Any]:
        first = batch[0]
        if len(batch) > 1 or first.sent is not None:
            return send_pack(api, self._run_id, batch, live)
        return {first.name: send_file(api, self._run_id, first.name, first.path, live)}

    def _take_results(self, link: Link, over: bool) -> bool:
        moved = False
        while self._results:
            live, results = self._results.popleft()
            self._is_sending = False
            moved |= self._take(link, results, live=live, over=over)
        return moved

    def _take(self, link: Link, results: dict[str, Any], *, live: bool, over: bool) -> bool:
        moved, away = False, None
        for name, result in results.items():
            if isinstance(result, tuple):
                (self._watch.live if live else self._watch.final)[name] = result
                self._refusals.forget(name)
                moved = True
            elif result is None or isinstance(result, ChangedMeanwhileError):
                self._changed(name, over)
            elif isinstance(result, NotSentError):
                self._watch.live.pop(name, None)
            elif isinstance(result, UnreadableError):
                self._refusals.add(name, str(result), at_once=over)
            elif isinstance(result, StokerException) and not isinstance(result, _AWAY):
                self._refusals.add(name, str(result))
            else:
                away = str(result)
        if away is not None:
            link.drop(away)
        return moved

    def _changed(self, name: str, over: bool) -> None:
        if over:
            self._changes[name] = self._changes.get(name, 0) + 1
            if self._changes[name] >= _MOST_CHANGES:
                self._refusals.add(name, "something outside the run goes on changing it", at_once=True)
