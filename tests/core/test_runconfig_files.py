from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from stoker.core.runconfig import Environment, RunConfiguration
from stoker.exceptions import UserErrorException

V1 = Path(__file__).resolve().parents[2] / "../shared/data/v1"
GOLDEN = ["plain", "user-managed", "spark"]
SEPARATE_CONDA = "environment:\n  python:\n    condaDependenciesFile: {}\n"


@pytest.fixture
def v1() -> Path:
    if not V1.is_dir():
        pytest.skip(f"v1's files are not at {V1}")
    return V1


def write(folder: Path, text: str, name: str = "run.runconfig") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", GOLDEN)
def test_a_file_of_v1_is_read_and_written_alike(v1: Path, tmp_path: Path, name: str) -> None:
    configuration = RunConfiguration.load(v1 / name, "run")
    configuration.save(tmp_path, "run.runconfig")

    for file in ("run.runconfig", "conda_dependencies.yml"):
        theirs = (v1 / name / ".azureml" / file).read_text()
        ours = (tmp_path / ".azureml" / file).read_text()
        assert ordered(yaml.safe_load(ours)) == ordered(yaml.safe_load(theirs))
    assert (tmp_path / ".azureml/run.runconfig").read_text() == (v1 / name / ".azureml/run.runconfig").read_text()


def ordered(data: Any) -> str:
    """Return a text that is equal only when keys and their order are."""
    return json.dumps(data)


def test_the_settings_of_v1s_user_managed_file_are_read(v1: Path) -> None:
    configuration = RunConfiguration.load(v1 / "user-managed/.azureml/run.runconfig")

    assert configuration.script == "train.py"
    assert configuration.arguments == ["--alpha", 0.5, "--flag"]
    assert configuration.target == "cpu-cluster"
    assert configuration.max_run_duration_seconds == 600
    assert configuration.node_count == 2
    assert configuration.environment.python.user_managed_dependencies is True
    assert configuration.environment.environment_variables == {"A": "1"}


def test_the_settings_of_v1s_spark_file_are_read(v1: Path) -> None:
    configuration = RunConfiguration.load(v1 / "spark", "run.runconfig")

    assert configuration.framework == "PySpark"
    assert configuration.spark.configuration == {"spark.app.name": "x", "spark.executor.memory": "1g"}
    assert list(configuration.environment.python.conda_dependencies.pip_packages) == ["pyarrow==1.0"]


def test_a_new_configuration_is_what_v1_calls_plain(v1: Path, tmp_path: Path) -> None:
    RunConfiguration().save(tmp_path, "run.runconfig")

    theirs = (v1 / "plain/.azureml/run.runconfig").read_text()
    assert (tmp_path / ".azureml/run.runconfig").read_text() == theirs


def test_a_missing_section_has_its_defaults(tmp_path: Path) -> None:
    configuration = RunConfiguration.load(write(tmp_path, "script: a.py\n"))

    assert configuration.script == "a.py"
    assert configuration.mpi.process_count_per_node == 1
    assert configuration.environment.name == "default-environment"
    assert configuration.history.directories_to_watch == ["logs"]


def test_an_empty_file_has_all_defaults(tmp_path: Path) -> None:
    assert RunConfiguration.load(write(tmp_path, "")).to_definition() == RunConfiguration().to_definition()


def test_a_file_of_2019_is_read(tmp_path: Path) -> None:
    write(tmp_path, "dependencies:\n- python=3.6.2\n", "aml_config/conda_dependencies.yml")
    text = """
        script: train.py
        autoPrepareEnvironment: true
        framework: python
        environment:
          docker: {enabled: true, gpuSupport: true, baseImage: some/image}
          python: {userManagedDependencies: false, condaDependenciesFile: aml_config/conda_dependencies.yml}
        batchai: {clusterMaxNodeCount: 1}
    """
    write(tmp_path, text.replace("\n        ", "\n"), "aml_config/old.runconfig")

    configuration = RunConfiguration.load(tmp_path, "old")

    assert configuration.environment.docker.enabled is True
    assert configuration.environment.docker.base_image == "some/image"
    assert configuration.environment.python.conda_dependencies.get_python_version() == "3.6.2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nodeCount: abc\n", ["line 1", "'nodeCount'", "'abc' is not a whole number"]),
        ("script: a.py\nmpi:\n  processCountPerNode: 1.5\n", ["line 3", "'mpi.processCountPerNode'", "1.5"]),
        ("mpi: 3\n", ["line 1", "'mpi'", "3 is not a group of settings"]),
        ("arguments: a b\n", ["'arguments'", "'a b' is not a list"]),
        ("history:\n  outputCollection: perhaps\n", ["line 2", "true or false"]),
        ("nodecount: 2\n", ["line 1", "no setting 'nodecount'", "'nodeCount'"]),
        ("environment:\n  docker:\n    baseimage: x\n", ["line 3", "'baseImage'"]),
        ("- a\n", ["is not a run configuration"]),
        ("script: [\n", ["line 2, column 1", "not valid YAML", "mend it"]),
        ("script: a\n  b: c\n", ["line 2, column 4", "not valid YAML"]),
        ("script: a.py\nscript: b.py\n", ["line 2", "'script' is here twice"]),
        (SEPARATE_CONDA.format("nope.yml"), ["'environment.python.condaDependenciesFile'", "no file 'nope.yml'"]),
    ],
)
def test_a_wrong_file_is_refused_with_place_and_reason(tmp_path: Path, text: str, words: list[str]) -> None:
    file = write(tmp_path, text)

    with pytest.raises(UserErrorException) as caught:
        RunConfiguration.load(file)

    for word in [str(file), *words]:
        assert word in caught.value.message


