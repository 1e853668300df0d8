"""What of one run folder has been shipped, and what comes next."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from stoker.base.failpoints import reach
from stoker.base.jsonio import read_json, write_json
from stoker.base.paths import RunPaths
from stoker.client.http import Api, quote_name
from stoker.exceptions import ConflictException, NotFoundException, StokerException
from stoker.runner.files import FileShipper
from stoker.runner.link import Link, stored_of
from stoker.runner.outputs import Uploader, Watch
from stoker.runner.refusals import Refusals
from stoker.runner.watched import Watched

if TYPE_CHECKING:
    from typing import Any

__all__ = ["ShippedFolder"]

PIECE = 1 << 20
"""Bytes of a journal or log in one request; a longer line goes whole."""

_PIECES_A_TURN = 16
_SLOW_PERIOD = 1.0
_QUICK, _LAZY, _LAZY_AFTER = 0.1, 2.0, 60.0


class _GoneError(Exception):
    """The service does not know the run."""


class ShippedFolder:
    """Moves what one run folder holds to the service, each byte once.

    `shipped.json` remembers how far it came. It may lag behind: the service skips what it has.

    Parameters
    ----------
    folder : str
        The run folder; its name is the run's id.
    uploader : Uploader
        Does what takes long.
    sync : callable
        Given the path of a journal that has grown, to have it on the disk within a second.
    """

    def __init__(self, folder: str, uploader: Uploader, sync: Callable[[str], None]) -> None:
        self.paths = RunPaths(folder)
        self.run_id = os.path.basename(folder)
        self.watched = Watched(self.paths)
        self.closed = False
        self.due_at = 0.0
        self._sync = sync
        kept = read_json(self.paths.shipped) or {}
        self._marks: dict[str, dict[str, int]] = {
            group: dict(kept.get(group) or {}) for group in ("journals", "logs", "resources")
        }
        spec = read_json(self.paths.spec) or {}
        self._refusals = Refusals(self.run_id)
        watch = Watch(
            os.path.join(folder, spec.get("work") or "work"),
            spec.get("watch") or ["logs", "outputs"],
            {name: tuple(sign) for name, sign in (kept.get("live") or {}).items()},
            {name: tuple(sign) for name, sign in (kept.get("final") or {}).items()},
        )
        self._files = FileShipper(self.run_id, watch, uploader, self._refusals)
        self._behind = True
        self._terminal = False
        self._ask_at = self._ask_pause = 0.0
        self._moved_at = time.monotonic()
        # Not in the first moment: what can wait comes once from a short run, with its end.
        self._slow_at = self._moved_at + _SLOW_PERIOD
        self._save_at = 0.0
        self._dirty = False

    @property
    def needs_service(self) -> bool:
        """Whether a service must be there: a submitted run is open, or something is unshipped."""
        is_known = not self._refusals.is_hopeless("run")
        return not self.closed and is_known and (self.watched.submitted or self._behind)

    @property
    def holds(self) -> bool:
        """Whether the agent must stay for it."""
        return self.needs_service or (not self.closed and not self._terminal and self.watched.has_writer())

    def turn(self, link: Link) -> None:
        """Ship what is new, and close the folder when all of it is shipped.

        Raises
        ------
        AwayError
            The service does not answer; nothing is lost.
        """
        now = time.monotonic()
        try:
            if not os.path.isdir(self.paths.folder) or os.path.exists(self.paths.ended):
                self.closed = True
                return
            if self._turn(link):
                self._moved_at = now
        except _GoneError:
            pass
        finally:
            quiet = now - self._moved_at > _LAZY_AFTER
            self.due_at = now + max(_LAZY if quiet else _QUICK, min(_LAZY, self._refusals.pause("run")))
            self._save()

    def _turn(self, link: Link) -> bool:
        over = self.watched.look()
        moved = self._ship_journals(link, over)
        slow = over or time.monotonic() >= self._slow_at
        if self.watched.submitted:
            moved |= self._ship_logs(link, slow)
            if slow:
                moved |= self._ship_resources(link)
            if self._files.turn(link, over):
                self._dirty = moved = True
        if slow:
            self._slow_at = time.monotonic() + _SLOW_PERIOD
        if self.watched.submitted:
            if over and not self._behind and self._files.is_done:
                self._finish(link)
        elif not self._behind:
            self._look_at_status(link)
        return moved

    # -- files that grow ------------------------------------------------------------------------------------------

    def _ship_journals(self, link: Link, over: bool) -> bool:
        self._behind = False
        final = over or (self._terminal and not self.watched.has_writer())
        moved = False
        for name, path in self.watched.journals():

            def post(api: Api, offset: int, data: bytes, name: str = name) -> Any:
                params = {"journal": name, "offset": offset, "final": True if not data.endswith(b"\n") else None}
                return self._post(api, "journal", data, params)

            if self._grow(link, "journals", name, path, post, lines=True, final=final):
                self._sync(path)
                moved = True
        return moved

    def _ship_logs(self, link: Link, slow: bool) -> bool:
        moved = False
        for name, path in self.watched.logs(system=slow):

            def post(api: Api, offset: int, data: bytes, name: str = name) -> Any:
                return self._post(api, f"logs/{quote_name(name)}", data, {"offset": offset})

            moved |= self._grow(link, "logs", name, path, post)
        return moved

    def _ship_resources(self, link: Link) -> bool:
        def post(api: Api, offset: int, data: bytes) -> dict[str, int]:
            self._post(api, "resources", data, {"offset": offset})
            return {"stored": offset + len(data)}

        moved = self._grow(link, "resources", "resources", self.paths.resources, post, lines=True)
        if moved:
            # The service counts samples, not bytes: what was sent must not be sent again.
            self._save_at = 0.0
        return moved

    def _post(self, api: Api, what: str, data: bytes, params: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/octet-stream"}
        return api.request("POST", f"/runs/{self.run_id}/{what}", params=params, raw=data, headers=headers).json()

    def _grow(
        self,
        link: Link,
        group: str,
        name: str,
        path: str,
        post: Callable[[Api, int, bytes], Any],
        *,
        lines: bool = False,
        final: bool = False,
    ) -> bool:
        """Ship what a file has grown by; return whether something was stored."""
        marks, key = self._marks[group], f"{group} {name}"
        moved = False
        for _ in range(_PIECES_A_TURN):
            offset = marks.get(name, 0)
            data = read_piece(path, offset, lines, final)
            if not data or self._has_given_up(key):
                return moved
            before, self._behind = self._behind, True
            reach("ship-before-send")
            answer = self._try(link, key, functools.partial(_called, post, offset, data))
            self._behind = before
            stored = answer.get("stored") if isinstance(answer, dict) else None
            if not isinstance(stored, int) or stored == offset:
                self._behind = True
                if answer is not None:
                    self._refusals.add(key, f"the service stored nothing from {offset} on")
                return moved
            reach("ship-before-mark")
            marks[name] = stored
            self._dirty = moved = True
        self._behind = True
        return moved

    # -- the end --------------------------------------------------------------------------------------------------

    def _finish(self, link: Link) -> None:
        state = self.watched.state
        facts = dict(state.get("exit") or {})
        facts["warnings"] = [*(facts.get("warnings") or []), *self._refusals.warnings, *self._files.warnings()]
        body = {
            "attempt": state.get("attempt", 1),
            "exit": facts,
            "journals": {name: self._marks["journals"].get(name, 0) for name, _ in self.watched.journals()},
            "logs": {name: self._marks["logs"].get(name, 0) for name, _ in self.watched.logs(system=True)},
        }
        if self._refusals.waits("finish"):
            return
        reach("ship-before-finish")
        try:
            link.call(lambda api: api.post(f"/runs/{self.run_id}/finish", body))
        except ConflictException as error:
            journal, stored = error.details.get("journal"), stored_of(error)
            if journal is not None and stored is not None:
                self._marks["journals"][journal] = stored
            else:
                self._refusals.add("finish", str(error))
        except NotFoundException as error:
            self._refusals.add("run", str(error))
            raise _GoneError from error
        except StokerException as error:
            self._refusals.add("finish", str(error))
        else:
            reach("ship-before-ended")
            self._close()

    def _look_at_status(self, link: Link) -> None:
        """Close an interactive run's folder once it has ended on record and its processes are gone."""
        now = time.monotonic()
        if now < self._ask_at or not self._marks["journals"]:
            return
        writer = self.watched.has_writer()
        self._ask_pause = 30.0 if writer else min(60.0, max(0.5, self._ask_pause * 2))
        self._ask_at = now + self._ask_pause
        answer = self._try(link, "run", lambda api: api.get(f"/runs/{self.run_id}"))
        self._terminal = isinstance(answer, dict) and answer.get("status") in {"Completed", "Failed", "Canceled"}
        if self._terminal and not writer and not self._tail_left():
            self._close()

    def _tail_left(self) -> bool:
        marks = self._marks["journals"]
        sizes = {name: os.path.getsize(path) for name, path in self.watched.journals()}
        return any(marks.get(name, 0) < size for name, size in sizes.items())

    def _close(self) -> None:
        self.closed = True
        # The service may have removed the folder already: it was told that nothing is left in it.
        with contextlib.suppress(OSError), open(self.paths.ended, "x", encoding="ascii"):
            pass

    # -- refusals -------------------------------------------------------------------------------------------------

    def _try(self, link: Link, key: str, do: Callable[[Api], Any]) -> Any:
        """Return the service's answer; None when it refuses, which is tried again ever more rarely."""
        if self._refusals.waits(key):
            return None
        if self._refusals.waits("run"):
            raise _GoneError
        try:
            answer = link.call(do)
        except NotFoundException as error:
            self._refusals.add("run", str(error))
            raise _GoneError from error
        except ConflictException as error:
            stored = stored_of(error)
            if stored is not None:
                return {"stored": stored}
            self._refusals.add(key, str(error))
            return None
        except StokerException as error:
            self._refusals.add(key, str(error))
            return None
        self._refusals.forget(key)
        self._refusals.forget("run")
        return answer

    def _has_given_up(self, key: str) -> bool:
        """Whether an ended run must not wait for it any longer."""
        return self.watched.over and self._refusals.is_hopeless(key)

    def _save(self, *, now: bool = False) -> None:
        if self.closed or not self._dirty or (not now and time.monotonic() < self._save_at):
            return
        self._dirty = False
        began = time.monotonic()
        with contextlib.suppress(OSError):
            write_json(self.paths.shipped, {**self._marks, **self._files.marks()})
        # With very many files it is a large file: at most a twentieth of the time.
        ended = time.monotonic()
        self._save_at = ended + max(_SLOW_PERIOD, 20 * (ended - began))

    def save(self) -> None:
        """Write the marks down now."""
        self._save(now=True)


def _called(post: Callable[[Api, int, bytes], Any], offset: int, data: bytes, api: Api) -> Any:
    return post(api, offset, data)


def read_piece(path: str, offset: int, lines: bool, final: bool) -> bytes:
    """Return the next bytes of a file to ship; with `lines` whole ones, unless only a last torn one is left."""
    try:
        with open(path, "rb", buffering=0) as file:
            size = PIECE
            while True:
                file.seek(offset)
                data = file.read(size)
                if not lines:
                    return data
                whole = data.rfind(b"\n") + 1
                if whole:
                    return data[:whole]
                if len(data) < size:
                    return data if final else b""
                size *= 4
    except OSError:
        return b""
