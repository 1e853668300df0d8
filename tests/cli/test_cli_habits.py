from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.conftest import environment_of

from stoker.core import RunConfiguration


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        (["runn", "list"], "`stoker run`"),
        (["run", "lst"], "'list'"),
        (["run", "list", "--lmit", "3"], "--limit"),
        (["run", "list", "-o", "jsn"], "'json'"),
        (["run", "list", "--status", "Compleet"], "'Completed'"),
        (["completion", "bsh"], "'bash'"),
    ],
)
def test_a_wrong_word_gets_the_nearest_right_one_and_exit_status_2(
    stoker: Any, words: list[str], suggested: str
) -> None:
    stoker("init")

    done = stoker(*words)

    assert done.returncode == 2
    assert suggested in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) <= 3


@pytest.mark.parametrize("noun", ["pipeline", "sweep", "automl", "token"])
def test_what_is_not_there_yet_is_an_unknown_command(stoker: Any, noun: str) -> None:
    done = stoker(noun, "list")

    assert done.returncode == 2
    assert f"no command '{noun}'" in done.stderr


@pytest.mark.parametrize("words", [["run", "show"], ["run", "compare"], ["compute", "create", "pool"]])
def test_a_missing_argument_is_wrong_use(stoker: Any, words: list[str]) -> None:
    done = stoker(*words)

    assert done.returncode == 2
    assert "Missing argument" in done.stderr
    assert "--help" in done.stderr


def test_a_folder_without_workspace_gives_an_error_of_three_lines(stoker: Any) -> None:
    done = stoker("run", "list")

    assert done.returncode == 1
    assert "stoker init" in done.stderr
    assert 2 <= len(done.stderr.splitlines()) <= 3
    assert "Traceback" not in done.stderr


def test_an_error_as_json_is_one_object_on_stdout(stoker: Any) -> None:
    for words in (["run", "list", "-o", "json"], ["-o", "json", "run", "list"], ["run", "list", "--output=json"]):
        done = stoker(*words)

        assert done.returncode == 1
        assert json.loads(done.stdout)["error"]["message"]


def test_a_wrong_option_as_json_is_one_object_on_stdout_too(stoker: Any) -> None:
    done = stoker("run", "list", "--no-such-option", "-o", "json")

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "Usage"


def test_a_traceback_is_shown_with_debug_only(stoker: Any) -> None:
    assert "Traceback" in stoker("run", "list", "--debug").stderr
    assert "Traceback" not in stoker("run", "list").stderr


def test_init_makes_a_workspace_named_after_its_folder_and_asks_nothing(stoker: Any, folder: Path) -> None:
    done = stoker("init")

    assert done.returncode == 0
    assert "my-project" in done.stdout
    assert "stoker run submit" in done.stderr
    assert [entry.name for entry in folder.iterdir()] == [".stoker"]


def test_init_again_changes_nothing(stoker: Any, folder: Path) -> None:
    stoker("init")
    before = (folder / ".stoker" / "config.json").read_bytes()

    done = stoker("init")

    assert done.returncode == 0
    assert "already" in done.stdout
    assert (folder / ".stoker" / "config.json").read_bytes() == before


def test_init_numbers_a_name_that_is_taken(stoker: Any, tmp_path: Path) -> None:
    stoker("init")
    other = tmp_path / "other" / "my project"
    other.mkdir(parents=True)

    assert "my-project-2" in stoker("init", cwd=other).stdout
    assert stoker("init", "third", "--name", "my-project", cwd=other).returncode == 1


def test_init_with_an_illegal_name_makes_nothing(stoker: Any, folder: Path) -> None:
    done = stoker("init", "--name", "a b")

    assert done.returncode == 1
    assert "a b" in done.stderr
    assert list(folder.iterdir()) == []


def test_the_common_options_are_taken_before_between_and_after(stoker: Any) -> None:
    stoker("init")
    expected = stoker("workspace", "show", "-o", "json").stdout

    assert json.loads(expected)["name"] == "my-project"
    assert stoker("-o", "json", "workspace", "show").stdout == expected
    assert stoker("workspace", "-o", "json", "show").stdout == expected
    assert stoker("workspace", "show", "--output=json").stdout == expected


def test_a_workspace_is_named_by_option_or_variable(stoker: Any, tmp_path: Path, folder: Path) -> None:
    stoker("init")
    away = tmp_path / "away"
    away.mkdir()

    for words, more in (
        (["-w", "my-project"], {}),
        (["-w", str(folder)], {}),
        ([], {"STOKER_WORKSPACE": "my-project"}),
        (["-w", "my-project"], {"STOKER_WORKSPACE": "another"}),
    ):
        done = stoker("workspace", "show", "-o", "json", *words, cwd=away, **more)
        assert json.loads(done.stdout)["root"] == str(folder)

    wrong = stoker("workspace", "show", "-w", "my-projct", cwd=away)
    assert wrong.returncode == 1
    assert "my-project" in wrong.stderr


def test_each_form_of_output_holds_the_same(stoker: Any) -> None:
    stoker("init")
    facts = json.loads(stoker("workspace", "show", "-o", "json").stdout)

    assert yaml.safe_load(stoker("workspace", "show", "-o", "yaml").stdout) == facts
    assert json.loads(stoker("workspace", "show", "-o", "jsonl").stdout) == facts
    assert stoker("workspace", "show", "-o", "none").stdout == ""
    assert facts["name"] in stoker("workspace", "show", "-o", "tsv").stdout.split("\t")


