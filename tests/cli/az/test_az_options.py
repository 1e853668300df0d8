from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stoker.cli import main
from stoker.cli.az.command import truth
from stoker.cli.az.options import several
from stoker.cli.session import SESSION, Session, UsageProblem
from stoker.client.layout import create_workspace


def test_the_result_is_json_with_its_keys_in_order(az: Any) -> None:
    done = az("workspace show")

    assert list(done.json) == sorted(done.json)
    assert done.json["name"] == "test-workspace"


def test_each_form_of_output_holds_the_same(az: Any) -> None:
    shown = az("workspace show").json

    assert az("workspace show", "-o", "jsonc").json == shown
    assert json.loads(az("workspace show", "--output=jsonl").out) == shown
    assert yaml.safe_load(az("workspace show", "-o", "yaml").out) == shown
    assert yaml.safe_load(az("workspace show", "--output", "yamlc").out) == shown
    assert az("workspace show", "-o", "none").out == ""
    assert az("workspace show", "-o", "tsv", "--query", "[name, sku]").out.split() == ["test-workspace", "basic"]
    assert "test-workspace" in az("workspace show", "-o", "table").out
    assert az("workspace list", "-o", "table").out.splitlines()[0].split()[0] == "ResourceGroup"


def test_the_form_of_output_may_stand_before_the_command_too(az: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["-o", "tsv", "az", "ml", "workspace", "show"], ["az", "-o", "tsv", "ml", "workspace", "show"]):
        vars(SESSION).update(vars(Session()))
        capsys.readouterr()

        assert main([*words, "--query", "name"]) == 0
        assert capsys.readouterr().out == "test-workspace\n"
    assert az("workspace show").json["sku"] == "basic"


def test_a_wrong_form_or_query_is_wrong_use(az: Any) -> None:
    assert az("workspace show", "-o", "xml").status == 2
    assert az("workspace show", "--query", "[").status == 2
    assert az("workspace show", "-o").status == 2


def test_an_error_leaves_stdout_empty_unless_json_was_asked_for(az: Any) -> None:
    silent = az("run show", "-r", "no-such-run")
    said = az("run show", "-r", "no-such-run", "-o", "json")

    assert (silent.status, silent.out) == (1, "")
    assert "no-such-run" in silent.err
    assert said.status == 1
    assert "no-such-run" in json.loads(said.out)["error"]["message"]


def test_a_folder_without_workspace_is_an_error(away: Any) -> None:
    done = away("experiment list")

    assert (done.status, done.out) == (1, "")
    assert "stoker init" in done.err


def test_labels_must_be_those_of_the_workspace_where_it_has_some(away: Any, tmp_path: Path) -> None:
    create_workspace(str(tmp_path), "labelled", subscription_id="0000-1111", resource_group="Team")
    words = ("-o", "tsv", "--query", "name")

    assert away("workspace show", "-g", "team", "--subscription-id", "0000-1111", *words).out == "labelled\n"
    assert away("workspace show", "--resource-group", "other").status == 1
    assert "'Team'" in away("workspace show", "--resource-group", "other").err
    assert away("workspace show", "--subscription-id=2222").status == 1


def test_a_workspace_without_labels_takes_any(az: Any) -> None:
    assert az("workspace show", "-g", "anything", "--subscription-id", "1").status == 0


def test_the_workspace_is_found_by_name_by_folder_and_by_path(away: Any, tmp_path: Path) -> None:
    home = tmp_path / "project"
    home.mkdir()
    create_workspace(str(home), "elsewhere")
    words = ("-o", "tsv", "--query", "name")

    assert away("workspace show", "-w", home, *words).out == "elsewhere\n"
    assert away("workspace show", f"--workspace-name={home}", *words).out == "elsewhere\n"
    assert away("workspace show", "--path", home, *words).out == "elsewhere\n"
    assert away("workspace show", *words).status == 1


def test_what_azure_only_had_is_taken_and_said_to_be_without_effect(az: Any) -> None:
    done = az("workspace update", "-f", "Ours", "--image-build-compute", "cpu", "--v1-legacy-mode", "true", "-v")

    assert done.json["friendlyName"] == "Ours"
    assert "without effect here: --image-build-compute, --v1-legacy-mode" in done.err
    assert "Note" not in az("workspace update", "-f", "Ours", "--image-build-compute", "cpu", "--only-show-errors").err


def test_long_options_may_be_cut_where_they_stay_clear(az: Any) -> None:
    assert az("workspace update", "--friendly", "Cut", "--resource", "any").json["friendlyName"] == "Cut"


def test_a_flag_of_v1_may_have_a_value(az: Any) -> None:
    assert az("datastore list", "--include-secret", "True").status == 0
    assert az("datastore list", "--include-secret", "false", "--verbose", "true").status == 0
    assert az("datastore list", "--include-secret=false").status == 0
    assert az("datastore list", "--include-secret", "--query", "[0].name").status == 0
    assert az("datastore list", "--include-secret", "perhaps").status == 2


def test_the_file_of_what_was_made_holds_the_result(az: Any, tmp_path: Path) -> None:
    shown = az("workspace show", "-t", "new/folder/made.json").json

    assert json.loads((tmp_path / "new" / "folder" / "made.json").read_text(encoding="utf-8")) == shown


def test_a_file_that_can_not_be_written_is_said_before_anything_is_done(az: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert az("workspace show", "-t", str(tmp_path)).status == 2
    done = az("workspace show", "--output-metadata-file", "file/below.json")
    assert (done.status, done.out) == (2, "")


@pytest.mark.parametrize(
    "words", [["login"], ["logout"], ["account", "set", "-s", "x"], ["extension", "add", "-n", "x"]]
)
def test_what_prepares_azure_is_passed_over(away: Any, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    del away

    assert main(["az", *words]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"`az {words[0]}` does nothing here" in captured.err


@pytest.mark.parametrize("words", [["configure", "--defaults", "group=x"], ["vm", "list"], ["--nonsense"]])
def test_the_rest_of_azure_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["az", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "stoker" in captured.err


def test_several_tags_may_stand_in_one_word() -> None:
    assert several(["a=1 b=2", "c=two words", "d"]) == {"a": "1", "b": "2", "c": "two words", "d": None}
    assert several(None) == {}


def test_a_word_that_is_neither_true_nor_false_is_wrong_use() -> None:
    assert [truth(word) for word in ("TRUE", "no", "0", None)] == [True, False, False, False]
    with pytest.raises(UsageProblem, match="neither true nor false"):
        truth("maybe")
