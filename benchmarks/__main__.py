"""Run every benchmark and print one table."""

from __future__ import annotations

import os
import sys
import tempfile

from benchmarks import cli, imports, run_log, submit
from benchmarks.measure import Row, show


def main() -> int:
    """Measure everything in places of its own; the exit status is 0 whether or not budgets are met."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STOKER_HOME"] = os.path.join(folder, "home")
        os.environ["STOKER_CACHE"] = os.path.join(folder, "cache")
        rows: list[Row] = []
        for part in (imports, run_log, submit, cli):
            print(f"measuring {part.__name__}", file=sys.stderr)
            rows += part.rows()
    show(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
