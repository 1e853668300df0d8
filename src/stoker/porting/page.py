"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

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
table { border-collapse: collapse; width: 100%; margin-top: 1rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #8884 }
td.count { text-align: right } code { font-size: .92em; overflow-wrap: anywhere }
summary { cursor: pointer } .places { font-size: .9em }
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
    rows = "\n".join(_row(name, list(found)) for name, found in report.by_name())
    unread = "".join(f"<li><code>{escape(file)}</code>: {escape(why)}</li>" for file, why in report.unread)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: what works on Stoker</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>What of {escape(title)} works on Stoker</h1>\n"
        f'<p class="share">{100 * report.share:.0f} %</p>\n'
        f"<p>of {len(report.findings)} uses of v1 in {report.files} files work here as there.</p>\n"
        f'<div class="bar" role="img" aria-label="shares of the verdicts">{bar}</div><p>{legend}</p>\n'
        "<table><thead><tr><th>v1</th><th>uses</th><th>here</th><th>instead</th></tr></thead>"
        f"<tbody>\n{rows}\n</tbody></table>\n"
        f"{f'<h2>Not read</h2><ul>{unread}</ul>' if unread else ''}</body></html>\n"
    )


def _row(name: str, found: list[Finding]) -> str:
    verdict = found[0].verdict
    places = "".join(f"<li><code>{escape(_place(one))}</code></li>" for one in found)
    return (
        f"<tr><td><details><summary><code>{escape(name)}</code></summary><ul class=places>{places}</ul></details></td>"
        f'<td class="count">{len(found)}</td><td><i class="dot {verdict.value}"></i>{_WORDS[verdict]}</td>'
        f"<td>{escape(found[0].instead)}</td></tr>"
    )


def _place(finding: Finding) -> str:
    cell = "" if finding.cell is None else f" cell {finding.cell},"
    return f"{finding.file}:{cell} line {finding.line}" if cell else f"{finding.file}:{finding.line}"
