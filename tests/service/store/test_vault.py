"""The key of secrets: made once, closed to others, and missed in words."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from stoker.exceptions import WorkspaceException
from stoker.service.store import Store
from stoker.service.store.vault import Vault

RACE = """
import sys, time
from stoker.service.store.vault import Vault
vault = Vault(sys.argv[1])
sys.stdin.readline()
print(vault.seal(sys.argv[2]).decode())
"""


def test_a_sealed_text_opens_again_and_never_looks_the_same(tmp_path: Path) -> None:
    vault = Vault(str(tmp_path / "key"))
    first, second = vault.seal("swordfish"), vault.seal("swordfish")

    assert first != second
    assert [Vault(str(tmp_path / "key")).open(sealed, "it") for sealed in (first, second)] == ["swordfish"] * 2


def test_the_key_is_the_owner_s_alone_also_after_a_copy(tmp_path: Path) -> None:
    key = tmp_path / "key"
    sealed = Vault(str(key)).seal("x")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600

    key.chmod(0o644)
    assert Vault(str(key)).open(sealed, "it") == "x"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [key]


def test_the_key_is_made_when_first_needed(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "stoker.db"))
    store.secrets.list()
    store.datastores.list()
    assert not (tmp_path / "secrets.key").exists()

    store.secrets.set("x", "y")
    assert (tmp_path / "secrets.key").exists()
    store.close()


@pytest.mark.parametrize("change", ["gone", "other", "broken"])
def test_without_its_key_a_secret_is_missed_in_words(tmp_path: Path, change: str) -> None:
    store, key = Store.open(str(tmp_path / "stoker.db")), tmp_path / "secrets.key"
    store.secrets.set("password", "swordfish")
    before = key.read_bytes()
    if change == "gone":
        key.unlink()
    else:
        key.write_bytes(b"no key" if change == "broken" else Fernet.generate_key())

    with pytest.raises(WorkspaceException, match=r"secrets\.key"):
        store.secrets.get("password")
    assert [record["name"] for record in store.secrets.list()] == ["password"]
    key.write_bytes(before)
    assert store.secrets.get("password") == "swordfish"
    store.close()


def test_a_copied_workspace_has_its_secrets_and_a_copied_database_has_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    store = Store.open(str(home / "stoker.db"))
    store.secrets.set("password", "swordfish")
    store.close()
    shutil.copytree(home, tmp_path / "whole")
    (tmp_path / "part").mkdir()
    shutil.copy(home / "stoker.db", tmp_path / "part")

    whole, part = (Store.open(str(tmp_path / name / "stoker.db")) for name in ("whole", "part"))
    assert whole.secrets.get("password") == "swordfish"
    with pytest.raises(WorkspaceException, match="is not there"):
        part.secrets.get("password")
    for opened in (whole, part):
        opened.close()


def test_processes_that_need_a_key_at_once_make_one(tmp_path: Path) -> None:
    key = str(tmp_path / "key")
    commands = [[sys.executable, "-c", RACE, key, str(number)] for number in range(4)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for command in commands
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    sealed = [child.communicate()[0].strip() for child in children]

    vault = Vault(key)
    assert [vault.open(text.encode(), "it") for text in sealed] == ["0", "1", "2", "3"]
