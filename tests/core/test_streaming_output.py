from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from stoker.client.http import Event, Response
from stoker.core._streaming import raise_unless_completed, wait_for_end
from stoker.exceptions import ActivityCanceledException, ActivityFailedException

RUN = {"id": "exp_1_ab", "status": "Running", "experiment": "exp", "target": "local"}


class OneRunService:
    """A service that knows one run: its events in order, and its logs."""

    url = "http://127.0.0.1:1234"

    def __init__(self, events: list[tuple[str, Any]], logs: dict[str, bytes] | None = None) -> None:
        self.events_to_come = events
        self.logs = logs or {}
        self.asked: dict[str, Any] = {}

    def events(self, path: str, cursor: str | None = None, **params: Any) -> Iterator[Event]:
        assert path == f"/runs/{RUN['id']}/events"
        assert cursor is None
        self.asked = params
        for number, (name, data) in enumerate(self.events_to_come):
            if name == "interrupt":
                raise KeyboardInterrupt
            yield Event(name, data, str(number))

    def get(self, path: str, **_: Any) -> Any:
        assert path == f"/runs/{RUN['id']}/logs"
        return {"logs": [{"name": name, "size": len(data), "live": False} for name, data in self.logs.items()]}

    def request(self, method: str, path: str, *, params: dict[str, Any]) -> Response:
        assert method == "GET"
        data = self.logs[path.partition("/logs/")[2]]
        lines = data.splitlines(keepends=True)[-params["tail"] :]
        return Response(200, None, b"".join(lines))  # type: ignore[arg-type]  # headers aren't looked at


def log(name: str, text: str) -> tuple[str, Any]:
    return "log", {"name": name, "offset": 0, "text": text}


def ended(status: str = "Completed", **facts: Any) -> tuple[str, Any]:
    return "end", {**RUN, "status": status, **facts}


def printed(service: Any, *, show_output: bool = True) -> str:
    out = io.StringIO()
    wait_for_end(service, RUN["id"], show_output=show_output, out=out)
    return out.getvalue()


def test_the_log_is_printed_as_v1_prints_it() -> None:
    service = OneRunService(
        [
            ("run", RUN),
            log("system_logs/environment.txt", "resolved\n"),
            log("user_logs/std_log.txt", "epoch 1\n"),
            log("user_logs/std_log.txt", "epoch 2\n"),
            ended(),
        ]
    )

    assert printed(service) == (
        "RunId: exp_1_ab\n"
        "Web View: http://127.0.0.1:1234/runs/exp_1_ab\n"
        "\nStreaming system_logs/environment.txt\n=====================================\n\nresolved\n"
        "\nStreaming user_logs/std_log.txt\n===============================\n\nepoch 1\nepoch 2\n"
        "\nExecution Summary\n=================\n"
        "RunId: exp_1_ab\n"
        "Web View: http://127.0.0.1:1234/runs/exp_1_ab\n\n"
    )
    assert service.asked == {"logs": True}


def test_colours_and_progress_bars_pass_through_and_a_cut_line_is_closed() -> None:
    text = "\x1b[1mbold\x1b[0m\r 50%"

    assert f"{text}\n\nExecution Summary" in printed(OneRunService([log("user_logs/std_log.txt", text), ended()]))


def test_a_log_without_a_last_line_end_is_closed_before_the_next_heading() -> None:
    found = printed(OneRunService([log("a.txt", "half"), log("b.txt", "x\n"), log("a.txt", "more\n"), ended()]))

    assert "half\n\nStreaming b.txt\n===============\n\nx\n\nStreaming a.txt\n===============\n\nmore\n" in found


def test_the_summary_shows_warnings_and_the_error() -> None:
    error = {"code": "UserScriptFailed", "message": "exit code 1"}
    found = printed(OneRunService([ended("Failed", warnings=["numpy moved to 2.0"], error=error)]))

    assert "\nWarnings:\n" in found
    assert "numpy moved to 2.0" in found
    assert '"code": "UserScriptFailed"' in found


def test_a_terminal_that_lacks_a_letter_gets_a_substitute() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    service: Any = OneRunService([log("a.txt", "größer\n"), ended()])
    wait_for_end(service, RUN["id"], show_output=True, out=out)

    assert b"gr??er\n" in raw.getvalue()


def test_without_output_nothing_is_printed_and_no_log_is_asked_for() -> None:
    service = OneRunService([("run", RUN), ended()])

    assert printed(service, show_output=False) == ""
    assert service.asked == {"logs": None}


@pytest.mark.parametrize("show_output", [True, False])
def test_an_interrupt_ends_the_waiting_and_says_how_to_come_back(show_output: bool) -> None:
    out = io.StringIO()
    service: Any = OneRunService([log("a.txt", "half"), ("interrupt", None)])

    with pytest.raises(KeyboardInterrupt):
        wait_for_end(service, RUN["id"], show_output=show_output, out=out)

    assert "The run exp_1_ab goes on" in out.getvalue()
    assert "stoker run logs exp_1_ab --follow" in out.getvalue()


def test_a_failure_carries_the_error_and_the_tail_of_the_user_s_log() -> None:
    lines = [f"line {n}" for n in range(30)]
    service: Any = OneRunService(
        [],
        {
            "system_logs/supervisor.txt": b"not this\n",
            "user_logs/std_log.txt": "\n".join([*lines, "ValueError: b\udcffd"]).encode("utf-8", "surrogateescape"),
        },
    )
    error = {"code": "UserScriptFailed", "message": "The script ended with exit code 1."}

    with pytest.raises(ActivityFailedException) as caught:
        raise_unless_completed(service, {**RUN, "status": "Failed", "error": error})

    message = caught.value.message
    assert message.startswith("The run exp_1_ab failed: The script ended with exit code 1.")
    assert '"code": "UserScriptFailed"' in message
    assert "The last 20 lines of user_logs/std_log.txt:" in message
    assert "line 11\n" in message
    assert "line 10\n" not in message
    assert "ValueError: b\ufffdd" in message
    assert "stoker run logs exp_1_ab" in message
    assert caught.value.details == {"error": error}


def test_a_failure_before_any_log_is_still_told() -> None:
    service: Any = OneRunService([])

    with pytest.raises(ActivityFailedException, match="no reason is on record"):
        raise_unless_completed(service, {**RUN, "status": "Failed", "error": None})


def test_a_canceled_run_raises_its_own_error() -> None:
    service: Any = OneRunService([])

    with pytest.raises(ActivityCanceledException, match="the limit of 1 s"):
        raise_unless_completed(service, {**RUN, "status": "Canceled", "error": {"message": "the limit of 1 s"}})


def test_a_completed_run_raises_nothing() -> None:
    service: Any = OneRunService([])

    raise_unless_completed(service, {**RUN, "status": "Completed"})
