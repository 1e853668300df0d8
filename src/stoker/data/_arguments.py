"""From what a caller gives (paths, queries, targets, columns) to what a definition holds."""

from __future__ import annotations

import math
import os
import re

from stoker.data._types import column_types
from stoker.data.dataset_type_definitions import FileEncoding, PromoteHeadersBehavior
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = [
    "column_names",
    "column_types",
    "encoding_name",
    "header_name",
    "instant",
    "share",
    "source_paths",
    "split_steps",
    "store_and_text",
    "whole_number",
]

_ENCODINGS = ("utf8", "iso88591", "latin1", "ascii", "utf16", "utf32", "utf8bom", "windows1252")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FORMS = (
    "Give (datastore, 'folder/*.csv'), a DataPath, datastore.path('folder'), a URL, a path of this machine, or a list "
    "of these."
)


def source_paths(path: Any) -> tuple[list[dict[str, str]], Workspace | None]:
    """Return where the files of a dataset are, and the workspace of their datastores.

    Parameters
    ----------
    path : str, tuple, DataPath, DataReference or list of these

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is none of these; addresses and datastores are mixed, or datastores of two workspaces.
    """
    given = path if isinstance(path, list) else [path]
    if not given:
        raise _bad_path(path)
    pairs = [_source_path(item) for item in given]
    if len({workspace is None for _, workspace in pairs}) == 2:
        raise UserErrorException(
            "Paths on datastores and addresses can't be mixed in one dataset. Make two datasets, or upload the files.",
            target="path",
        )
    workspaces = [workspace for _, workspace in pairs if workspace is not None]
    if len({item._place for item in workspaces}) > 1:  # noqa: SLF001  # the SDK is one package
        raise UserErrorException(
            "The datastores belong to different workspaces. A dataset lies in one; make one dataset for each.",
            target="path",
        )
    return [words for words, _ in pairs], workspaces[0] if workspaces else None


def _source_path(item: Any) -> tuple[dict[str, str], Workspace | None]:
    if isinstance(item, (str, os.PathLike)):
        return _address(os.fspath(item)), None
    store, text = store_and_text(item, "path")
    below = text.replace("\\", "/").lstrip("/")
    return {"datastore": store.name, "path": below}, store.workspace


def _address(text: Any) -> dict[str, str]:
    if not isinstance(text, str) or not text:
        raise _bad_path(text)
    if _URL.match(text):
        return {"url": text}
    whole = os.path.abspath(os.path.expanduser(text))
    return {"local": f"{whole}/" if text.endswith("/") and whole != "/" else whole}


def store_and_text(item: Any, target: str) -> tuple[Any, str]:
    """Return the datastore and the path or query of a tuple, a DataPath, a DataReference or a datastore.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is none of these.
    """
    from stoker.data.abstract_datastore import AbstractDatastore

    if isinstance(item, tuple):
        store, text = item if len(item) == 2 else (None, None)
    elif isinstance(item, AbstractDatastore):
        store, text = item, ""
    else:
        store = getattr(item, "datastore", None) or getattr(item, "_datastore", None)
        text = getattr(item, "path_on_datastore", "") or ""
    if not isinstance(store, AbstractDatastore) or not isinstance(text, (str, os.PathLike)):
        raise _bad_path(item, target)
    return store, os.fspath(text)


def _bad_path(given: object, target: str = "path") -> UserErrorException:
    shown = repr(given)
    return UserErrorException(
        f"{target}={shown if len(shown) < 200 else shown[:200] + '...'} says no place of data. {_FORMS}", target=target
    )


def header_name(header: Any) -> str:
    """Return how the first lines are taken, under the name that a definition has.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is neither a bool nor a `PromoteHeadersBehavior`.
    """
    if isinstance(header, PromoteHeadersBehavior):
        return header.name
    if isinstance(header, bool):
        return "ALL_FILES_HAVE_SAME_HEADERS" if header else "NO_HEADERS"
    raise UserErrorException(
        f"header={header!r} is neither True, False nor a PromoteHeadersBehavior. Give one of them.", target="header"
    )


def encoding_name(encoding: Any) -> str:
    """Return an encoding under the name that a definition has.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is not known; the message lists those that are.
    """
    given = encoding.name if isinstance(encoding, FileEncoding) else encoding
    name = given.lower().replace("-", "").replace("_", "") if isinstance(given, str) else None
    if name in _ENCODINGS:
        return str(name)
    raise UserErrorException(
        f"encoding={encoding!r} is not known. It is one of {', '.join(_ENCODINGS)}.", target="encoding"
    )


def column_names(columns: Any) -> list[str]:
    """Return one column or several as a list.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is none, or a name is no text.
    """
    names = [columns] if isinstance(columns, str) else columns
    if isinstance(names, (list, tuple)) and names and all(isinstance(name, str) for name in names):
        return list(dict.fromkeys(names))
    raise UserErrorException(
        f"columns={columns!r} is neither a column's name nor a list of names. Give for example ['a', 'b'].",
        target="columns",
    )


def whole_number(value: Any, name: str) -> int:
    """Return a count of 0 or more.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is none.
    """
    number = _integer(value)
    if number is not None and number >= 0:
        return number
    raise UserErrorException(f"{name}={value!r} is no count. Give a whole number from 0 on.", target=name)


def share(value: Any, name: str) -> float:
    """Return a share between 0 and 1.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is none.
    """
    number = math.nan if isinstance(value, (bool, str)) else _float(value)
    if 0 <= number <= 1:
        return number
    raise UserErrorException(f"{name}={value!r} is no share. Give a number between 0 and 1.", target=name)


def seed_or_drawn(seed: Any) -> int:
    """Return the seed; one is drawn where none is given, so that a dataset always gives the same rows.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no whole number.
    """
    if seed is None:
        return int.from_bytes(os.urandom(4), "big")
    number = _integer(seed)
    if number is not None:
        return number
    raise UserErrorException(f"seed={seed!r} is no whole number. Give one, or leave it out.", target="seed")


def _integer(value: Any) -> int | None:
    """Return a whole number of whatever library, or None; a bool is none."""
    import operator

    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def split_steps(percentage: Any, seed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two operations of a random split: complementary, as they have one seed."""
    wanted = {"op": "split", "percentage": share(percentage, "percentage"), "seed": seed_or_drawn(seed)}
    return {**wanted, "part": 0}, {**wanted, "part": 1}


def instant(value: Any, name: str) -> str:
    """Return a time as ISO 8601; one with a zone is told in UTC, as the columns are.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no date or time.
    """
    import datetime as dt

    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(dt.timezone.utc).replace(tzinfo=None)
        return str(value.isoformat())
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day).isoformat()  # noqa: DTZ001  # columns have no zone
    raise UserErrorException(
        f"{name}={value!r} is no time. Give a datetime.datetime, as datetime(2019, 10, 1).", target=name
    )
