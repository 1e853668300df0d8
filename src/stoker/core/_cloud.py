"""What only v1's cloud had: importable, so that old code loads, and clear about what to use here when it is used."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["CloudOnly", "cloud_only"]


class CloudOnly(type):
    """The class of classes that only say what to use instead."""

    _instead: str

    def __call__(cls, *args: Any, **settings: Any) -> NoReturn:
        """Raise `UserErrorException`."""
        del args, settings
        raise _refusal(cls.__name__, cls._instead)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise _refusal(f"{cls.__name__}.{name}", cls._instead)


def cloud_only(name: str, module: str, instead: str) -> Any:
    """Return a class that raises `UserErrorException` whatever is asked of it.

    Parameters
    ----------
    name, module : str
        Its name, and the module where v1 has it.
    instead : str
        A sentence: what to use here.

    Examples
    --------
    >>> Service = cloud_only("Service", __name__, "Serve the model with your own web server.")
    >>> Service.deploy()
    Traceback (most recent call last):
    stoker.exceptions.UserErrorException: Service.deploy is not part of Stoker: only v1's cloud had it. Serve the ...
    """
    facts = {"_instead": instead, "__module__": module, "__doc__": f"Only v1's cloud had it. {instead}"}
    return CloudOnly(name, (), facts)


def _refusal(name: str, instead: str) -> UserErrorException:
    return UserErrorException(f"{name} is not part of Stoker: only v1's cloud had it. {instead}", target=name)
