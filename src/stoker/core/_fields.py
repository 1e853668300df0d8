"""The fields of a section: what a value may be, how it is read from a file and written to one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from stoker.exceptions import UserErrorException

__all__ = [
    "Field",
    "Place",
    "anything",
    "copy_value",
    "flag",
    "integer",
    "integers",
    "items",
    "mapping",
    "section",
    "sections",
    "sections_by_name",
    "text",
    "texts",
    "texts_by_name",
]

Reader = Callable[[Any, "Place"], Any]
Writer = Callable[[Any, "Place", bool], Any]


class Place:
    """Where a value stands: a source and the path of keys below it, with the line when it is a file.

    Examples
    --------
    >>> str(Place("run.runconfig", lines={("nodeCount",): 7}).child("nodeCount"))
    "run.runconfig, line 7, field 'nodeCount'"
    """

    def __init__(
        self, source: str, path: tuple[Hashable, ...] = (), lines: Mapping[tuple[Hashable, ...], int] | None = None
    ) -> None:
        self.source = source
        self.path = path
        self.lines = lines or {}

    def child(self, key: Hashable) -> Place:
        """Return the place of the value under `key`."""
        return Place(self.source, (*self.path, key), self.lines)

    def __str__(self) -> str:
        words = [self.source]
        if self.path in self.lines:
            words.append(f"line {self.lines[self.path]}")
        if self.path:
            words.append(f"field {'.'.join(str(key) for key in self.path)!r}")
        return ", ".join(words)

    def error(self, value: Any, wanted: str) -> UserErrorException:
        """Return the error for a value that is not what is `wanted` here."""
        shown = repr(value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        return UserErrorException(
            f"{self}: {shown} is not {wanted}. Give {wanted} and try again.",
            target=".".join(str(key) for key in self.path) or None,
        )


class Field:
    """A setting of a section.

    Parameters
    ----------
    read, write : callable
        From and to plain data.
    default : callable
        Makes the first value.
    key : str, optional
        The name in files; by default the Python name in camelCase.
    secret : bool, default=False
        A password: never printed, never part of a run's record.
    nullable : bool, default=False
        Whether an empty value in a file means None, and not the default.
    """

    def __init__(
        self,
        read: Reader,
        write: Writer,
        default: Callable[[], Any],
        key: str | None = None,
        *,
        secret: bool = False,
        nullable: bool = False,
    ) -> None:
        self.read = read
        self.write = write
        self.default = default
        self.key = key or ""
        self.secret = secret
        self.nullable = nullable

    def load(self, data: Mapping[Any, Any], place: Place) -> Any:
        """Return the field's value in `data`; its default when it is missing or empty."""
        value = data.get(self.key)
        if value is not None:
            return self.read(value, place.child(self.key))
        return None if self.nullable and self.key in data else self.default()

    def named(self, name: str) -> Field:
        """Return this field with the name it has in files."""
        if not self.key:
            first, *rest = name.strip("_").split("_")
            self.key = first + "".join(word.capitalize() for word in rest)
        return self


def copy_value(value: Any, memo: dict[int, Any]) -> Any:
    """Return a copy of plain data and of whatever knows how to copy itself; other objects are shared."""
    if isinstance(value, dict):
        return {key: copy_value(item, memo) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_value(item, memo) for item in value]
    copier = getattr(type(value), "__deepcopy__", None)
    return copier(value, memo) if copier is not None and type(value).__module__.startswith("stoker.core") else value


def text(default: str | None = None, key: str | None = None, *, secret: bool = False, nullable: bool = False) -> Any:
    """Declare a text, or None."""
    return _scalar(_read_text, default, key, secret=secret, nullable=nullable)


def integer(default: int | None = None, key: str | None = None) -> Any:
    """Declare a whole number, or None where that is the default."""
    return _scalar(_read_integer, default, key)


def flag(default: bool | None = False, key: str | None = None) -> Any:
    """Declare a truth value."""
    return _scalar(_read_flag, default, key)


def anything(default: Any = None, key: str | None = None) -> Any:
    """Declare a value of any plain kind."""
    return _scalar(_read_plain, default, key)


def integers(default: tuple[int, ...] | None = (), key: str | None = None) -> Any:
    """Declare a list of whole numbers."""
    return _listed(_read_integer, _write_integer, default, key)


def texts(default: tuple[str, ...] | None = (), key: str | None = None) -> Any:
    """Declare a list of texts."""
    return _listed(_read_text, _write_text, default, key)


