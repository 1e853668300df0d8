from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stoker.cli.complete import FILES, candidates
from stoker.cli.shells import SCRIPTS


def values(*words: str) -> list[str]:
    return [value for value, _ in candidates(list(words))]


def test_nouns_and_verbs_are_completed() -> None:
    assert values("exp") == ["experiment"]
    assert values("run", "c") == ["compare", "cancel"]
    assert {"run", "init", "completion"} <= set(values(""))


def test_options_are_completed_with_the_common_ones() -> None:
    assert values("run", "list", "--st") == ["--status"]
    assert "--output" in values("run", "list", "--o")
    assert values("run", "list", "--status", "Comp") == ["Completed"]
    assert values("run", "list", "-o", "j") == ["json", "jsonl"]
    assert values("-o", "y") == ["yaml"]


def test_common_options_before_the_verb_are_passed_over() -> None:
    assert values("-o", "json", "run", "li") == ["list"]
    assert values("--debug", "run", "-o", "json", "li") == ["list"]


def test_what_belongs_to_the_script_is_completed_as_files() -> None:
    assert values("run", "submit", "") == [FILES]
    assert values("run", "submit", "train.py", "--sta") == [FILES]
    assert values("run", "submit", "--detach", "train.py", "") == [FILES]


def test_an_argument_too_many_has_no_candidates() -> None:
    assert values("experiment", "show", "one", "") == []
    assert values("nonsense", "") == []


def test_names_are_none_without_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STOKER_WORKSPACE", raising=False)

    assert values("run", "show", "@") == ["@last", "@last-failed"]


def test_a_broken_completion_is_silent(stoker: Any) -> None:
    done = stoker("__complete", "experiment", "show", "")

    assert (done.stdout, done.stderr) == ("", "")


def test_run_configurations_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".azureml").mkdir()
    (tmp_path / ".azureml" / "gpu.runconfig").write_text("target: local\n")
    monkeypatch.chdir(tmp_path)

    assert values("run", "submit", "-c", "g") == ["gpu", FILES]


@pytest.mark.parametrize("shell", list(SCRIPTS))
def test_a_script_is_printed_for_each_shell(stoker: Any, shell: str) -> None:
    assert stoker("completion", shell).stdout == SCRIPTS[shell]


@pytest.mark.parametrize("shell", list(SCRIPTS))
def test_the_shell_accepts_its_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(SCRIPTS[shell])

    subprocess.run([shell, "-n", str(script)], check=True, timeout=30)


def bash_replies(line: str, words: list[str], folder: Path) -> list[str]:
    """Return what bash would offer for `line`, with the cursor at its end."""
    listed = " ".join(f"'{word}'" for word in words)
    program = (
        f'stoker() {{ "{sys.executable}" -m stoker.cli "$@"; }}\n{SCRIPTS["bash"]}\n'
        f"COMP_LINE='{line}' COMP_POINT={len(line)} COMP_WORDS=({listed}) COMP_CWORD={len(words) - 1}\n"
        '_stoker; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", program], cwd=folder, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.split("\n")[:-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_words_files_and_names_with_an_at_sign(tmp_path: Path) -> None:
    (tmp_path / "my script.py").write_text("")

    assert bash_replies("stoker run li", ["stoker", "run", "li"], tmp_path) == ["list"]
    assert bash_replies("stoker exp", ["stoker", "exp"], tmp_path) == ["experiment"]
    assert bash_replies("stoker run submit ", ["stoker", "run", "submit", ""], tmp_path) == ["my script.py"]
    assert bash_replies("stoker run show @last-", ["stoker", "run", "show", "@last-"], tmp_path) == ["@last-failed"]
    # Where bash breaks words at "@", only what stands behind it is replaced.
    assert bash_replies("stoker run show @last-", ["stoker", "run", "show", "@", "last-"], tmp_path) == ["last-failed"]


def test_completion_stays_quick_and_quiet_in_a_folder_that_can_not_be_read(stoker: Any, tmp_path: Path) -> None:
    assert stoker("__complete", "-w", "nowhere", "run", "show", "").stderr == ""
    assert os.path.isdir(tmp_path)
