"""Each kind of bad input gets an error that says what, why and what to do; nothing recorded is lost."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
from stoker.core.conda_dependencies import CondaDependencies
from stoker.core.runconfig import RunConfiguration
from stoker.exceptions import ActivityFailedException, SnapshotException, UserErrorException

Config = Callable[..., ScriptRunConfig]


def log_of(run: Run) -> str:
    return str(run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"])


def test_metrics_that_are_no_finite_numbers_are_kept_as_they_are(experiment: Experiment, config_of: Config) -> None:
    code = """
    from stoker.core import Run
    run = Run.get_context()
    for value in (float("inf"), float("-inf"), float("nan"), 1):
        run.log("x", value)
    """
    run = experiment.submit(config_of(code))
    run.wait_for_completion()

    values = run.get_metrics()["x"]
    assert values[0] == math.inf
    assert values[1] == -math.inf
    assert math.isnan(values[2])
    assert values[3] == 1


def test_outputs_with_awkward_names_come_back_byte_for_byte(
    experiment: Experiment, config_of: Config, tmp_path: Path
) -> None:
    code = """
    import os
    for name in (b"with space.txt", b"new\\nline.txt", b"bad-\\xff.bin", "ünïcode.txt".encode(), b"a%20b?#.txt"):
        with open(b"outputs/" + name, "wb") as file:
            file.write(name)
    """
    run = experiment.submit(config_of(code))
    run.wait_for_completion()
    run.download_files(prefix="outputs", output_directory=str(tmp_path))

    found = {
        name: (tmp_path / "outputs" / os.fsdecode(name)).read_bytes()
        for name in os.listdir(os.fsencode(tmp_path / "outputs"))
    }
    assert set(found) == {b"with space.txt", b"new\nline.txt", b"bad-\xff.bin", "ünïcode.txt".encode(), b"a%20b?#.txt"}
    assert all(name == content for name, content in found.items())


def test_a_source_folder_with_awkward_names_runs(experiment: Experiment, config_of: Config, source: Path) -> None:
    for name in (b"with space", b"new\nline", b"bad-\xff"):
        with open(os.fsencode(source) + b"/" + name, "wb") as file:
            file.write(name)
    run = experiment.submit(config_of("import os; print(sorted(os.listdir(b'.')))"))
    run.wait_for_completion()

    assert log_of(run).startswith(r"[b'bad-\xff', b'logs', b'new\nline', b'outputs', b'train.py', b'with space']")


def test_a_link_out_of_the_source_folder_is_refused_before_anything_is_recorded(
    experiment: Experiment, config_of: Config, source: Path
) -> None:
    (source / "way-out").symlink_to("/etc/hostname")
    before = len(list(experiment.get_runs()))

    with pytest.raises(SnapshotException, match="way-out"):
        experiment.submit(config_of("pass"))
    assert len(list(experiment.get_runs())) == before


def test_a_script_that_is_not_utf8_fails_with_pythons_own_words(experiment: Experiment, source: Path) -> None:
    (source / "train.py").write_bytes(b"print('\xff\xfe')\n")
    run = experiment.submit(ScriptRunConfig(str(source), "train.py"))

    with pytest.raises(ActivityFailedException, match="Non-UTF-8 code"):
        run.wait_for_completion()


def test_a_missing_interpreter_is_named(experiment: Experiment, config_of: Config) -> None:
    environment = Environment("broken")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = "/nowhere/bin/python"
    run = experiment.submit(config_of("pass", environment=environment))

    with pytest.raises(ActivityFailedException, match="/nowhere/bin/python"):
        run.wait_for_completion()


def test_a_requirement_that_does_not_exist_is_named(experiment: Experiment, config_of: Config) -> None:
    environment = Environment("impossible")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["stoker-no-such-package-at-all"])
    run = experiment.submit(config_of("pass", environment=environment))

    with pytest.raises(ActivityFailedException, match="stoker-no-such-package-at-all"):
        run.wait_for_completion()
    assert "system_logs/environment.txt" in run.get_file_names()


def test_an_unknown_word_in_a_runconfig_or_bad_yaml_is_named_with_its_place(source: Path) -> None:
    (source / "bad.runconfig").write_text("script: train.py\narguments: [1, 2\ntarget: local\n")

    with pytest.raises(UserErrorException, match=r"bad\.runconfig.*line 3"):
        RunConfiguration.load(str(source / "bad.runconfig"))


@pytest.mark.parametrize("name", ["", "with space", "-x", "a" * 300])
def test_an_illegal_experiment_name_fails_at_once(ws: Workspace, name: str) -> None:
    with pytest.raises(UserErrorException, match="can't be used"):
        Experiment(ws, name)


def test_a_taken_file_name_keeps_the_first_file(experiment: Experiment, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("first")
    (tmp_path / "b").write_text("second")
    run = experiment.start_logging(snapshot_directory=None)
    run.upload_file("x/file.txt", str(tmp_path / "a"))
    with pytest.raises(UserErrorException, match=r"x/file\.txt"):
        run.upload_file("x/file.txt", str(tmp_path / "b"))
    run.add_properties({"p": "1"})
    with pytest.raises(UserErrorException, match="p"):
        run.add_properties({"p": "2"})
    run.complete()
    run.download_file("x/file.txt", str(tmp_path / "back"))

    assert (tmp_path / "back").read_text() == "first"
    assert run.get_properties()["p"] == "1"


def test_an_argument_that_is_none_is_refused(experiment: Experiment, config_of: Config) -> None:
    with pytest.raises(UserErrorException, match="None"):
        experiment.submit(config_of("pass", arguments=["--x", None]))


def test_an_unknown_run_is_not_found(experiment: Experiment) -> None:
    with pytest.raises(UserErrorException, match="no-such-run"):
        Run(experiment, "no-such-run")
