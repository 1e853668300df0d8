from __future__ import annotations

import copy
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.environment import Environment
from stoker.core.runconfig import (
    DockerConfiguration,
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
)
from stoker.core.script_run_config import ScriptRunConfig, stringify_arguments
from stoker.exceptions import RunConfigurationException, UserErrorException

CASES = Path(__file__).resolve().parents[2] / "../shared/data/v1/script_run_configs.json"
CALLS: dict[str, dict[str, Any]] = {
    "script": {"script": "train.py", "arguments": ["--a", 1]},
    "command": {"command": ["python", "train.py"]},
    "mpi": {"script": "train.py", "compute_target": "c", "distributed_job_config": MpiConfiguration(2, 3)},
    "pytorch": {"script": "t.py", "compute_target": "c", "distributed_job_config": PyTorchConfiguration("Gloo", 8, 2)},
    "tensorflow": {"script": "t.py", "compute_target": "c", "distributed_job_config": TensorflowConfiguration(3, 2)},
    "docker": {"script": "train.py", "docker_runtime_config": DockerConfiguration(use_docker=True)},
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "steps").mkdir(parents=True)
    (folder / "train.py").write_text("")
    (folder / "steps/score.py").write_text("")
    return folder


def facts(configuration: RunConfiguration) -> dict[str, Any]:
    """Return what v1's file has on record about a run configuration."""
    conda = configuration.environment.python.conda_dependencies
    return {
        "script": configuration.script,
        "arguments": configuration.arguments,
        "target": configuration.target,
        "framework": configuration.framework,
        "communicator": configuration.communicator,
        "node_count": configuration.node_count,
        "max_run_duration_seconds": configuration.max_run_duration_seconds,
        "mpi.process_count_per_node": configuration.mpi.process_count_per_node,
        "tensorflow": [configuration.tensorflow.worker_count, configuration.tensorflow.parameter_server_count],
        "pytorch": [configuration.pytorch.communication_backend, configuration.pytorch.process_count],
        "user_managed": configuration.environment.python.user_managed_dependencies,
        "conda": conda.as_dict(),
        "environment_variables": configuration.environment.environment_variables,
        "docker.enabled": configuration.docker.use_docker,
        "command": configuration.command,
    }


@pytest.mark.parametrize("case", CALLS)
def test_a_call_gives_the_run_configuration_that_v1_gives(case: str) -> None:
    if not CASES.is_file():
        pytest.skip(f"v1's cases are not at {CASES}")
    expected = json.loads(CASES.read_text())

    assert sorted(expected) == sorted(CALLS)
    assert facts(ScriptRunConfig(".", **CALLS[case]).run_config) == expected[case]


def test_a_submission_is_an_independent_copy(source: Path) -> None:
    config = ScriptRunConfig(source, script="train.py", arguments=["--alpha", 0.5, True, 3])

    first = config.to_submission()
    config.run_config.environment_variables["A"] = "1"
    config.arguments = ["other"]

    assert first.run_config.arguments == ["--alpha", "0.5", "True", "3"]
    assert first.run_config.environment_variables == {}
    assert first.run_config.to_definition()["script"] == "train.py"
    assert first.source_directory == str(source)
    assert config.run_config.script is None


def test_everything_can_be_set_after_construction(source: Path) -> None:
    config = ScriptRunConfig(source)
    config.script = "steps/score.py"
    config.arguments = [1]
    config.run_config.target = "cpu-cluster"
    config.run_config.environment = Environment("mine")

    definition = config.to_submission().run_config.to_definition()

    assert definition["script"] == "steps/score.py"
    assert definition["arguments"] == ["1"]
    assert definition["target"] == "cpu-cluster"
    assert definition["environment"]["name"] == "mine"


def test_script_and_arguments_override_those_of_the_run_configuration(source: Path) -> None:
    base = RunConfiguration(script="other.py", arguments=["x"])

    both = (
        ScriptRunConfig(source, script="train.py", arguments=[], run_config=base)
        .to_submission()
        .run_config.to_definition()
    )
    base.script = "steps/score.py"
    neither = ScriptRunConfig(source, run_config=base).to_submission().run_config.to_definition()

    assert (both["script"], both["arguments"]) == ("train.py", [])
    assert (neither["script"], neither["arguments"]) == ("steps/score.py", ["x"])


def test_a_run_configuration_wins_over_single_settings_with_a_warning(source: Path) -> None:
    base = RunConfiguration()
    base.target = "first"

    with pytest.warns(UserWarning, match="compute_target, max_run_duration_seconds have no effect"):
        config = ScriptRunConfig(source, run_config=base, compute_target="second", max_run_duration_seconds=5)

    assert config.run_config is base
    assert config.run_config.target == "first"


def test_a_command_is_one_line_for_a_shell(source: Path) -> None:
    listed = (
        ScriptRunConfig(source, command=["python train.py &&", "echo", 1]).to_submission().run_config.to_definition()
    )
    text = ScriptRunConfig(source, command="echo 'a  b'").to_submission().run_config.to_definition()

    assert listed["command"] == "python train.py && echo 1"
    assert listed["script"] is None
    assert text["command"] == "echo 'a  b'"


def test_a_command_replaces_the_run_configurations_script(source: Path) -> None:
    base = RunConfiguration(script="train.py", arguments=["x"])

    definition = ScriptRunConfig(source, command="ls", run_config=base).to_submission().run_config.to_definition()

    assert (definition["command"], definition["script"], definition["arguments"]) == ("ls", None, [])


