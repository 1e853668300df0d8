from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments import (
    EnvironmentCanceled,
    EnvironmentRequest,
    UvEnvironmentBuilder,
)

Ask = Callable[..., EnvironmentRequest]
TAG = f"cp{sys.version_info[0]}{sys.version_info[1]}-none-any"
OLD = "cp35-cp35m-manylinux1_x86_64"


def ignore(line: str) -> None:
    del line


def imported(python: str, name: str) -> str:
    code = f"import {name}; print({name}.__version__)"
    return subprocess.run([python, "-c", code], capture_output=True, check=True, text=True).stdout.strip()


def tree(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*") if path.is_dir())


def test_a_pin_is_built_as_asked(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha-beta", "1.0", requires=("gamma>=2",))
    index.add("alpha-beta", "1.1")
    index.add("gamma", "2.5")

    built = builder.build(ask(["alpha_beta=1.0"]), ignore)

    assert built.kind == "system-managed"
    assert imported(built.python, "alpha_beta") == "1.0"
    assert built.resolved["packages"] == {"alpha-beta": "1.0", "gamma": "2.5"}
    assert built.warnings == []


def test_the_word_python_means_the_built_interpreter(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    built = builder.build(ask(pip=["alpha"]), ignore)

    done = subprocess.run(
        ["sh", "-c", "python -c 'import sys; print(sys.prefix)'"],
        capture_output=True,
        check=True,
        env=built.variables,
        text=True,
    )

    assert done.stdout.strip() == built.variables["VIRTUAL_ENV"]


def test_a_second_submit_touches_no_network(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask, tmp_path: Path
) -> None:
    index.add("alpha", "1.0")
    request = ask(pip=["alpha"])
    first = builder.build(request, ignore)
    index.close()

    again = UvEnvironmentBuilder(str(tmp_path / "cache")).find(request)

    assert again is not None
    assert (again.key, again.python) == (first.key, first.python)


def test_another_way_to_ask_for_the_same_shares_the_folder(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")

    by_pip = builder.build(ask(pip=["alpha==1.0"]), ignore)
    by_conda = builder.build(ask(["alpha=1.0"]), ignore)

    assert by_pip.key == by_conda.key


def test_a_pin_without_a_wheel_moves_to_the_nearest_newer_release(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask
) -> None:
    index.add("alpha", "1.0", OLD)
    index.add("alpha", "1.1", OLD)
    index.add("alpha", "1.2", TAG)
    index.add("alpha", "1.3", TAG)
    lines: list[str] = []

    built = builder.build(ask(["alpha=1.0"]), lines.append)

    assert imported(built.python, "alpha") == "1.2"
    assert built.resolved["moved"] == [{"name": "alpha", "from": "1.0", "to": "1.2"}]
    assert len(built.warnings) == 1
    assert built.warnings[0].startswith("alpha 1.0 has no wheel for Python")
    assert lines.count(built.warnings[0]) == 1


def test_what_moved_is_said_again_when_the_environment_is_found(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask
) -> None:
    index.add("alpha", "1.0", OLD)
    index.add("alpha", "1.2", TAG)
    built = builder.build(ask(["alpha=1.0"]), ignore)

    found = builder.find(ask(["alpha=1.0"]))

    assert found is not None
    assert (found.warnings, found.resolved) == (built.warnings, built.resolved)


def test_the_policy_exact_refuses_to_move_a_pin(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0", OLD)
    index.add("alpha", "1.2", TAG)
    request = replace(ask(["alpha=1.0"]), policy="exact")

    with pytest.raises(EnvironmentBuildException, match=r"'exact'.*alpha 1\.2"):
        builder.build(request, ignore)


def test_a_pin_moves_with_one_that_had_to_move(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0", OLD)
    index.add("alpha", "1.2", TAG, requires=("helper>=2",))
    for version in ("1.0", "2.0", "3.0"):
        index.add("helper", version)

    built = builder.build(ask(["alpha=1.0", "helper=1.0"]), ignore)

    assert built.resolved["packages"] == {"alpha": "1.2", "helper": "2.0"}
    assert [one["name"] for one in built.resolved["moved"]] == ["alpha", "helper"]
    assert len(built.warnings) == 2


@pytest.mark.parametrize(
    ("pip", "numpy"),
    [
        (["scikit-learn==0.22.1"], "1.26.4"),
        (["scikit-learn==1.4.0"], "1.26.4"),
        (["scikit-learn==1.5.9"], "2.1.0"),
        (["scikit-learn==1.4.0", "numpy==2.1.0"], "2.1.0"),
    ],
)
def test_numpy_stays_below_2_for_what_is_older(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask, pip: list[str], numpy: str
) -> None:
    index.add("numpy", "1.26.4")
    index.add("numpy", "2.1.0")
    index.add("scikit-learn", "0.22.1", OLD)
    for version in ("1.1.3", "1.4.0", "1.5.9"):
        index.add("scikit-learn", version, requires=("numpy>=1.20",))

    built = builder.build(ask(pip=pip), ignore)

    assert built.resolved["packages"]["numpy"] == numpy


def test_numpy_2_is_taken_where_an_older_one_cannot_be_had(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("numpy", "1.26.4", OLD)
    index.add("numpy", "2.1.0", TAG)
    index.add("scikit-learn", "1.4.0", requires=("numpy>=1.20",))

    built = builder.build(ask(pip=["scikit-learn==1.4.0"]), ignore)

    assert built.resolved["packages"]["numpy"] == "2.1.0"


@pytest.mark.parametrize(
    ("conda", "pip", "words"),
    [
        ([], ["alpha==9"], ["alpha 9 does not exist", "1.3", "correct the version"]),
        ([], ["alpha==1.2.5"], ["alpha 1.2.5 does not exist"]),
        ([], ["no-such-thing"], ["'no-such-thing'", "Correct the name"]),
        (["no-such-thing"], [], ["'no-such-thing'", "pip list"]),
        ([], ["scikit-lern"], ["Did you mean 'scikit-learn'"]),
        ([], ["alpha @ http://ADDRESS/files/alpha-7-py3-none-any.whl"], ["nothing at this address"]),
        ([], ["alpha==1.2", "needs-new"], ["can't be installed together", "needs-new", "alpha"]),
    ],
)
def test_a_requirement_that_cannot_be_met_is_named_with_what_to_do(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask, conda: list[str], pip: list[str], words: list[str]
) -> None:
    index.add("alpha", "1.2")
    index.add("alpha", "1.3")
    index.add("needs-new", "1.0", requires=("alpha>=1.3",))

    with pytest.raises(EnvironmentBuildException) as caught:
        builder.build(ask(conda, [line.replace("ADDRESS", index.address) for line in pip]), ignore)

    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_an_index_that_does_not_answer_is_said_to_be_away(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    request = ask(pip=["alpha"])
    index.close()

    with pytest.raises(EnvironmentBuildException, match=r"index can't be reached: check the network"):
        builder.build(request, ignore)


def test_a_failed_build_can_be_repeated(builder: UvEnvironmentBuilder, index: Any, ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentBuildException):
        builder.build(ask(pip=["alpha"]), ignore)
    index.add("alpha", "1.0")

    # uv remembers for ten minutes what an index did not have.
    request = ask(pip=["alpha"])
    fresh = replace(request, base_environment={**request.base_environment, "UV_CACHE_DIR": str(tmp_path / "uv2")})

    assert builder.build(fresh, ignore).resolved["packages"] == {"alpha": "1.0"}


def test_no_password_of_an_index_is_ever_shown(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask, tmp_path: Path
) -> None:
    index.add("alpha", "1.0")
    index.password = "pass-word-1"
    lines: list[str] = []
    option = f"--extra-index-url http://me:pass-word-1@{index.address}/simple"
    place = f"beta @ http://me:pass-word-1@{index.address}/files/beta-1.0-py3-none-any.whl"
    index.add("beta", "1.0")

    built = builder.build(ask(pip=[f"--index-url {option.split()[1]}", option, "alpha", place]), lines.append)

    assert imported(built.python, "beta") == "1.0"
    assert "pass-word-1" not in "\n".join(lines) + json.dumps([built.resolved, built.messages, built.warnings])
    for path in (tmp_path / "cache" / "locks").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_a_refused_password_is_said_without_the_password(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    index.password = "right"

    with pytest.raises(EnvironmentBuildException, match="refused the credentials") as caught:
        builder.build(ask(pip=[f"--index-url http://me:wrong-one@{index.address}/simple", "alpha"]), ignore)

    assert "wrong-one" not in str(caught.value) + json.dumps(caught.value.details)


def test_cancel_ends_a_build_that_hangs(builder: UvEnvironmentBuilder, index: Any, ask: Ask, tmp_path: Path) -> None:
    index.add("alpha", "1.0")
    index.hold("alpha")

    with pytest.raises(EnvironmentCanceled):
        builder.build(ask(pip=["alpha"]), ignore, index.held.is_set)

    assert tree(tmp_path / "cache" / "environments") == []


def test_another_takes_over_when_the_builder_is_canceled(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    index.hold("alpha")
    stop, waits = threading.Event(), threading.Event()
    canceled: list[BaseException] = []

    def first() -> None:
        try:
            builder.build(ask(pip=["alpha"]), ignore, stop.is_set)
        except EnvironmentCanceled as error:
            canceled.append(error)

    def second(line: str) -> None:
        if "waiting" in line:
            waits.set()
            stop.set()

    thread = threading.Thread(target=first, daemon=True)
    thread.start()
    assert index.held.wait(30)

    built = builder.build(ask(pip=["alpha"]), second)

    thread.join(30)
    assert (waits.is_set(), len(canceled)) == (True, 1)
    assert imported(built.python, "alpha") == "1.0"


def test_a_waiter_can_be_canceled_alone(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    index.hold("alpha")
    built: list[str] = []
    thread = threading.Thread(
        target=lambda: built.append(builder.build(ask(pip=["alpha"]), ignore).python), daemon=True
    )
    thread.start()
    assert index.held.wait(30)
    lines: list[str] = []

    with pytest.raises(EnvironmentCanceled):
        builder.build(ask(pip=["alpha"]), lines.append, lambda: any("waiting" in line for line in lines))

    index.go_on.set()
    thread.join(30)
    assert len(built) == 1


def test_a_stored_lock_that_cannot_be_installed_any_more_is_made_anew(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask, tmp_path: Path
) -> None:
    index.add("alpha", "1.0")
    builder.build(ask(pip=["alpha"]), ignore)
    builder.gc(unused_for=0)
    index.remove("alpha")
    index.add("alpha", "1.1")
    request = ask(pip=["alpha"])
    fresh = replace(request, base_environment={**request.base_environment, "UV_CACHE_DIR": str(tmp_path / "uv2")})

    built = builder.build(fresh, ignore)

    assert built.resolved["packages"] == {"alpha": "1.1"}


def test_gc_removes_what_nobody_uses_and_tells_the_size(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask, tmp_path: Path
) -> None:
    index.add("alpha", "1.0")
    index.add("beta", "1.0")
    alpha = builder.build(ask(pip=["alpha"]), ignore)
    beta = builder.build(ask(pip=["beta"]), ignore)

    with builder.lease(alpha):
        removed = builder.gc(unused_for=0)

    assert [one.key for one in removed] == [beta.key]
    assert removed[0].size > 0
    assert tree(tmp_path / "cache" / "environments") == [alpha.key]
    assert builder.find(ask(pip=["beta"])) is None


def test_gc_spares_what_was_used_just_now(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    builder.build(ask(pip=["alpha"]), ignore)

    assert builder.gc() == []


def test_gc_spares_an_environment_that_a_process_runs_in(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    built = builder.build(ask(pip=["alpha"]), ignore)
    process = subprocess.Popen([built.python, "-c", "input()"], env=built.variables, stdin=subprocess.PIPE)
    environ = Path(f"/proc/{process.pid}/environ")
    deadline = time.monotonic() + 10
    while b"VIRTUAL_ENV" not in environ.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)

    while_it_runs = builder.gc(unused_for=0)
    process.communicate(b"\n")
    after = builder.gc(unused_for=0)

    assert while_it_runs == []
    assert [one.key for one in after] == [built.key]


def test_a_lease_of_a_removed_environment_is_refused(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    built = builder.build(ask(pip=["alpha"]), ignore)
    builder.gc(unused_for=0)

    with pytest.raises(EnvironmentBuildException, match="Submit the run again"):
        builder.lease(built)


def test_an_environment_without_its_mark_is_built_anew(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    request = ask(pip=["alpha"])
    folder = Path(builder.build(request, ignore).variables["VIRTUAL_ENV"])
    (folder / ".stoker.json").unlink()
    (folder / "half").write_text("written by a builder that was killed")

    assert builder.find(request) is None
    builder.build(request, ignore)

    assert not (folder / "half").exists()
    assert builder.find(request) is not None


def test_a_docker_flag_with_a_standard_image_is_one_warning(
    builder: UvEnvironmentBuilder, index: Any, ask: Ask
) -> None:
    index.add("alpha", "1.0")
    docker = {"enabled": True, "baseImage": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"}

    built = builder.build(ask(pip=["alpha"], docker=docker), ignore)

    assert built.warnings == ["Docker is asked for with one of the standard images: the run starts without Docker."]


@pytest.mark.parametrize(
    "docker",
    [
        {"baseImage": "me/mine:1"},
        {"baseDockerfile": "FROM scratch"},
        {"baseImage": "x", "baseImageRegistry": {"address": "mine.azurecr.io"}},
    ],
)
def test_an_image_of_the_users_own_is_refused_with_what_to_do(
    builder: UvEnvironmentBuilder, ask: Ask, docker: dict[str, Any]
) -> None:
    with pytest.raises(EnvironmentBuildException, match=r"Docker.*user_managed_dependencies") as caught:
        builder.find(ask(docker=docker))

    assert "image" in str(caught.value)


def test_a_cache_that_cannot_be_written_is_said_in_words(tmp_path: Path, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    (tmp_path / "file").write_text("")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "environments").symlink_to(tmp_path / "file")
    builder = UvEnvironmentBuilder(str(tmp_path / "cache"))

    with pytest.raises(EnvironmentBuildException, match="STOKER_CACHE"):
        builder.build(ask(pip=["alpha"]), ignore)


def test_variables_of_the_conda_file_are_passed_on(builder: UvEnvironmentBuilder, ask: Ask) -> None:
    content = {"dependencies": [{"pip": ["azureml-defaults"]}], "variables": {"ALPHA": 1}}

    found = builder.find(ask(python={"condaDependencies": content}))

    assert found is not None
    assert found.variables["ALPHA"] == "1"


def test_what_a_run_needs_is_added(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    index.add("tables-for-inputs", "2.0")

    built = builder.build(replace(ask(pip=["alpha"]), needs=("tables-for-inputs", "alpha")), ignore)

    assert built.resolved["packages"] == {"alpha": "1.0", "tables-for-inputs": "2.0"}


def test_a_local_wheel_made_anew_is_installed_anew(builder: UvEnvironmentBuilder, index: Any, ask: Ask) -> None:
    index.add("alpha", "1.0")
    wheel = index.folder / "alpha-1.0-py3-none-any.whl"
    first = builder.build(ask(pip=[str(wheel)]), ignore)
    os.utime(wheel, (1, 1))

    second = builder.build(ask(pip=[str(wheel)]), ignore)

    assert first.key != second.key
