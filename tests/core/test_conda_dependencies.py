from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stoker.core._packages import conda_name, merge_requirements, project_name
from stoker.core.conda_dependencies import CondaDependencies
from stoker.exceptions import UserErrorException

V1 = Path(__file__).resolve().parents[2] / "../shared/data/v1"


def entries(dependencies: CondaDependencies) -> list[object]:
    listed: list[object] = dependencies.as_dict()["dependencies"]
    return listed


def test_new_dependencies_are_v1s() -> None:
    assert CondaDependencies().as_dict() == {
        "name": "project_environment",
        "dependencies": ["python=3.8.13", {"pip": ["azureml-defaults"]}],
        "channels": ["anaconda", "conda-forge"],
    }


def test_created_dependencies_are_v1s() -> None:
    made = CondaDependencies.create(pip_packages=["azureml-defaults", "joblib"], conda_packages=["scikit-learn=0.22.1"])

    if V1.is_dir():
        assert made.as_dict() == yaml.safe_load((V1 / "environment/conda_dependencies.yml").read_text())
    assert entries(made) == ["python=3.10.18", {"pip": ["azureml-defaults", "joblib"]}, "scikit-learn=0.22.1"]


@pytest.mark.parametrize("folder", ["plain/.azureml", "spark/.azureml", "user-managed/.azureml", "environment"])
def test_a_file_of_v1_is_read_and_written_alike(tmp_path: Path, folder: str) -> None:
    if not V1.is_dir():
        pytest.skip(f"v1's files are not at {V1}")
    file = V1 / folder / "conda_dependencies.yml"

    saved = CondaDependencies(file).save(tmp_path / "out.yml")

    theirs, ours = yaml.safe_load(file.read_text()), yaml.safe_load(Path(saved).read_text())
    assert ours == theirs
    assert list(ours) == list(theirs)


def test_pip_packages_given_replace_the_default_and_an_index_comes_first() -> None:
    made = CondaDependencies.create(pip_indexurl="https://example.org/simple", pip_packages=["a"], python_version="3.7")

    assert entries(made) == ["python=3.7", {"pip": ["--index-url https://example.org/simple", "a"]}]


def test_a_pip_package_replaces_one_of_the_same_project() -> None:
    made = CondaDependencies.create(pip_packages=["scikit_learn==1.0", "b"])

    made.add_pip_package("Scikit-Learn[alldeps]>=1.1")

    assert list(made.pip_packages) == ["b", "Scikit-Learn[alldeps]>=1.1"]


def test_conda_entries_are_kept_side_by_side_and_added_once() -> None:
    made = CondaDependencies.create(conda_packages=["numpy=1.17", "numpy"])

    made.add_conda_package("numpy")

    assert list(made.conda_packages) == ["python=3.10.18", "numpy=1.17", "numpy"]


def test_a_second_python_replaces_the_first() -> None:
    made = CondaDependencies()

    made.add_conda_package("python=3.9")
    assert made.get_python_version() == "3.9"
    made.set_python_version("3.11.2")

    assert list(made.conda_packages) == ["python=3.11.2"]


def test_removing_what_is_not_there_is_silent() -> None:
    made = CondaDependencies()

    made.remove_pip_package("zzz")
    made.remove_conda_package("zzz")
    made.remove_channel("zzz")
    made.remove_pip_option("--zzz")

    assert made.as_dict() == CondaDependencies().as_dict()


def test_packages_are_removed_by_entry_or_by_name() -> None:
    made = CondaDependencies.create(conda_packages=["numpy=1", "numpy", "pandas=2"], pip_packages=["x==1", "y"])

    made.remove_conda_package("numpy")
    assert "numpy=1" in list(made.conda_packages)
    made.remove_conda_package("pandas")
    made.remove_pip_package("x")

    assert list(made.conda_packages) == ["python=3.10.18", "numpy=1"]
    assert list(made.pip_packages) == ["y"]


def test_channels_are_added_once_and_removed() -> None:
    made = CondaDependencies()

    made.add_channel("pytorch")
    made.add_channel("pytorch")
    made.remove_channel("anaconda")

    assert list(made.conda_channels) == ["conda-forge", "pytorch"]


def test_pip_options_are_replaced_by_name_and_kept_apart_from_packages() -> None:
    made = CondaDependencies.create(pip_packages=["a"])

    made.set_pip_option("--pre")
    made.set_pip_option("--extra-index-url u")
    made.set_pip_option("--extra-index-url v")
    made.set_pip_index_url("http://y")
    made.remove_pip_option("--pre")

    assert list(made.pip_options) == ["--extra-index-url v", "--index-url http://y"]
    assert list(made.pip_packages) == ["a"]


def test_pip_requirements_replace_all_lines() -> None:
    made = CondaDependencies()

    made.set_pip_requirements(["--pre", "q", "r==1"])

    assert entries(made) == ["python=3.8.13", {"pip": ["--pre", "q", "r==1"]}]


