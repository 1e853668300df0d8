"""What every environment builder must do: inherit the class, give it a `builder` fixture.

::

    class TestMyBuilder(EnvironmentBuilderContract):
        @pytest.fixture
        def builder(self, tmp_path: Path) -> MyBuilder:
            return MyBuilder(str(tmp_path / "cache"))
"""
# ruff: noqa: D102  # a test's name is its sentence

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stoker.base.environ import base_environment
from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments import (
    BuiltEnvironment,
    EnvironmentBuilder,
    EnvironmentCanceled,
    EnvironmentRequest,
)

__all__ = ["EnvironmentBuilderContract", "environment_request", "make_wheel"]


def environment_request(
    conda: list[str] | None = None, pip: list[str] | None = None, **definition: Any
) -> EnvironmentRequest:
    """Return a request of this interpreter's for the conda and pip packages.

    Parameters
    ----------
    conda, pip : list of str, optional
    **definition
        Further keys of the definition, for example `docker`.
    """
    dependencies: list[Any] = [*(conda or []), *([{"pip": pip}] if pip else [])]
    content = {"name": "contract", "python": {"condaDependencies": {"dependencies": dependencies}}, **definition}
    return EnvironmentRequest(content, sys.executable, base_environment())


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    requires: tuple[str, ...] = (),
    data: dict[str, bytes] | None = None,
) -> Path:
    """Write a wheel with one module that holds its version, and `data` beside it; return its path."""
    word = name.replace("-", "_")
    path = folder / f"{word}-{version}-{tag}.whl"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    files = {
        f"{word}.py": f"__version__ = {version!r}\n",
        f"{word}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{word}-{version}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    content: dict[str, str | bytes] = {**files, **(data or {})}
    record = "".join(f"{file},,\n" for file in content) + f"{word}-{version}.dist-info/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**content, f"{word}-{version}.dist-info/RECORD": record}.items():
            archive.writestr(file, text)
    return path


class EnvironmentBuilderContract:
    """The promises of `EnvironmentBuilder`, as tests."""

    @pytest.fixture
    def builder(self) -> EnvironmentBuilder:
        """Return the builder under test, with an empty cache of its own."""
        raise NotImplementedError("give the contract a `builder` fixture")

    @pytest.fixture
    def to_build(self, tmp_path: Path) -> EnvironmentRequest:
        """Return a request that this interpreter does not meet, and that needs no network."""
        return environment_request(pip=[str(make_wheel(tmp_path, "stoker-contract-a"))])

    def test_python_means_the_submitters_interpreter(self, builder: EnvironmentBuilder) -> None:
        request = _user_managed("python")

        found = builder.find(request)

        assert found is not None
        assert (found.kind, found.python, found.key) == ("user-managed", sys.executable, None)

    def test_another_interpreter_is_used_as_it_was_named(self, builder: EnvironmentBuilder, tmp_path: Path) -> None:
        link = tmp_path / "with space" / "python"
        link.parent.mkdir()
        link.symlink_to(sys.executable)

        found = builder.find(_user_managed(str(link)))

        assert found is not None
        assert found.python == str(link)

    @pytest.mark.parametrize("named", ["/no/such/python", "no-such-python", "relative/python", "/"])
    def test_an_interpreter_that_is_not_there_is_refused_at_once(self, builder: EnvironmentBuilder, named: str) -> None:
        with pytest.raises(EnvironmentBuildException, match="interpreter_path"):
            builder.find(_user_managed(named))

    def test_a_program_that_is_no_python_is_refused(self, builder: EnvironmentBuilder) -> None:
        with pytest.raises(EnvironmentBuildException, match="does not work"):
            builder.find(_user_managed("/bin/false"))

    @pytest.mark.parametrize("conda", [[], ["python=3.8.13"], ["python=3.10", "pip"]])
    def test_the_default_environment_is_the_submitters_interpreter(
        self, builder: EnvironmentBuilder, conda: list[str]
    ) -> None:
        found = builder.find(environment_request(conda, ["azureml-defaults"]))

        assert found is not None
        assert (found.kind, found.python) == ("current", sys.executable)
        assert sys.executable in found.messages[-1]
        # Nobody has written v1's default, so that nobody need hear of it.
        assert ("python==3.10" in found.messages[-1]) == ("python=3.10" in conda and sys.version_info[:2] != (3, 10))
        assert "3.8.13" not in found.messages[-1]

    def test_what_is_installed_already_is_not_built(self, builder: EnvironmentBuilder) -> None:
        found = builder.find(environment_request(pip=["pytest"]))

        assert found is not None
        assert found.kind == "current"

    def test_what_was_built_is_found(self, builder: EnvironmentBuilder, to_build: EnvironmentRequest) -> None:
        built = builder.build(to_build, _ignore)

        found = builder.find(to_build)

        assert found is not None
        assert (found.python, found.key, found.resolved) == (built.python, built.key, built.resolved)

    def test_what_was_built_starts(self, builder: EnvironmentBuilder, to_build: EnvironmentRequest) -> None:
        built = builder.build(to_build, _ignore)

        done = subprocess.run([built.python, "-c", "print('here')"], capture_output=True, check=True, text=True)

        assert done.stdout == "here\n"

    def test_the_record_names_python_and_packages(
        self, builder: EnvironmentBuilder, to_build: EnvironmentRequest
    ) -> None:
        resolved = builder.build(to_build, _ignore).resolved

        assert resolved["python"].startswith("3.")
        assert all(isinstance(version, str) for version in resolved["packages"].values())
        assert (resolved["moved"], resolved["python_moved"]) == ([], None)

    def test_the_log_says_what_is_used(self, builder: EnvironmentBuilder, to_build: EnvironmentRequest) -> None:
        lines: list[str] = []

        built = builder.build(to_build, lines.append)

        assert lines[-1] == built.messages[-1]
        assert not [line for line in lines if "\n" in line]

    def test_a_canceled_build_leaves(self, builder: EnvironmentBuilder, to_build: EnvironmentRequest) -> None:
        with pytest.raises(EnvironmentCanceled):
            builder.build(to_build, _ignore, lambda: True)

        assert builder.build(to_build, _ignore).python

    def test_threads_that_ask_at_once_get_the_same(
        self, builder: EnvironmentBuilder, to_build: EnvironmentRequest
    ) -> None:
        built: list[BuiltEnvironment] = []
        threads = [
            threading.Thread(target=lambda: built.append(builder.build(to_build, _ignore)), daemon=True)
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert len(built) == 4
        assert len({one.python for one in built}) == 1

    def test_gc_spares_a_leased_environment(self, builder: EnvironmentBuilder, to_build: EnvironmentRequest) -> None:
        built = builder.build(to_build, _ignore)

        with builder.lease(built):
            removed = builder.gc(unused_for=0)

        assert removed == []
        assert Path(built.python).exists()

    def test_gc_spares_what_it_is_told_to(self, builder: EnvironmentBuilder, to_build: EnvironmentRequest) -> None:
        built = builder.build(to_build, _ignore)

        builder.gc({built.key} if built.key else set(), unused_for=0)

        assert Path(built.python).exists()

    def test_a_dry_run_of_gc_removes_nothing(self, builder: EnvironmentBuilder, to_build: EnvironmentRequest) -> None:
        built = builder.build(to_build, _ignore)

        would_go = builder.gc(dry_run=True, unused_for=0)

        assert [one.key for one in would_go] == ([built.key] if built.key else [])
        assert Path(built.python).exists()

    def test_a_lease_may_be_released_twice(self, builder: EnvironmentBuilder, to_build: EnvironmentRequest) -> None:
        lease = builder.lease(builder.build(to_build, _ignore))

        lease.release()
        lease.release()

    @pytest.mark.parametrize(
        "dependencies", [[{"pip": ["six"], "conda": []}], [7], [{"pip": "six"}], ["=1"], [{"pip": ["six=1"]}]]
    )
    def test_a_definition_that_cannot_be_read_is_refused(
        self, builder: EnvironmentBuilder, dependencies: list[Any]
    ) -> None:
        request = environment_request(python={"condaDependencies": {"dependencies": dependencies}})

        with pytest.raises(EnvironmentBuildException):
            builder.find(request)


def _user_managed(interpreter: str) -> EnvironmentRequest:
    return environment_request(python={"userManagedDependencies": True, "interpreterPath": interpreter})


def _ignore(line: str) -> None:
    del line
