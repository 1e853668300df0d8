"""The ready-made environments, under v1's names: a short list, and any name that says framework and version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stoker.base.names import suggestion
from stoker.core.conda_dependencies import CondaDependencies
from stoker.exceptions import NotFoundException

if TYPE_CHECKING:
    from stoker.core.environment import Environment

__all__ = ["curated_environment", "curated_environments"]

_DEFAULT = ("azureml-defaults",)
_LISTED: dict[str, tuple[str, ...]] = {
    "AzureML-Minimal": _DEFAULT,
    "AzureML-Tutorial": (*_DEFAULT, "numpy", "pandas", "scikit-learn", "matplotlib", "joblib", "pyarrow"),
    "AzureML-sklearn-1.5": (*_DEFAULT, "azureml-mlflow", "scikit-learn==1.5.*", "numpy", "pandas", "joblib"),
    "AzureML-PyTorch-2.5-CPU": (*_DEFAULT, "azureml-mlflow", "torch==2.5.*"),
    "AzureML-TensorFlow-2.16-CPU": (*_DEFAULT, "azureml-mlflow", "tensorflow==2.16.*"),
    "AzureML-lightgbm-4.5": (*_DEFAULT, "azureml-mlflow", "lightgbm==4.5.*", "scikit-learn", "pandas"),
    "AzureML-xgboost-2.1": (*_DEFAULT, "azureml-mlflow", "xgboost==2.1.*", "scikit-learn", "pandas"),
}
_FRAMEWORKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sklearn": ("scikit-learn", ("numpy", "pandas", "joblib")),
    "scikit-learn": ("scikit-learn", ("numpy", "pandas", "joblib")),
    "pytorch": ("torch", ("torchvision",)),
    "tensorflow": ("tensorflow", ()),
    "lightgbm": ("lightgbm", ("scikit-learn", "pandas")),
    "xgboost": ("xgboost", ("scikit-learn", "pandas")),
}
_PATTERN = re.compile(
    rf"azureml-(?:acpt-)?({'|'.join(sorted(_FRAMEWORKS, key=len, reverse=True))})-(\d+(?:\.\d+)*)(?:-(.*))?\Z"
)
_PYTHON = re.compile(r"(?:^|-)py(\d)(\d+)(?:-|$)")


def curated_environments() -> dict[str, Environment]:
    """Return the listed ready-made environments by name."""
    return {name: _make(name, packages, None) for name, packages in _LISTED.items()}


def curated_environment(name: str) -> Environment:
    """Return a ready-made environment.

    Raises
    ------
    stoker.exceptions.NotFoundException
        The name is not listed, and does not say a known framework and its version.
    """
    listed = {known.lower(): known for known in _LISTED}
    if name.lower() in listed:
        return _make(name, _LISTED[listed[name.lower()]], None)
    match = _PATTERN.match(name.lower())
    if match is None:
        raise NotFoundException(
            f"There is no environment {name!r} in this workspace, and no ready-made one. {suggestion(name, _LISTED)} "
            f"Any name 'AzureML-FRAMEWORK-VERSION' works too, with one of {', '.join(sorted(_FRAMEWORKS))}.",
            target="name",
        )
    framework, version, rest = match.groups()
    package, more = _FRAMEWORKS[framework]
    python = _PYTHON.search(rest or "")
    packages = (*_DEFAULT, "azureml-mlflow", f"{package}=={version}.*", *more)
    return _make(name, packages, ".".join(python.groups()) if python else None)


def _make(name: str, packages: tuple[str, ...], python: str | None) -> Environment:
    from stoker.core.environment import Environment

    environment = Environment(name)
    environment.environment_variables = {}
    dependencies = CondaDependencies.create(pip_packages=packages)
    if python:
        dependencies.set_python_version(python)
    else:
        dependencies.remove_conda_package("python")
    environment.python.conda_dependencies = dependencies
    return environment