def test_a_path_to_resume_from_becomes_an_argument(source: Path) -> None:
    config = ScriptRunConfig(source, script="train.py", arguments=["-v"], resume_from=Path("/checkpoints"))

    assert config.to_submission().run_config.to_definition()["arguments"] == ["-v", "--resume-from", "/checkpoints"]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({}, "neither a script nor a command"),
        ({"script": "train.py", "command": "ls"}, "Both a script .* and a command"),
        ({"command": "ls", "arguments": ["x"]}, "command is given together with arguments"),
        ({"command": [" "]}, "empty"),
        ({"script": "train.py", "arguments": ["a", None]}, "index 1 is None"),
        ({"script": "train.py", "arguments": "--a 1"}, "must be a list"),
        ({"script": "train.py", "arguments": ["a\0b"]}, "zero byte"),
        ({"script": "trian.py"}, "'trian.py' is not in the source directory.*Did you mean 'train.py'"),
        ({"script": "score.py"}, "Did you mean 'steps/score.py'"),
        ({"script": "steps"}, "is a folder"),
        ({"script": "../other.py"}, "lies outside the source directory"),
        ({"script": "/etc/passwd"}, "lies outside the source directory"),
    ],
)
def test_what_can_not_run_is_refused_at_submission(source: Path, settings: dict[str, Any], word: str) -> None:
    config = ScriptRunConfig(source, **settings)

    with pytest.raises(UserErrorException, match=word):
        config.to_submission()


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [
        ("framework", "pythn", "framework 'pythn' is unknown. Did you mean 'Python'"),
        ("communicator", "mip", "communicator 'mip' is unknown. Did you mean 'Mpi'"),
        ("node_count", 0, "node_count is 0"),
        ("node_count", "many", "'node_count': 'many' is not a whole number"),
        ("max_run_duration_seconds", -1, "0 or more"),
        ("environment_variables", {"A=B": "1"}, "'A=B'"),
        ("environment_variables", {"A": None}, "can't have the value None"),
        ("environment", "mine", "is not an Environment object"),
        ("data_references", {"x": object()}, r"'data_references\.x'"),
    ],
)
def test_a_wrong_setting_is_named_at_submission(source: Path, setting: str, value: object, word: str) -> None:
    config = ScriptRunConfig(source, script="train.py")
    setattr(config.run_config, setting, value)

    with pytest.raises(UserErrorException, match=word):
        config.to_submission()


def test_a_missing_source_folder_names_the_nearest(source: Path) -> None:
    with pytest.raises(UserErrorException, match=r"does not exist. Did you mean .*project?"):
        ScriptRunConfig(source.parent / "projct", script="train.py").to_submission()
    with pytest.raises(UserErrorException, match=r"is a file.*script='train\.py'"):
        ScriptRunConfig(source / "train.py", script="train.py").to_submission()


def test_a_script_given_as_seen_from_here_is_explained(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source.parent)

    with pytest.raises(UserErrorException, match=r"Did you mean 'train\.py'"):
        ScriptRunConfig("project", script="project/train.py").to_submission()


def test_an_absolute_script_inside_the_folder_is_made_relative(source: Path) -> None:
    config = ScriptRunConfig(source, script=str(source / "steps/score.py"))

    assert config.to_submission().run_config.to_definition()["script"] == "steps/score.py"


def test_a_script_reached_through_a_link_to_the_folder_is_inside(source: Path) -> None:
    link = source.parent / "link"
    link.symlink_to(source)

    config = ScriptRunConfig(source, script=str(link / "train.py"))

    assert config.to_submission().run_config.to_definition()["script"] == "train.py"


def test_an_odd_script_name_is_kept(source: Path) -> None:
    name = "my\nscript é.py"
    (source / name).write_text("")

    assert ScriptRunConfig(source, script=name).to_submission().run_config.to_definition()["script"] == name


def test_the_current_folder_is_the_default(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source)

    assert ScriptRunConfig(None, script="train.py").to_submission().source_directory == os.getcwd()


def test_words_are_spelt_as_v1_does_at_submission(source: Path) -> None:
    config = ScriptRunConfig(source, script="train.py")
    config.run_config.framework = "python"
    config.run_config.communicator = "openmpi"

    definition = config.to_submission().run_config.to_definition()

    assert (definition["framework"], definition["communicator"]) == ("Python", "OpenMpi")
    assert config.run_config.framework == "python"


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("environment", UserErrorException),
        ("run_config", UserErrorException),
        ("distributed_job_config", RunConfigurationException),
        ("docker_runtime_config", RunConfigurationException),
    ],
)
def test_an_object_of_the_wrong_class_is_refused_at_once(setting: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"{setting} is 'oops'"):
        ScriptRunConfig(".", script="train.py", **{setting: "oops"})  # type: ignore[arg-type]


def test_a_copy_shares_what_can_not_be_copied() -> None:
    lock = threading.Lock()
    config = ScriptRunConfig(".", script="train.py", arguments=["--x", lock])

    other = copy.deepcopy(config)
    other.run_config.target = "elsewhere"

    assert other.arguments is not None
    assert other.arguments[1] is lock
    assert other.arguments is not config.arguments
    assert config.run_config.target == "local"


@given(st.lists(st.one_of(st.text(), st.integers(), st.floats(), st.booleans())))
def test_arguments_become_text_in_order(arguments: list[Any]) -> None:
    if any("\0" in str(item) for item in arguments):
        with pytest.raises(UserErrorException, match="zero byte"):
            stringify_arguments(arguments)
        return

    assert stringify_arguments(arguments) == [str(item) for item in arguments]


def test_paths_and_bytes_become_text() -> None:
    assert stringify_arguments([Path("a b"), b"c\xff"]) == ["a b", "c\udcff"]
