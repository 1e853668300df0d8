from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stoker import __version__
from stoker.cli.common import FLAGS, VALUES
from stoker.cli.nouns import NOUNS, ROOT_VERBS
from stoker.cli.words import collect, read

HEAVY = ("typer", "rich", "http", "fastapi", "pydantic", "yaml", "jmespath", "inspect", "subprocess", "stoker.service")


def modules_after(words: list[str], folder: Any = None) -> set[str]:
    code = (
        "import sys, json; from stoker.cli import main\n"
        f"status = main({words!r}); sys.stdout.flush()\n"
        "sys.stderr.write(chr(10) + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=folder
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def loaded(words: list[str], folder: Any = None) -> list[str]:
    found = modules_after(words, folder)
    return [name for name in HEAVY if name in found]


def test_version_is_printed_and_nothing_heavy_is_imported(stoker: Any) -> None:
    done = stoker("--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"stoker {__version__}\n", "")
    assert loaded(["--version"]) == []


def test_version_stays_within_its_count_of_modules() -> None:
    bare = subprocess.run(
        [sys.executable, "-c", "import sys, json; print(len(sys.modules))"], capture_output=True, check=True, timeout=60
    )

    assert len(modules_after(["--version"])) <= int(bare.stdout) + 25


@pytest.mark.parametrize(
    "words", [["__complete", "ru"], ["__complete", "run", "li"], ["__complete", "run", "list", "--"]]
)
def test_completion_of_words_loads_no_library(words: list[str]) -> None:
    assert loaded(words) == []


def test_completion_of_names_asks_no_library_when_no_service_runs(tmp_path: Any) -> None:
    assert loaded(["__complete", "run", "show", ""], tmp_path) == []


@pytest.mark.parametrize("words", [["-h"], ["run", "--help"], ["run", "list", "--help"], ["compute", "create", "-h"]])
def test_help_loads_no_library(words: list[str]) -> None:
    assert loaded(words) == []


def test_help_in_the_middle_of_a_command_is_the_same_help(stoker: Any) -> None:
    assert stoker("run", "list", "--limit", "3", "-h").stdout == stoker("run", "list", "--help").stdout


def test_a_command_imports_no_other_noun_and_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    found = modules_after(["server", "list", "-o", "json"], tmp_path)

    assert {"typer", "stoker.cli.server"} <= found
    assert not {f"stoker.cli.{noun}" for noun in NOUNS if noun != "server"} & found
    assert (
        not {"rich", "pydantic", "http.client", "fastapi", "jmespath", "yaml", "stoker.core", "stoker.service"} & found
    )


def test_the_help_of_stoker_lists_all_it_has(stoker: Any) -> None:
    done = stoker("--help")

    assert done.returncode == 0
    assert all(word in done.stdout for word in [*NOUNS, *ROOT_VERBS])
    assert stoker().stdout == done.stdout


@pytest.mark.parametrize("noun", list(NOUNS))
def test_a_noun_alone_shows_its_help(stoker: Any, noun: str) -> None:
    done = stoker(noun)

    assert done.returncode == 0
    assert f"Usage: stoker {noun} VERB" in done.stdout
    assert done.stdout == stoker(noun, "-h").stdout


def commands() -> list[str]:
    return sorted(read())


@pytest.mark.parametrize("command", commands())
def test_every_help_reads_well_in_40_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from stoker.cli import main

    monkeypatch.setenv("COLUMNS", "40")

    assert main([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert "Options of every command" in text
    prose = [line for line in text.splitlines() if not line.startswith(("    stoker ", "  -"))]
    assert [line for line in prose if len(line) > 40 and " " in line.strip()] == []


def test_the_kept_words_are_those_of_the_commands() -> None:
    assert read() == collect(), "run: python -m stoker.cli.words"


def test_no_option_of_a_command_hides_a_common_one() -> None:
    common = {*VALUES, *FLAGS, "-h", "--help"}
    own = {command: {name for item in facts["options"] for name in item["names"]} for command, facts in read().items()}

    assert [command for command, names in own.items() if common & names] == []


def test_the_command_is_installed() -> None:
    program = os.path.join(os.path.dirname(sys.executable), "stoker")
    if not os.path.exists(program):
        pytest.skip("the package is not installed beside this interpreter")

    assert subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout == (
        f"stoker {__version__}\n"
    )


def test_the_package_can_be_run_where_the_command_is_not_on_the_path() -> None:
    done = subprocess.run([sys.executable, "-m", "stoker", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"stoker {__version__}\n"
