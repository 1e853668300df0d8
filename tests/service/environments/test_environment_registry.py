"""Builds from the package index that this machine has: slow where the network is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments import BuiltEnvironment, EnvironmentRequest, UvEnvironmentBuilder
from stoker.testing.environments import environment_request


def build(folder: Path, request: EnvironmentRequest) -> BuiltEnvironment:
    try:
        return UvEnvironmentBuilder(str(folder)).build(request, lambda _: None)
    except EnvironmentBuildException as error:
        if "can't be reached" not in str(error) or os.environ.get("CI"):
            raise
        pytest.skip(f"the package index is not reachable from here: {error}")


def test_small_packages_of_the_real_index_are_installed(tmp_path: Path) -> None:
    built = build(tmp_path, environment_request(["six=1.15"], ["azureml-defaults", "iniconfig==1.1.1"]))

    code = "import six, iniconfig; print(six.__version__)"
    done = subprocess.run([built.python, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "1.15.0"
    assert built.resolved["packages"] == {"iniconfig": "1.1.1", "six": "1.15.0"}


def test_a_project_without_any_wheel_is_built_from_its_source(tmp_path: Path) -> None:
    built = build(tmp_path, environment_request(pip=["docopt==0.6.2"]))

    assert built.resolved["packages"] == {"docopt": "0.6.2"}
    assert built.warnings == []


@pytest.mark.parametrize(
    ("pip", "words"),
    [
        (["six==99.9"], ["six 99.9 does not exist", "The newest for Python", "1."]),
        (["stoker-has-no-such-project"], ["'stoker-has-no-such-project'", "Correct the name"]),
    ],
)
def test_the_real_index_names_what_does_not_exist(tmp_path: Path, pip: list[str], words: list[str]) -> None:
    with pytest.raises(EnvironmentBuildException) as caught:
        build(tmp_path, environment_request(pip=pip))

    assert [word for word in words if word not in str(caught.value)] == []
