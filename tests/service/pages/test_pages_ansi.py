"""A program's output as HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stoker.service.pages.ansi import to_html


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(html: str) -> _Seen:
    parser = _Seen()
    parser.feed(html)
    parser.close()
    return parser


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("\x1b[31mred\x1b[0m plain", '<span class="a-f1">red</span> plain'),
        (
            "\x1b[1;4mboth\x1b[22mline\x1b[24mnone",
            '<span class="a-bold a-underline">both</span><span class="a-underline">line</span>none',
        ),
        ("\x1b[91;44mx\x1b[39my\x1b[49mz", '<span class="a-f9 a-b4">x</span><span class="a-b4">y</span>z'),
        ("\x1b[38;5;196mx", '<span class="a-f1">x</span>'),
        ("\x1b[48;2;250;250;250mx", '<span class="a-b15">x</span>'),
        ("\x1b[38:5:9mx", '<span class="a-f9">x</span>'),
        ("\x1b[mx\x1b[;31my", 'x<span class="a-f1">y</span>'),
        ("over\x1b[32m lines\nend", 'over<span class="a-f2"> lines</span>\n<span class="a-f2">end</span>'),
    ],
)
def test_colours_become_classes(text: str, html: str) -> None:
    assert to_html(text) == html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1%\r50%\r100%\nnext", "100%\nnext"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("kept at the end\r", "kept at the end"),
        ("abc\x08\x08d", "ad"),
        ("\x1b[2K\x1b[1Gcleared", "cleared"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("cut off \x1b[3", "cut off 3"),
        ("cut off \x1b", "cut off "),
        ("bad byte \udcff", "bad byte \\xff"),
    ],
)
def test_what_a_terminal_would_do_is_done_or_dropped(text: str, shown: str) -> None:
    assert seen(to_html(text)).text == shown


def test_a_colour_set_in_an_overwritten_part_still_holds() -> None:
    assert to_html("\x1b[31mold\rnew") == '<span class="a-f1">new</span>'


@given(st.text(alphabet=st.sampled_from("ab<>&\"'\x1b[];:m0123458?\r\n\x08\x07\udcff\u202e")))
@example("\x1b[38;5m")
@example("\x1b[38;2;1mx")
@example("\x1b[38;5;999999mx")
@example("\x1b[²mx")
def test_any_output_gives_only_spans_with_a_class(text: str) -> None:
    html = to_html(text)

    assert set(seen(html).tags) <= {("span", ("class",))}
    html.encode("utf-8")
