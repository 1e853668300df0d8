from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stoker.base.journal import encode_value, parse
from stoker.service.store import Store
from stoker.service.store.sql.lines import read_lines
from stoker.testing.store_journals import lines, take
from stoker.testing.store_runs import make

names = st.sampled_from(["loss", "acc", "é"])
times = st.floats(1.0, 2e9, allow_nan=False).map(lambda t: round(t, 6))
steps = st.none() | st.integers(-(2**63), 2**63 - 1)
values = st.one_of(
    st.floats(),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
).map(encode_value)
cells = st.dictionaries(st.sampled_from(["a", "b", "loss"]), values, min_size=1)
records = st.one_of(
    st.tuples(st.just("m"), st.just(0), times, names, values, steps),
    st.tuples(st.just("l"), st.just(0), times, names, st.lists(values, max_size=3)),
    st.tuples(st.just("r"), st.just(0), times, names, cells),
    st.tuples(st.just("a"), st.just(0), times, names, st.just("f.png"), st.just("image")),
).map(list)
torn = st.sampled_from([b"", b'["m",0,1.', b"\xff", b"{", b'["m",0,1.0,"x",1'])


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    opened = Store.open("sqlite://")
    yield opened
    opened.close()


_count = iter(range(10**9))


def _fresh(store: Store) -> str:
    run_id = f"run-{next(_count)}"
    make(store, run_id)
    return run_id


def _metrics(store: Store, run_id: str) -> str:
    text = json.dumps([store.metrics.collapsed(run_id), store.metrics.series(run_id)])
    return text.replace(run_id, "RUN")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(records, torn), max_size=12), st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900))))
def test_any_cut_of_a_journal_into_pieces_gives_the_same_metrics(
    store: Store, written: list[Any], pieces: list[tuple[int, int]]
) -> None:
    data = b"".join(item + b"\n" if isinstance(item, bytes) else lines(item) for item in written)
    whole, pieced = _fresh(store), _fresh(store)
    at_once = store.journals.ingest(whole, "j", 0, data)
    torn_lines = 0
    for start, end in [*pieces, (0, len(data))]:
        result = store.journals.ingest(pieced, "j", start, data[start:end])
        assert result.stored == store.journals.stored(pieced, "j") <= len(data)
        torn_lines += result.torn
    for start in range(0, len(data), 97):
        store.journals.ingest(pieced, "j", start, data[start : start + 97])

    assert store.journals.stored(pieced, "j") == at_once.stored == len(data)
    assert torn_lines == at_once.torn
    assert _metrics(store, pieced) == _metrics(store, whole)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(values, steps), min_size=1, max_size=8))
def test_a_metric_reads_as_it_was_logged(store: Store, logged: list[tuple[Any, Any]]) -> None:
    run_id = _fresh(store)
    take(store, run_id, *[["m", 0, float(n + 1), "x", value, step] for n, (value, step) in enumerate(logged)])
    wanted = list(logged)
    if all(step is not None for _, step in logged):
        wanted.sort(key=lambda item: int(item[1]))

    found = store.metrics.collapsed(run_id)["x"]
    plain = found if len(logged) > 1 else [found]
    assert [repr(value) for value in plain] == [repr(value) for value, _ in _unsigned(wanted)]


def _unsigned(wanted: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    # SQLite keeps no negative zero.
    return [(0.0 if value == 0.0 and type(value) is float else value, step) for value, step in wanted]


@given(st.lists(st.one_of(records.map(lambda record: lines(record)[:-1]), torn, st.binary(max_size=9)), max_size=8))
def test_lines_are_read_as_the_writers_own_parser_reads_them(pieces: list[bytes]) -> None:
    data = b"\n".join(pieces)
    found = read_lines(data, 1000)
    known, consumed, _ = parse(data)

    assert found.consumed == consumed
    kept = [record for record in found.records if isinstance(record, list) and record in known]
    assert kept == [record for record in known if isinstance(record, list)]
    for position, record in zip(found.positions, found.records, strict=True):
        line = data[position - 1000 :].split(b"\n", 1)[0]
        assert json.dumps(record, sort_keys=True) == json.dumps(json.loads(line), sort_keys=True)


def test_what_numbers_stand_for_is_known_after_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'stoker.db'}"
    first = Store.open(url)
    make(first, "a")
    take(
        first,
        "a",
        ["child", 0, 1.0, {"id": "b", "name": None, "tags": {}, "status": "Running"}],
        ["run", 1, "b"],
        ["m", 1, 1.0, "x", 1, 5],
    )
    first.close()
    second = Store.open(url)
    take(second, "a", ["m", 1, 2.0, "x", 2, 4], ["m", 1, 2.0, "y", 0.5, None])

    assert second.metrics.collapsed("b") == {"x": [2, 1], "y": 0.5}
    assert [run["id"] for run in second.runs.list(sort="metrics.x", children=True)["runs"]] == ["b", "a"]
    assert second.journals.offsets("a")["j"] > 0
    assert second.next_incarnation() == 1
    second.close()


def test_a_hundred_thousand_points_are_taken_and_read(store: Store) -> None:
    run_id = _fresh(store)
    data = b"".join(b'["m",0,%d.5,"x%d",%d.25,null]\n' % (n, n % 4, n) for n in range(100_000))
    result = store.journals.ingest(run_id, "j", 0, data)

    found = store.metrics.collapsed(run_id)
    assert result.stored == len(data)
    assert [len(found[f"x{n}"]) for n in range(4)] == [25_000] * 4
    assert found["x3"][-1] == 99_999.25
