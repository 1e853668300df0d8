"""Write a scikit-learn estimator as MLflow's model directory."""

from __future__ import annotations

import os
import sys

from stoker.core._mlflow_schema import infer_signature, library, signature_entry, write_example
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

__all__ = ["FILES", "MLMODEL", "SKLEARN", "save_model"]

MLMODEL = "MLmodel"
SKLEARN = "sklearn"
_PYFUNC = "python_function"
FILES = {"skops": "model.skops", "joblib": "model.joblib", "cloudpickle": "model.pkl", "pickle": "model.pkl"}
"""Form of serialization -> the estimator's file."""
_LIBRARIES = {"skops": "skops", "joblib": "joblib", "cloudpickle": "cloudpickle"}


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    serialization_format: str = "skops",
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Iterable[str] | None = None,
    trusted_types: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Write a scikit-learn estimator as an MLflow model and return the folder's path.

    Parameters
    ----------
    model : estimator
    path : str
        A folder that is not there yet, or is empty.
    serialization_format : {"skops", "cloudpickle", "pickle", "joblib"}, default="skops"
        skops holds no code: whoever loads the file runs nothing of it. The others do, and a warning says so; joblib is
        read back by `load_model` only.
    signature : dict, optional
        What `infer_signature` returns, or MLflow's own. Default: found out from `input_example`.
    input_example : DataFrame or array, optional
        A few rows of what the model takes.
    pip_requirements : list of str, optional
        Default: the installed versions of what the model needs.
    trusted_types : list of str, optional
        Types in the model that skops does not know, and that may be loaded.
    metadata : dict, optional
        Free facts.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The folder is not empty, the format is not known, a library is missing, or skops does not know a type.

    Examples
    --------
    >>> save_model(ridge, "outputs/model", input_example=X[:5])  # doctest: +SKIP
    'outputs/model'
    >>> run.register_model("diabetes", "outputs/model")  # doctest: +SKIP
    """
    import shutil

    folder = os.fspath(path)
    _check(folder, serialization_format)
    existed = os.path.isdir(folder)
    try:
        os.makedirs(folder, exist_ok=True)
        types = _write_estimator(
            model, os.path.join(folder, FILES[serialization_format]), serialization_format, trusted_types
        )
        document = _document(model, serialization_format, types)
        if input_example is not None:
            document["saved_input_example_info"] = write_example(folder, input_example)
            if signature is None:
                outputs = model.predict(input_example) if hasattr(model, "predict") else None
                signature = infer_signature(input_example, outputs)
        if signature is not None:
            document["signature"] = signature_entry(signature)
        if metadata:
            document["metadata"] = dict(metadata)
        _write_environment(folder, list(pip_requirements or _requirements(serialization_format, input_example)))
        document["model_size_bytes"] = _size(folder)
        _dump(folder, MLMODEL, document)
    except BaseException:
        # Half a model is none: the folder is left as it was found.
        shutil.rmtree(folder, ignore_errors=True)
        if existed:
            os.makedirs(folder)
        raise
    return folder


def _check(folder: str, kind: str) -> None:
    import warnings

    from stoker.base.names import suggestion

    if kind not in FILES:
        raise UserErrorException(
            f"There is no serialization format {kind!r}. {suggestion(str(kind), FILES)}", target="serialization_format"
        )
    if os.path.lexists(folder) and not (os.path.isdir(folder) and not os.listdir(folder)):
        raise UserErrorException(
            f"The model was not saved: {folder!r} exists already. Choose a folder that is not there, or an empty one.",
            target="path",
        )
    if kind != "skops":
        reader = " MLflow can't load it." if kind == "joblib" else ""
        warnings.warn(
            f"A model kept as {kind} runs code when it is loaded, so load it only where you know who made it.{reader} "
            "The default, skops, has no such danger.",
            stacklevel=3,
        )


def _write_estimator(model: Any, file: str, kind: str, trusted: Sequence[str] | None) -> list[str]:
    """Write the estimator and return the types that skops has to be told to trust."""
    if kind == "joblib":
        library("joblib").dump(model, file)
        return []
    if kind == "skops":
        skops = library("skops.io")
        skops.dump(model, file)
        unknown = sorted(skops.get_untrusted_types(file=file))
        rest = sorted(set(unknown) - set(trusted or ()))
        if rest:
            raise UserErrorException(
                f"The model has types that skops does not know: {', '.join(rest)}. Name them in trusted_types if they "
                "are yours, or choose serialization_format='cloudpickle'.",
                details={"types": rest},
            )
        return unknown
    import pickle

    writer: Any = library("cloudpickle") if kind == "cloudpickle" else pickle
    with open(file, "wb") as opened:
        # The default protocol is what other Pythons can read.
        writer.dump(model, opened, protocol=pickle.DEFAULT_PROTOCOL)
    return []


def _document(model: Any, kind: str, types: list[str]) -> dict[str, Any]:
    import time

    from stoker.base.ids import new_guid

    environment = {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    flavors: dict[str, Any] = {
        SKLEARN: {
            "pickled_model": FILES[kind],
            "serialization_format": kind,
            "sklearn_version": _version("scikit-learn"),
            "code": None,
            "skops_trusted_types": types or None,
        }
    }
    if hasattr(model, "predict") and kind != "joblib":
        flavors[_PYFUNC] = {
            "env": environment,
            "loader_module": "mlflow.sklearn",
            "model_path": FILES[kind],
            "predict_fn": "predict",
            "python_version": _python(),
        }
    found = {
        "flavors": flavors,
        "model_uuid": new_guid().replace("-", ""),
        "utc_time_created": time.strftime("%Y-%m-%d %H:%M:%S.000000", time.gmtime()),
        "run_id": os.environ.get("STOKER_RUN_ID"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _requirements(kind: str, example: Any) -> list[str]:
    names = ["mlflow", "scikit-learn", "numpy"]
    if hasattr(example, "columns"):
        names.append("pandas")
    if kind in _LIBRARIES:
        names.append(_LIBRARIES[kind])
    versions = {name: _version(name) for name in names}
    return [name if version is None else f"{name}=={version}" for name, version in versions.items()]


def _write_environment(folder: str, requirements: list[str]) -> None:
    with open(os.path.join(folder, "requirements.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(requirements) + "\n")
    build = [f"{name}=={version}" for name in ("pip", "setuptools", "wheel") if (version := _version(name))]
    dependencies = ["-r requirements.txt"]
    _dump(folder, "python_env.yaml", {"python": _python(), "build_dependencies": build, "dependencies": dependencies})
    conda = {
        "channels": ["conda-forge"],
        "dependencies": [f"python={_python()}", "pip", {"pip": requirements}],
        "name": "mlflow-env",
    }
    _dump(folder, "conda.yaml", conda)


def _dump(folder: str, name: str, document: dict[str, Any]) -> None:
    from stoker.base.thirdparty import load

    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        load("yaml").safe_dump(document, file, default_flow_style=False, allow_unicode=True)


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _size(folder: str) -> int:
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))
