"""What is done with a run's data before its script begins and after it has ended, each by a child process.

The supervisor only starts and ends these children: what reads datastores needs libraries, and may crash. Before the
script, `stoker.data.run_inputs` puts the inputs in place and writes `data.json`, which says where; afterwards
`stoker.data.run_outputs` keeps the outputs.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import signal
import time
from typing import TYPE_CHECKING

from stoker.base.jsonio import read_json
from stoker.runner import exits
from stoker.runner.launch import LaunchError, launch
from stoker.runner.papers import make_folder, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from stoker.runner.notes import Notes
    from stoker.runner.wakeup import Wakeup

__all__ = ["DataError", "DataSteps", "filled", "filled_line"]

FACTS = "data.json"
"""In the run's folder: what `run_inputs` has found and made."""
ENDING = "data_end.json"
"""The same of `run_outputs`."""
LOG = "system_logs/data.txt"
VARIABLE = "STOKER_DATA"
"""Tells the script where the facts are."""

_GRACE = 2.0
"""Seconds between TERM and KILL for a child that must end."""


class DataError(Exception):
    """The data of a run is not there, or could not be kept; the text says what, why and what to do."""


class DataSteps:
    """The two children that see to a run's data.

    Parameters
    ----------
    notes : Notes
        The run's folder and spec; `spec["data"]` names the interpreter and the folder of the run-side parts.
    work : str
        The script's working folder.
    """

    def __init__(self, notes: Notes, work: str) -> None:
        self._notes = notes
        self._spec: dict[str, Any] = notes.spec
        self._data: dict[str, Any] = notes.spec["data"]
        self._work = work
        self.facts: dict[str, Any] = {}

    def prepare(self, awake: Wakeup, told: Callable[[], bool]) -> bool:
        """Put the inputs in place; return False when it was told to end meanwhile, with the child ended.

        Parameters
        ----------
        awake : Wakeup
            Readable when a signal has come.
        told : callable
            Whether the run is to end.

        Raises
        ------
        DataError
            An input is not there, can't be read, or its datastore is unknown.
        """
        status = self._child("stoker.data.run_inputs", [], FACTS, awake, told, None)
        if status is None:
            return False
        self.facts = self._result(status, FACTS, "The run's data could not be prepared")
        return True

    def keep(self, outcome: str, awake: Wakeup, told: Callable[[], bool], limit: float | None) -> list[str] | None:
        """Keep the outputs of a script that has ended, and return the warnings; None: it was told to end meanwhile.

        Parameters
        ----------
        outcome : {"Completed", "Failed", "Canceled"}
        awake, told
            As in `prepare`.
        limit : float or None
            Seconds that it may take.

        Raises
        ------
        DataError
            An output could not be stored or registered; its files are where the script left them.
        """
        if not self._has_to_keep:
            return []
        status = self._child("stoker.data.run_outputs", [outcome], ENDING, awake, told, limit)
        if status is None:
            return None
        facts = self._result(status, ENDING, "The run's outputs could not be kept")
        return [str(text) for text in facts.get("warnings") or []]

    @property
    def _has_to_keep(self) -> bool:
        """Whether anything is to be done after the script: with inputs alone it is not."""
        places = self.facts.get("references") or {}
        sent_back = any(place.get("mode") == "upload" or place.get("files") is not None for place in places.values())
        return sent_back or bool(self._data.get("outputs"))

    @property
    def warnings(self) -> list[str]:
        """What `prepare` found to say."""
        return [str(text) for text in self.facts.get("warnings") or []]

    def variables(self, env: dict[str, str]) -> dict[str, str]:
        """Return a script's environment with its placeholders filled and the variables of its data."""
        tokens = self.facts.get("tokens") or {}
        named = {str(name): str(value) for name, value in (self.facts.get("variables") or {}).items()}
        whole = {name: filled(value, tokens) for name, value in env.items()}
        return {**whole, **named, VARIABLE: os.path.join(self._notes.paths.folder, FACTS)}

    def command(self) -> dict[str, Any]:
        """Return the spec with the placeholders of its command filled."""
        tokens = self.facts.get("tokens") or {}
        argv, shell = self._spec.get("argv"), self._spec.get("shell")
        return {
            **self._spec,
            "argv": [filled(str(word), tokens) for word in argv] if argv else argv,
            "shell": filled_line(str(shell), tokens) if shell else shell,
        }

    def _child(
        self,
        module: str,
        arguments: list[str],
        result: str,
        awake: Wakeup,
        told: Callable[[], bool],
        limit: float | None,
    ) -> int | None:
        """Run a module to its end and return its wait status; None when it had to be ended before."""
        with contextlib.suppress(FileNotFoundError):
            # A service may be killed and start the same attempt again.
            os.unlink(os.path.join(self._notes.paths.folder, result))
        make_folder(self._notes.paths.system_logs, 0o700)
        began = time.monotonic()
        log = os.path.join(self._notes.paths.folder, LOG)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        argv = [str(self._data["python"]), "-m", module, self._notes.paths.folder, *arguments]
        try:
            # Not in the folder of the source, whose modules would come before Python's own.
            pid = launch(argv, self._environment(), self._notes.paths.system_logs, output)
        except LaunchError as error:
            raise DataError(str(error)) from error
        finally:
            os.close(output)
        status = _wait(pid, awake, told, None if limit is None else began + limit)
        say(f"{module} {'was ended' if status is None else 'ended'} after {time.monotonic() - began:.3f} s")
        return status

    def _environment(self) -> dict[str, str]:
        """Return the agent's environment with the run's identity: nothing that a user has set for the script."""
        own = {name: value for name, value in (self._spec.get("env") or {}).items() if name.startswith("STOKER_")}
        return {
            **os.environ,
            **own,
            "STOKER_RUN_ID": str(self._spec["run_id"]),
            "STOKER_RUN_DIR": self._notes.paths.folder,
            "STOKER_RUN_WORK": self._work,
            "PYTHONPATH": str(self._data.get("python_path") or ""),
            "PYTHONUNBUFFERED": "1",
        }

    def _result(self, status: int, name: str, what: str) -> dict[str, Any]:
        """Return what the child has written.

        Raises
        ------
        DataError
            It wrote an error, or nothing.
        """
        facts = read_json(os.path.join(self._notes.paths.folder, name))
        if not isinstance(facts, dict):
            code, number = exits.split_status(status)
            said = exits.last_line(os.path.join(self._notes.paths.folder, LOG))
            last = f" The last line of {LOG}: {said}" if said else ""
            raise DataError(f"{what}: the process that does it ended with {exits.in_words(code, number)}.{last}")
        if facts.get("error"):
            raise DataError(str(facts["error"]))
        return facts


