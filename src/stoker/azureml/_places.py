"""Where v1's modules are in Stoker, and what is said of those that are nowhere."""

from __future__ import annotations

import importlib.util

__all__ = ["COMING", "ELSEWHERE", "place_of", "why_missing"]

ELSEWHERE = {
    # v1 has these names twice, or in a place that Stoker gives to something else.
    "azureml.core.authentication": "stoker.core.authentication",
}
"""v1's modules whose place in Stoker does not follow from their names."""

COMING = {
    "automl": "automated machine learning",
    "contrib": "contributed packages",
    "explain": "model explanations",
    "interpret": "model explanations",
    "opendatasets": "open data sets",
    "pipeline": "pipelines",
    "train": "estimators, hyperparameter tuning and automated machine learning",
}
"""v1's packages that a later version of Stoker will have, with what they are."""


def place_of(name: str) -> str | None:
    """Return the module of Stoker that a module of v1 is; None when there is none.

    Examples
    --------
    >>> place_of("azureml.core.run")
    'stoker.core.run'
    """
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    parts = name.split(".")[1:]
    if any(part.startswith("_") for part in parts) or parts[0] in _NOT_V1:
        return None
    place = ".".join(["stoker", *parts])
    try:
        found = importlib.util.find_spec(place)
    except ModuleNotFoundError:
        return None
    return place if found is not None else None


_NOT_V1 = frozenset({"azureml", "base", "cli", "client", "runner", "service", "testing"})


def why_missing(name: str) -> str:
    """Return what is said when a module of v1 is imported that Stoker does not have.

    Examples
    --------
    >>> why_missing("azureml._restclient").split(".")[0]
    'azureml'
    """
    parts = name.split(".")[1:]
    private = next((part for part in parts if part.startswith("_")), None)
    if private is not None:
        return (
            f"{name} is private to v1's client, and Stoker has no such module. Use the public classes: "
            "azureml.core has Workspace, Experiment, Run, Environment, Dataset, Datastore and Model."
        )
    if parts[0] in COMING:
        return (
            f"{name} ({COMING[parts[0]]}) is not part of this version of Stoker, which has {_there_is()}. "
            "Until it comes, submit the script itself with azureml.core.ScriptRunConfig."
        )
    return f"{name} is not known to Stoker: v1 had no such module, or only its cloud had. There is {_there_is()}."


def _there_is() -> str:
    names = ("core", "data", "exceptions", "widgets", "tensorboard", "telemetry", "opendatasets")
    built = [f"azureml.{name}" for name in names if place_of(f"azureml.{name}") is not None]
    return ", ".join(built[:-1]) + f" and {built[-1]}"
