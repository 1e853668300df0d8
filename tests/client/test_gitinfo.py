from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.client import gitinfo

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text("print(1)\n")
    (folder / "notes.txt").write_text("x\n")
    git(folder, "init", "-q")
    git(folder, "checkout", "-q", "-b", "work/alpha")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "remote", "add", "origin", "https://me:secret@example.com/team/code.git")
    return folder


def test_remote_branch_commit_and_state_are_recorded_under_both_names(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")

    assert gitinfo.collect(str(repository)) == {
        "azureml.git.repository_uri": "https://example.com/team/code.git",
        "mlflow.source.git.repoURL": "https://example.com/team/code.git",
        "azureml.git.branch": "work/alpha",
        "mlflow.source.git.branch": "work/alpha",
        "azureml.git.commit": commit,
        "mlflow.source.git.commit": commit,
        "azureml.git.dirty": "False",
    }


def test_a_folder_inside_a_repository_counts(repository: Path) -> None:
    assert gitinfo.collect(str(repository / "src"))["azureml.git.branch"] == "work/alpha"


@pytest.mark.parametrize("change", ["changed", "new", "gone", "staged"])
def test_a_change_in_the_folder_makes_it_dirty(repository: Path, change: str) -> None:
    if change == "gone":
        (repository / "src" / "train.py").unlink()
    else:
        (repository / "src" / ("other.py" if change == "new" else "train.py")).write_text("print(2)\n")
    if change == "staged":
        git(repository, "add", ".")

    assert gitinfo.collect(str(repository / "src"))["azureml.git.dirty"] == "True"


def test_a_change_outside_the_source_folder_does_not_make_it_dirty(repository: Path) -> None:
    (repository / "notes.txt").write_text("y\n")

    assert gitinfo.collect(str(repository / "src"))["azureml.git.dirty"] == "False"
    assert gitinfo.collect(str(repository))["azureml.git.dirty"] == "True"


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")

    facts = gitinfo.collect(str(repository))

    assert "azureml.git.branch" not in facts
    assert facts["azureml.git.commit"] == git(repository, "rev-parse", "HEAD")


def test_a_repository_without_commits_or_remotes_has_a_branch_only(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "symbolic-ref", "HEAD", "refs/heads/trunk")

    assert gitinfo.collect(str(tmp_path)) == {
        "azureml.git.branch": "trunk",
        "mlflow.source.git.branch": "trunk",
        "azureml.git.dirty": "False",
    }


def test_a_linked_work_tree_counts_as_its_repository(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))

    facts = gitinfo.collect(str(tmp_path / "side"))

    assert facts["azureml.git.branch"] == "side"
    assert facts["azureml.git.repository_uri"] == "https://example.com/team/code.git"


def test_the_remote_of_the_branch_comes_before_origin(repository: Path) -> None:
    git(repository, "remote", "add", "mine", "git@example.com:me/code.git")
    assert gitinfo.collect(str(repository))["azureml.git.repository_uri"] == "https://example.com/team/code.git"

    git(repository, "config", "branch.work/alpha.remote", "mine")
    assert gitinfo.collect(str(repository))["azureml.git.repository_uri"] == "git@example.com:me/code.git"


def test_outside_a_repository_nothing_is_recorded(tmp_path: Path) -> None:
    assert gitinfo.collect(str(tmp_path)) == {}


def test_a_broken_repository_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")

    assert gitinfo.collect(str(tmp_path)) == {}


def test_a_missing_folder_is_no_failure(repository: Path) -> None:
    assert gitinfo.collect(str(repository / "nowhere")) == {}


def test_without_git_nothing_is_recorded(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert gitinfo.collect(str(repository)) == {}


def test_variables_of_a_git_hook_do_not_lead_to_another_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))

    assert gitinfo.collect(str(repository))["azureml.git.branch"] == "work/alpha"


def test_a_slow_git_status_costs_the_state_but_not_the_commit(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    real = shutil.which("git")
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\n[ "$1" = status ] && exec sleep 60\nexec {real} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    began = time.monotonic()

    facts = gitinfo.begin(str(repository), patience=0.1).finish()

    assert time.monotonic() - began < 20
    assert facts["azureml.git.commit"] == commit
    assert facts["azureml.git.branch"] == "work/alpha"
    assert facts["azureml.git.repository_uri"] == "https://example.com/team/code.git"
    assert "azureml.git.dirty" not in facts


def test_asking_twice_for_the_answer_is_harmless(repository: Path) -> None:
    asked = gitinfo.begin(str(repository))

    assert asked.finish()
    assert asked.finish() == {}


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://example.com/a.git", "https://example.com/a.git"),
        ("https://user:pass@example.com/a.git", "https://example.com/a.git"),
        ("https://token@example.com:8443/a.git", "https://example.com:8443/a.git"),
        ("https://user:p@ss@example.com/a", "https://example.com/a"),
        ("https://user:pa/ss@example.com/a", "https://example.com/a"),
        ("https://user:p?a#s@example.com/a?q=1", "https://example.com/a"),
        ("https://example.com/@scope/a?access_token=x#y", "https://example.com/@scope/a"),
        ("https://example.com/a?token=x:y@z", "https://example.com/a"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("ssh://git@example.com/a", "ssh://git@example.com/a"),
        ("ssh://git:pass@example.com:22/a", "ssh://git@example.com:22/a"),
        ("git@example.com:team/a.git", "git@example.com:team/a.git"),
        ("user:pass@example.com:team/a.git", "user@example.com:team/a.git"),
        ("/srv/git/a@b.git", "/srv/git/a@b.git"),
        ("../a.git", "../a.git"),
        ("file:///srv/git/a.git", "file:///srv/git/a.git"),
        ("codecommit::https://user:pass@example.com/a", "codecommit::https://example.com/a"),
        ("ext::sh -c 'connect --password x'", ""),
    ],
)
def test_a_url_is_recorded_without_credentials(url: str, clean: str) -> None:
    assert gitinfo.without_credentials(url) == clean


secrets = st.text(alphabet="abcXYZ019:/?#@!$&'()*+,;=%._~-", min_size=0, max_size=8).map(lambda text: f"SeCrEt{text}")


@given(user=st.sampled_from(["", "me", "oauth2"]), secret=secrets)
def test_a_password_never_comes_through_however_it_is_written(user: str, secret: str) -> None:
    assert "SeCrEt" not in gitinfo.without_credentials(f"https://{user}:{secret}@example.com/team/code.git")
