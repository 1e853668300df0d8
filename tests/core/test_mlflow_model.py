from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LinearRegression
from tests.services.installed import python_environment

from stoker.core.mlflow_model import infer_signature, load_model, read_model, save_model
from stoker.exceptions import UserErrorException

PACKAGES = ("mlflow-skinny>=3.1", "scikit-learn", "skops", "pandas", "joblib")
ROWS = pd.DataFrame({"x": [1.0, 2.0, 3.0], "n": [1, 2, 3], "größe": [0.5, 0.25, 0.125]})

WRITE = """
import sys
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from stoker.core.mlflow_model import load_model, save_model
rows = pd.DataFrame({"x": [1.0, 2.0, 3.0], "n": [1, 2, 3]})
model = make_pipeline(StandardScaler(), LinearRegression()).fit(rows, [2.0, 4.0, 6.0])
save_model(model, sys.argv[1], input_example=rows, metadata={"of": "stoker"})
print(load_model(sys.argv[1]).predict(rows).round(3).tolist())
"""
READ = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow
import pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
rows = pd.DataFrame({"x": [1.0, 2.0, 3.0], "n": [1, 2, 3]})
info = mlflow.models.get_model_info(sys.argv[1])
print(json.dumps({
    "pyfunc": model.predict(rows).round(3).tolist(),
    "sklearn": mlflow.sklearn.load_model(sys.argv[1]).predict(rows).round(3).tolist(),
    "inputs": model.metadata.signature.inputs.input_names(),
    "outputs": str(model.metadata.signature.outputs.to_dict()),
    "example": model.input_example.to_dict("list"),
    "flavors": sorted(info.flavors),
    "metadata": info.metadata,
}))
"""
THEIRS = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow
import numpy
from sklearn.linear_model import LinearRegression
model = LinearRegression().fit([[1.0], [2.0]], [2.0, 4.0])
mlflow.sklearn.save_model(model, sys.argv[1], serialization_format=sys.argv[2], input_example=numpy.array([[1.0]]),
    pip_requirements=["scikit-learn"])
"""
LOAD = """
import sys
from stoker.core.mlflow_model import load_model
print(load_model(sys.argv[1], allow_pickle=len(sys.argv) > 2).predict([[3.0]]).round(3).tolist())
"""


@pytest.fixture(scope="module")
def client() -> Path:
    """Return an interpreter that has the real mlflow, and no Stoker."""
    return python_environment("mlflow-models", PACKAGES) / "bin" / "python"


