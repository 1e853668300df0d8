"""Models in MLflow's directory format: written and read here, without MLflow.

::

    MODEL/
      MLmodel                         flavors, signature, when it was made
      model.skops                     the estimator
      python_env.yaml, conda.yaml, requirements.txt
      input_example.json, serving_input_example.json

MLflow loads what is written here, and what MLflow's scikit-learn flavor has written is loaded here.
"""

from __future__ import annotations

import os

from stoker.core._mlflow_schema import infer_signature, library
from stoker.core._mlflow_writer import FILES, MLMODEL, SKLEARN, save_model
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["MlflowModel", "infer_signature", "load_model", "read_model", "save_model"]


class MlflowModel:
    """What a model directory says about itself; nothing of the model is loaded.

    Attributes
    ----------
    path : str
    document : dict
        All of its `MLmodel` file.
    flavors : dict
        Name -> settings.
    signature : dict or None
        `inputs`, `outputs` and `params`, each a list or None.
    """

    def __init__(self, path: str, document: dict[str, Any]) -> None:
        self.path = path
        self.document = document
        self.flavors: dict[str, Any] = document["flavors"]
        self.signature = _signature(document)

    @property
    def run_id(self) -> str | None:
        """The run that made it, where that is known."""
        found: str | None = self.document.get("run_id")
        return found

    @property
    def requirements(self) -> list[str]:
        """The lines of its `requirements.txt`; empty without one."""
        try:
            with open(os.path.join(self.path, "requirements.txt"), encoding="utf-8") as file:
                return [line.strip() for line in file if line.strip() and not line.startswith("#")]
        except FileNotFoundError:
            return []

    def __repr__(self) -> str:
        return f"MlflowModel({self.path!r}, flavors={sorted(self.flavors)})"


def read_model(path: str | os.PathLike[str]) -> MlflowModel:
    """Return what a model directory says about itself.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It has no `MLmodel` file, or none that can be read.

    Examples
    --------
    >>> read_model("outputs/model").flavors  # doctest: +SKIP
    {'python_function': {...}, 'sklearn': {...}}
    """
    from stoker.base.thirdparty import load

    folder, yaml = os.fspath(path), load("yaml")
    file_name = os.path.join(folder, MLMODEL)
    try:
        with open(file_name, encoding="utf-8") as file:
            document = yaml.safe_load(file)
    except FileNotFoundError:
        raise UserErrorException(
            f"{folder!r} is no MLflow model: it has no file {MLMODEL}. Give the folder that save_model has written.",
            target="path",
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserErrorException(f"{file_name!r} can't be read: {error}", error, target="path") from error
    if not isinstance(document, dict) or not isinstance(document.get("flavors"), dict):
        raise UserErrorException(f"{file_name!r} names no flavors, so it is no MLflow model.", target="path")
    return MlflowModel(folder, document)


def _signature(document: dict[str, Any]) -> dict[str, Any] | None:
    import json

    given = document.get("signature")
    if not isinstance(given, dict):
        return None
    try:
        parts = {name: json.loads(part) if isinstance(part, str) else part for name, part in given.items()}
    except ValueError:
        return None
    return {name: parts.get(name) for name in ("inputs", "outputs", "params")}


def load_model(path: str | os.PathLike[str], *, trusted_types: Sequence[str] = (), allow_pickle: bool = False) -> Any:
    """Return the estimator of an MLflow model of the scikit-learn flavor.

    Parameters
    ----------
    path : str
        The model's folder.
    trusted_types : list of str, optional
        Types that skops does not know, and that may be loaded; those that the model itself names are not believed.
    allow_pickle : bool, default=False
        Whether a pickle may be loaded. That runs what is written in it: only for models whose maker you know.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no such model, or loading it would run code and `allow_pickle` is False, or a type is not trusted.
    """
    model = read_model(path)
    flavor = model.flavors.get(SKLEARN)
    if not isinstance(flavor, dict):
        raise UserErrorException(
            f"{model!r} has no scikit-learn flavor. Load it with mlflow.pyfunc.load_model, or with its own library."
        )
    kind, name = str(flavor.get("serialization_format") or "pickle"), str(flavor.get("pickled_model") or "")
    file = os.path.join(model.path, name)
    if kind not in FILES or os.path.basename(name) != name or not os.path.isfile(file):
        raise UserErrorException(f"{model!r} names a model file {name!r} of the format {kind!r} that can't be loaded.")
    if kind == "skops":
        return _load_skops(file, trusted_types)
    if not allow_pickle:
        raise UserErrorException(
            f"The model in {model.path!r} is kept as {kind}: loading it runs what is written in it. If you know who "
            "made it, call load_model(path, allow_pickle=True)."
        )
    if kind == "joblib":
        return library("joblib").load(file)
    import pickle

    with open(file, "rb") as opened:
        return pickle.load(opened)  # noqa: S301  # the caller has said that it may


def _load_skops(file: str, trusted_types: Sequence[str]) -> Any:
    skops = library("skops.io")
    unknown = sorted(set(skops.get_untrusted_types(file=file)) - set(trusted_types))
    if unknown:
        raise UserErrorException(
            f"The model in {file!r} has types that skops does not know: {', '.join(unknown)}. If you know who made it, "
            "name them in trusted_types.",
            details={"types": unknown},
        )
    return skops.load(file, trusted=list(trusted_types))
