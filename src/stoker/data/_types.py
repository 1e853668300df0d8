"""The types that a column can be read as."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["DataType", "column_types"]


class DataType:
    """How the values of a column are read; for `set_column_types`.

    A value that does not fit becomes null.

    Examples
    --------
    >>> types = {"day": DataType.to_datetime("%d/%m/%Y"), "price": DataType.to_float(decimal_mark=",")}
    >>> types["price"]
    DataType({'type': 'float', 'decimal_mark': ','})
    """

    def __init__(self, description: dict[str, Any]) -> None:
        self._description = description

    @staticmethod
    def to_string() -> DataType:
        """Read as text."""
        return DataType({"type": "string"})

    @staticmethod
    def to_long() -> DataType:
        """Read as 64-bit integers."""
        return DataType({"type": "long"})

    @staticmethod
    def to_float(decimal_mark: str = ".") -> DataType:
        """Read as 64-bit floats.

        Parameters
        ----------
        decimal_mark : {".", ","}, default="."

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is another mark.
        """
        if decimal_mark not in {".", ","}:
            raise UserErrorException(
                f"decimal_mark={decimal_mark!r} is neither '.' nor ','. Give one of them.", target="decimal_mark"
            )
        return DataType({"type": "float"} if decimal_mark == "." else {"type": "float", "decimal_mark": ","})

    @staticmethod
    def to_bool() -> DataType:
        """Read as true and false."""
        return DataType({"type": "bool"})

    @staticmethod
    def to_datetime(formats: str | list[str] | None = None) -> DataType:
        """Read as dates and times.

        Parameters
        ----------
        formats : str or list of str, optional
            As `strptime` has them, the first that fits is taken. Default: they are inferred from the first rows.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A format is no text.
        """
        if formats is None:
            return DataType({"type": "datetime"})
        wanted = [formats] if isinstance(formats, str) else list(formats)
        if not wanted or not all(isinstance(item, str) and item for item in wanted):
            raise UserErrorException(
                f"formats={formats!r} is no date format and no list of them. Give for example '%Y-%m-%d'.",
                target="formats",
            )
        return DataType({"type": "datetime", "formats": wanted})

    @staticmethod
    def to_stream(workspace: object = None, escaped: bool = False) -> DataType:
        """Read as addresses of files, kept as text; the arguments are v1's, without effect."""
        del workspace, escaped
        return DataType({"type": "stream"})

    def __repr__(self) -> str:
        return f"DataType({self._description!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataType) and other._description == self._description

    def __hash__(self) -> int:
        return hash(repr(self))


def column_types(types: Mapping[str, DataType] | None) -> dict[str, Any] | None:
    """Return the wanted types as a definition has them; None when there are none.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no mapping from column to `DataType`.
    """
    if not types:
        return None
    if not hasattr(types, "items") or not all(
        isinstance(name, str) and isinstance(value, DataType) for name, value in types.items()
    ):
        raise UserErrorException(
            f"set_column_types={types!r} is no dict from column names to types. Give for example "
            "{'price': DataType.to_float()}.",
            target="set_column_types",
        )
    return {name: value._description for name, value in types.items()}  # noqa: SLF001  # one module
