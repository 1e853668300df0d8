"""Turn words into str, int and bool without pydantic, which Typer would load for that: 60 ms at each command."""

from __future__ import annotations

from typing import Any

import typer

__all__ = ["lighten"]


class _Plain:
    """What Typer asks for a parameter's value; has the one method that it calls.

    Parameters
    ----------
    kind : type
        `str`, `int` or `bool`.
    choices : tuple or None
        The words that are taken.
    """

    def __init__(self, kind: type, choices: tuple[Any, ...] | None) -> None:
        self._kind = kind
        self._choices = choices

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of the parameter's own type; for one that may be repeated, a list."""
        many = param.nargs == -1 or getattr(param, "multiple", False)
        if value is None:
            return () if many else None
        if many:
            return [self._one(item, param, ctx) for item in value]
        return self._one(value, param, ctx)

    def _one(self, value: Any, param: Any, ctx: Any) -> Any:
        if self._choices is not None and value not in self._choices:
            words = ", ".join(str(choice) for choice in self._choices)
            raise typer.BadParameter(f"{value!r} is not one of: {words}.", ctx=ctx, param=param)
        if self._kind is not int:
            return value
        try:
            number = int(value)
        except ValueError:
            raise typer.BadParameter(f"{value!r} is no whole number.", ctx=ctx, param=param) from None
        least = getattr(param, "min", None)
        if least is not None and number < least:
            raise typer.BadParameter(f"{number} is less than {least}.", ctx=ctx, param=param)
        return number


def lighten(param: Any) -> None:
    """Give a parameter of a simple type our way to read it; others, and other Typers, keep their own."""
    descriptor = getattr(param, "type_descriptor", None)
    if descriptor is None or not hasattr(param, "_runtime_param"):
        return
    kind = descriptor.annotation
    if kind in (str, int, bool):
        param._runtime_param = _Plain(kind, None)  # noqa: SLF001  # Typer has no public place for it
    elif kind == list[str]:
        param._runtime_param = _Plain(str, None)  # noqa: SLF001  # the same
    elif descriptor.choices and all(isinstance(choice, str) for choice in descriptor.choices):
        param._runtime_param = _Plain(str, descriptor.choices)  # noqa: SLF001  # the same
