"""From the bytes of a journal to its records, with the place of each."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

__all__ = ["Lines", "read_lines"]

_decoder = msgspec.json.Decoder()
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Lines(NamedTuple):
    """Records of a piece of a journal.

    Attributes
    ----------
    positions : list of int
        Where in the journal each record's line begins, in bytes.
    records : list
        What each line says.
    consumed : int
        Bytes of the piece up to the end of the last line that was taken.
    torn : int
        Lines that say nothing.
    """

    positions: list[int]
    records: list[Any]
    consumed: int
    torn: int


def read_lines(data: bytes, offset: int, *, final: bool = False) -> Lines:
    """Read the whole lines of `data`, which begins at `offset`; `final` counts a last line without its end as torn."""
    consumed = data.rfind(b"\n") + 1
    rest = len(data) - consumed if final else 0
    lines = data[:consumed].split(b"\n")
    lines.pop()
    positions = list(accumulate((len(line) + 1 for line in lines), initial=offset))
    positions.pop()
    if b"" in lines:
        kept = [index for index, line in enumerate(lines) if line]
        lines, positions = [lines[index] for index in kept], [positions[index] for index in kept]
    records = _all_at_once(data[:consumed])
    if records is None or len(records) != len(lines):
        return _one_by_one(lines, positions, consumed + rest, 1 if rest else 0)
    return Lines(positions, records, consumed + rest, 1 if rest else 0)


def _all_at_once(data: bytes) -> list[Any] | None:
    try:
        return _decoder.decode_lines(data)
    except _UNREADABLE:
        return None


def _one_by_one(lines: list[bytes], positions: list[int], consumed: int, torn: int) -> Lines:
    kept: list[int] = []
    records = []
    for position, line in zip(positions, lines, strict=True):
        record = _one(line)
        if record is None:
            torn += 1
        else:
            kept.append(position)
            records.append(record)
    return Lines(kept, records, consumed, torn)


def _one(line: bytes) -> Any:
    """Return what one line says, or None; characters that no text may have become question marks."""
    try:
        return _decoder.decode(line)
    except _UNREADABLE:
        pass
    try:
        text = json.dumps(json.loads(line), ensure_ascii=False)
        return json.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
