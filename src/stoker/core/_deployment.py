"""v1's classes around web services: they can be imported, and say what to do instead when they are used."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["SERVING", "InferenceConfig", "ModelPackage", "ModelProfile", "refuse"]

SERVING = (
    "`stoker serve` comes with a later version: until then serve a model with `mlflow models serve -m "
    "models:/NAME/VERSION`, or take its files with model.download() and serve them with a program of your own."
)
"""What to do with a model that is to answer over the web."""


def refuse(what: str) -> NoReturn:
    """Raise the error for something that needs a web service.

    Raises
    ------
    stoker.exceptions.UserErrorException
        Always.
    """
    raise UserErrorException(
        f"{what} can't be done: deployment is not supported, Stoker trains models and keeps them. {SERVING}",
        target=what,
    )


class _Unsupported:
    _instead = SERVING

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        del args, kwargs
        refuse(type(self).__name__)


class InferenceConfig(_Unsupported):
    """How a model is served; making one raises `UserErrorException`."""


class ModelPackage(_Unsupported):
    """A model in a container; making one raises `UserErrorException`."""


class ModelProfile(_Unsupported):
    """Measurements of a served model; making one raises `UserErrorException`."""
