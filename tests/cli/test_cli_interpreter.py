"""Which Python the shell's runs start with, asked of Stoker in real environments."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import stoker

SOURCE = Path(stoker.__file__).parents[1]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the environment that Stoker is in, and another one: the user's."""
    base = tmp_path_factory.mktemp("pythons")
    for name in ("stoker", "mine"):
        venv.create(base / name, symlinks=True)
    return base / "stoker", base / "mine"


def asked(python: Path, **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "CONDA_PREFIX"}}
    done = subprocess.run(
        [python, "-c", "from stoker.cli.interpreter import own_python; print(own_python())"],
        env={**kept, "PYTHONPATH": str(SOURCE), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def of(place: Path) -> Path:
    return place / "bin" / "python"


def test_beside_the_user_s_packages_it_is_stoker_s_own(places: tuple[Path, Path]) -> None:
    here, mine = places

    assert asked(of(here), VIRTUAL_ENV=str(mine), PATH=str(mine / "bin")) == str(of(here))


@pytest.mark.parametrize("receipt", ["uv-receipt.toml", "pipx_metadata.json"])
def test_in_a_tool_s_environment_it_is_the_shell_s(places: tuple[Path, Path], receipt: str) -> None:
    here, mine = places
    (here / receipt).touch()
    try:
        assert asked(of(here), VIRTUAL_ENV=str(mine)) == str(of(mine))
        assert asked(of(here), PATH=str(mine / "bin")) == str(of(mine))
        assert asked(of(here), VIRTUAL_ENV="/nowhere", PATH="/nowhere") == str(of(here))
    finally:
        (here / receipt).unlink()


def test_an_active_environment_counts_where_stoker_is_in_none(places: tuple[Path, Path]) -> None:
    _, mine = places
    base = Path(getattr(sys, "_base_executable", sys.executable))

    assert asked(base, VIRTUAL_ENV=str(mine)) == str(of(mine))
