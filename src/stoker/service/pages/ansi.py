"""A program's output as HTML: ANSI colours become classes, progress bars that redraw their line become one line.

Everything else that a terminal would obey (cursor moves, titles, links) is dropped, and all text is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from stoker.service.pages.format import clean

__all__ = ["to_html"]

_TOKEN = re.compile(
    r"\x1b\[(?P<arguments>[0-?]*)[ -/]*(?P<final>[@-~])"  # a control sequence
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # a title, a link: up to its end
    r"|\x1b[ -/]*[0-~]?"  # any other escape, also one cut off at the end
    r"|(?P<back>\x08)"
    r"|(?P<return>\r)"
    r"|(?P<drop>[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x08\x0b-\x1f\x7f]+)",
)
_COLOURS = (
    (0, 0, 0),
    (205, 49, 49),
    (13, 188, 121),
    (229, 229, 16),
    (36, 114, 200),
    (188, 63, 188),
    (17, 168, 205),
    (204, 204, 204),
    (102, 102, 102),
    (241, 76, 76),
    (35, 209, 139),
    (245, 245, 67),
    (59, 142, 234),
    (214, 112, 214),
    (41, 184, 219),
    (255, 255, 255),
)
_ON = {1: "bold", 2: "faint", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_OFF = {22: ("bold", "faint"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}


def to_html(text: str) -> Markup:
    r"""Return the output of a program as HTML for a `<pre>`.

    Examples
    --------
    >>> str(to_html("10%\r100% \x1b[32mdone\x1b[0m <ok>"))
    '100% <span class="a-f2">done</span> &lt;ok&gt;'
    """
    pen = _Pen()
    lines = text.replace("\r\n", "\n").split("\n")
    return Markup("\n").join(_line(line, pen) for line in lines)


class _Pen:
    """The way of writing that is in force; it lasts over line ends."""

    def __init__(self) -> None:
        self.foreground: int | None = None
        self.background: int | None = None
        self.marks: set[str] = set()

    def classes(self) -> str:
        names = [f"a-{mark}" for mark in sorted(self.marks)]
        if self.foreground is not None:
            names.append(f"a-f{self.foreground}")
        if self.background is not None:
            names.append(f"a-b{self.background}")
        return " ".join(names)

    def obey(self, arguments: str) -> None:
        """Take the numbers of one `ESC [ ... m`."""
        codes = iter([int(part) if part.isascii() and part.isdigit() else 0 for part in re.split("[;:]", arguments)])
        for code in codes:
            self._obey_one(code, codes)

    def _obey_one(self, code: int, rest: Iterator[int]) -> None:
        if code == 0:
            self.foreground = self.background = None
            self.marks.clear()
        elif code in _ON:
            self.marks.add(_ON[code])
        elif code in _OFF:
            self.marks.difference_update(_OFF[code])
        elif 30 <= code <= 39 or 90 <= code <= 97:
            self.foreground = _colour(code, rest)
        elif 40 <= code <= 49 or 100 <= code <= 107:
            self.background = _colour(code - 10, rest)


def _colour(code: int, rest: Iterator[int]) -> int | None:
    """Return the place among the sixteen colours, for a code in terms of the foreground."""
    if code == 39:
        return None
    if code >= 90:
        return code - 82
    if code != 38:
        return code - 30
    kind = next(rest, 0)
    if kind == 5:
        return _of_256(next(rest, 0))
    if kind == 2:
        return _nearest((next(rest, 0), next(rest, 0), next(rest, 0)))
    return None


def _of_256(place: int) -> int:
    if place < 16:
        return place
    if place >= 232:
        return _nearest((8 + 10 * (place - 232),) * 3)
    levels = (0, 95, 135, 175, 215, 255)
    cube = min(place, 231) - 16
    return _nearest((levels[cube // 36], levels[cube // 6 % 6], levels[cube % 6]))


def _nearest(wanted: tuple[int, ...]) -> int:
    def distance(place: int) -> int:
        return sum((a - b) ** 2 for a, b in zip(_COLOURS[place], wanted, strict=True))

    return min(range(16), key=distance)


def _line(line: str, pen: _Pen) -> Markup:
    pieces: list[tuple[str, str]] = []
    starts_over = False
    for token in _TOKEN.finditer(line):
        if token["final"] == "m":
            pen.obey(token["arguments"])
        elif token["return"]:
            starts_over = True
        elif token["back"]:
            _step_back(pieces)
        elif token["text"]:
            if starts_over:
                pieces, starts_over = [], False
            pieces.append((pen.classes(), token["text"]))
    return Markup("").join(_piece(classes, text) for classes, text in _joined(pieces))


def _step_back(pieces: list[tuple[str, str]]) -> None:
    if pieces:
        classes, text = pieces.pop()
        if len(text) > 1:
            pieces.append((classes, text[:-1]))


def _joined(pieces: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Put neighbours of one look together."""
    held: tuple[str, str] | None = None
    for classes, text in pieces:
        if held and held[0] == classes:
            held = (classes, held[1] + text)
        else:
            if held:
                yield held
            held = (classes, text)
    if held:
        yield held


def _piece(classes: str, text: str) -> Markup:
    safe = escape(clean(text))
    return Markup('<span class="{}">{}</span>').format(classes, safe) if classes else safe
