"""Tables: a CSV file beside Arrow's own reader of the same types, in constant memory, and what of Parquet is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, in_turn, show

MIB = 1 << 20
READ = """
import json, re, sys, time
from stoker.data.dataset_factory import TabularDatasetFactory
dataset = TabularDatasetFactory.from_delimited_files(sys.argv[1])
began = time.perf_counter()
{work}
seconds = time.perf_counter() - began
# Not getrusage: what it says of a new program includes the one that started it.
print(json.dumps([seconds, int(re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1])]))
"""
OURS = READ.format(work="frame = dataset.to_pandas_dataframe()")
FILTER = READ.format(work="count = len(dataset.filter(dataset['a'] < 10).keep_columns(['a']).to_pandas_dataframe())")
PROFILE = READ.format(work="profile = dataset.get_profile()")
ARROW = """
import json, sys, time
import pyarrow as pa
from pyarrow import csv
import pandas
types = {"id": pa.int64(), "a": pa.float64(), "b": pa.float64(), "word": pa.string(), "flag": pa.bool_(),
         "day": pa.timestamp("us"), "at": pa.timestamp("us")}
began = time.perf_counter()
options = csv.ConvertOptions(column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False)
frame = csv.read_csv(sys.argv[1], convert_options=options).to_pandas(split_blocks=True, self_destruct=True)
print(json.dumps([time.perf_counter() - began, 0]))
"""


def rows(*, quick: bool = False) -> list[Row]:
    """Measure one file of a gigabyte, another whose texts are in quotes, and a Parquet file."""
    size, rounds = (100 * MIB, 2) if quick else (1024 * MIB, 3)
    with tempfile.TemporaryDirectory() as folder:
        path = _csv(Path(folder) / "large.csv", size)
        result = [_beside_arrow(f"a CSV of {size // MIB:,} MiB to pandas", path, rounds, 1.2)]
        quarter = _csv(Path(folder) / "quarter.csv", size // 4)
        for what, code in (("filtered", FILTER), ("profiled", PROFILE)):
            (seconds, most), (_, less) = _run(code, path), _run(code, quarter)
            beside = f"{seconds:.1f} s; {less / 1024:.0f} MiB with a file of a quarter"
            result.append(Row(f"a CSV of {size // MIB:,} MiB, {what}", most / 1024, "MiB at most", None, beside))
        path.unlink()
        quoted = _csv(Path(folder) / "quoted.csv", size, quote='"')
        result.append(_beside_arrow("the same with texts in quotes", quoted, rounds, 1.2))
        quoted.unlink()
        return [*result, _parquet(Path(folder), 200_000 if quick else 4_000_000)]


def _beside_arrow(what: str, path: Path, rounds: int, budget: float | None) -> Row:
    ours, arrow = in_turn([lambda: _seconds(OURS, path), lambda: _seconds(ARROW, path)], rounds)
    beside = f"{ours:.1f} s; `pyarrow.csv.read_csv(...).to_pandas()` with the same types {arrow:.1f} s"
    return Row(what, ours / arrow, "x Arrow's own reader", budget, beside)


def _csv(path: Path, size: int, quote: str = "") -> Path:
    """Write a table of numbers, words, booleans, days and times."""
    lines = [
        f"{n},{n * 0.37 % 1000:.6f},{n * 1.618 % 1:.9f},{quote}word{n % 1000}{quote},{n % 3 == 0},"
        f"2019-{n % 12 + 1:02}-{n % 28 + 1:02},2019-{n % 11 + 1:02}-01 {n % 24:02}:{n % 60:02}:{n % 59:02}\n"
        for n in range(100_000)
    ]
    block = "".join(lines).encode()
    with path.open("wb") as file:
        file.write(b"id,a,b,word,flag,day,at\n")
        for _ in range(size // len(block) + 1):
            file.write(block)
    return path


def _seconds(code: str, path: Path) -> float:
    return float(_run(code, path)[0])


def _run(code: str, path: Path) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _parquet(folder: Path, count: int) -> Row:
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    from stoker.data import _definition, _engine
    from stoker.data._storage.resolve import resolve_paths

    numbers = np.random.default_rng(1)
    table = pa.table({"id": np.arange(count), **{f"c{place}": numbers.random(count) for place in range(9)}})
    path = folder / "table.parquet"
    parquet.write_table(table, path, row_group_size=count // 40)
    definition = _definition.build("parquet_files", [{"local": str(path)}])
    step: dict[str, Any] = {"op": "filter", "expression": ["<", ["col", "id"], ["value", count // 40]]}
    definition = _definition.with_steps(definition, step, {"op": "keep_columns", "columns": ["id", "c3"]})
    before, began = _read_bytes(), time.perf_counter()
    frame = _engine.to_pandas(definition, resolve_paths([{"local": str(path)}]))
    seconds, read = time.perf_counter() - began, _read_bytes() - before
    assert len(frame) == count // 40
    size = os.path.getsize(path)
    beside = f"{read / MIB:.1f} of {size / MIB:.0f} MiB in {seconds * 1000:.0f} ms; 2 of 10 columns, 1 of 40 row groups"
    return Row("Parquet with a column selection and a filter: bytes read", read / size, "of the file", None, beside)


def _read_bytes() -> int:
    """Return the bytes that this process has read so far, from memory or disk."""
    with open("/proc/self/io", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("rchar")).split()[1])


if __name__ == "__main__":
    show(rows())