def run(python: Path, code: str, *words: object) -> str:
    source = str(Path(__file__).resolve().parents[2] / "src")
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"}
    env["MLFLOW_DISABLE_TELEMETRY"] = "true"
    done = subprocess.run(
        [str(python), "-W", "ignore", "-c", code, *map(str, words)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


@pytest.fixture
def fitted() -> LinearRegression:
    return LinearRegression().fit(ROWS, [2.0, 4.0, 6.0])


@pytest.mark.slow
def test_the_real_mlflow_loads_what_was_written_here(client: Path, tmp_path: Path) -> None:
    """It needs an environment with the real client: the format is theirs."""
    folder = tmp_path / "model"
    assert run(client, WRITE, folder) == "[2.0, 4.0, 6.0]"

    found = json.loads(run(client, READ, folder))
    assert found["pyfunc"] == found["sklearn"] == [2.0, 4.0, 6.0]
    assert found["inputs"] == ["x", "n"]
    assert "float64" in found["outputs"]
    assert found["example"] == {"x": [1.0, 2.0, 3.0], "n": [1, 2, 3]}
    assert found["flavors"] == ["python_function", "sklearn"]
    assert found["metadata"] == {"of": "stoker"}
    requirements = (folder / "requirements.txt").read_text()
    assert all(name in requirements for name in ("mlflow", "scikit-learn==", "skops==", "pandas=="))


@pytest.mark.slow
def test_what_the_real_mlflow_has_written_is_loaded_here(client: Path, tmp_path: Path) -> None:
    """It needs an environment with the real client: the format is theirs."""
    for kind, words in (("skops", ()), ("pickle", ("allow",)), ("cloudpickle", ("allow",))):
        folder = tmp_path / kind
        run(client, THEIRS, folder, kind)
        assert run(client, LOAD, folder, *words) == "[6.0]"
        known = read_model(folder)
        assert known.flavors["sklearn"]["serialization_format"] == kind
        assert (known.signature or {})["inputs"][0]["type"] == "tensor"


@pytest.mark.parametrize("kind", ["cloudpickle", "pickle", "joblib"])
def test_a_form_that_runs_code_warns_and_is_loaded_only_when_allowed(
    tmp_path: Path, fitted: LinearRegression, kind: str
) -> None:
    with pytest.warns(UserWarning, match="runs code when it is loaded"):
        save_model(fitted, tmp_path / "m", serialization_format=kind, input_example=ROWS)
    with pytest.raises(UserErrorException, match="allow_pickle=True"):
        load_model(tmp_path / "m")

    loaded = load_model(tmp_path / "m", allow_pickle=True)
    assert loaded.predict(ROWS).round(3).tolist() == [2.0, 4.0, 6.0]
    assert ("python_function" in read_model(tmp_path / "m").flavors) == (kind != "joblib")


def test_a_model_says_what_it_takes_and_gives(tmp_path: Path, fitted: LinearRegression) -> None:
    with pytest.warns(UserWarning, match="pickle"):
        path = save_model(fitted, str(tmp_path / "m"), serialization_format="pickle", input_example=ROWS)
    known = read_model(path)

    assert known.signature == {
        "inputs": [
            {"type": "double", "name": "x", "required": True},
            {"type": "long", "name": "n", "required": True},
            {"type": "double", "name": "größe", "required": True},
        ],
        "outputs": [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}],
        "params": None,
    }
    assert known.run_id is None
    assert any(line.startswith("scikit-learn==") for line in known.requirements)
    conda = yaml.safe_load(Path(path, "conda.yaml").read_text())
    python = ".".join(map(str, sys.version_info[:3]))
    assert conda["dependencies"][0] == f"python={python}"
    assert yaml.safe_load(Path(path, "python_env.yaml").read_text())["python"] == python
    assert json.loads(Path(path, "input_example.json").read_text())["columns"] == ["x", "n", "größe"]


def test_forms_of_data_have_their_words() -> None:
    frame = pd.DataFrame(
        {
            "b": [True],
            "i": np.array([1], "int32"),
            "f": np.array([1], "float32"),
            "s": ["x"],
            "t": pd.to_datetime(["2026-01-01"]),
            "c": pd.Series(["a"], dtype="category"),
        }
    )
    types = [column["type"] for column in infer_signature(frame)["inputs"]]
    assert types == ["boolean", "integer", "float", "string", "datetime", "string"]
    assert infer_signature([[1, 2]], pd.Series([1.0], name="y")) == {
        "inputs": [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1, 2]}}],
        "outputs": [{"type": "double", "name": "y", "required": True}],
    }
    for odd in (7, "text", None, pd.DataFrame({"z": [1j]})):
        with pytest.raises(UserErrorException):
            infer_signature(odd)


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path, fitted: LinearRegression) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UserErrorException, match="exists already"):
        save_model(fitted, tmp_path, serialization_format="pickle")
    with pytest.raises(UserErrorException, match="Did you mean 'pickle'"):
        save_model(fitted, tmp_path / "m", serialization_format="pickel")
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_a_model_that_cannot_be_saved_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("new", "empty"):
        with pytest.warns(UserWarning, match="pickle"), pytest.raises((pickle.PicklingError, AttributeError)):
            save_model(lambda: None, tmp_path / folder, serialization_format="pickle")

    assert os.listdir(tmp_path) == ["empty"]
    assert os.listdir(tmp_path / "empty") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no MLflow model"),
        ("flavors", "names no flavors"),
        ("{", "can't be read"),
        ("flavors: {python_function: {}}", "no scikit-learn flavor"),
        ("flavors: {sklearn: {pickled_model: ../x.pkl}}", "can't be loaded"),
        ("flavors: {sklearn: {pickled_model: gone.pkl}}", "can't be loaded"),
        ("flavors: {sklearn: {pickled_model: MLmodel, serialization_format: odd}}", "can't be loaded"),
    ],
)
def test_a_folder_that_is_no_model_of_ours_is_refused_in_words(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "MLmodel").write_text(text)

    with pytest.raises(UserErrorException, match=words):
        load_model(tmp_path)


def test_without_skops_the_message_says_how_to_install_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['skops'] = None\nfrom stoker.core.mlflow_model import save_model\n"
    code += "try: save_model(object(), sys.argv[1])\nexcept Exception as error: print(error)"

    assert "pip install skops" in run(Path(sys.executable), code, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_signature_of_mlflows_own_is_taken(tmp_path: Path, fitted: LinearRegression) -> None:
    class Theirs:
        def to_dict(self) -> dict[str, Any]:
            return {"inputs": '[{"type": "double", "name": "x", "required": true}]', "outputs": None}

    with pytest.warns(UserWarning, match="pickle"):
        save_model(fitted, tmp_path / "m", serialization_format="pickle", signature=Theirs())

    known = read_model(tmp_path / "m").signature or {}
    assert (known["inputs"][0]["name"], known["outputs"]) == ("x", None)
