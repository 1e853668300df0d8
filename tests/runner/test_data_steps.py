from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.base.processes import carrying
from stoker.runner.data_steps import filled, filled_line

Until = Callable[[Callable[[], Any]], Any]
TOKENS = {"DatasetConsumptionConfig:a": "/in/a", "DatasetOutputConfig:a": "/out", "$AZUREML_DATAREFERENCE_a": "/r"}


def test_placeholders_are_replaced_where_they_end() -> None:
    text = "DatasetConsumptionConfig:a DatasetConsumptionConfig:ab $AZUREML_DATAREFERENCE_a/x DatasetOutputConfig:a_1"

    assert filled(text, TOKENS) == "/in/a DatasetConsumptionConfig:ab /r/x DatasetOutputConfig:a_1"
    assert filled("nothing", {}) == "nothing"


def test_a_longer_name_wins_over_one_that_it_begins_with() -> None:
    tokens = {"$AZUREML_DATAREFERENCE_a": "1", "$AZUREML_DATAREFERENCE_a-b": "2"}

    assert filled("$AZUREML_DATAREFERENCE_a-b $AZUREML_DATAREFERENCE_a", tokens) == "2 1"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=30))
def test_a_value_is_one_word_for_a_shell_however_it_is_quoted(value: str) -> None:
    word = "DatasetConsumptionConfig:x"
    line = filled_line(f"printf '%s\\0' {word} \"{word}\" '{word}' a{word} \"it's {word}\" \\\"{word}", {word: value})
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True)

    expected = [value, value, value, f"a{value}", f"it's {value}", f'"{value}']
    assert done.stdout.decode().split("\0")[:-1] == expected


