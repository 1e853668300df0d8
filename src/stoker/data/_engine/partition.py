"""Columns that come from a file's path: `{region}/{day:yyyy/MM/dd}/data.csv`."""

from __future__ import annotations

import datetime as dt
import re

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["PartitionFormat"]

_KEY = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
_DIGITS = {"yyyy": ("year", 4), "MM": ("month", 2), "dd": ("day", 2), "HH": ("hour", 2), "mm": ("minute", 2)}
_DIGITS["ss"] = ("second", 2)
_PARTS = re.compile("|".join(_DIGITS))
_WHOLE = {"year": 1970, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}


class PartitionFormat:
    """The form of paths, from the first key to the end.

    Parameters
    ----------
    text : str
        `{name}` is text up to the next `/` or literal; `{name:yyyy/MM/dd/HH/mm/ss}` a time; `*` any text.

    Attributes
    ----------
    text : str
    keys : list of str

    Raises
    ------
    stoker.exceptions.UserErrorException
        It has no key, or brackets that don't go together.

    Examples
    --------
    >>> PartitionFormat("{region}/{day:yyyy/MM/dd}/x.csv").values("store://d/north/2020/01/31/x.csv")
    {'region': 'north', 'day': datetime.datetime(2020, 1, 31, 0, 0)}
    """

    def __init__(self, text: str) -> None:
        self.text = text
        keys = list(_KEY.finditer(text))
        rest = _KEY.sub("", text)
        if not keys or "{" in rest or "}" in rest:
            raise UserErrorException(
                f"The partition_format {text!r} has no key in brackets, or brackets that don't go together. "
                "Write it as '{region}/{day:yyyy/MM/dd}/*.csv'.",
                target="partition_format",
            )
        self.keys = list(dict.fromkeys(match[1] for match in keys))
        self._fields: list[tuple[str, str | None]] = []
        pattern, end = "", 0
        # What stands before the first key says nothing: a path may begin anyhow.
        end = keys[0].start()
        for match in keys:
            pattern += _literal(text[end : match.start()]) + self._group(match[1], match[2])
            end = match.end()
        self._pattern = re.compile(pattern + _literal(text[end:]) + r"\Z", re.DOTALL)
        self._begins = text[: keys[0].start()].endswith("/") or not text[: keys[0].start()]

    def _group(self, name: str, times: str | None) -> str:
        if times is None:
            self._fields.append((name, None))
            return "([^/]+)"
        result, end = "", 0
        for part in _PARTS.finditer(times):
            field, digits = _DIGITS[part[0]]
            result += re.escape(times[end : part.start()]) + rf"(\d{{{digits}}})"
            self._fields.append((name, field))
            end = part.end()
        return result + re.escape(times[end:])

    def values(self, path: str) -> dict[str, Any]:
        """Return the value of each key; None for each where the path has another form."""
        for place in self._starts(path):
            match = self._pattern.match(path, place)
            if match is not None:
                found = self._read(match.groups())
                if found is not None:
                    return found
        return dict.fromkeys(self.keys)

    def is_time(self, key: str) -> bool:
        """Whether a key is a time."""
        return any(name == key and field is not None for name, field in self._fields)

    def _starts(self, path: str) -> list[int]:
        """Return where the part of the path may begin, the last place first: the fewest folders are taken."""
        starts = [0, *(place + 1 for place, letter in enumerate(path) if letter == "/")]
        return starts[::-1] if self._begins else list(range(len(path) - 1, -1, -1))

    def _read(self, texts: tuple[str, ...]) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        times: dict[str, dict[str, int]] = {}
        for (name, field), text in zip(self._fields, texts):
            if field is None:
                if found.setdefault(name, text) != text:
                    return None
            else:
                times.setdefault(name, {})[field] = int(text)
        for name, fields in times.items():
            try:
                found[name] = dt.datetime(**{**_WHOLE, **fields})  # type: ignore[arg-type]  # noqa: DTZ001  # as given
            except ValueError:
                return None
        return {key: found[key] for key in self.keys}


def _literal(text: str) -> str:
    return ".*".join("[^/]*".join(re.escape(part) for part in piece.split("*")) for piece in text.split("**"))