def test_bytes_that_are_not_utf8_are_refused_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "run.runconfig").write_bytes(b"script: a.py\ntarget: \xff\n")

    with pytest.raises(UserErrorException, match=r"line 2, column 9.*0xff is not UTF-8"):
        RunConfiguration.load(tmp_path, "run")


def test_an_unknown_setting_is_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path, "script: a.py\nflavour: vanilla\n")

    with pytest.warns(UserWarning, match="line 2, field 'flavour'.*no effect"):
        configuration = RunConfiguration.load(file)

    assert configuration.script == "a.py"


def test_a_wrong_conda_file_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, SEPARATE_CONDA.format("conda.yml"))
    write(tmp_path, "dependencies:\n- numpy\n- 3\n", "conda.yml")

    with pytest.raises(UserErrorException, match=r"conda\.yml, line 3, field 'dependencies\.1'"):
        RunConfiguration.load(tmp_path, "run")


def test_a_missing_conda_file_does_not_matter_when_the_user_manages_packages(tmp_path: Path) -> None:
    text = "environment:\n  python:\n    userManagedDependencies: true\n    condaDependenciesFile: gone.yml\n"

    assert RunConfiguration.load(write(tmp_path, text)).environment.python.user_managed_dependencies is True


def test_the_environment_can_have_a_file_of_its_own(tmp_path: Path) -> None:
    configuration = RunConfiguration(script="a.py")
    configuration.environment = Environment("mine")

    configuration.save(tmp_path, "run", separate_environment_yaml=True)

    saved = yaml.safe_load((tmp_path / ".azureml/run").read_text())
    assert saved["environment"] == ".azureml/environment.yml"
    assert RunConfiguration.load(tmp_path, "run").to_definition() == configuration.to_definition()


def test_an_error_in_the_environments_own_file_names_that_file(tmp_path: Path) -> None:
    write(tmp_path, "environment: env.yml\n")
    write(tmp_path, "name: x\ndocker:\n  enabled: 7\n", "env.yml")

    with pytest.raises(UserErrorException, match=r"env\.yml, line 3, field 'docker\.enabled'"):
        RunConfiguration.load(tmp_path, "run")


def test_a_configuration_is_found_by_name_where_v1_keeps_it(tmp_path: Path) -> None:
    for folder in (".azureml", "aml_config", "."):
        project = tmp_path / f"project{folder.strip('.')}"
        write(project, f"script: {folder}.py\n", f"{folder}/job.runconfig")

        assert RunConfiguration.load(project, "job").script == f"{folder}.py"


def test_a_configuration_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "script: a.py\n", ".azureml/train.runconfig")

    with pytest.raises(UserErrorException, match=r"Failed to load.*name=trian.*Did you mean 'train'"):
        RunConfiguration.load(tmp_path, "trian")


def test_saving_into_a_folder_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(UserErrorException, match="without a name"):
        RunConfiguration().save(tmp_path)


def test_saving_without_a_path_is_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    RunConfiguration(script="a.py").save(name="job")

    assert RunConfiguration.load(".", "job").script == "a.py"


def test_a_configuration_is_saved_to_a_file_and_deleted(tmp_path: Path) -> None:
    RunConfiguration(script="a.py").save(tmp_path / "deep/job.runconfig")
    assert RunConfiguration.load(tmp_path / "deep/job.runconfig").script == "a.py"

    RunConfiguration.delete(tmp_path / "deep", "job")

    assert not (tmp_path / "deep/job.runconfig").exists()
    with pytest.raises(UserErrorException, match="Failed to load"):
        RunConfiguration.delete(tmp_path / "deep", "job")


def test_an_old_projects_folder_goes_on_being_used(tmp_path: Path) -> None:
    (tmp_path / "aml_config").mkdir()

    RunConfiguration().save(tmp_path, "job")

    assert sorted(os.listdir(tmp_path / "aml_config")) == ["conda_dependencies.yml", "job"]


def test_a_configuration_that_was_saved_without_an_ending_is_among_the_nearest(tmp_path: Path) -> None:
    RunConfiguration().save(tmp_path, name="cpu")

    with pytest.raises(UserErrorException, match="Did you mean 'cpu'"):
        RunConfiguration.load(tmp_path, "cpuu")
