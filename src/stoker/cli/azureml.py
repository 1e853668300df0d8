"""`stoker azureml`: code that was written for v1."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from typer import Argument

from stoker.cli.app import Many, Noun, option
from stoker.cli.output import emit, write
from stoker.cli.session import SESSION, UsageProblem, hint, say
from stoker.cli.table import Column, table
from stoker.cli.text import terminal_width, wrap
from stoker.exceptions import StokerException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stoker.porting.commands import Commands
    from stoker.porting.findings import Finding, Report

app = Noun()

_COLUMNS = [
    Column("V1", "name"),
    Column("USES", "uses", right=True, named=True),
    Column("HERE", "verdict"),
    Column("FIRST AT", "place", shrink=True),
]
_SHOWN = 40
"""Names in the table, unless more do not work."""
_NAMED = 4
"""Names of those that one sentence is about."""
_WIDE = 100


@app.verb("exec", options_first=True)
def run(
    file: Annotated[str, Argument(metavar="FILE", help="A Python script or a notebook")],
    arguments: Annotated[Many, Argument(metavar="ARGS", help="What the script is given")] = None,
    keep: Annotated[
        str | None, option("--keep", about="Where the executed notebook goes; default: beside it", metavar="FILE")
    ] = None,
    timeout: Annotated[
        float | None, option("--timeout", about="Seconds that a notebook's cell may take", metavar="S")
    ] = None,
) -> int:
    """Run old code unchanged."""
    from stoker.porting.execute import run_notebook, run_script

    if not file.endswith(".ipynb"):
        return run_script(file, arguments or [])
    if arguments:
        raise UsageProblem("A notebook takes no arguments. Leave them out, or run a script.")
    output = keep or f"{file.removesuffix('.ipynb')}.executed.ipynb"
    failure = run_notebook(file, output, timeout)
    if failure is not None and failure.traceback:
        say(failure.traceback)
    say(f"The notebook with its outputs is {output}.")
    if failure is not None:
        raise StokerException(f"Cell {failure.cell} failed: {failure.why}")
    return 0


@app.verb("check")
def check(
    path: Annotated[str, Argument(metavar="PATH", help="A folder with v1 code, or a file")],
    html: Annotated[str | None, option("--html", about="Write a page to look at", metavar="FILE")] = None,
) -> None:
    """Say what of old code works here, without running it."""
    from stoker.porting.code_base import check as read

    report = read(path, _commands())
    if html is not None:
        from stoker.porting.page import page

        with open(html, "w", encoding="utf-8") as file:
            file.write(page(report, os.path.basename(os.path.abspath(path))))
        say(f"The page is {html}.")
    if SESSION.output == "table" and not SESSION.query:
        _show(report, path)
    else:
        emit(report.to_dict())


def _commands() -> Commands:
    """Return what becomes of each command of v1's: read off its sentence, or off the docstring of what does it here."""
    from stoker.cli.az.table import COMMANDS, FOREIGN
    from stoker.porting.docstrings import difference
    from stoker.porting.findings import Verdict

    known: dict[str, tuple[Verdict, str]] = {}
    for name, place in {**FOREIGN, **COMMANDS}.items():
        if isinstance(place, tuple):
            differs = difference(_command(*place))
            known[name] = (Verdict.DIFFERS if differs else Verdict.WORKS, differs)
        else:
            known[name] = (Verdict.MISSING if "later version" in place else Verdict.CLOUD, f"It {place}")
    return known


def _command(module: str, verb: str) -> Callable[..., Any] | None:
    app: Noun = importlib.import_module(f"stoker.cli.az.{module}").app
    return next(info.callback for info in app.registered_commands if info.name == verb)


def _show(report: Report, path: str) -> None:
    """Write what does not work here with what to use instead, some of what does, and the share."""
    rows = [_row(name, found) for name, found in report.by_name()]
    odd = [row for row in rows if row["instead"]]
    shown = rows[: max(_SHOWN, len(odd))]
    if rows:
        write(table(shown, _COLUMNS))
    if len(rows) > len(shown):
        write(f"and {len(rows) - len(shown)} more names, which work; `-o json` has each use with its file and line")
    for sentence in dict.fromkeys(row["instead"] for row in odd):
        _explain(str(sentence), [str(row["name"]) for row in odd if row["instead"] == sentence])
    if report.unread:
        say("")
    for file, why in report.unread:
        say(f"{file}: {why}")
    if not rows:
        write(f"No use of v1 was found in {_counted(report.files, 'file')}.")
        return
    uses, files = _counted(len(report.findings), "use"), _counted(report.files, "file")
    write(f"\n{100 * report.share:.0f} % of {uses} of v1 in {files} work here.")
    hint(f"stoker azureml check {path} --html report.html   a page with every place")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _row(name: str, found: Sequence[Finding]) -> dict[str, Any]:
    first = min(found, key=lambda finding: (finding.file, finding.cell or 0, finding.line))
    return {
        "name": name,
        "uses": len(found),
        "verdict": first.verdict.value,
        "place": first.place,
        "instead": first.instead,
    }


def _explain(sentence: str, names: list[str]) -> None:
    """Write what to use instead of some names."""
    cells = terminal_width() or _WIDE
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    write("\n" + wrap(f"{', '.join(names[:_NAMED])}{more}:", cells))
    write(wrap(sentence, cells, "  ", "  "))