def _wait(pid: int, awake: Wakeup, told: Callable[[], bool], deadline: float | None) -> int | None:
    """Wait for a child and return its wait status; end it when this process was told to end, or time is up."""
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return None if told() else status
        now = time.monotonic()
        if told() or (deadline is not None and now >= deadline):
            _end(pid, awake)
            return None
        select.select([awake], [], [], 1.0 if deadline is None else max(0.0, min(1.0, deadline - now)))
        awake.drain()


def _end(pid: int, awake: Wakeup) -> None:
    """End a child with its group: TERM, a short grace, KILL."""
    until = time.monotonic() + _GRACE
    _signal(pid, signal.SIGTERM)
    while time.monotonic() < until:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        select.select([awake], [], [], 0.1)
        awake.drain()
    _signal(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def filled(text: str, tokens: dict[str, str]) -> str:
    """Return a text with each placeholder in it replaced, wherever it stands.

    Examples
    --------
    >>> filled("DatasetConsumptionConfig:a/x DatasetConsumptionConfig:ab", {"DatasetConsumptionConfig:a": "/in"})
    '/in/x DatasetConsumptionConfig:ab'
    """
    return _pattern(tokens).sub(lambda found: tokens[found.group()], text) if tokens else text


def filled_line(line: str, tokens: dict[str, str]) -> str:
    """Return a line for a shell with each placeholder replaced by a value that stays one word.

    Examples
    --------
    >>> filled_line("cat $AZUREML_DATAREFERENCE_d/x", {"$AZUREML_DATAREFERENCE_d": "/my data"})
    "cat '/my data'/x"
    """
    if not tokens:
        return line
    parts, place, quote = [], 0, ""
    for found in _pattern(tokens).finditer(line):
        before = line[place : found.start()]
        quote = _quote_after(before, quote)
        parts += [before, _quoted(tokens[found.group()], quote)]
        place = found.end()
    return "".join([*parts, line[place:]])


def _pattern(tokens: dict[str, str]) -> re.Pattern[str]:
    """Return what finds each whole placeholder: one that goes on with a letter is another one."""
    words = sorted(tokens, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(re.escape(word) for word in words)})(?![A-Za-z0-9_])")


def _quote_after(text: str, quote: str) -> str:
    """Return the quotation mark that is open in a shell's line after a text, where `quote` was open before it."""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
    return quote


def _quoted(value: str, quote: str) -> str:
    if quote == "'":
        return value.replace("'", "'\"'\"'")
    if quote == '"':
        return re.sub(r'([\\"$`])', r"\\\1", value)
    return shlex.quote(value)
