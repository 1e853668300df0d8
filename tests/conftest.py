"""Every test has places of its own: no registry, cache or workspace of the user is touched."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stoker.testing.workspaces import TemporaryWorkspace

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure() -> None:
    # Started in the background of a shell, interrupts are ignored, and by all that the tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ("STOKER_HOME", "STOKER_CACHE", "STOKER_WORKSPACE")}
    os.environ["STOKER_HOME"] = str(tmp_path_factory.mktemp("home"))
    os.environ["STOKER_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ.pop("STOKER_WORKSPACE", None)
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of facts about v1, which lies beside a developer's checkout."""
    if not SHARED.is_dir():
        pytest.skip("no folder `shared` beside the checkout: it holds files of the real v1 client")
    return SHARED


@pytest.fixture(scope="module")
def live_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporaryWorkspace]:
    """Return a workspace with a real running service; shared by the tests of a module."""
    with TemporaryWorkspace(tmp_path_factory.mktemp("workspace")) as workspace:
        yield workspace
