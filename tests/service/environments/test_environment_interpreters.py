from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments import UvEnvironmentBuilder
from stoker.service.environments.installed import Installations, Installed
from stoker.service.environments.interpreters import Interpreter, Interpreters
from stoker.service.environments.wanted import Wanted
from stoker.testing.environments import environment_request

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6",
    "platform_system": "Linux",
    "platform_version": "1",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}


class Machine:
    """A folder of programs that answer as Pythons do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked"
        self.environment = {"HOME": str(folder), "PATH": str(folder / "bin"), "PYENV_ROOT": str(folder / "pyenv")}

    def add(self, version: str, implementation: str = "cpython", name: str | None = None) -> str:
        path = self.folder / "pyenv" / "versions" / (name or version) / "bin" / "python3"
        path.parent.mkdir(parents=True)
        answer = {
            "version": version,
            "implementation": implementation,
            "base": str(path),
            "paths": [],
            "platform": "linux-x86_64",
            "markers": {**MARKERS, "implementation_name": implementation},
        }
        path.write_text(f"#!/bin/sh\necho {version} >> {self.asked}\necho '{json.dumps(answer)}'\n")
        path.chmod(0o755)
        return str(path)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def interpreters(tmp_path: Path) -> Interpreters:
    return Interpreters(str(tmp_path / "kept"))


@pytest.mark.parametrize(
    ("pin", "chosen", "moved", "said"),
    [
        ("", "3.11.7", False, False),
        ("==3.11.*", "3.11.7", False, False),
        ("==3.10.*", "3.10.13", False, False),
        ("==3.10.13.*", "3.10.13", False, False),
        ("==3.10.2.*", "3.10.4", False, True),
        ("==3.10.18.*", "3.10.13", False, True),
        ("==3.8.13.*", "3.10.13", True, True),
        ("==2.7.*", "3.10.13", True, True),
        ("==3.9.*", "3.10.13", True, True),
        ("==3.12.*", "3.13.0", True, True),
        (">=3.6", "3.11.7", False, False),
        (">=3.6,<3.11", "3.10.13", False, False),
        ("==3.*", "3.11.7", False, False),
    ],
)
def test_a_pin_gets_its_minor_version_or_the_nearest_newer(
    machine: Machine, interpreters: Interpreters, pin: str, chosen: str, moved: bool, said: bool
) -> None:
    submitter = machine.add("3.11.7")
    for version in ("3.13.0", "3.10.13", "3.10.4", "3.8.18"):
        machine.add(version)

    choice = interpreters.choose(pin, submitter, machine.environment)

    assert (choice.interpreter.version, choice.moved, bool(choice.message)) == (chosen, moved, said)


def test_a_pin_that_nothing_is_new_enough_for_says_what_to_install(
    machine: Machine, interpreters: Interpreters
) -> None:
    submitter = machine.add("3.11.7")

    with pytest.raises(EnvironmentBuildException, match=r"Python 3\.14.*uv python install 3\.14"):
        interpreters.choose("==3.14.*", submitter, machine.environment)


def test_other_implementations_and_broken_pythons_are_passed_over(machine: Machine, interpreters: Interpreters) -> None:
    submitter = machine.add("3.11.7")
    machine.add("3.12.0", implementation="pypy", name="3.12.0")
    broken = machine.folder / "pyenv" / "versions" / "3.12.9" / "bin" / "python3"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    machine.add("3.13.1")

    assert interpreters.choose("==3.12.*", submitter, machine.environment).interpreter.version == "3.13.1"


def test_an_interpreter_is_asked_once_and_again_after_it_changed(machine: Machine, tmp_path: Path) -> None:
    path = machine.add("3.11.7")
    for _ in range(3):
        Interpreters(str(tmp_path / "kept")).ask(path, machine.environment)
    before = machine.asked.read_text().split()
    os.utime(path, (1, 1))
    Interpreters(str(tmp_path / "kept")).ask(path, machine.environment)

    assert (before, machine.asked.read_text().split()) == (["3.11.7"], ["3.11.7", "3.11.7"])


def test_an_interpreter_that_is_too_old_is_refused(machine: Machine, interpreters: Interpreters) -> None:
    path = machine.add("3.6.15")

    with pytest.raises(EnvironmentBuildException, match=r"Python 3\.6\.15.*3\.9 or newer"):
        interpreters.ask(path, machine.environment)


def test_shims_on_the_path_are_not_taken_for_pythons(machine: Machine, interpreters: Interpreters) -> None:
    submitter = machine.add("3.11.7")
    shim = machine.folder / "bin" / "python3.12"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)

    with pytest.raises(EnvironmentBuildException):
        interpreters.choose("==3.12.*", submitter, machine.environment)


def test_a_real_interpreter_says_what_it_is(interpreters: Interpreters) -> None:
    found = interpreters.ask(sys.executable, dict(os.environ))

    assert found.minor == sys.version_info[:2]
    assert any(path.endswith("site-packages") for path in found.paths)


def real_pythons() -> list[str]:
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    return sorted(path.name for path in Path(root, "versions").glob("3.*") if (path / "bin" / "python3").exists())


@pytest.mark.parametrize("minor", ["3.9", "3.10", "3.12", "3.13"])
def test_other_pythons_of_this_machine_are_built_with(minor: str, tmp_path: Path) -> None:
    if not any(version.startswith(f"{minor}.") for version in real_pythons()):
        pytest.skip(f"pyenv has no Python {minor} here: pyenv install {minor}")
    from stoker.testing.environments import make_wheel

    wheel = make_wheel(tmp_path, "alpha")
    request = environment_request([f"python={minor}"], [str(wheel)])

    built = UvEnvironmentBuilder(str(tmp_path / "cache")).build(request, lambda _: None)

    code = "import alpha, sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([built.python, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == minor


def distribution(folder: Path, name: str, version: str, requires: tuple[str, ...] = ()) -> None:
    place = folder / f"{name}-{version}.dist-info"
    place.mkdir()
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    (place / "METADATA").write_text("\n".join(lines) + "\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    distribution(folder, "alpha_beta", "1.5", ('gamma>=2; extra == "more"', 'delta; extra == "less"', "unmet"))
    distribution(folder, "gamma", "2.0")
    (folder / "old_style-0.3-py3.11.egg-info").mkdir()
    return folder


def look(site: Path) -> Installed:
    return Installations().of(Interpreter("/p", "3.11.7", "/p", "linux", (str(site),), MARKERS))


@pytest.mark.parametrize(
    ("wanted", "is_met"),
    [
        (Wanted("Alpha.Beta"), True),
        (Wanted("alpha-beta", "==1.5"), True),
        (Wanted("alpha-beta", "==1.*"), True),
        (Wanted("alpha-beta", ">=1.6"), False),
        (Wanted("alpha-beta", extras=("more",)), True),
        (Wanted("alpha-beta", extras=("less",)), False),
        (Wanted("alpha-beta", url="https://host/it.whl"), False),
        (Wanted("", url="/it.whl"), False),
        (Wanted("nothing"), False),
        (Wanted("nothing", marker="python_version < '3'"), True),
        (Wanted("nothing", marker="python_version > '3'"), False),
        (Wanted("old-style", "==0.3"), True),
    ],
)
def test_what_is_installed_meets_a_requirement(site: Path, wanted: Wanted, is_met: bool) -> None:
    assert (look(site).lacking([wanted]) == []) is is_met


def test_a_new_distribution_is_seen(site: Path) -> None:
    installations = Installations()
    interpreter = Interpreter("/p", "3.11.7", "/p", "linux", (str(site),), MARKERS)
    before = installations.of(interpreter).versions
    os.utime(site, (1, 1))
    distribution(site, "newcomer", "1.0")

    assert "newcomer" not in before
    assert installations.of(interpreter).versions["newcomer"] == "1.0"
