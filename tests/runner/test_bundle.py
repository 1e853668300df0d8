from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stoker.runner import bundle

MODULES = (
    "stoker",
    "stoker.azureml",
    "stoker.exceptions",
    "stoker.base",
    "stoker.client",
    "stoker.data",
    "stoker.runner",
    "stoker.telemetry",
    "stoker.tensorboard",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return bundle.ensure(str(tmp_path_factory.mktemp("cache")))


def run(folder: str, code: str) -> str:
    full = f"import sys; sys.path.insert(0, {folder!r})\n{code}"
    done = subprocess.run([sys.executable, "-S", "-I", "-c", full], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_of(folder: str) -> list[str]:
    found = []
    for path in sorted(Path(folder, "stoker").rglob("*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        if name.startswith(MODULES) and not name.startswith("stoker.core") and "_thirdparty" not in name:
            found.append(name)
    return found


def test_every_module_imports_nothing_but_the_standard_library(folder: str) -> None:
    code = (
        f"import importlib, json\nfor name in {modules_of(folder)!r}: importlib.import_module(name)\n"
        "print(json.dumps({name: getattr(module, '__file__', None) for name, module in sys.modules.items()}))"
    )
    loaded: dict[str, str | None] = json.loads(run(folder, code))

    standard = os.path.realpath(sysconfig.get_path("stdlib"))
    foreign = [
        name
        for name, path in loaded.items()
        if path and not os.path.realpath(path).startswith((os.path.realpath(folder), standard))
    ]
    assert "stoker.runner.supervisor" in loaded
    assert foreign == []
    assert not [name for name, path in loaded.items() if path and "site-packages" in path]


def test_the_private_library_works_without_the_users(folder: str) -> None:
    code = (
        "from stoker.base.thirdparty import load\n"
        "print(load('yaml').safe_load('a: [1, 2]'))\n"
        "print([name for name in sys.modules if name.split('.')[0] in {'yaml', '_yaml'}])"
    )

    assert run(folder, code).splitlines() == ["{'a': [1, 2]}", "[]"]


def test_the_same_content_has_the_same_folder_and_is_made_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(lambda _: bundle.ensure(str(tmp_path)), range(8)))

    assert len(folders) == 1
    assert sorted(os.listdir(tmp_path / "runside")) == [".lock", os.path.basename(folders.pop())]


def test_it_holds_no_service_and_is_byte_compiled(folder: str) -> None:
    names = set(os.listdir(os.path.join(folder, "stoker")))

    assert {"base", "client", "runner", "exceptions.py", "__init__.py", "_thirdparty"} <= names
    assert not {"service", "cli", "testing"} & names
    tag = sys.implementation.cache_tag
    assert Path(folder, "stoker", "base", "__pycache__", f"journal.{tag}.pyc").exists()


def test_a_traceback_names_the_folder_where_it_lies(folder: str) -> None:
    code = "import stoker.base.journal as journal; print(journal.parse.__code__.co_filename)"

    assert run(folder, code).strip() == os.path.join(folder, "stoker", "base", "journal.py")


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "runside").write_text("a file")

    with pytest.raises(OSError, match="runside"):
        bundle.ensure(str(tmp_path))
