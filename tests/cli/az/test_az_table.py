from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from stoker.cli.az.table import COMMANDS, COMMON, FOREIGN, GROUPS
from stoker.cli.azureml import _commands
from stoker.cli.complete import candidates
from stoker.cli.words import read
from stoker.porting.commands import read_commands
from stoker.porting.findings import Verdict

HERE = Path(__file__).parent
BUILT = {name: place for name, place in COMMANDS.items() if isinstance(place, tuple)}
OTHERS = {name: place for name, place in COMMANDS.items() if isinstance(place, str)}
V1_OPTIONS = json.loads((HERE / "v1_options.json").read_text(encoding="utf-8"))


def command(name: str) -> Any:
    module, verb = BUILT[name]
    return importlib.import_module(f"stoker.cli.az.{module}").app.one(verb)


def test_the_table_and_the_files_have_the_same_commands() -> None:
    modules = {module for module, _ in BUILT.values()}
    there = {
        (module, str(info.name))
        for module in modules
        for info in importlib.import_module(f"stoker.cli.az.{module}").app.registered_commands
    }

    assert there == set(BUILT.values())
    assert {name.split()[0] for name in BUILT} == set(GROUPS)


@pytest.mark.parametrize("name", sorted(V1_OPTIONS))
def test_every_option_of_v1_is_taken(name: str) -> None:
    made = command(name)
    own = {option for param in made.params for option in param.opts}
    cloud = set(made.context_settings["obj"])

    assert sorted(set(V1_OPTIONS[name]) - own - cloud - set(COMMON)) == []


@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_command_that_works_has_a_test(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in HERE.glob("test_az_*.py") if path.name != Path(__file__).name]

    assert any(re.search(rf'["\' ]{re.escape(name)}["\' ]', text) for text in texts)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_is_not_here_says_what_it_was_and_what_to_use(away: Any, name: str) -> None:
    done = away(name, "--some", "option")

    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"Error: `az ml {' '.join(name.split()[:2])}")
    assert len(done.err.splitlines()) == 1
    assert "`" in done.err.split("`", 2)[2] or "leave it out" in done.err


def test_all_below_a_group_that_is_not_here_has_its_sentence(away: Any) -> None:
    done = away("pipeline create-schedule", "-n", "nightly", "-e", "x", "-i", "0")

    assert done.status == 2
    assert done.err.startswith("Error: `az ml pipeline create-schedule` worked with pipelines")


def test_an_error_is_json_too_where_that_was_asked_for(away: Any) -> None:
    done = away("model deploy", "-n", "x", "-o", "json")

    assert done.status == 2
    assert "stoker serve" in json.loads(done.out)["error"]["message"]


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_a_command_of_the_later_extension_is_named_as_such(away: Any, name: str) -> None:
    done = away(f"{name} create")

    assert (done.status, done.out) == (2, "")
    assert f"`az ml {name}" in done.err
    assert "no command of v1:" not in done.err


def test_an_unknown_command_gets_the_nearest(away: Any) -> None:
    done = away("run submit-scrpt", "train.py")

    assert done.status == 2
    assert "`stoker az ml run submit-script`" in done.err
    assert "--help" in away("zzzzz qqqqq").err


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_wrong_option_is_wrong_use(away: Any, name: str) -> None:
    done = away(name, "--no-such-option")

    assert (done.status, done.out) == (2, "")
    assert "--no-such-option" in done.err
    assert f"stoker az ml {name} --help" in done.err


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_command_explains_itself_in_the_middle_too(away: Any, name: str) -> None:
    done = away(name, "--help")

    assert done.status == 0
    assert done.out.startswith(f"Usage: stoker az ml {name}")
    assert "--output-metadata-file" in done.out
    assert away(name, "-o", "json", "-h").out == done.out


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_lists_its_commands(away: Any, group: str) -> None:
    done = away(group)

    assert done.status == 0
    assert done.out == away(group, "--help").out
    assert all(name.split(" ", 1)[1] in done.out for name in COMMANDS if name.startswith(f"{group} "))


def test_the_first_words_alone_list_the_groups(away: Any) -> None:
    assert all(group in away("").out for group in GROUPS)
    assert away("", "-h").out == away("").out


def test_the_check_of_old_code_knows_the_same_commands() -> None:
    known = _commands()

    assert known["run submit-script"] == (Verdict.WORKS, "")
    assert "later version" in known["pipeline"][1]
    assert set(known) == {*COMMANDS, *FOREIGN}


def test_the_check_of_old_code_tells_what_comes_later_from_what_only_azure_has() -> None:
    lines = ("pipeline create -n x", "workspace private-endpoint add", "computetarget amlcompute identity show -n x")

    found = read_commands("\n".join(f"az ml {line}" for line in lines), "ci.sh", _commands())

    assert [finding.verdict for finding in found] == [Verdict.MISSING, Verdict.CLOUD, Verdict.DIFFERS]
    assert found[2].name == "az ml computetarget amlcompute identity show"
    assert found[2].instead.startswith("There is never one, because runs have the rights")


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_command_that_does_nothing_says_how_it_differs(name: str) -> None:
    module, verb = BUILT[name]
    function = next(
        info.callback
        for info in importlib.import_module(f"stoker.cli.az.{module}").app.registered_commands
        if info.name == verb
    )
    does_nothing = re.search(r"nothing was done|has no identity", inspect.getsource(function)) is not None
    does_nothing |= re.search(r"_nothing_to_switch|_no_identity", inspect.getsource(function)) is not None

    assert not does_nothing or _commands()[name][0] is Verdict.DIFFERS


def test_words_of_old_commands_are_completed() -> None:
    def values(*words: str) -> list[str]:
        return [value for value, _ in candidates(list(words))]

    assert values("a") == ["azureml", "az"]
    assert values("az", "") == ["ml"]
    assert set(values("az", "ml", "")) == set(GROUPS)
    assert values("az", "ml", "computetarget", "create", "") == ["amlcompute", "computeinstance"]
    assert values("az", "ml", "run", "submit-script", "--as") == ["--async"]
    assert values("az", "ml", "run", "list", "--resource") == ["--resource-group"]
    assert values("az", "ml", "run", "list", "--status", "Comp") == ["Completed"]
    assert values("az", "ml", "run", "list", "-o", "jsonl") == ["jsonl"]


def test_the_words_of_every_command_are_kept() -> None:
    assert {f"az ml {name}" for name in BUILT} == {name for name in read() if name.startswith("az ")}
