from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.explain import redact
from stoker.service.environments.pip import parse_pip
from stoker.service.environments.plan import Plan, make_plan
from stoker.testing.environments import environment_request


def plan_of(conda: list[str] | None = None, pip: list[str] | None = None, needs: tuple[str, ...] = ()) -> Plan:
    return make_plan(replace(environment_request(conda, pip), needs=needs), Plan())


def lines_of(conda: list[str] | None = None, pip: list[str] | None = None) -> list[str]:
    return [one.line for one in plan_of(conda, pip).wanted]


@pytest.mark.parametrize(
    ("conda", "line"),
    [
        ("pytorch=1.4", "torch==1.4.*"),
        ("torchvision", "torchvision"),
        ("py-xgboost=0.90", "xgboost==0.90.*"),
        ("opencv", "opencv-python-headless"),
        ("scikit-learn=0.22.1", "scikit-learn==0.22.1.*"),
        ("matplotlib-base", "matplotlib"),
        ("pytables", "tables"),
        ("tensorflow-gpu=2.0", "tensorflow==2.0.*"),
        ("PyYAML", "PyYAML"),
        ("librosa", "librosa"),
    ],
)
def test_conda_names_become_pypis(conda: str, line: str) -> None:
    assert lines_of([conda]) == [line]


@pytest.mark.parametrize(
    "name", ["nomkl", "mkl", "cudatoolkit=10.1", "libgcc-ng", "_libgcc_mutex", "r-base", "gcc_linux-64", "cuda-toolkit"]
)
def test_what_only_conda_has_is_left_out_with_a_warning(name: str) -> None:
    plan = plan_of([name, "numpy"])

    assert [one.line for one in plan.wanted] == ["numpy"]
    assert len(plan.warnings) == 1


def test_python_and_pip_of_a_conda_list_are_no_packages() -> None:
    plan = plan_of(["python=3.8.13", "pip=20"])

    assert (plan.wanted, plan.python, plan.warnings) == ([], "==3.8.13.*", [])


@pytest.mark.parametrize(
    ("package", "lines"),
    [
        ("azureml-defaults", []),
        ("azureml-defaults==1.6.0", []),
        ("azureml-core~=1.20.0", []),
        ("azureml-sdk", []),
        ("azureml-sdk[notebooks]", []),
        ("azureml-sdk[explain]", ["shap"]),
        ("azureml-train", []),
        ("azureml-train-core", []),
        ("azureml-pipeline-steps", []),
        ("azureml-widgets", []),
        ("azureml-telemetry", []),
        ("azureml-dataprep[pandas,fuse]>=1.1", ["pandas", "pyarrow"]),
        ("azureml-dataset-runtime[fuse]", ["pandas", "pyarrow"]),
        ("azureml-mlflow", ["mlflow-skinny", "pandas"]),
        ("azureml-interpret", ["shap"]),
        ("AzureML_Defaults", []),
    ],
)
@pytest.mark.parametrize("in_conda_list", [False, True])
def test_v1_packages_become_what_stands_for_them(package: str, lines: list[str], in_conda_list: bool) -> None:
    if in_conda_list and "[" in package:
        return
    plan = plan_of([package], []) if in_conda_list else plan_of([], [package])

    assert [one.line for one in plan.wanted] == lines
    assert plan.warnings == []


@pytest.mark.parametrize("package", ["azureml-train-automl", "azureml-train-automl-client", "azureml-sdk[automl]"])
def test_automl_brings_its_learners(package: str) -> None:
    assert {"scikit-learn", "lightgbm"} <= {one.project for one in plan_of(pip=[package]).wanted}


def test_a_v1_package_without_counterpart_is_left_out_with_a_warning() -> None:
    plan = plan_of(pip=["azureml-opendatasets"])

    assert (plan.wanted, len(plan.warnings)) == ([], 1)


def test_a_users_pin_wins_over_what_a_v1_package_brings() -> None:
    assert lines_of(pip=["azureml-dataprep", "pandas==1.0.3"]) == ["pyarrow", "pandas==1.0.3"]


def test_a_pip_pin_wins_over_condas_as_pip_installs_last() -> None:
    plan = plan_of(["numpy=1.17"], ["numpy==1.18"])

    assert [one.line for one in plan.wanted] == ["numpy==1.18"]
    assert plan.messages == ["numpy 1.17 of the conda list gives way to numpy 1.18 of the pip list."]


def test_names_that_pypi_renamed_are_followed() -> None:
    assert lines_of(pip=["sklearn", "tensorflow-gpu==2.0"]) == ["scikit-learn", "tensorflow==2.0"]


def test_what_the_run_needs_is_added_once() -> None:
    plan = plan_of([], ["pandas==2.2.3"], needs=("pandas", "pyarrow"))

    assert [one.line for one in plan.wanted] == ["pandas==2.2.3", "pyarrow"]


def test_the_same_list_in_another_order_has_the_same_hash() -> None:
    assert plan_of(pip=["a", "b"]).digest() == plan_of(pip=["b", "a"]).digest()


