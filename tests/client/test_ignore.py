from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stoker.client._ignore import RuleList
from stoker.client._scan import look_at

NAMES = ["a", "b", "ab", "a.b", "b.log", "foo", "a b", " a", "#x", "!n", "[a]", "a]", "-", "é", "a\\b", "B", "x\n"]
PIECES = [
    *[
        "a",
        "b",
        "ab",
        "*",
        "?",
        "**",
        "/",
        "/",
        "foo",
        ".log",
        "[ab]",
        "[!a]",
        "[a-c]",
        "\\",
        "\\a",
        " ",
        "!",
        "#",
        "[",
    ],
    *["]", "[[:alpha:]]", "é", "[]a]", "[^]]", "[a-]", "-", "***", "[\\]]", "B", ".", "[z-a]", "[[:x:]]", "[[a]"],
]
names = st.sampled_from(NAMES)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
rule_texts = st.lists(patterns, min_size=1, max_size=4).map("\n".join)


def files_of(folder: Path) -> set[str]:
    return set(look_at(str(folder)).stats)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def grow(folder: Path, wanted: list[str], rules: dict[str, str]) -> None:
    """Make files, as far as their names don't collide, and files of rules at the folders that exist."""
    for path in wanted:
        place = folder / path
        if not any(parent.is_file() for parent in place.parents) and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
    for path, text in rules.items():
        if (folder / path).is_dir():
            (folder / path / ".gitignore").write_text(text, encoding="utf-8")


def ignored_by_git(folder: Path) -> set[str]:
    every = [os.path.relpath(os.path.join(top, name), folder) for top, _, found in os.walk(folder) for name in found]
    mine = [name for name in every if not name.startswith(".git/")]
    command = ["git", "check-ignore", "--no-index", "-z", "--stdin"]
    answer = subprocess.run(
        command,
        input=b"\0".join(map(os.fsencode, mine)),
        cwd=folder,
        capture_output=True,
        check=False,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )
    left_out = {os.fsdecode(name) for name in answer.stdout.split(b"\0") if name}
    return set(mine) - left_out


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(paths, min_size=3, max_size=10), root=rule_texts, rules=st.dictionaries(paths, rule_texts))
def test_gitignore_files_leave_out_what_git_leaves_out(
    tmp_path: Path, wanted: list[str], root: str, rules: dict[str, str]
) -> None:
    folder = tmp_path / "tree"
    if not (tmp_path / "git").exists():
        subprocess.run(["git", "init", "-q", str(tmp_path / "git")], check=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tmp_path / "git", folder)
    inner = [path.rpartition("/")[0] for path in wanted if "/" in path]
    nested = dict(zip(inner, rules.values(), strict=False))
    grow(folder, wanted, {"": root, **nested})

    assert files_of(folder) == ignored_by_git(folder)


@pytest.mark.parametrize(
    ("rule", "name", "is_dir", "verdict"),
    [
        ("*.log", "a.log", False, True),
        ("*.log", "a.logs", False, None),
        ("build/", "build", True, True),
        ("build/", "build", False, None),
        ("/top", "sub/top", False, None),
        ("a/**", "a", True, None),
        ("a/**", "a/b/c", False, True),
        ("**/x", "x", False, True),
        ("a/**/b", "a/b", False, True),
        ("a/**/b", "a/c/d/b", False, True),
        ("!keep", "keep", False, False),
        ("\\!n", "!n", False, True),
        ("\\#x", "#x", False, True),
        ("# comment", "# comment", False, None),
        ("name ", "name", False, True),
        ("name\\ ", "name ", False, True),
        ("[", "[", False, None),
        ("a\\", "a\\", False, None),
        ("[[:digit:]]", "7", False, True),
        ("[!a-c]", "d", False, True),
        ("?", "/", False, None),
        # What stands before the first star is compared by itself, so these stars stand for folders.
        ("/a**/b", "ab", False, True),
        ("/x?a**/b", "xyab", False, None),
    ],
)
def test_a_rule_speaks_of_a_path_as_in_git(rule: str, name: str, is_dir: bool, verdict: bool | None) -> None:
    assert RuleList(rule.encode()).verdict(name.rpartition("/")[2], name, is_dir) is verdict


def test_the_last_rule_that_matches_decides() -> None:
    rules = RuleList(b"*.csv\n!data.csv\ndata.csv\n!data.csv\n")

    assert rules.verdict("data.csv", "data.csv", False) is False
    assert rules.verdict("other.csv", "other.csv", False) is True


def test_windows_line_ends_and_a_byte_order_mark_are_no_part_of_a_rule() -> None:
    rules = RuleList(b"\xef\xbb\xbfone\r\n\r\ntwo\r\n")

    assert rules.verdict("one", "one", False) is True
    assert rules.verdict("two", "two", False) is True


def test_amlignore_replaces_gitignore_and_stokerignore_replaces_both(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "b.txt", "c.txt", "sub/d.txt")
    (tmp_path / ".gitignore").write_text("a.txt\n")
    (tmp_path / "sub" / ".gitignore").write_text("d.txt\n")

    assert {"b.txt", "c.txt"} < files_of(tmp_path)
    assert not {"a.txt", "sub/d.txt"} & files_of(tmp_path)

    (tmp_path / ".amlignore").write_text("b.txt\n")
    assert {"a.txt", "c.txt", "sub/d.txt"} < files_of(tmp_path)
    assert "b.txt" not in files_of(tmp_path)

    (tmp_path / ".stokerignore").write_text("c.txt\n")
    assert {"a.txt", "b.txt", "sub/d.txt"} < files_of(tmp_path)
    assert "c.txt" not in files_of(tmp_path)


def test_an_empty_amlignore_means_that_nothing_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    (tmp_path / ".gitignore").write_text("a.txt\n")
    (tmp_path / ".amlignore").write_text("")

    assert "a.txt" in files_of(tmp_path)


def test_version_control_workspaces_environments_and_byte_code_are_always_left_out(tmp_path: Path) -> None:
    kept = ["train.py", "sub/x.py", ".github/w.yml", "src/stoker/a.py"]
    write(tmp_path, *kept, ".git/HEAD", ".hg/x", ".svn/x", ".stoker/key", ".venv/bin/python")
    write(tmp_path, "sub/__pycache__/x.pyc", "sub/.git", "sub/.stoker/token", "deep/er/.venv/x", "deep/er/y")
    (tmp_path / ".amlignore").write_text("!.git\n!.stoker\n")

    assert files_of(tmp_path) == {*kept, ".amlignore", "deep/er/y"}


def test_settings_of_azureml_are_kept_and_its_secrets_are_not(tmp_path: Path) -> None:
    write(tmp_path, ".azureml/config.json", ".azureml/auth/token.json", ".azureml/train.runconfig")
    write(tmp_path, ".azureml/conda_dependencies.yml", "config.json")

    assert files_of(tmp_path) == {".azureml/train.runconfig", ".azureml/conda_dependencies.yml", "config.json"}


def test_rules_written_in_bytes_that_are_no_utf8_match_such_names(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    (tmp_path / "café.txt").write_text("x")
    (tmp_path / ".gitignore").write_bytes(b"caf\xe9.txt\n")

    assert files_of(tmp_path) == {"café.txt", ".gitignore"}


def test_a_pattern_full_of_stars_does_not_take_forever() -> None:
    rules = RuleList(b"*a*a*a*a*b\n")
    began = time.monotonic()

    assert rules.verdict("a" * 60, "a" * 60, False) is None
    assert time.monotonic() - began < 5
