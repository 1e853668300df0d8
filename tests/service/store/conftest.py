from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stoker.service.store import Store


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'stoker.db'}" if request.param == "file" else "sqlite://"
    opened = Store.open(url)
    yield opened
    opened.close()
