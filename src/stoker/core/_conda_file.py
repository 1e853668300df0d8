"""Reading and checking a conda environment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stoker.core._fields import Place
from stoker.exceptions import UserErrorException

__all__ = ["checked_conda", "read_conda"]

_KEYS = ("name", "channels", "dependencies", "prefix", "variables")


def read_conda(path: str) -> dict[str, Any]:
    """Return what the conda environment file holds, checked; errors name file and line."""
    from stoker.core._yaml import read_yaml

    data, lines = read_yaml(path)
    return checked_conda(data, Place(path, lines=lines))


def checked_conda(data: Any, place: Place) -> dict[str, Any]:
    """Return a copy of `data` in the form that the methods rely on; raise where it is another one."""
    if not isinstance(data, Mapping):
        raise place.error(data, "a conda environment: a group with `name`, `channels` and `dependencies`")
    for key in data:
        if key not in _KEYS:
            raise UserErrorException(
                f"{place.child(key)}: a conda environment has no key {key!r}. "
                f"Its keys are {', '.join(_KEYS)}. Remove or rename it and try again.",
                target=str(key),
            )
    result = {key: value for key, value in data.items() if value is not None}
    if "channels" in data:
        result["channels"] = _texts(data["channels"], place.child("channels"))
    if "dependencies" in data:
        result["dependencies"] = _entries(data["dependencies"], place.child("dependencies"))
    return result


def _entries(value: Any, place: Place) -> list[Any]:
    if value is not None and not isinstance(value, (list, tuple)):
        raise place.error(value, "a list of packages")
    return [_entry(item, place.child(index)) for index, item in enumerate(value or [])]


def _entry(item: Any, place: Place) -> Any:
    if isinstance(item, str):
        return item
    if isinstance(item, Mapping) and list(item) == ["pip"]:
        return {"pip": _texts(item["pip"], place.child("pip"))}
    raise place.error(item, "a package as text, or `pip:` with a list of packages")


def _texts(value: Any, place: Place) -> list[str]:
    if value is not None and not isinstance(value, (list, tuple)):
        raise place.error(value, "a list of texts")
    for index, item in enumerate(value or []):
        if not isinstance(item, str):
            raise place.child(index).error(item, "a text")
    return list(value or [])
