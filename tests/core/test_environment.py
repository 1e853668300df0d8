from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.core.environment import CondaDependencies, DockerBuildContext, Environment, RSection, SparkPackage
from stoker.exceptions import EnvironmentBuildException, NotFoundException, UserErrorException

V1 = Path(__file__).resolve().parents[2] / "../shared/data/v1"


class MemoryApi:
    """The environments part of the service, in a dictionary."""

    def __init__(self) -> None:
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.builds: list[dict[str, Any]] = []
        self.log = ""

    def get(self, path: str, **params: Any) -> Any:
        if path == "/environments":
            return {"environments": [versions[-1] for versions in self.versions.values()]}
        if path.startswith("/environments/builds/"):
            answer = self.builds.pop(0)
            self.log += answer.pop("adds", "")
            return {**answer, "log": self.log[params["offset"] :]}
        name = path.rsplit("/", 1)[1].replace("%20", " ")
        for record in reversed(self.versions.get(name, [])):
            if params.get("version") in {None, record["version"]}:
                return record
        raise NotFoundException(f"There is no environment {name!r}.")

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        if path.endswith("/build"):
            return {"id": f"build-{params['version']}"}
        definition = json.loads(json.dumps(body["definition"]))
        versions = self.versions.setdefault(definition["name"], [])
        for record in versions:
            if {**record["definition"], "version": None} == {**definition, "version": None}:
                return record
        record = {"name": definition["name"], "version": str(len(versions) + 1), "definition": definition}
        versions.append(record)
        return record


class MemoryWorkspace:
    def __init__(self) -> None:
        self._api = MemoryApi()


def python_packages(environment: Environment) -> list[str]:
    return list(environment.python.conda_dependencies.pip_packages)


def test_v1s_environment_folder_is_read_and_written_alike(tmp_path: Path) -> None:
    if not V1.is_dir():
        pytest.skip(f"v1's files are not at {V1}")
    environment = Environment.load_from_directory(V1 / "environment")
    environment.save_to_directory(tmp_path / "new")

    name = "azureml_environment.json"
    assert (tmp_path / "new" / name).read_text() == (V1 / "environment" / name).read_text()
    assert environment.name == "golden"
    assert environment.environment_variables == {"X": "y"}
    assert python_packages(environment) == ["azureml-defaults", "joblib"]


def test_an_environment_folder_is_not_overwritten_by_accident(tmp_path: Path) -> None:
    Environment("a").save_to_directory(tmp_path / "e")

    with pytest.raises(FileExistsError):
        Environment("b").save_to_directory(tmp_path / "e")
    Environment("b").save_to_directory(tmp_path / "e", overwrite=True)

    assert Environment.load_from_directory(tmp_path / "e").name == "b"


def test_a_folder_without_the_json_is_pythons_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"azureml_environment.json"):
        Environment.load_from_directory(tmp_path)


def test_a_broken_environment_file_is_named_with_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "azureml_environment.json"
    file.write_text('{\n "name": oops\n}')

    with pytest.raises(UserErrorException, match=r"line 2, column 10.*not valid JSON"):
        Environment.load_from_directory(tmp_path)
    file.write_text('{"name": "x", "docker": {"enabled": "perhaps"}}')
    with pytest.raises(UserErrorException, match=r"azureml_environment\.json, field 'docker\.enabled'"):
        Environment.load_from_directory(tmp_path)


def test_the_three_ways_to_an_image_exclude_each_other() -> None:
    docker = Environment("x").docker

    ways = ("baseImage", "baseDockerfile", "buildContext")

    docker.base_dockerfile = "FROM x"
    assert [docker.to_dict()[way] is not None for way in ways] == [False, True, False]
    docker.build_context = DockerBuildContext("local", ".")
    assert [docker.to_dict()[way] is not None for way in ways] == [False, False, True]
    docker.base_image = "image"
    assert [docker.to_dict()[way] is not None for way in ways] == [True, False, False]


def test_no_base_image_stays_none_when_a_definition_is_read() -> None:
    environment = Environment("x")
    environment.docker.base_dockerfile = "FROM x"

    again = Environment.from_definition(environment.to_definition())

    assert again.docker.base_image is None
    assert again.docker.base_dockerfile == "FROM x"


def test_old_docker_settings_can_be_set() -> None:
    docker = Environment("x").docker

    docker.enabled = True
    docker.gpu_support = True  # type: ignore[attr-defined]

    assert docker.enabled is True
    assert docker.gpu_support is None  # type: ignore[attr-defined]


def test_packages_are_checked_when_they_are_set() -> None:
    python = Environment("x").python

    python.conda_dependencies = {"dependencies": ["python=3.9"]}
    assert python.conda_dependencies.get_python_version() == "3.9"
    python.conda_dependencies = None
    assert list(python.conda_dependencies.conda_packages) == []
    with pytest.raises(UserErrorException, match="'numpy' is not a CondaDependencies object"):
        python.conda_dependencies = "numpy"  # type: ignore[assignment]


