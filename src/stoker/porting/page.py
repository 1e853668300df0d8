"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from stoker.porting.findings import Finding, Report, Verdict

__all__ = ["page"]

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
h1 { font-size: 1.4rem } .share { font-size: 3rem; font-weight: 600; line-height: 1.1 }
.bar { display: flex; height: 1rem; border-radius: .5rem; overflow: hidden; margin: 1rem 0 }
.works { background: #2f8f4e } .differs { background: #c98a00 }
.cloud { background: #7a6fd0 } .missing { background: #c0392b }
.dot { display: inline-block; width: .7rem; height: .7rem; border-radius: 50%; margin-right: .4rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem } section { padding: .6rem 0; border-bottom: 1px solid #8884 }
section p { margin: 0 0 .4rem } code { font-size: .92em; overflow-wrap: anywhere }
summary { cursor: pointer } .places { font-size: .9em; margin: 0 0 .4rem } .count { opacity: .75; margin-left: .5rem }
"""

_WORDS = {
    Verdict.WORKS: "works",
    Verdict.DIFFERS: "works, with a difference",
    Verdict.CLOUD: "only v1's cloud had it",
    Verdict.MISSING: "not in this version",
}


def page(report: Report, title: str) -> str:
    """Return the page.

    Parameters
    ----------
    report : Report
    title : str
        What was read.
    """
    total = max(1, len(report.findings))
    bar = "".join(
        f'<span class="{verdict.value}" style="width:{100 * report.count(verdict) / total:.2f}%"></span>'
        for verdict in Verdict
    )
    legend = " ".join(
        f'<span><i class="dot {verdict.value}"></i>{_WORDS[verdict]}: {report.count(verdict)}</span> &ensp;'
        for verdict in Verdict
    )
    groups = "\n".join(_group(report, verdict) for verdict in reversed(list(Verdict)) if report.count(verdict))
    unread = "".join(f"<li><code>{escape(file)}</code>: {escape(why)}</li>" for file, why in report.unread)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: what works on Stoker</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>What of {escape(title)} works on Stoker</h1>\n"
        f"{_share(report)}"
        f'<div class="bar" role="img" aria-label="shares of the verdicts">{bar}</div><p>{legend}</p>\n'
        f"{groups}\n"
        f"{f'<h2>Not read</h2><ul>{unread}</ul>' if unread else ''}</body></html>\n"
    )


def _share(report: Report) -> str:
    if not report.findings:
        return f"<p>No use of v1 was found in the files that were read: {report.files}.</p>\n"
    return (
        f'<p class="share">{100 * report.share:.0f} %</p>\n'
        f"<p>of {len(report.findings)} uses of v1 in {report.files} files work here as there.</p>\n"
    )


def _group(report: Report, verdict: Verdict) -> str:
    """Return all names with a verdict, gathered by what is said of them."""
    by_sentence: dict[str, list[str]] = {}
    for name, found in report.by_name():
        if found[0].verdict is verdict:
            by_sentence.setdefault(found[0].instead, []).append(_name(name, found))
    parts = [
        f"<section>{f'<p>{escape(sentence)}</p>' if sentence else ''}{''.join(names)}</section>"
        for sentence, names in by_sentence.items()
    ]
    words = _WORDS[verdict]
    return f'<h2><i class="dot {verdict.value}"></i>{words[:1].upper()}{words[1:]}</h2>\n' + "\n".join(parts)


def _name(name: str, found: Sequence[Finding]) -> str:
    places = "".join(f"<li><code>{escape(one.place)}</code></li>" for one in found)
    uses = "1 use" if len(found) == 1 else f"{len(found)} uses"
    return (
        f'<details><summary><code>{escape(name)}</code><span class="count">{uses}</span></summary>'
        f'<ul class="places">{places}</ul></details>'
    )
