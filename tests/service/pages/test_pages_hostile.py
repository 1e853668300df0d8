"""Names and texts that would like to be HTML stay text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stoker.service.pages import RunsView, RunView, render_login, render_message, render_run, render_runs
from stoker.service.pages.format import clean, visible

Lineage = Callable[[str], dict[str, Any]]

HOSTILE = st.text(
    alphabet=st.one_of(st.sampled_from("<>&\"'`=/ \n\t\x00\x1b\u202e\udcff\ud800{}%#"), st.characters()), min_size=1
)


class _Shape(HTMLParser):
    """Collects tags with their attributes' names, and apart from them all text and attribute values."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.texts += [value for _, value in attrs if value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.append((f"comment {data}", ()))


def poisoned(view: RunView, lineage: Lineage, word: str) -> RunView:
    """Return the view with `word` in every text that a user can choose."""
    run: dict[str, Any] = {
        **view.run,
        "display_name": word,
        "description": word,
        "experiment": word,
        "target": word,
        "submitted_by": word,
        "status": "Failed",
        "status_reason": word,
        "tags": {word: word},
        "properties": {word: word, "azureml.git.branch": word},
        "definition": {"script": word, "arguments": ["--x", f"x{word}"], "environment": {word: word}},
        "environment": {"name": word, "version": word},
        "resolved": {"python": word, "packages": {word: word}},
        "error": {"code": word, "message": word, "details": {"traceback": f"{word}x"}},
        "warnings": [word],
    }
    points = [[0.0, None, 1.0], [1.0, None, 2.0]]
    series = [
        {"name": f"m{word}", "column": f"{word}{place}", "kind": "row", "description": f"d{word}", "points": points}
        for place in range(2)
    ]
    return replace(
        view,
        workspace={"name": word},
        run=run,
        parent={"id": "parent-1", "display_name": word},
        children=[{"id": "child-1", "display_name": word, "status": "Queued", "tags": {word: word}}],
        metrics={f"m{word}": {f"a{word}": [1.0, 2.0], "b": [word, word]}, f"n{word}": word},
        series=series,
        lineage=lineage(word),
        logs=[{"name": word, "size": 1, "live": True}],
        log_name=word,
        log_text="x",
        files=[{"name": name, "size": 1, "live": False} for name in (word, f"outputs/{word}.png")],
    )


@given(HOSTILE)
@example("<script>alert(1)</script>")
@example("'\"><img src=x onerror=alert(1)>")
@example("--><!--")
@example("</title></textarea></pre>")
@example("{{ 7 * 7 }}")
@example("undecodable \udcff and \ud800")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hostile_name_is_text_everywhere_on_a_runs_page(view: RunView, lineage: Lineage, word: str) -> None:
    page = render_run(poisoned(view, lineage, word))

    assert _Shape(page).tags == _Shape(render_run(poisoned(view, lineage, "word"))).tags
    page.encode("utf-8")


@given(HOSTILE)
@example("<script>alert(1)</script>")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hostile_name_is_text_on_the_other_pages(run: dict[str, Any], word: str) -> None:
    def pages(text: str) -> list[str]:
        listed = {**run, "display_name": text, "experiment": text, "target": text, "tags": {text: text}}
        view = RunsView({"name": text, "description": text}, [listed], [text], text, None, text, 2, text)
        return [render_runs(view), render_login(f"/{text}", text), render_message(text, text, 400)]

    render_runs(RunsView({"name": "w"}, [], next_cursor=word))
    for hostile, benign in zip(pages(word), pages("word"), strict=True):
        assert _Shape(hostile).tags == _Shape(benign).tags
        hostile.encode("utf-8")


def test_a_hostile_name_is_still_readable(view: RunView, lineage: Lineage) -> None:
    word = "<b>bold</b> & \"quoted\" 'name'"

    texts = _Shape(render_run(poisoned(view, lineage, word))).texts

    assert word in texts


@given(HOSTILE)
def test_a_clean_text_can_be_sent_and_a_visible_one_is_one_line(text: str) -> None:
    clean(text).encode("utf-8")

    assert not set("\n\r\t\x00\x1b") & set(visible(text))
    assert clean(clean(text)) == clean(text)
