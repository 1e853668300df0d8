from __future__ import annotations

import stat
from pathlib import Path

import pytest

from stoker.core.container_registry import ContainerRegistry
from stoker.core.environment import DockerBuildContext, Environment
from stoker.exceptions import UserErrorException


def test_an_environment_comes_from_a_conda_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_text("name: q\ndependencies:\n- python=3.7\n- pip:\n  - x\n")

    environment = Environment.from_conda_specification("n", file)

    assert list(environment.python.conda_dependencies.pip_packages) == ["x"]
    with pytest.raises(FileNotFoundError):
        Environment.from_conda_specification("n", tmp_path / "nope.yml")


def test_an_environment_comes_from_pip_requirements_without_comments(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_text(
        "# hello\nnumpy==1.1\n\n--index-url x\npandas # why\nurl @ git+https://e.org/x#egg=x\na \\\n  >=1\n"
    )

    environment = Environment.from_pip_requirements("n", file, pip_version="20")

    assert list(environment.python.conda_dependencies.pip_packages) == [
        "numpy==1.1",
        "pandas",
        "url @ git+https://e.org/x#egg=x",
        "a    >=1",
    ]
    assert list(environment.python.conda_dependencies.pip_options) == ["--index-url x"]
    assert "pip=20" in list(environment.python.conda_dependencies.conda_packages)
    with pytest.raises(FileNotFoundError):
        Environment.from_pip_requirements("n", tmp_path / "nope.txt")


def test_an_image_brings_its_python_unless_packages_are_given(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_text("numpy\n")
    registry = ContainerRegistry()
    registry.address = "example.org"

    bare = Environment.from_docker_image("n", "image", container_registry=registry)
    with_packages = Environment.from_docker_image("n", "image", pip_requirements=file)

    assert bare.docker.base_image == "image"
    assert bare.docker.base_image_registry.address == "example.org"
    assert bare.python.user_managed_dependencies is True
    assert with_packages.python.user_managed_dependencies is False
    with pytest.raises(UserErrorException, match="one list of packages"):
        Environment.from_docker_image("n", "image", conda_specification=file, pip_requirements=file)


def test_a_dockerfile_is_a_path_or_a_text(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM z\n")

    assert Environment.from_dockerfile("n", "FROM x").docker.base_dockerfile == "FROM x"
    assert Environment.from_dockerfile("n", file).docker.base_dockerfile == "FROM z\n"
    with pytest.raises(FileNotFoundError):
        Environment.from_dockerfile("n", str(tmp_path / "nope"))


def test_a_build_context_is_kept() -> None:
    environment = Environment.from_docker_build_context("n", DockerBuildContext("git", "https://example.org/x"))

    assert environment.to_definition()["docker"]["buildContext"]["location"] == "https://example.org/x"


def conda_program(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "conda"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_an_environment_comes_from_a_conda_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conda_program(tmp_path, 'printf "name: $4\\ndependencies:\\n- numpy=1.1\\nprefix: /x\\n"', monkeypatch)

    environment = Environment.from_existing_conda_environment("mine", "theirs")

    assert environment is not None
    assert environment.python.conda_dependencies.as_dict() == {"name": "theirs", "dependencies": ["numpy=1.1"]}


def test_a_conda_environment_that_can_not_be_read_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conda_program(tmp_path, "echo no such environment >&2; exit 1", monkeypatch)
    with pytest.warns(UserWarning, match="no such environment"):
        assert Environment.from_existing_conda_environment("mine", "theirs") is None

    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.warns(UserWarning, match="Neither conda"):
        assert Environment.from_existing_conda_environment("mine", "theirs") is None
