"""What the options of every `az ml` command said, and what follows from them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stoker.cli.session import SESSION, UsageProblem, say

if TYPE_CHECKING:
    from stoker.client import Api
    from stoker.core import Workspace

__all__ = ["GIVEN", "Given", "answer", "api", "check_made", "note", "workspace"]

_LABELS = {"subscription_id": "local", "resource_group": "stoker"}
"""What a workspace is labelled with when nobody has said anything."""


class Given:
    """The options that all commands have, of this call.

    Attributes
    ----------
    group, subscription : str or None
        `--resource-group` and `--subscription-id`.
    path : str
        `--path`: the root of the configuration files.
    made : str or None
        `--output-metadata-file`.
    """

    def __init__(self) -> None:
        self.group: str | None = None
        self.subscription: str | None = None
        self.path = "."
        self.made: str | None = None

    def begin(self) -> None:
        """Forget what an earlier call said."""
        self.__init__()  # type: ignore[misc]  # the one place that knows the defaults


GIVEN = Given()
"""The options of this process's call."""


def workspace() -> Workspace:
    """Return the workspace that the call is about.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is none, or it has other labels than the call names.
    """
    _settle()
    return SESSION.workspace()


def api() -> Api:
    """Return the connection to its service; errors as `workspace` has them."""
    _settle()
    return SESSION.api()


def _settle() -> None:
    """Find the workspace from `--path` where nothing else names it, and compare its labels."""
    from stoker.exceptions import UserErrorException

    if SESSION.place is None and GIVEN.path != "." and not os.environ.get("STOKER_WORKSPACE"):
        SESSION.place = os.path.abspath(GIVEN.path)
    wanted = {"subscription_id": GIVEN.subscription, "resource_group": GIVEN.group}
    for label, value in wanted.items():
        own = str(SESSION.config().get(label) or "") if value else ""
        if value and own not in {"", _LABELS[label]} and own.lower() != value.lower():
            words = label.replace("_", " ").removesuffix(" id")
            raise UserErrorException(
                f"The workspace {SESSION.config()['name']!r} is not of the {words} {value!r}. It is labelled {own!r}. "
                "Name that one, or leave the option out."
            )


def check_made() -> None:
    """Find out before anything is done that the file for what is made could not be written."""
    if GIVEN.made is None:
        return
    folder = os.path.dirname(os.path.abspath(GIVEN.made))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UsageProblem(
            f"The file {GIVEN.made!r} can't be written. There is no folder {folder}: {error.strerror}. Name another "
            "file for `--output-metadata-file`."
        ) from error
    if os.path.isdir(GIVEN.made):
        raise UsageProblem(f"The file {GIVEN.made!r} can't be written. It is a folder. Name a file.")


def answer(value: Any, made: Mapping[str, Any] | None = None) -> None:
    """Write a command's result to stdout, and to the file that `-t` names.

    Parameters
    ----------
    value : object
        The JSON shape; None writes nothing, as v1 does for commands that only do something.
    made : mapping, optional
        What the file says, where that is more than `value`.
    """
    from stoker.cli.output import emit, plain_numbers

    shape = _sorted(plain_numbers(value))
    if GIVEN.made is not None:
        from stoker.base.jsonio import write_json

        write_json(GIVEN.made, _sorted(plain_numbers(value if made is None else made)), mode=0o644)
    if value is None:
        return
    emit(shape, _columns(shape), text=lambda: _text(shape))


def _sorted(value: Any) -> Any:
    """Return the value with its keys in order, as Azure's command line writes them."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _plain(item: Any) -> bool:
    return item is not None and not isinstance(item, (dict, list))


def _columns(shape: Any) -> list[Any] | None:
    """Return the columns of a table: what is no text or number is left to the other forms."""
    from stoker.cli.table import Column

    if not isinstance(shape, list) or not all(isinstance(row, dict) for row in shape):
        return None
    names = dict.fromkeys(name for row in shape for name, item in row.items() if _plain(item))
    return [Column(_title(name), name, shrink=True, named=True) for name in names]


def _title(name: str) -> str:
    return name.strip("_")[:1].upper() + name.strip("_")[1:]


def _text(shape: Any) -> str:
    from stoker.cli.table import cell, facts

    if not isinstance(shape, dict):
        return cell(shape)
    return facts([(_title(name), item) for name, item in shape.items() if _plain(item)])


def note(text: str) -> None:
    """Say on stderr what is different here, or has no effect."""
    say(f"Note: {text}")