def test_frameworks_have_their_own_calls() -> None:
    made = CondaDependencies.create(pip_packages=[])

    made.add_tensorflow_pip_package("gpu", "1.12")
    made.add_tensorflow_conda_package()
    made.add_cntk_package()

    assert list(made.pip_packages) == ["tensorflow-gpu==1.12", "cntk==2.7"]
    assert list(made.conda_packages)[-1] == "tensorflow=2.2.0"
    with pytest.raises(UserErrorException, match="'cpu' or 'gpu'"):
        made.add_cntk_package("tpu")


def test_a_pip_section_is_made_where_there_is_none() -> None:
    made = CondaDependencies(_underlying_structure={"dependencies": ["python=3.8"]})

    made.add_pip_package("x")
    made.add_channel("r")

    assert made.as_dict() == {"dependencies": ["python=3.8", {"pip": ["x"]}], "channels": ["r"]}


def test_properties_are_iterators_over_copies() -> None:
    made = CondaDependencies.create(conda_packages=["a", "b"], python_version="3.9")

    for package in made.conda_packages:
        if package != "python=3.9":
            made.remove_conda_package(package)

    assert list(made.conda_packages) == ["python=3.9"]
    assert next(made.conda_packages) == "python=3.9"


@pytest.mark.parametrize(
    ("call", "argument", "word"),
    [
        ("add_pip_package", "--pre", "set_pip_option"),
        ("add_pip_package", None, "not a pip package"),
        ("add_conda_package", "", "not a conda package"),
        ("add_channel", None, "not a channel"),
        ("set_pip_option", "pre", "Begin it with a hyphen"),
        ("set_python_version", 3.10, "in quotes"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(call: str, argument: object, word: str) -> None:
    with pytest.raises(UserErrorException, match=word):
        getattr(CondaDependencies(), call)(argument)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("foo: 1\ndependencies: []\n", "line 1, field 'foo'.*no key 'foo'"),
        ("- a\n", "not a conda environment"),
        ("", "not a conda environment"),
        ("dependencies: x\n", "line 1, field 'dependencies'.*not a list"),
        ("dependencies:\n- pip:\n  - a\n  - 1\n", "line 4.*1 is not a text"),
        ("dependencies:\n- conda: [x]\n", "line 2.*`pip:`"),
        ("dependencies: [\n", "line 2, column 1.*not valid YAML"),
        ("channels: [1]\n", "channels.0.*not a text"),
    ],
)
def test_a_wrong_file_is_refused_with_place_and_reason(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "conda.yml"
    file.write_text(text)

    with pytest.raises(UserErrorException, match=word) as caught:
        CondaDependencies(file)

    assert str(file) in caught.value.message


def test_a_missing_file_is_pythons_error() -> None:
    with pytest.raises(FileNotFoundError):
        CondaDependencies("nope.yml")


def test_empty_lists_prefix_and_variables_are_accepted() -> None:
    data = {"dependencies": None, "channels": None, "prefix": "/x", "variables": {"A": 1}}

    made = CondaDependencies(_underlying_structure=data)

    assert made.as_dict() == {"dependencies": [], "channels": [], "prefix": "/x", "variables": {"A": 1}}
    assert made.get_python_version() is None


def test_saving_goes_to_a_file_a_folder_or_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = CondaDependencies()

    assert made.save() == "conda_dependencies.yml"
    assert made.save(tmp_path) == str(tmp_path / "conda_dependencies.yml")
    assert made.save_to_file("base", "sub/env.yml") == "sub/env.yml"

    assert CondaDependencies("base/sub/env.yml").as_dict() == made.as_dict()
    assert yaml.safe_load(made.serialize_to_string()) == made.as_dict()


@pytest.mark.parametrize(
    ("requirement", "project"),
    [
        ("a.b_C==1", "a-b-c"),
        ("name @ https://example.org/x.whl", "name"),
        ("git+https://example.org/x", "git+https://example.org/x"),
        ("git+https://example.org/x#egg=Thing", "thing"),
        ("./local/x.whl", "./local/x.whl"),
        ("-r more.txt", "-r more.txt"),
    ],
)
def test_the_project_of_a_requirement_is_known(requirement: str, project: str) -> None:
    assert project_name(requirement) == project


def test_conda_names_leave_channel_and_version_out() -> None:
    assert [conda_name(text) for text in ("a::B>=1", "c 1.0", "d=1=py3")] == ["b", "c", "d"]


def test_requirements_about_one_project_are_joined() -> None:
    wanted = ["a==1,>=0.5", "c[d,e]==1", "-r x"]

    assert merge_requirements(["a", "a==1", "a>=0.5", "c[d]==1", "-r x", "c[e]"]) == wanted
    assert CondaDependencies.merge_requirements(["a", "a==1", "a>=0.5", "c[d]==1", "-r x", "c[e]"]) == wanted


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_.-]{0,5}[a-z0-9](==[0-9]{1,2})?", fullmatch=True)))
def test_a_project_is_never_there_twice(packages: list[str]) -> None:
    made = CondaDependencies.create(pip_packages=packages)

    projects = [project_name(package) for package in made.pip_packages]
    assert len(projects) == len(set(projects))
    assert set(projects) == {project_name(package) for package in packages}
