from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stoker.core.conda_dependencies import CondaDependencies
from stoker.core.runconfig import (
    Data,
    DataLocation,
    DataPath,
    DataReferenceConfiguration,
    Dataset,
    DockerConfiguration,
    GlobsOptions,
    MpiConfiguration,
    OutputData,
    OutputOptions,
    PyTorchConfiguration,
    RegistrationOptions,
    RunConfiguration,
    UploadOptions,
)
from stoker.exceptions import RunConfigurationException, UserErrorException

V1 = Path(__file__).resolve().parents[2] / "../shared/data/v1"


@pytest.fixture
def v1() -> Path:
    if not V1.is_dir():
        pytest.skip(f"v1's files are not at {V1}")
    return V1


def test_the_definition_has_the_files_keys_with_the_packages_inline(v1: Path) -> None:
    definition = RunConfiguration.load(v1 / "plain", "run").to_definition()

    file = yaml.safe_load((v1 / "plain/.azureml/run.runconfig").read_text())
    assert list(definition) == list(file)
    assert list(definition["environment"]) == list(file["environment"])
    python = definition["environment"]["python"]
    assert python.pop("condaDependencies")["dependencies"] == ["python=3.8.13", {"pip": ["azureml-defaults"]}]
    assert python == {**file["environment"]["python"], "condaDependenciesFile": None}


def test_a_definition_gives_the_same_configuration_again() -> None:
    first = full_configuration()

    again = RunConfiguration.from_definition(json.loads(json.dumps(first.to_definition())))

    assert again.to_definition() == first.to_definition()
    assert again.output_data["o"].additional_options.upload_options.source_globs.patterns == ["*"]


def full_configuration() -> RunConfiguration:
    configuration = RunConfiguration(script="a.py", arguments=["--x", 1], framework="PyTorch", communicator="Nccl")
    configuration.environment_variables = {"B": "2"}
    configuration.data_references = {"d": DataReferenceConfiguration("store", "download", "a/b", "c", overwrite=True)}
    dataset = DataLocation(dataset=Dataset("id", "name", 3))
    configuration.data = {"i": Data(dataset, mechanism="mount", environment_variable_name="i")}
    options = OutputOptions(
        registration_options=RegistrationOptions("n", tags={"t": "1"}),
        upload_options=UploadOptions(overwrite=True, source_globs=GlobsOptions(["*"])),
    )
    place = DataLocation(data_path=DataPath("store", "x"))
    configuration.output_data = {"o": OutputData(place, "upload", options)}
    return configuration


def test_all_sections_come_back_from_a_file(tmp_path: Path) -> None:
    first = full_configuration()

    first.save(tmp_path, "full")

    assert RunConfiguration.load(tmp_path, "full").to_definition() == first.to_definition()


def test_a_typing_error_in_an_attribute_is_found_at_once() -> None:
    configuration = RunConfiguration()

    with pytest.raises(AttributeError, match=r"no setting 'nodecount'. Did you mean 'node_count'"):
        configuration.nodecount = 3  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="Did you mean 'base_image'"):
        configuration.environment.docker.baseimage = "x"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="Did you mean 'process_count_per_node'"):
        _ = configuration.mpi.process_count  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["auto_prepare_environment", "prepare_environment"])
def test_old_settings_can_be_set_and_have_no_effect(name: str) -> None:
    configuration = RunConfiguration()

    setattr(configuration, name, True)

    assert getattr(configuration, name) is None
    assert configuration.to_definition() == RunConfiguration().to_definition()


def test_the_target_takes_a_name_an_object_or_none() -> None:
    class Pool:
        name = "cpu-cluster"

    configuration = RunConfiguration()
    for target, name in ((Pool(), "cpu-cluster"), ("gpu", "gpu"), (None, "local")):
        configuration.target = target
        assert configuration.target == name
    with pytest.raises(UserErrorException, match="can't be a target"):
        configuration.target = 5


def test_conda_dependencies_given_to_the_constructor_go_to_the_environment() -> None:
    dependencies = CondaDependencies.create(conda_packages=["numpy"])

    assert RunConfiguration(conda_dependencies=dependencies).environment.python.conda_dependencies is dependencies


def test_a_copy_is_independent_and_shares_only_foreign_objects() -> None:
    foreign = object()
    first = RunConfiguration(arguments=["--data", foreign])
    first.environment_variables["A"] = "1"

    other = copy.deepcopy(first)
    other.environment_variables["A"] = "2"
    other.environment.python.interpreter_path = "/elsewhere"
    other.environment.python.conda_dependencies.add_pip_package("numpy")

    assert first.environment_variables == {"A": "1"}
    assert first.environment.python.interpreter_path == "python"
    assert "numpy" not in list(first.environment.python.conda_dependencies.pip_packages)
    assert other.arguments[1] is foreign


def test_passwords_are_in_the_users_file_only(tmp_path: Path) -> None:
    configuration = RunConfiguration()
    configuration.environment.docker.base_image_registry.password = "hunter2"

    assert "hunter2" not in json.dumps(configuration.to_definition())
    assert "hunter2" not in repr(configuration.environment.docker.base_image_registry)
    configuration.save(tmp_path, "x")
    assert RunConfiguration.load(tmp_path, "x").environment.docker.base_image_registry.password == "hunter2"


def test_a_wrong_type_set_in_python_is_named_when_it_is_written() -> None:
    configuration = RunConfiguration()
    configuration.environment.docker.arguments = "x"  # type: ignore[assignment]

    with pytest.raises(UserErrorException, match=r"'environment\.docker\.arguments': 'x' is not a list"):
        configuration.to_definition()


def test_numbers_of_numpy_become_plain_ones(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    configuration = RunConfiguration(arguments=[numpy.float64(0.5), numpy.int64(3)])
    configuration.node_count = numpy.int32(2)

    configuration.save(tmp_path, "job")

    again = RunConfiguration.load(tmp_path, "job")
    assert again.arguments == [0.5, 3]
    assert again.node_count == 2


def test_docker_arguments_are_not_shared_between_objects() -> None:
    DockerConfiguration().arguments.append("--gpus=all")

    assert DockerConfiguration().arguments == []


def test_pytorch_refuses_an_unknown_backend() -> None:
    with pytest.raises(RunConfigurationException, match="'Nccl' or 'Gloo'"):
        PyTorchConfiguration("mpi")


def test_a_section_shows_its_settings() -> None:
    assert repr(MpiConfiguration(2)) == "MpiConfiguration(process_count_per_node=2, node_count=1)"


plain = st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False))


@settings(deadline=None)
@example(arguments=["\udcff", "1e-5", "yes", "12:30:45", "0o7", "2020-01-01", "", "null"], variables={}, script="\x85")
@given(
    arguments=st.lists(plain, max_size=5),
    variables=st.dictionaries(st.text(min_size=1), st.text(), max_size=3),
    script=st.text(min_size=1),
)
def test_any_values_survive_a_file(
    tmp_path_factory: pytest.TempPathFactory, arguments: list[Any], variables: dict[str, str], script: str
) -> None:
    folder = tmp_path_factory.mktemp("values")
    configuration = RunConfiguration(script=script, arguments=arguments)
    configuration.environment_variables = variables

    configuration.save(folder, "job")

    again = RunConfiguration.load(folder, "job")
    assert again.arguments == arguments
    assert [type(item) for item in again.arguments] == [type(item) for item in arguments]
    assert again.environment_variables == variables
    assert again.script == script
