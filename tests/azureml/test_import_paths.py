"""What real v1 code imports, by the page that lists it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.azureml._places import COMING, ROOTS

WALK = """
import importlib, json, sys
import stoker.azureml

found = []
for module, name in json.loads(sys.argv[1]):
    try:
        there = importlib.import_module(module)
    except ImportError as error:
        found.append([module, name, "missing", str(error)])
        continue
    ours = sys.modules[there.__name__]
    assert there is ours and there.__name__.startswith("stoker."), module
    value = ours if name is None else getattr(there, name, None)
    home = importlib.import_module(getattr(value, "__module__", None) or ours.__name__)
    again = getattr(home, name, value) if isinstance(value, type) else value
    found.append([module, name, "there" if value is not None and again is value else "absent", ""])
print(json.dumps(found))
"""


def rows(page: str) -> list[tuple[str, str | None]]:
    """Return (module, name) of each row; None for a module that is imported as it is."""
    found: list[tuple[str, str | None]] = []
    for module, names in re.findall(r"^\| `([\w.]+)` \| (.+) \|$", page, re.MULTILINE):
        found += [(module, None if name == "(module)" else name) for name in names.split(", ")]
    return found


@pytest.fixture(scope="module")
def walked(shared: Path) -> list[tuple[str, str | None, str, str]]:
    asked = [row for row in rows((shared / "spec" / "import-paths.md").read_text()) if row != ("azureml", None)]
    assert len(asked) > 100
    command = [sys.executable, "-W", "error", "-c", WALK, json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [(module, name, verdict, why) for module, name, verdict, why in json.loads(done.stdout)]


def later(module: str) -> bool:
    """Whether the module is of a family that a later version has."""
    root, *parts = module.split(".")
    return root != ROOTS[0] or parts[0] in COMING


def test_each_path_of_what_is_built_leads_to_the_same_object(walked: list[tuple[str, str | None, str, str]]) -> None:
    wrong = [(module, name) for module, name, verdict, _ in walked if not later(module) and verdict != "there"]

    assert wrong == []


def test_each_path_of_what_comes_later_says_so_and_names_what_there_is(
    walked: list[tuple[str, str | None, str, str]],
) -> None:
    missing = [(module, why) for module, _, verdict, why in walked if later(module) and verdict != "there"]

    for module, why in missing:
        # A private module of such a family is answered as private.
        known = "not part of this version of Stoker" in why or "private to v1's client" in why
        assert known, f"{module}: {why}"
        assert "azureml.core" in why


def test_a_path_of_what_is_not_built_is_not_half_there(walked: list[tuple[str, str | None, str, str]]) -> None:
    assert [(module, name) for module, name, verdict, _ in walked if verdict == "absent"] == []
