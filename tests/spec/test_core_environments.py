"""Section 6: Environment and CondaDependencies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
from stoker.core.conda_dependencies import CondaDependencies
from stoker.core.container_registry import ContainerRegistry
from stoker.core.environment import CondaDependencies as SameDependencies
from stoker.core.environment import DockerSection, PythonSection
from stoker.exceptions import ActivityFailedException, StokerException, UserErrorException

Config = Callable[..., ScriptRunConfig]

CONDA = """\
name: project_environment
dependencies:
  - python=3.8
  - numpy
  - pip:
    - azureml-defaults
    - joblib
channels: [conda-forge]
"""


def test_a_new_environment_has_v1s_defaults() -> None:
    environment = Environment(name="any name at all")

    assert (environment.name, environment.version) == ("any name at all", None)
    assert "EXAMPLE_ENV_VAR" in environment.environment_variables
    assert isinstance(environment.python, PythonSection)
    assert isinstance(environment.docker, DockerSection)
    assert (environment.python.user_managed_dependencies, environment.python.interpreter_path) == (False, "python")
    assert environment.docker.enabled is False
    assert environment.docker.base_image
    assert environment.docker.base_dockerfile is None
    assert "any name at all" in repr(environment)
    for section in ("spark", "databricks", "r", "inferencing_stack_version"):
        assert hasattr(environment, section)
    assert SameDependencies is CondaDependencies


def test_ways_to_an_image_exclude_each_other() -> None:
    environment = Environment("e")
    environment.docker.base_dockerfile = "FROM scratch"
    assert environment.docker.base_image is None
    environment.docker.base_image = "python:3.11"
    assert environment.docker.base_dockerfile is None


def test_versions_count_up_and_the_same_content_keeps_its_own(ws: Workspace) -> None:
    environment = Environment("counted")
    environment.environment_variables = {}
    first = environment.register(workspace=ws)
    same = environment.register(ws)
    environment.python.conda_dependencies.add_pip_package("joblib")
    second = environment.register(ws)

    assert [item.version for item in (first, same, second)] == ["1", "1", "2"]
    assert Environment.get(ws, "counted").version == "2"
    for version in ("1", 1):
        found = Environment.get(workspace=ws, name="counted", version=version)
        assert found.version == "1"
        assert "joblib" not in list(found.python.conda_dependencies.pip_packages)
    assert ws.environments["counted"].version == Environment.list(ws)["counted"].version == "2"
    assert Environment.get(ws, "counted", label="Latest").version == "2"


def test_a_missing_environment_or_version_is_an_error(ws: Workspace) -> None:
    Environment("there").register(ws)
    with pytest.raises(StokerException, match="no-such-environment"):
        Environment.get(ws, "no-such-environment")
    with pytest.raises(StokerException, match="9"):
        Environment.get(ws, "there", version="9")


@pytest.mark.parametrize("name", ["AzureML-mine", "Microsoft-mine"])
def test_reserved_names_are_not_registered(ws: Workspace, name: str) -> None:
    with pytest.raises(UserErrorException, match="clone"):
        Environment(name).register(ws)


def test_a_clone_has_another_name_and_no_version(ws: Workspace) -> None:
    environment = Environment("cloned-from").register(ws)
    clone = environment.clone("cloned-to")
    clone.python.conda_dependencies.add_pip_package("joblib")

    assert (clone.name, clone.version) == ("cloned-to", None)
    assert "joblib" not in list(environment.python.conda_dependencies.pip_packages)


def test_submitting_registers_the_environment(ws: Workspace, experiment: Experiment, config_of: Config) -> None:
    environment = Environment("by submit")
    environment.python.user_managed_dependencies = True
    run = experiment.submit(config_of("print()", environment=environment))
    run.wait_for_completion()
    found = run.get_environment()

    assert (found.name, found.version) == ("by submit", "1")
    assert Environment.get(ws, "by submit").python.user_managed_dependencies is True
    assert run.get_details()["runDefinition"]["environment"]["version"] == "1"


def test_an_environment_comes_from_files(tmp_path: Path) -> None:
    (tmp_path / "conda.yml").write_text(CONDA)
    (tmp_path / "requirements.txt").write_text("# why\njoblib==1.4.2  # pinned\n\nnumpy\n--pre\n")
    conda = Environment.from_conda_specification(name="c", file_path=str(tmp_path / "conda.yml"))
    pip = Environment.from_pip_requirements(name="p", file_path=str(tmp_path / "requirements.txt"))

    assert list(conda.python.conda_dependencies.conda_packages) == ["python=3.8", "numpy"]
    assert list(conda.python.conda_dependencies.pip_packages) == ["azureml-defaults", "joblib"]
    assert list(pip.python.conda_dependencies.pip_packages) == ["joblib==1.4.2", "numpy"]
    for make in (Environment.from_conda_specification, Environment.from_pip_requirements):
        with pytest.raises(FileNotFoundError):
            make("x", str(tmp_path / "gone"))


def test_an_environment_comes_from_an_image_or_a_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "conda.yml").write_text(CONDA)
    registry = ContainerRegistry()
    registry.address = "registry.example.com"
    plain = Environment.from_docker_image("i", "python:3.11", container_registry=registry)
    packed = Environment.from_docker_image("i", "python:3.11", conda_specification=str(tmp_path / "conda.yml"))
    written = Environment.from_dockerfile("d", "FROM python:3.11\nRUN true")

    assert (plain.docker.base_image, plain.python.user_managed_dependencies) == ("python:3.11", True)
    assert plain.docker.base_image_registry.address == "registry.example.com"
    assert packed.python.user_managed_dependencies is False
    assert (written.docker.base_image, written.python.user_managed_dependencies) == (None, True)
    assert written.docker.base_dockerfile == "FROM python:3.11\nRUN true"


def test_a_conda_environment_that_is_not_there_gives_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(UserWarning, match="conda"):
        assert Environment.from_existing_conda_environment("e", "no-such-environment") is None


def test_an_environment_is_saved_to_a_folder_and_loaded(tmp_path: Path) -> None:
    environment = Environment("kept")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["joblib"])
    folder = str(tmp_path / "folder")
    environment.save_to_directory(path=folder)

    assert {path.name for path in Path(folder).iterdir()} == {"azureml_environment.json", "conda_dependencies.yml"}
    with pytest.raises(FileExistsError):
        environment.save_to_directory(folder)
    environment.save_to_directory(folder, overwrite=True)
    assert Environment.load_from_directory(folder).to_definition() == environment.to_definition()
    with pytest.raises(FileNotFoundError):
        Environment.load_from_directory(str(tmp_path))


def test_an_environment_is_built_by_itself(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    environment = Environment("built")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    build = environment.build(ws)
    build.wait_for_completion(show_output=True)

    assert build.status == "Succeeded"
    assert isinstance(build.get_log(), str)
    assert build.get_log() in capsys.readouterr().out
    assert environment.build_local(ws, useDocker=False).status == "Succeeded"


@pytest.mark.parametrize("name", ["AzureML-Minimal", "AzureML-Tutorial", "AzureML-sklearn-0.24-ubuntu18.04-py37-cpu"])
def test_ready_made_environments_are_there_to_be_cloned(ws: Workspace, name: str) -> None:
    found = Environment.get(workspace=ws, name=name)
    clone = found.clone("mine-" + name)

    assert found.name == name
    assert clone.register(ws).version == "1"


def test_a_ready_made_environment_can_be_submitted(ws: Workspace, experiment: Experiment, config_of: Config) -> None:
    environment = Environment.get(ws, "AzureML-Minimal")
    code = "from stoker.core import Run; Run.get_context().log('ran', 1)"
    run = experiment.submit(config_of(code, environment=environment))
    run.wait_for_completion()

    assert run.get_metrics() == {"ran": 1}
    assert run.get_environment().name == "AzureML-Minimal"
    assert Environment.get(ws, "AzureML-Minimal").name == "AzureML-Minimal"


def test_an_unknown_ready_made_environment_says_what_there_is(ws: Workspace) -> None:
    with pytest.raises(StokerException, match="AzureML-Minimal"):
        Environment.get(ws, "AzureML-Minimum")


def test_a_user_managed_environment_is_the_submitters_interpreter_or_the_named_one(
    experiment: Experiment, config_of: Config, log_of: Callable[[Run], str]
) -> None:
    printed = []
    for path in ("python", sys.executable):
        environment = Environment("user-managed")
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = path
        run = experiment.submit(config_of("import sys; print(sys.executable)", environment=environment))
        run.wait_for_completion()
        printed.append(log_of(run).strip())

    assert printed == [sys.executable] * 2


def test_a_missing_interpreter_fails_the_run_with_its_path(experiment: Experiment, config_of: Config) -> None:
    environment = Environment("no-interpreter")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = "/no/such/python"
    run = experiment.submit(config_of("print()", environment=environment))

    with pytest.raises(ActivityFailedException, match="/no/such/python"):
        run.wait_for_completion()
    assert run.get_status() == "Failed"


def test_the_default_environment_builds_nothing_and_says_so(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("print()"))
    run.wait_for_completion()
    log = run.get_details_with_logs()["logFiles"]["system_logs/environment.txt"]

    assert sys.executable in log or "interpreter" in log


def test_conda_dependencies_do_what_v1s_do(tmp_path: Path) -> None:
    packages = CondaDependencies.create(
        pip_indexurl=None, conda_packages=["numpy"], pip_packages=["a==1", "b"], python_version="3.11"
    )
    packages.add_pip_package("a==2")
    packages.add_conda_package("scipy")
    packages.add_channel("pytorch")
    packages.remove_pip_package("never-there")
    packages.remove_conda_package("never-there")
    packages.set_pip_option("--pre")
    path = packages.save(str(tmp_path / "conda.yml"))

    assert packages.get_python_version() == "3.11"
    assert list(packages.pip_packages) == ["b", "a==2"]
    assert list(packages.conda_packages) == ["python=3.11", "numpy", "scipy"]
    assert list(packages.conda_channels) == ["anaconda", "conda-forge", "pytorch"]
    assert list(packages.pip_options) == ["--pre"]
    assert next(packages.pip_packages) == "b"
    assert CondaDependencies(conda_dependencies_file_path=path).as_dict() == packages.as_dict()
    assert packages.serialize_to_string() == Path(path).read_text()
    assert list(CondaDependencies.create().pip_packages) == ["azureml-defaults"]


def test_an_unknown_key_in_a_conda_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "conda.yml").write_text(CONDA + "chanels: []\n")
    with pytest.raises(UserErrorException, match="chanels"):
        CondaDependencies(str(tmp_path / "conda.yml"))