@pytest.fixture
def stub(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that makes a run's data of two shell scripts, which stand for the programs of `stoker.data`."""

    def make(before: str, after: str = "true") -> dict[str, Any]:
        program = tmp_path / "python"
        program.write_text(
            f"#!/bin/sh\nfolder=$3\noutcome=$4\n"
            f'if [ "$2" = stoker.data.run_inputs ]; then\n{before}\nelse\n{after}\nfi\n'
        )
        program.chmod(0o755)
        return {"python": str(program), "python_path": "", "outputs": [{"name": "o"}]}

    return make


@pytest.fixture
def ready() -> str:
    facts = {"variables": {"x": "/in/x"}, "tokens": {"DatasetConsumptionConfig:x": "/in/x"}, "warnings": ["look out"]}
    return f"echo '{json.dumps(facts)}' > $folder/data.json"


@pytest.mark.usefixtures("service")
class TestSupervisor:
    def test_a_script_is_told_where_its_data_is(self, bench: Any, stub: Any, ready: str) -> None:
        data = stub(ready, "echo '{\"warnings\": []}' > $folder/data_end.json")
        code = "import os, sys; print(os.environ['x'], sys.argv[1], os.environ['y'], os.environ['STOKER_DATA'])"
        argv = ["python3", "-c", code, "DatasetConsumptionConfig:x/sub"]
        run_id = bench.run(argv=argv, data=data, env={"PATH": "/usr/bin:/bin", "y": "in DatasetConsumptionConfig:x"})

        assert bench.ended(run_id)["code"] == 0
        folder = bench.folder(run_id).folder
        assert bench.log(run_id) == f"/in/x /in/x/sub in /in/x {folder}/data.json\n"

    def test_what_there_is_to_say_comes_into_the_journal(
        self, bench: Any, stub: Any, ready: str, service: Any, until: Until
    ) -> None:
        run_id = bench.run("pass", data=stub(ready, 'echo \'{"warnings": ["kept two"]}\' > $folder/data_end.json'))
        bench.ended(run_id)
        until(lambda: run_id in service.finished)

        records = service.records(run_id)
        assert [record[3] for record in records if record[0] == "warn"] == ["look out", "kept two"]
        assert [record[3] for record in records if record[0] == "status"] == ["Starting", "Running", "Finalizing"]
        assert "run_inputs ended" in bench.log(run_id, "system_logs/supervisor.txt")

    def test_with_inputs_alone_nothing_is_done_after_the_script(self, bench: Any, stub: Any, ready: str) -> None:
        run_id = bench.run("pass", data={**stub(ready, "exit 1"), "outputs": []})

        assert bench.ended(run_id)["code"] == 0

    def test_a_child_that_dies_without_a_word_is_told_with_its_last_line(self, bench: Any, stub: Any) -> None:
        facts = bench.ended(bench.run("print('never')", data=stub("echo out of luck; kill -9 $$")))

        assert facts["reason"] == "its data could not be prepared"
        assert "killed (signal 9)" in facts["message"]
        assert facts["message"].endswith("The last line of system_logs/data.txt: out of luck")

    def test_an_error_is_the_run_s_message(self, bench: Any, stub: Any) -> None:
        run_id = bench.run("print('never')", data=stub('echo \'{"error": "No such file."}\' > $folder/data.json'))

        assert bench.ended(run_id)["message"] == "No such file."
        assert bench.log(run_id) == ""

    def test_an_interpreter_that_is_missing_is_named(self, bench: Any) -> None:
        facts = bench.ended(bench.run("pass", data={"python": "/nowhere/python", "python_path": ""}))

        assert "/nowhere/python" in facts["message"]

    @pytest.mark.parametrize(
        ("code", "outcome"), [("pass", "Completed"), ("raise SystemExit(3)", "Failed")], ids=["good", "bad"]
    )
    def test_the_outcome_is_told_to_who_keeps_the_outputs(
        self, bench: Any, stub: Any, ready: str, code: str, outcome: str
    ) -> None:
        after = "echo $outcome > $folder/told; echo '{}' > $folder/data_end.json"
        run_id = bench.run(code, data=stub(ready, after))
        bench.ended(run_id)

        assert Path(bench.folder(run_id).folder, "told").read_text().strip() == outcome

    def test_outputs_that_could_not_be_kept_fail_a_run_that_was_well(self, bench: Any, stub: Any, ready: str) -> None:
        after = 'echo \'{"error": "The disk is full."}\' > $folder/data_end.json'
        facts = bench.ended(bench.run("pass", data=stub(ready, after)))

        assert (facts["code"], facts["reason"], facts["message"]) == (
            *(125, "its outputs could not be kept", "The disk is full."),
        )

    def test_a_script_s_own_failure_stays_the_reason(self, bench: Any, stub: Any, ready: str) -> None:
        after = 'echo \'{"error": "The disk is full."}\' > $folder/data_end.json'
        facts = bench.ended(bench.run("raise ValueError('mine')", data=stub(ready, after)))

        assert (facts["code"], facts["message"]) == (1, "ValueError: mine")
        assert facts["warnings"] == ["The disk is full."]

    def test_cancel_while_outputs_are_kept_ends_that_and_the_run(
        self, bench: Any, stub: Any, ready: str, until: Until
    ) -> None:
        run_id = bench.run("pass", data=stub(ready, "touch $folder/begun; sleep 600"))
        until(lambda: Path(bench.folder(run_id).folder, "begun").exists())
        bench.cancel(run_id, "enough")
        facts = bench.ended(run_id)

        assert (facts["canceled"], facts["reason"]) == (True, "enough")
        until(lambda: not carrying(run_id))

    def test_a_child_that_will_not_end_is_killed(self, bench: Any, stub: Any, until: Until) -> None:
        run_id = bench.run("pass", data=stub("trap '' TERM; touch $folder/begun; while true; do sleep 1; done"))
        until(lambda: Path(bench.folder(run_id).folder, "begun").exists())
        bench.cancel(run_id)

        assert bench.ended(run_id)["canceled"]
        until(lambda: not carrying(run_id))

    def test_a_canceled_script_s_outputs_get_the_grace_and_no_longer(self, bench: Any, stub: Any, ready: str) -> None:
        run_id = bench.run("import time; time.sleep(600)", data=stub(ready, "echo $outcome; sleep 600"), grace=1)
        bench.running(run_id)
        bench.cancel(run_id, grace=1.0)

        assert bench.ended(run_id)["canceled"]
        assert bench.log(run_id, "system_logs/data.txt").strip() == "Canceled"