def test_the_old_way_to_name_a_conda_file_reads_it(tmp_path: Path) -> None:
    CondaDependencies.create(pip_packages=["x"]).save(tmp_path / "c.yml")
    environment = Environment("x")

    environment.python.conda_dependencies_file = str(tmp_path / "c.yml")

    assert python_packages(environment) == ["x"]
    assert environment.python.conda_dependencies_file == str(tmp_path / "c.yml")


def test_a_clone_is_independent_and_has_no_version() -> None:
    first = Environment("first")
    first.version = "3"

    other = first.clone("other")
    other.environment_variables["A"] = "1"

    assert (other.name, other.version) == ("other", None)
    assert "A" not in first.environment_variables


def test_lists_of_sections_survive_a_definition() -> None:
    environment = Environment("x")
    environment.spark.packages.append(SparkPackage("g", "a", "1"))
    environment.r = RSection()
    environment.r.r_version = "4"

    again = Environment.from_definition(json.loads(json.dumps(environment.to_definition())))

    assert again.spark.packages[0].artifact == "a"
    assert again.r is not None
    assert again.r.r_version == "4"


def test_registering_gives_versions_and_the_same_content_keeps_its_own() -> None:
    workspace = MemoryWorkspace()
    environment = Environment("training set")

    first = environment.register(workspace)
    same = environment.register(workspace)
    environment.environment_variables["A"] = "1"
    second = environment.register(workspace)

    assert (first.version, same.version, second.version) == ("1", "1", "2")
    assert environment.version is None
    assert Environment.get(workspace, "training set").environment_variables["A"] == "1"
    assert Environment.get(workspace, "training set", version=1).version == "1"
    assert Environment.get(workspace, "training set", label="Latest").version == "2"


@pytest.mark.parametrize("name", ["AzureML-mine", "microsoft/x", ""])
def test_reserved_and_empty_names_are_not_registered(name: str) -> None:
    with pytest.raises(UserErrorException, match="clone"):
        Environment(name).register(MemoryWorkspace())


def test_a_missing_environment_is_not_found_and_another_label_is_refused() -> None:
    workspace = MemoryWorkspace()

    with pytest.raises(NotFoundException):
        Environment.get(workspace, "nope")
    with pytest.raises(UserErrorException, match="label 'old'"):
        Environment.get(workspace, "nope", label="old")


def test_the_list_has_registered_and_ready_made_environments() -> None:
    workspace = MemoryWorkspace()
    Environment("mine").register(workspace)

    listed = Environment.list(workspace)

    assert listed["mine"].version == "1"
    assert {"AzureML-Minimal", "AzureML-Tutorial"} <= set(listed)


@pytest.mark.parametrize(
    ("name", "package", "python"),
    [
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "scikit-learn==0.24.*", "3.7"),
        ("AzureML-PyTorch-1.3-GPU", "torch==1.3.*", None),
        ("AzureML-ACPT-pytorch-1.13-py38-cuda11.7-gpu", "torch==1.13.*", "3.8"),
        ("AzureML-Tutorial", "scikit-learn", None),
        ("azureml-minimal", "azureml-defaults", None),
    ],
)
def test_a_ready_made_environment_has_the_framework_of_its_name(name: str, package: str, python: str | None) -> None:
    environment = Environment.get(MemoryWorkspace(), name)

    assert package in python_packages(environment)
    assert environment.python.conda_dependencies.get_python_version() == python
    assert environment.clone("mine").name == "mine"


def test_an_unknown_ready_made_environment_names_what_there_is() -> None:
    with pytest.raises(NotFoundException, match=r"Did you mean 'AzureML-Minimal'.*AzureML-FRAMEWORK-VERSION"):
        Environment.get(MemoryWorkspace(), "AzureML-Minimum")


def test_a_build_is_watched_to_its_end_and_its_log_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    workspace = MemoryWorkspace()
    workspace._api.builds = [
        {"status": "Running", "adds": "resolving é\n"},
        {"status": "Running"},
        {"status": "Succeeded", "adds": "done\n", "resolved": {"numpy": "2.0"}},
    ]

    build = Environment("x").build(workspace).wait_for_completion(show_output=True)

    assert capsys.readouterr().out == "resolving é\ndone\n"
    assert (build.id, build.status, build.log) == ("build-1", "Succeeded", "resolving é\ndone\n")
    assert build.resolved == {"numpy": "2.0"}


def test_a_failed_build_raises_with_its_reason_and_the_end_of_its_log() -> None:
    workspace = MemoryWorkspace()
    workspace._api.builds = [
        {"status": "Failed", "adds": "looking for nope\n", "error": {"message": "no package nope"}}
    ]

    with pytest.raises(EnvironmentBuildException, match=r"(?s)no package nope.*looking for nope"):
        Environment("x").build_local(workspace)


def test_image_details_are_the_record() -> None:
    workspace = MemoryWorkspace()
    environment = Environment("x").register(workspace)

    details = environment.get_image_details(workspace)

    assert details["version"] == "1"
    assert details["baseImage"] == environment.docker.base_image


def test_something_that_is_no_workspace_is_named() -> None:
    with pytest.raises(UserErrorException, match="'oops' is not a workspace"):
        Environment.get("oops", "x")  # type: ignore[arg-type]
