from __future__ import annotations

import pytest

from stoker.exceptions import UserErrorException
from stoker.service.settings import load_settings


def test_the_environment_wins_over_the_workspaces_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOKER_IDLE_SECONDS", "7")

    settings = load_settings({"settings": {"idle_seconds": 3, "local_concurrency": 5}})

    assert (settings.idle_seconds, settings.local_concurrency) == (7.0, 5)


def test_a_wrong_value_is_named_with_what_to_do() -> None:
    with pytest.raises(UserErrorException, match=r"'local_concurrency' has the value 'many'.*STOKER_LOCAL_CONCURRENCY"):
        load_settings({"settings": {"local_concurrency": "many"}})
