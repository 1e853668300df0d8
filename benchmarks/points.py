"""From the first `run.log` of a script to an answered `get_metrics`, and what one more point costs a full run."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Row, in_turn, show
from benchmarks.places import Place, live
from benchmarks.theirs import beside
from stoker.base.ids import new_guid

_SCRIPT = """
import json, sys, time
from stoker.core import Run
run = Run.get_context()
run.log("warm", 1.0)
began = time.perf_counter()
for n in range({count}):
    run.log("loss", n * 0.5)
written = time.perf_counter()
found = run.get_metrics("loss")["loss"]
answered = time.perf_counter()
assert len(found) == {count}, len(found)
json.dump([written - began, answered - began], open("{mark}", "w"))
"""


def rows(*, quick: bool = False) -> list[Row]:
    """Measure both on a warm service."""
    count, rounds = (50_000, 1) if quick else (300_000, 5)
    full, again = (100_000, 20) if quick else (1_000_000, 100)
    with tempfile.TemporaryDirectory() as folder, live(Path(folder) / "workspace") as place:
        written, rate = _through(place, Path(folder), count, rounds)
        with_many, with_none, reading = _second(place, full, again)
    theirs = beside("points", 200 if quick else 1000, count // 5) or {}
    theirs |= {f"second {name}": value for name, value in (beside("second", full, again) or {}).items()}
    return [
        Row(
            f"{count:,} points: first `run.log` to the answer of `get_metrics`",
            rate,
            "points/s",
            100_000,
            f"written at {written:,.0f} points/s{_mlflow(theirs)}",
            at_least=True,
        ),
        Row(
            f"one more point of a run that has {full:,}, stored",
            with_many,
            "ms",
            None,
            f"{with_none:.3g} ms when it has none{_mlflow_second(theirs)}",
        ),
        Row("the same and another metric of it read", reading, "ms", None),
    ]


def _mlflow(theirs: dict[str, float]) -> str:
    if "batched" not in theirs:
        return ""
    return f"; MLflow: {theirs['single']:,.0f} by `log_metric`, {theirs['batched']:,.0f} by `log_batch` of 1,000"


def _mlflow_second(theirs: dict[str, float]) -> str:
    if "second full" not in theirs:
        return ""
    return f"; MLflow's `log_metric` {theirs['second full']:.3g} ms, {theirs['second empty']:.3g} ms when it has none"


def _through(place: Place, folder: Path, count: int, rounds: int) -> tuple[float, float]:
    mark = folder / "mark"
    config = place.script(folder / "source", _SCRIPT.format(count=count, mark=mark))
    written: list[float] = []

    def once() -> float:
        place.experiment.submit(config).wait_for_completion()
        writing, whole = json.loads(mark.read_text())
        written.append(count / writing)
        return count / float(whole)

    (rate,) = in_turn([once], rounds)
    return statistics.median(written), rate


class _Sender:
    """Sends the journal of an interactive run itself, as the shipper does."""

    def __init__(self, place: Place) -> None:
        self._api = place.api
        self.run_id = new_guid()
        self._offset = 0
        self._api.post("/runs", {"id": self.run_id, "experiment": "bench", "kind": "interactive"})

    def send(self, lines: list[list[object]]) -> None:
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        params = {"journal": "bench", "offset": self._offset}
        self._api.request("POST", f"/runs/{self.run_id}/journal", params=params, raw=data)
        self._offset += len(data)

    def one(self) -> float:
        """Return the milliseconds of one point more."""
        began = time.perf_counter()
        self.send([["m", 0, time.time(), "loss", 0.5, None]])
        return (time.perf_counter() - began) * 1000

    def read(self) -> float:
        """Return the milliseconds of one point more and of reading a metric that has few."""
        began = time.perf_counter()
        self.send([["m", 0, time.time(), "few", 0.5, None]])
        self._api.get(f"/runs/{self.run_id}/metrics", name="few")
        return (time.perf_counter() - began) * 1000


def _second(place: Place, full: int, rounds: int) -> tuple[float, float, float]:
    many, none = _Sender(place), _Sender(place)
    now = time.time()
    for start in range(0, full, 10_000):
        many.send([["m", 0, now, "loss", n * 0.5, None] for n in range(start, start + 10_000)])
    with_many, with_none, reading = in_turn([many.one, none.one, many.read], rounds)
    return with_many, with_none, reading


if __name__ == "__main__":
    show(rows())