def test_another_password_is_the_same_request() -> None:
    first = plan_of(pip=["--extra-index-url https://me:one@host/simple", "a"])
    second = plan_of(pip=["--extra-index-url https://me:two@host/simple", "a"])

    assert first.digest() == second.digest()


def test_a_local_file_made_anew_is_another_request(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1-py3-none-any.whl"
    wheel.write_bytes(b"1")
    before = plan_of(pip=[str(wheel)]).digest()
    wheel.write_bytes(b"22")

    assert plan_of(pip=[str(wheel)]).digest() != before


@pytest.mark.parametrize(
    ("line", "options", "arguments"),
    [
        ("--extra-index-url https://host/simple", ["--extra-index-url https://host/simple"], []),
        ("--extra-index-url=https://host/simple", ["--extra-index-url https://host/simple"], []),
        ("-i https://host/simple", ["--index-url https://host/simple"], []),
        ("-f https://host/wheels.html", ["--find-links https://host/wheels.html"], []),
        ("--no-index", ["--no-index"], []),
        ("--only-binary :all:", ["--only-binary :all:"], []),
        ("--pre", [], ["--prerelease", "allow"]),
        ("--trusted-host host", [], ["--allow-insecure-host", "host"]),
        ("--upgrade", [], []),
        ("# a comment", [], []),
        ("", [], []),
    ],
)
def test_options_of_a_pip_list_are_kept(line: str, options: list[str], arguments: list[str]) -> None:
    found = parse_pip([line])

    assert (found.options, found.arguments, found.wanted) == (options, arguments, [])


@pytest.mark.parametrize(
    ("line", "name", "url"),
    [
        ("git+https://host/me/it.git@v1#egg=it", "it", "git+https://host/me/it.git@v1"),
        ("-e git+https://host/me/it.git#egg=it&subdirectory=x", "it", "git+https://host/me/it.git#subdirectory=x"),
        ("https://host/it-1-py3-none-any.whl", "", "https://host/it-1-py3-none-any.whl"),
        ("it @ https://host/it-1-py3-none-any.whl", "it", "https://host/it-1-py3-none-any.whl"),
        ("/wheels/it-1-py3-none-any.whl", "", "/wheels/it-1-py3-none-any.whl"),
    ],
)
def test_places_are_kept(line: str, name: str, url: str) -> None:
    (found,) = parse_pip([line]).wanted

    assert (found.name, found.url) == (name, url)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("-r more.txt", "pip list"),
        ("-c limits.txt", "pip list"),
        ("--requirement=more.txt", "pip list"),
        ("-e .", "relative"),
        ("./here", "relative"),
        ("numpy=1.17", "'=='"),
        ("numpy==", "no pip requirement"),
        ("--no-such-option", "--extra-index-url"),
        ("--index-url", "no value"),
        ("numpy==1.17 --hash=sha256:00", "hashes"),
    ],
)
def test_a_pip_line_that_cannot_be_used_is_named_with_the_reason(line: str, word: str) -> None:
    with pytest.raises(EnvironmentBuildException) as caught:
        parse_pip([line])

    assert repr(line) in str(caught.value)
    assert word in str(caught.value)


@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_pip_list_is_read_or_refused_in_words(lines: list[str]) -> None:
    try:
        found = parse_pip(lines)
    except EnvironmentBuildException:
        return
    assert all(one.line for one in found.wanted)


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["pip", "a"]), inner, max_size=2),
    max_leaves=8,
)


@given(JSON, JSON)
def test_any_definition_is_read_or_refused_in_words(dependencies: Any, variables: Any) -> None:
    content = {"dependencies": dependencies, "variables": variables}
    try:
        plan = make_plan(environment_request(python={"condaDependencies": content}), Plan())
    except EnvironmentBuildException:
        return
    assert plan.digest()


SECRET = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=6, max_size=20).map(lambda s: f"S3{s}S3")


@given(st.sampled_from(["http", "https", "git+https", "s3"]), SECRET, SECRET)
def test_no_password_or_token_in_a_url_is_left(scheme: str, password: str, token: str) -> None:
    shown = redact(f"see {scheme}://user:{password}@host/path?a=1&sig={token}&b=2#x and so on")

    assert password not in shown
    assert token not in shown
    assert "host/path" in shown


V1 = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "v1" / "environment"


def test_the_conda_file_that_v1_writes_is_read() -> None:
    if not V1.exists():
        pytest.skip(f"{V1} is not there: it comes with the development checkout only")
    import yaml

    content = yaml.safe_load((V1 / "conda_dependencies.yml").read_text())
    plan = make_plan(environment_request(python={"condaDependencies": content}), Plan())

    assert [one.line for one in plan.wanted] == ["scikit-learn==0.22.1.*", "joblib"]
    assert plan.python == "==3.10.18.*"


@pytest.mark.parametrize(
    "python", [7, ["x"], {"condaDependencies": "numpy"}, {"condaDependencies": {"dependencies": "x"}}]
)
def test_a_section_of_the_wrong_kind_is_refused(python: Any) -> None:
    with pytest.raises(EnvironmentBuildException, match="can't be read"):
        make_plan(environment_request(python=python), Plan())
