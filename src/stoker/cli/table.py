"""Tables and facts as text: wide ones cut to the terminal, narrow terminals get one block a row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stoker.cli.text import STATUS_COLOURS, clean, clip, coloured, colours, pad, terminal_width, width, wrap

__all__ = ["Column", "cell", "facts", "table"]

_GAP = "  "
_LEAST = 16


class Column:
    """One column of a table.

    Parameters
    ----------
    title : str
        Its heading.
    value : str or callable
        A key of the row, or a function of the row.
    right : bool, default=False
        Numbers stand to the right.
    shrink : bool, default=False
        Whether the text may be cut where the terminal is narrow; ids and statuses never are.
    named : bool, default=False
        Whether the text says nothing without its heading, so that both stand in a block.
    """

    __slots__ = ("named", "right", "shrink", "title", "value")

    def __init__(
        self,
        title: str,
        value: str | Callable[[Mapping[str, Any]], Any],
        *,
        right: bool = False,
        shrink: bool = False,
        named: bool = False,
    ) -> None:
        self.title = title
        self.value = value
        self.right = right
        self.shrink = shrink
        self.named = named

    def text(self, row: Mapping[str, Any]) -> str:
        """Return the cell's text."""
        value = row.get(self.value) if isinstance(self.value, str) else self.value(row)
        return cell(value)


def cell(value: Any) -> str:
    """Return a value as the text of one cell.

    Examples
    --------
    >>> cell({"a": "1", "b": None}), cell(None), cell(0.30000000000000004)
    ('a=1 b', '', '0.3')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return clean(" ".join(str(k) if v is None else f"{k}={cell(v)}" for k, v in value.items()))
    if isinstance(value, (list, tuple)):
        return clean(", ".join(cell(item) for item in value))
    return clean(str(value))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    """Return the rows as text for stdout: cut to its width on a terminal, whole otherwise."""
    cells = [[column.text(row) for column in columns] for row in rows]
    used = [place for place in range(len(columns)) if place == 0 or any(line[place] for line in cells)]
    shown = [columns[place] for place in used]
    cells = [[line[place] for place in used] for line in cells]
    widths = _widths(shown, cells, terminal_width())
    on = colours(sys.stdout)
    if widths is None:
        return "\n".join(_block(_named(line, shown), terminal_width() or 80, on=on) for line in cells)
    head = _line([column.title for column in shown], shown, widths)
    body = [_line(line, shown, widths, on=on) for line in cells]
    return "\n".join([coloured(head, "bold", on=on), *body])


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], limit: int | None) -> list[int] | None:
    """Return each column's width, or None when they can't stand side by side."""
    widths = [
        max([width(column.title), *(width(line[place]) for line in cells)]) for place, column in enumerate(columns)
    ]
    if limit is None:
        return widths
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - limit
    for place in sorted(range(len(columns)), key=lambda item: -widths[item]):
        if over > 0 and columns[place].shrink:
            taken = min(over, max(0, widths[place] - _LEAST))
            widths[place] -= taken
            over -= taken
    return widths if over <= 0 else None


def _line(texts: Sequence[str], columns: Sequence[Column], widths: Sequence[int], *, on: bool = False) -> str:
    parts = []
    for text, column, cells in zip(texts, columns, widths, strict=True):
        filled = pad(clip(text, cells), cells, right=column.right)
        parts.append(coloured(filled, STATUS_COLOURS.get(text), on=on))
    return _GAP.join(parts).rstrip()


def _named(texts: Sequence[str], columns: Sequence[Column]) -> list[str]:
    return [
        f"{column.title.lower()} {text}" if column.named and text else text
        for text, column in zip(texts, columns, strict=True)
    ]


def _block(texts: Sequence[str], limit: int, *, on: bool) -> str:
    rest = [text for text in texts[1:] if text]
    body = wrap(" · ".join(rest), limit, "  ", "  ") if rest else ""
    for word, colour in STATUS_COLOURS.items():
        if word in rest:
            body = body.replace(word, coloured(word, colour, on=on), 1)
    return "\n".join(part for part in (coloured(texts[0], "bold", on=on), body) if part)


def facts(pairs: Sequence[tuple[str, Any]]) -> str:
    """Return names and values, one pair a line; pairs without a value are left out."""
    texts = [(name, value if isinstance(value, str) else cell(value)) for name, value in pairs]
    texts = [(name, clean(text, keep="\n")) for name, text in texts if text]
    space = max((width(name) for name, _ in texts), default=0) + len(_GAP)
    limit = terminal_width()
    on = colours(sys.stdout)
    return "\n".join(_fact(name, text, space, limit, on=on) for name, text in texts)


def _fact(name: str, text: str, space: int, limit: int | None, *, on: bool) -> str:
    colour = STATUS_COLOURS.get(text)
    first, indent = coloured(pad(name, space), "bold", on=on), " " * space
    lines = []
    for line in text.split("\n"):
        short = limit is None or space + width(line) <= limit
        lines.append(line if short else wrap(line, limit - space if limit else 80).replace("\n", f"\n{indent}"))
    return first + f"\n{indent}".join(coloured(line, colour, on=on) for line in lines)
