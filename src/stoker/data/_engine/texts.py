"""Delimited text read exactly: a line is a record, and what a field says is decided field by field.

This is the reference. The quick way (`quick.py`) gives the same, and leaves to this one what it can't be sure of.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LONGEST", "column_names", "fields_of", "records", "spans", "whole_records", "wide"]

LONGEST = 1 << 26
"""Characters that a record with line breaks in quotes may have; a quote that nothing closes by then opens nothing."""


def records(text: str, separator: str, *, multi_line: bool) -> Iterator[list[str | None]]:
    r"""Yield the fields of each record; lines without a character are none.

    Parameters
    ----------
    text : str
        Whole records.
    separator : str
    multi_line : bool
        Whether a field in quotes may hold line breaks; else each line is a record of its own, whatever its quotes.

    Yields
    ------
    list of str or None
        None for a field that is empty and not in quotes.

    Examples
    --------
    >>> list(records('a\n"x\ny"\n', ",", multi_line=False))
    [['a'], ['"x'], ['y"']]
    >>> list(records('a\n"x\ny"\n', ",", multi_line=True))
    [['a'], ['x\ny']]
    """
    found, rest = whole_records(text, separator, multi_line=multi_line, last=True)
    assert rest == len(text)
    for record in found:
        yield fields_of(record, separator)


def whole_records(text: str, separator: str, *, multi_line: bool, last: bool) -> tuple[list[str], int]:
    """Return the records at the beginning of a text, without their ends, and where the rest begins.

    Parameters
    ----------
    text : str
    separator : str
    multi_line : bool
    last : bool
        Whether nothing follows the text, so that it ends with a whole record.
    """
    if not multi_line or '"' not in text:
        end = len(text) if last else text.rfind("\n") + 1
        lines = text[:end].split("\n")
        final = lines.pop()
        # The end of the text ends no pair: a return without a line feed belongs to its field.
        whole = [line.removesuffix("\r") for line in lines]
        return [line for line in (*whole, final) if line], end
    found: list[str] = []
    place = 0
    for start, end in spans(text, separator, multi_line=True, last=last):
        record = _without_break(text[start:end])
        if record:
            found.append(record)
        place = end
    return found, place


def spans(text: str, separator: str, *, multi_line: bool, last: bool = True) -> Iterator[tuple[int, int]]:
    """Yield where each record and each empty line begins, and where it ends, behind its line break.

    Parameters
    ----------
    text, separator, multi_line, last
        As `whole_records` has them.
    """
    place = 0
    while place < len(text):
        end = _end(text, place, separator) if multi_line else _line_end(text, place)
        if end is None:
            if not last and len(text) - place < LONGEST:
                return
            end = _line_end(text, place)
        if end == len(text) and not last and not text.endswith("\n"):
            return
        yield place, end
        place = end


def _line_end(text: str, place: int) -> int:
    return text.find("\n", place) + 1 or len(text)


def _without_break(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r") if line.endswith("\n") else line


def _end(text: str, place: int, separator: str) -> int | None:
    """Return where the record that begins at a place ends, behind its line break; None with a quote left open."""
    while True:
        if text.startswith('"', place):
            closing = _closing(text, place + 1, place + LONGEST)
            if closing is None:
                return None
            place = closing + 1
        line = text.find("\n", place)
        line = len(text) if line < 0 else line
        mark = text.find(separator, place, line)
        if mark < 0:
            return min(line + 1, len(text))
        place = mark + len(separator)


def fields_of(record: str, separator: str) -> list[str | None]:
    """Return the fields of one record.

    Examples
    --------
    >>> fields_of('1,"O""Neil, J",,""', ",")
    ['1', 'O"Neil, J', None, '']
    >>> fields_of('"two', ",")
    ['"two']
    """
    if '"' not in record:
        return [field or None for field in record.split(separator)]
    fields: list[str | None] = []
    place = 0
    while place <= len(record):
        field, place = _field(record, place, separator)
        fields.append(field)
    return fields


def _field(record: str, place: int, separator: str) -> tuple[str | None, int]:
    """Return the field that begins at a place, and where the next one begins: behind the end after the last."""
    inner = None
    if record.startswith('"', place):
        closing = _closing(record, place + 1, len(record))
        if closing is not None:
            inner = record[place + 1 : closing].replace('""', '"')
            place = closing + 1
    end = record.find(separator, place)
    behind = len(record) + 1 if end < 0 else end + len(separator)
    text = record[place : len(record) if end < 0 else end]
    # What follows the closing quote belongs to the field.
    return (text or None) if inner is None else inner + text, behind


def _closing(text: str, place: int, limit: int) -> int | None:
    """Return where the quote is that closes a field; None when there is none before the limit."""
    while True:
        place = text.find('"', place, limit)
        if place < 0:
            return None
        if not text.startswith('""', place):
            return place
        place += 2


def column_names(header: Sequence[str | None]) -> list[str]:
    """Return the names of columns: trimmed, `ColumnN` where there is none, numbered where one comes twice.

    The number counts all that came twice, as v1 has it.

    Examples
    --------
    >>> column_names([" a ", None, "a", "b", "b"])
    ['a', 'Column2', 'a_1', 'b', 'b_2']
    """
    names: list[str] = []
    taken: set[str] = set()
    number = 0
    for place, text in enumerate(header, 1):
        base = (text or "").strip() or f"Column{place}"
        name = base
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names.append(name)
    return names


def wide(names: Sequence[str], count: int) -> list[str]:
    """Return the names, with more of them when some record has more fields.

    Examples
    --------
    >>> wide(["a"], 3)
    ['a', 'Column2', 'Column3']
    """
    return column_names([*names, *([None] * max(0, count - len(names)))])
