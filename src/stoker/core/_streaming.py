"""Wait for a run: its log is printed as it grows, its end is pushed, a failure is raised with the reason."""

from __future__ import annotations

import sys

from stoker.core._details import run_details
from stoker.exceptions import ActivityCanceledException, ActivityFailedException, StokerException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from stoker.client.http import Api

__all__ = ["portal_url", "raise_unless_completed", "wait_for_end"]

TAIL = 20
"""Lines of the log in the message of a failure."""


def portal_url(api: Api, run_id: str) -> str:
    """Return the address of a run's page; there is no token in it."""
    from stoker.client.http import quote_name

    return f"{api.url}/runs/{quote_name(run_id)}"


def wait_for_end(api: Api, run_id: str, *, show_output: bool, out: TextIO | None = None) -> dict[str, Any]:
    """Wait until the run has ended and return its record.

    Parameters
    ----------
    api : Api
    run_id : str
    show_output : bool
        Whether to print the log as it grows.
    out : file object, optional
        Default: the standard output.

    Raises
    ------
    KeyboardInterrupt
        The user has had enough of waiting; the run goes on, and the way back is printed.
    """
    printer = _Printer(api, run_id, out or sys.stdout) if show_output else None
    try:
        if printer is not None:
            printer.head()
        for event in api.events(f"/runs/{run_id}/events", logs=show_output or None):
            if event.name == "log" and printer is not None:
                printer.log(event.data["name"], event.data["text"])
            elif event.name == "end":
                if printer is not None:
                    printer.summary(event.data)
                record: dict[str, Any] = event.data
                return record
    except KeyboardInterrupt:
        _Printer(api, run_id, out or sys.stdout).interrupted()
        raise
    # The stream ends with `end`; a service that cut it short is asked what has become of the run.
    last: dict[str, Any] = api.get(f"/runs/{run_id}")
    return last


def raise_unless_completed(api: Api, record: dict[str, Any]) -> None:
    """Raise when the run ended otherwise than Completed.

    Raises
    ------
    stoker.exceptions.ActivityFailedException
        It failed; the message has the error, the end of the log, and where to read on.
    stoker.exceptions.ActivityCanceledException
        It was canceled; the message says why.
    """
    error = record.get("error") or {}
    facts: dict[str, Any] = {"target": record["id"], "details": {"error": error}}
    if record["status"] == "Canceled":
        why = error.get("message") or "Canceled by the user."
        raise ActivityCanceledException(f"The run {record['id']} was canceled: {why}", **facts)
    if record["status"] == "Failed":
        raise ActivityFailedException(_failure(api, record, error), **facts)


def _failure(api: Api, record: dict[str, Any], error: dict[str, Any]) -> str:
    import json

    run_id = record["id"]
    parts = [
        f"The run {run_id} failed: {error.get('message') or 'no reason is on record.'}",
        json.dumps({"error": error}, indent=4, ensure_ascii=False),
    ]
    name, lines = _log_tail(api, run_id)
    if lines:
        rule = "-" * 60
        what = "last line" if len(lines) == 1 else f"last {len(lines)} lines"
        parts.append(f"The {what} of {name}:\n{rule}\n" + "\n".join(lines) + f"\n{rule}")
    parts.append(f"Read on: {portal_url(api, run_id)}, `stoker run logs {run_id}`, or run.get_details_with_logs().")
    return "\n".join(parts)


def _log_tail(api: Api, run_id: str) -> tuple[str, list[str]]:
    """Return the name and the last lines of the log that most likely says why; none when there is no log."""
    from stoker.client.http import quote_name

    try:
        logs = [log["name"] for log in api.get(f"/runs/{run_id}/logs")["logs"] if log["size"]]
        for name in sorted(logs, key=lambda name: not name.startswith("user_logs/")):
            answer = api.request("GET", f"/runs/{run_id}/logs/{quote_name(name)}", params={"tail": TAIL})
            lines = answer.data.decode("utf-8", "replace").splitlines()
            if lines:
                return name, lines[-TAIL:]
    except StokerException:
        # The failure itself is what counts, and it is known.
        pass
    return "", []


class _Printer:
    """Prints as v1 does."""

    def __init__(self, api: Api, run_id: str, out: TextIO) -> None:
        self._api = api
        self._run_id = run_id
        self._out = out
        self._name = ""
        self._at_line_start = True

    def head(self) -> None:
        """Print which run it is."""
        self._line(f"RunId: {self._run_id}")
        self._line(f"Web View: {portal_url(self._api, self._run_id)}")

    def log(self, name: str, text: str) -> None:
        """Print new text of a log, with a heading when the last text was of another one."""
        if name != self._name:
            self._name = name
            self._close_line()
            heading = f"Streaming {name}"
            self._line(f"\n{heading}\n{'=' * len(heading)}\n")
        self._write(text)
        if text:
            self._at_line_start = text.endswith("\n")

    def summary(self, record: dict[str, Any]) -> None:
        """Print how it ended."""
        import json

        self._close_line()
        self._line("\nExecution Summary\n=================")
        self._line(f"RunId: {self._run_id}")
        self._line(f"Web View: {portal_url(self._api, self._run_id)}")
        details = run_details(record, {})
        for what in ("warnings", "error"):
            if what in details:
                text = json.dumps(details[what], indent=4, ensure_ascii=False)
                self._line(f"\n{what.capitalize()}:\n{text}")
        self._line("")

    def interrupted(self) -> None:
        """Print that only the waiting has ended."""
        self._close_line()
        self._line(
            f"\nThe run {self._run_id} goes on; only the waiting was interrupted. Come back with\n"
            f"    stoker run logs {self._run_id} --follow\n"
            f"or Run.get(workspace, {self._run_id!r}).wait_for_completion(show_output=True); end it with run.cancel()."
        )

    def _close_line(self) -> None:
        if not self._at_line_start:
            self._line("")
            self._at_line_start = True

    def _line(self, text: str) -> None:
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
        except UnicodeEncodeError:
            encoding = self._out.encoding or "ascii"
            self._out.write(text.encode(encoding, "replace").decode(encoding))
        self._out.flush()
