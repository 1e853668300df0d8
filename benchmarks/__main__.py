"""Run every benchmark and print one table; `--write` puts it into docs/performance.md."""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import sqlite3
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType

import psutil

from benchmarks import (
    big_submit,
    cli,
    data_again,
    imports,
    loop,
    mlflow_log,
    points,
    queued,
    run_log,
    run_table,
    snapshots,
    submit,
    tabular,
    upload,
)
from benchmarks.measure import Row, table

PARTS = (
    imports,
    run_log,
    submit,
    big_submit,
    cli,
    queued,
    loop,
    points,
    snapshots,
    run_table,
    upload,
    data_again,
    tabular,
    mlflow_log,
)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main(arguments: list[str]) -> int:
    """Measure everything in places of its own; the exit status is 0 whether or not budgets are met."""
    names = {part.__name__.rpartition(".")[2]: part for part in PARTS}
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure what docs/performance.md claims."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(names)}; default: all")
    parser.add_argument("--quick", action="store_true", help="smaller numbers and fewer rounds: a few minutes")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.parts) - set(names))
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    if given.write and (given.parts or given.quick):
        parser.error("--write is for the whole table: leave out parts and --quick")
    rows = _measure([names[name] for name in given.parts] or list(PARTS), quick=given.quick)
    text = f"{machine()}\n\n{table(rows)}"
    print(text)
    if given.write:
        PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0


def _measure(parts: list[ModuleType], *, quick: bool) -> list[Row]:
    rows: list[Row] = []
    # As every installation has it; a checkout has it only where Python may write beside the sources.
    compileall.compile_dir(PAGE.parents[1] / "src", quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STOKER_HOME"] = os.path.join(folder, "home")
        os.environ["STOKER_CACHE"] = os.path.join(folder, "cache")
        for part in parts:
            print(f"measuring {part.__name__}", file=sys.stderr, flush=True)
            try:
                rows += part.rows(quick=quick)
            except Exception:  # noqa: BLE001  # what the other parts measured is not lost
                traceback.print_exc()
                rows.append(Row(f"`{part.__name__}` failed", float("nan"), "", None))
    return rows


def between(page: str, text: str) -> str:
    """Return the page with the text between its two marks, and nothing else there."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has lost the marks {BEGIN} and {END}; put them where the table belongs.")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def machine() -> str:
    """Return one sentence on the machine."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"Measured on {os.cpu_count()} cores of {_processor()} with {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
