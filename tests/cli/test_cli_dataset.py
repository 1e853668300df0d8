"""`stoker dataset`, as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Stoker = Callable[..., CompletedProcess[str]]


@pytest.fixture
def workspace(stoker: Stoker, folder: Path) -> Iterator[Stoker]:
    """Return the command in a folder with a workspace and some data; its service is ended afterwards."""
    assert stoker("init", "--name", "datasets").returncode == 0
    (folder / "rows.csv").write_text("a,b\n" + "".join(f"{number},x{number}\n" for number in range(30)))
    (folder / "pictures").mkdir()
    (folder / "pictures" / "1.png").write_bytes(b"png")
    yield stoker
    stoker("server", "stop", "--cancel")


def shown(done: CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_dataset_from_its_registration_to_its_end(workspace: Stoker, folder: Path) -> None:
    assert shown(workspace("dataset", "list", "-o", "json")) == []
    made = shown(workspace("dataset", "register", "rows", "rows.csv", "--tag", "k=v", "-o", "json"))
    assert (made["name"], made["version"], made["kind"], made["tags"]) == ("rows", 1, "Tabular", {"k": "v"})
    assert made["fingerprint"]["files"] == 1

    files = shown(workspace("dataset", "register", "my pictures", "pictures", "-o", "json"))
    assert files["kind"] == "File"
    assert [item["name"] for item in shown(workspace("dataset", "list", "-o", "json"))] == ["my pictures", "rows"]

    rows = shown(workspace("dataset", "preview", "rows", "-n", "2", "-o", "json"))
    assert rows == [{"a": 0, "b": "x0"}, {"a": 1, "b": "x1"}]
    assert shown(workspace("dataset", "preview", "my pictures", "-o", "json")) == [{"path": "/1.png"}]
    columns = shown(workspace("dataset", "profile", "rows", "-o", "json"))
    assert [(column["Column"], column["Count"]) for column in columns] == [("a", 30), ("b", 30)]
    assert [line.split()[1] for line in workspace("dataset", "profile", "rows").stdout.splitlines()] == [
        "TYPE",
        "integer",
        "string",
    ]

    (path,) = shown(workspace("dataset", "download", "my pictures", "-d", "here", "-o", "json"))
    assert (folder / "here" / "1.png").read_bytes() == b"png"
    assert path["path"].endswith("/here/1.png")
    assert workspace("dataset", "download", "my pictures", "-d", "here").returncode == 1

    text = workspace("dataset", "show", "rows").stdout
    assert "delimited files" in text
    assert "rows.csv" in text
    assert "no run" in workspace("dataset", "lineage", "rows").stdout

    assert workspace("dataset", "unregister", "rows").returncode == 2
    assert workspace("dataset", "unregister", "rows", "--yes").returncode == 0
    gone = workspace("dataset", "show", "rows")
    assert gone.returncode == 1
    assert "my pictures" in gone.stderr


def test_times_and_missing_values_are_shown_as_text(workspace: Stoker, folder: Path) -> None:
    (folder / "times.csv").write_text("when,what\n2019-01-01,\n2019-01-02,x\n")
    shown(workspace("dataset", "register", "times", "times.csv", "-o", "json"))

    rows = shown(workspace("dataset", "preview", "times", "-o", "json"))
    assert rows[0] == {"when": "2019-01-01T00:00:00", "what": None}
    profile = shown(workspace("dataset", "profile", "times", "-o", "json"))
    assert profile[0]["Max"].startswith("2019-01-02")
    assert workspace("dataset", "profile", "times").returncode == 0
    assert "2019-01-02" in workspace("dataset", "preview", "times").stdout


def test_a_description_in_a_file_is_registered(workspace: Stoker, folder: Path) -> None:
    template = shown(workspace("dataset", "register", "--show-template", "-o", "json"))
    template["datasetType"] = "File"
    template["parameters"] = {"path": "https://example.invalid/a.csv"}
    template["registration"]["name"] = "described"
    (folder / "d.json").write_text(json.dumps(template))
    made = shown(workspace("dataset", "register", "-f", "d.json", "--skip-validation", "-o", "json"))

    assert (made["name"], made["version"]) == ("described", 1)
    template["registration"]["description"] = "other"
    template["parameters"] = {"path": "https://example.invalid/b.csv"}
    (folder / "d.json").write_text(json.dumps(template))
    workspace("dataset", "register", "-f", "d.json", "--skip-validation")
    assert [item["version"] for item in shown(workspace("dataset", "versions", "described", "-o", "json"))] == [2, 1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["register"], "NAME PATH"),
        (["register", "name"], "NAME PATH"),
        (["register", "name", "path", "-f", "x"], "NAME PATH"),
        (["register", "-f", "absent.json"], "absent.json"),
        (["register", "-f", "rows.csv"], "no JSON"),
        (["register", "name", "rows.csv", "--kind", "excel"], "excel"),
        (["lineage", "rows", "--up", "--down"], "exclude"),
    ],
)
def test_wrong_use_is_told_from_a_failure(workspace: Stoker, words: list[str], said: str) -> None:
    done = workspace("dataset", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_data_that_are_not_there_are_a_failure(workspace: Stoker) -> None:
    done = workspace("dataset", "register", "name", "absent/*.csv")
    assert done.returncode == 1
    assert "absent" in done.stderr


def test_a_version_is_named_behind_a_colon_as_lineage_shows_it(workspace: Stoker) -> None:
    workspace("dataset", "register", "rows", "rows.csv")
    workspace("dataset", "register", "rows", "rows.csv", "--kind", "file")
    workspace("dataset", "register", "odd:1", "pictures")

    for words, version in ((["rows:1"], 1), (["rows"], 2), (["rows", "--version", "1"], 1)):
        assert shown(workspace("dataset", "show", *words, "-o", "json"))["version"] == version
    assert len(shown(workspace("dataset", "preview", "rows:1", "-n", "3", "-o", "json"))) == 3
    assert "data set rows:1" in workspace("dataset", "lineage", "rows:1").stdout
    assert shown(workspace("dataset", "show", "odd:1", "-o", "json"))["name"] == "odd:1"
    assert "no version '9'" in workspace("dataset", "show", "rows:9").stderr


def test_advice_is_in_words_of_the_command_line(workspace: Stoker, folder: Path) -> None:
    (folder / "empty.csv").write_text("")
    (folder / "latin.csv").write_bytes("a\nné\n".encode("latin1"))
    workspace("dataset", "register", "pictures", "pictures")
    workspace("dataset", "download", "pictures", "-d", "here")
    workspace("model", "register", "-n", "m", "-p", "rows.csv")
    workspace("model", "download", "m", "-d", "here")

    for words, said in (
        (["dataset", "download", "pictures", "-d", "here"], "Add `--overwrite`"),
        (["dataset", "register", "none", "empty.csv"], "add `--skip-validation`"),
        (["dataset", "register", "latin", "latin.csv"], "Describe it in a file (`-f`; "),
        (["model", "download", "m", "-d", "here"], "another `--directory`, or add `--overwrite`"),
        (["datastore", "register", "x", "no folder"], "or make the folder"),
    ):
        done = workspace(*words)
        assert done.returncode == 1
        assert said in done.stderr
        assert not {"True", "False"} & set(done.stderr.replace(".", "").replace("=", " ").split())


def test_a_dataset_that_is_there_already_keeps_its_words_and_says_so(workspace: Stoker) -> None:
    words = ("dataset", "register", "rows", "rows.csv", "-o", "json", "--tag")
    first, again = workspace(*words, "k=v"), workspace(*words, "k=other", "--description", "new")

    assert shown(again) == shown(first)
    assert "version 1 with this definition already, and keeps its description and tags" in again.stderr
    assert "keeps" not in first.stderr


def test_secrets_in_an_address_are_not_shown(workspace: Stoker) -> None:
    url = "https://me:swordfish@example.invalid/x.csv?sv=1&sig=swordfish"
    commands = [
        ("dataset", "register", "signed", url, "--skip-validation"),
        *[(*words, "-o", form) for form in ("json", "table") for words in _LOOKS],
        ("az", "ml", "dataset", "deprecate", "-n", "signed", "-d", "signed"),
        ("datastore", "register", "far", "sftp://me:swordfish@example.invalid/x"),
    ]
    for words in commands:
        done = workspace(*words)
        assert "swordfish" not in done.stdout + done.stderr, words


_LOOKS = [
    ("dataset", "show", "signed"),
    ("dataset", "list"),
    ("dataset", "versions", "signed"),
    ("az", "ml", "dataset", "show", "-n", "signed"),
]


@pytest.mark.parametrize("words", [("dataset", "show", ""), ("model", "show", ""), ("datastore", "show", "../x")])
def test_a_name_that_is_none_is_not_found_with_what_to_do(workspace: Stoker, words: tuple[str, ...]) -> None:
    done = workspace(*words)

    assert done.returncode == 1
    assert "the names there are" in " ".join(done.stderr.split())


def test_a_description_says_the_encoding(workspace: Stoker, folder: Path) -> None:
    (folder / "latin.csv").write_bytes("a\nné\n".encode("latin1"))
    parameters = {"path": [str(folder / "latin.csv")], "sourceType": "delimited_files", "encoding": "latin1"}
    whole = {"datasetType": "Tabular", "parameters": parameters, "registration": {"name": "latin"}}
    (folder / "latin.json").write_text(json.dumps({"schemaVersion": 1, **whole}))

    assert workspace("dataset", "register", "-f", "latin.json").returncode == 0
    assert shown(workspace("dataset", "preview", "latin", "-o", "json")) == [{"a": "né"}]
