from __future__ import annotations

from pathlib import Path

import pytest

from stoker.service.environments import CurrentInterpreterBuilder, UvEnvironmentBuilder
from stoker.testing.environments import EnvironmentBuilderContract


class TestUvEnvironmentBuilder(EnvironmentBuilderContract):
    @pytest.fixture
    def builder(self, tmp_path: Path) -> UvEnvironmentBuilder:
        return UvEnvironmentBuilder(str(tmp_path / "cache"))


class TestCurrentInterpreterBuilder(EnvironmentBuilderContract):
    @pytest.fixture
    def builder(self, tmp_path: Path) -> CurrentInterpreterBuilder:
        return CurrentInterpreterBuilder(str(tmp_path / "cache"))
