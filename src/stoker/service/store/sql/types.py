"""Column types: JSON as text, and file names that need not be UTF-8."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, Numeric, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["FileName", "Json", "Number"]


class Json(TypeDecorator[Any]):
    """A JSON value; None is NULL. Lone surrogates and floats that are not finite pass through."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the text."""
        del dialect
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the value."""
        del dialect
        return None if value is None else json.loads(value)


class FileName(TypeDecorator[str]):
    """The bytes of a file name, which surrogate escapes bring into text and back."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Return the bytes."""
        del dialect
        return None if value is None else value.encode("utf-8", "surrogateescape")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Return the text."""
        del dialect
        return None if value is None else value.decode("utf-8", "surrogateescape")


class Number(Numeric[Any]):
    """A number as it is: whole numbers to 64 bits exactly, else a float; never a Decimal."""

    def __init__(self) -> None:
        super().__init__(asdecimal=False)

    def bind_processor(self, dialect: Dialect) -> None:
        """Pass values to the driver untouched."""
        del dialect

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Pass values from the driver untouched."""
        del dialect, coltype