@pytest.mark.parametrize("words", [["workspace", "show"], ["-h"], ["run", "-h"], ["run", "list", "-h"], ["--version"]])
def test_a_reader_that_has_left_is_no_error(tmp_path: Path, stoker: Any, folder: Path, words: list[str]) -> None:
    stoker("init")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "stoker.cli", *words],
            cwd=folder,
            env=environment_of(tmp_path),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_query_picks_from_the_json_shape(stoker: Any) -> None:
    stoker("init")

    assert stoker("workspace", "list", "--query", "[0].name", "-o", "tsv").stdout == "my-project\n"
    assert stoker("workspace", "list", "--query", "[].name", "-o", "json").stdout == '[\n  "my-project"\n]\n'
    assert "my-project" in stoker("workspace", "list", "--query", "[].{n: name}").stdout
    wrong = stoker("workspace", "list", "--query", "[")
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_nothing_is_asked_where_nobody_can_answer(stoker: Any, folder: Path) -> None:
    stoker("init")

    done = stoker("workspace", "delete")

    assert done.returncode == 2
    assert done.stderr.startswith("Error: Nothing was changed")
    assert "--yes" in done.stderr
    assert (folder / ".stoker" / "config.json").exists()


def test_a_workspace_is_deleted_when_it_is_said_and_nothing_else_is(stoker: Any, folder: Path) -> None:
    stoker("init")
    (folder / "train.py").write_text("print()")

    assert stoker("workspace", "delete", "--yes").returncode == 0
    assert [entry.name for entry in folder.iterdir()] == ["train.py"]
    assert json.loads(stoker("workspace", "list", "-o", "json").stdout) == []


def test_looking_starts_no_service(stoker: Any, folder: Path) -> None:
    stoker("init")

    assert json.loads(stoker("status", "-o", "json").stdout)["service"] is None
    assert json.loads(stoker("server", "status", "-o", "json").stdout) == {"state": "stopped"}
    assert stoker("__complete", "run", "show", "").returncode == 0
    assert stoker("doctor", "-o", "json").returncode in {0, 1}
    assert json.loads(stoker("server", "stop", "-o", "json").stdout) == {"stopped": False}
    assert not (folder / ".stoker" / "service.json").exists()


def test_doctor_says_what_to_install(stoker: Any) -> None:
    done = stoker("doctor", PATH="/nowhere")

    assert "uv" in done.stdout
    assert "Open MPI" in done.stderr
    assert "Open MPI" not in stoker("doctor", "--only-show-errors", PATH="/nowhere").stderr


def test_a_folder_is_told_which_workspace_it_belongs_to(stoker: Any, tmp_path: Path, folder: Path) -> None:
    stoker("init")
    away = tmp_path / "away"
    away.mkdir()

    assert stoker("workspace", "use", "my-project", cwd=away).returncode == 0
    assert json.loads((away / ".azureml" / "config.json").read_text())["workspace_name"] == "my-project"
    assert json.loads(stoker("workspace", "show", "-o", "json", cwd=away).stdout)["root"] == str(folder)


def test_a_run_configuration_is_made_listed_shown_and_checked(stoker: Any, folder: Path) -> None:
    stoker("init")

    assert stoker("runconfig", "create", "local").returncode == 0
    assert (folder / ".azureml" / "local.runconfig").exists()
    assert json.loads(stoker("runconfig", "list", "-o", "json").stdout)[0]["name"] == "local"
    shown = json.loads(stoker("runconfig", "show", "local", "-o", "json").stdout)
    assert shown["environment"]["python"]["userManagedDependencies"] is True
    assert stoker("runconfig", "validate", "local").returncode == 0
    assert stoker("runconfig", "create", "local").returncode == 2
    assert "'local'" in stoker("runconfig", "show", "locl").stderr


def test_a_run_configuration_that_python_saved_is_found_by_name(stoker: Any, folder: Path) -> None:
    stoker("init")
    RunConfiguration().save(str(folder), name="cpu")

    assert [row["name"] for row in json.loads(stoker("runconfig", "list", "-o", "json").stdout)] == ["cpu"]
    assert stoker("runconfig", "validate", "cpu").returncode == 0
    assert stoker("runconfig", "create", "cpu").returncode == 2


def test_a_run_configuration_with_an_unknown_word_is_neither_made_nor_fine(stoker: Any, folder: Path) -> None:
    stoker("init")

    done = stoker("runconfig", "create", "local", "--framework", "Pythn")
    assert done.returncode == 1
    assert "'Python'" in done.stderr
    assert not (folder / ".azureml").exists()

    stoker("runconfig", "create", "local")
    file = folder / ".azureml" / "local.runconfig"
    file.write_text(file.read_text().replace("framework: Python", "framework: Pythn"))
    checked = stoker("runconfig", "validate", "local")
    assert checked.returncode == 1
    assert "'Python'" in checked.stdout


def test_a_broken_run_configuration_is_said_with_its_place(stoker: Any, folder: Path) -> None:
    (folder / ".azureml").mkdir()
    (folder / ".azureml" / "bad.runconfig").write_text("script: [unclosed\ntarget: local\n")

    done = stoker("runconfig", "validate", "bad")

    assert done.returncode == 1
    assert "bad.runconfig" in done.stderr
    assert "line" in done.stderr


def test_a_service_that_can_not_start_is_an_error_as_json_too(stoker: Any, folder: Path) -> None:
    stoker("init")
    (folder / ".stoker" / "stoker.db").write_bytes(b"this is no database" * 100)

    done = stoker("run", "list", "-o", "json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["message"]
    assert "Traceback" not in done.stderr
