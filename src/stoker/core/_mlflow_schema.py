"""The form of a model's inputs and outputs, and an example of them, as MLflow's model directories hold it."""

from __future__ import annotations

import json
import os

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

__all__ = ["infer_signature", "library", "signature_entry", "write_example"]

EXAMPLE, SERVING = "input_example.json", "serving_input_example.json"
_TYPES = {
    "bool": "boolean",
    "boolean": "boolean",
    "int8": "integer",
    "int16": "integer",
    "int32": "integer",
    "uint8": "integer",
    "uint16": "integer",
    "uint32": "long",
    "int64": "long",
    "float16": "float",
    "float32": "float",
    "float64": "double",
    "object": "string",
    "string": "string",
    "str": "string",
}


def infer_signature(inputs: Any, outputs: Any = None) -> dict[str, Any]:
    """Return the form of inputs and outputs: of a DataFrame its columns, of an array its type and shape.

    Parameters
    ----------
    inputs : DataFrame or array
    outputs : DataFrame, Series or array, optional

    Returns
    -------
    dict
        `inputs` and `outputs`: a list of columns, or of one tensor, each as MLflow describes it.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is neither.

    Examples
    --------
    >>> import numpy
    >>> infer_signature(numpy.zeros((5, 2)))["inputs"]
    [{'type': 'tensor', 'tensor-spec': {'dtype': 'float64', 'shape': [-1, 2]}}]
    """
    return {"inputs": _schema(inputs), "outputs": None if outputs is None else _schema(outputs)}


def _schema(data: Any) -> list[dict[str, Any]]:
    if hasattr(data, "columns") and hasattr(data, "dtypes"):
        return [_column(str(name), data.dtypes.iloc[place]) for place, name in enumerate(data.columns)]
    if hasattr(data, "to_frame"):
        return _schema(data.to_frame())
    array = _array(data)
    shape = [-1, *(int(length) for length in array.shape[1:])]
    kind = "str" if array.dtype.kind in "UO" else str(array.dtype)
    return [{"type": "tensor", "tensor-spec": {"dtype": kind, "shape": shape}}]


def _column(name: str, dtype: Any) -> dict[str, Any]:
    categories = getattr(dtype, "categories", None)
    text = str(dtype if categories is None else categories.dtype)
    kind = "datetime" if text.startswith("datetime64") else _TYPES.get(text.lower())
    if kind is None:
        raise UserErrorException(
            f"The column {name!r} has the type {text}, which MLflow's models have no word for. Convert it, or give a "
            "signature.",
            target=name,
        )
    return {"type": kind, "name": name, "required": True}


def _array(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        data = library("numpy").asarray(data)
    if not hasattr(data, "dtype") or not getattr(data, "shape", ()):
        raise UserErrorException(
            f"A {type(data).__name__} can't be described as a model's data. Give a DataFrame, an array or a list "
            "of rows.",
            target="input_example",
        )
    return data


def signature_entry(signature: Any) -> dict[str, Any]:
    """Return a signature as it stands in an `MLmodel` file: each part as JSON text.

    Parameters
    ----------
    signature : dict or object with to_dict
        What `infer_signature` returns, or MLflow's own object.
    """
    given = signature.to_dict() if hasattr(signature, "to_dict") else signature
    if not hasattr(given, "items"):
        raise UserErrorException(
            f"The signature is a {type(signature).__name__}. Give what infer_signature returns.", target="signature"
        )
    parts = {name: given.get(name) for name in ("inputs", "outputs", "params")}
    return {name: part if part is None or isinstance(part, str) else json.dumps(part) for name, part in parts.items()}


def write_example(folder: str, example: Any) -> dict[str, Any]:
    """Write an example of a model's inputs into its folder and return the entry of its `MLmodel` file."""
    if hasattr(example, "to_dict") and hasattr(example, "columns"):
        content = json.loads(example.to_json(orient="split", index=False, date_format="iso"))
        serving, facts = {"dataframe_split": content}, {"type": "dataframe", "pandas_orient": "split"}
    else:
        content = serving = {"inputs": _array(example).tolist()}
        facts = {"type": "ndarray", "format": "tf-serving"}
    for name, part in ((EXAMPLE, content), (SERVING, serving)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(part, file)
    return {"artifact_path": EXAMPLE, "serving_input_path": SERVING, **facts}


def library(name: str) -> ModuleType:
    """Return a library, or raise `UserErrorException` that says how to install it."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UserErrorException(
            f"This needs {package}, which is not installed. Install it with `pip install {package}`.", error
        ) from error