def items(key: str | None = None) -> Any:
    """Declare a list of anything plain: text, numbers, truth values."""
    return _listed(_read_plain, _write_plain, (), key)


def mapping(default: Mapping[str, Any] | None = None, key: str | None = None) -> Any:
    """Declare plain values by names that the user chooses."""
    return _named(_read_plain, _write_plain, default, key)


def texts_by_name(default: Mapping[str, str] | None = None, key: str | None = None) -> Any:
    """Declare texts by names that the user chooses."""
    return _named(_read_text, _write_text, default, key)


def section(kind: Any, key: str | None = None, *, optional: bool = False) -> Any:
    """Declare a section of the class `kind`; None instead of an empty one when `optional`."""
    return Field(kind.from_dict, _write_section, (lambda: None) if optional else kind, key)


def sections(kind: Any, key: str | None = None, *, optional: bool = False) -> Any:
    """Declare a list of sections."""
    return _listed(kind.from_dict, _write_section, None if optional else (), key)


def sections_by_name(kind: Any, key: str | None = None) -> Any:
    """Declare sections by names that the user chooses."""
    return _named(kind.from_dict, _write_section, {}, key)


def _scalar(read: Reader, default: Any, key: str | None, *, secret: bool = False, nullable: bool = False) -> Field:
    def write(value: Any, place: Place, secrets: bool) -> Any:
        del secrets
        empty = None if nullable else default
        return empty if value is None else read(value, place)

    return Field(read, write, lambda: default, key, secret=secret, nullable=nullable)


def _listed(read: Reader, write: Writer, default: tuple[Any, ...] | None, key: str | None) -> Field:
    def read_list(value: Any, place: Place) -> list[Any]:
        return [read(item, place.child(index)) for index, item in enumerate(_sequence(value, place))]

    def write_list(value: Any, place: Place, secrets: bool) -> Any:
        if value is None:
            return None if default is None else []
        return [write(item, place.child(index), secrets) for index, item in enumerate(_sequence(value, place))]

    return Field(read_list, write_list, lambda: None if default is None else list(default), key)


def _named(read: Reader, write: Writer, default: Mapping[str, Any] | None, key: str | None) -> Field:
    def read_map(value: Any, place: Place) -> dict[str, Any]:
        return {str(name): read(item, place.child(name)) for name, item in _map(value, place).items()}

    def write_map(value: Any, place: Place, secrets: bool) -> Any:
        if value is None:
            return None if default is None else {}
        return {str(name): write(item, place.child(name), secrets) for name, item in _map(value, place).items()}

    return Field(read_map, write_map, lambda: None if default is None else dict(default), key)


def _sequence(value: Any, place: Place) -> Any:
    if isinstance(value, (list, tuple)):
        return value
    raise place.error(value, "a list")


def _map(value: Any, place: Place) -> Mapping[Any, Any]:
    if isinstance(value, Mapping):
        return value
    raise place.error(value, "a group of names with their values")


def _read_text(value: Any, place: Place) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise place.error(value, "a text")


def _write_integer(value: Any, place: Place, secrets: bool) -> Any:
    del secrets
    return _read_integer(value, place)


def _write_text(value: Any, place: Place, secrets: bool) -> Any:
    del secrets
    return _read_text(value, place)


def _write_plain(value: Any, place: Place, secrets: bool) -> Any:
    del secrets
    return _read_plain(value, place)


def _read_integer(value: Any, place: Place) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    elif not isinstance(value, bool) and hasattr(value, "__index__"):
        return int(value.__index__())
    elif isinstance(value, float) and value.is_integer():
        return int(value)
    raise place.error(value, "a whole number")


def _read_flag(value: Any, place: Place) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise place.error(value, "true or false")


def _read_plain(value: Any, place: Place) -> Any:
    """Return `value` as JSON has it; numbers of NumPy become Python's, other objects their text."""
    if value is None or type(value) in {str, int, float, bool}:
        return value
    if isinstance(value, Mapping):
        return {str(name): _read_plain(item, place.child(name)) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_read_plain(item, place.child(index)) for index, item in enumerate(value)]
    number = getattr(value, "item", None)
    if number is not None and getattr(value, "ndim", None) == 0:
        return number()
    return str(value)


def _write_section(value: Any, place: Place, secrets: bool) -> Any:
    if value is None:
        return None
    if hasattr(value, "to_config"):
        value = value.to_config()
    writer = getattr(value, "to_dict", None)
    if writer is not None:
        return writer(place, secrets=secrets)
    if isinstance(value, Mapping):
        return _read_plain(value, place)
    raise place.error(value, "a group of settings")
