"""Typer, as every noun uses it: the common options after each verb, and help of one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer
from typer import Argument, Option
from typer.core import TyperCommand

from stoker.cli.common import take
from stoker.cli.session import SESSION
from stoker.cli.values import lighten

__all__ = ["Command", "Many", "Noun", "RunName", "Yes", "option"]


def option(*names: str, about: str, metavar: str | None = None, **more: Any) -> Any:
    """Return an option's description for `Annotated`; the help shows defaults only where `about` says them."""
    return Option(*names, help=about, metavar=metavar, show_default=False, **more)


RunName = Annotated[
    str, Argument(metavar="RUN", help="An id or its beginning, a display name, @last, @last-failed, or a run's address")
]
"""The argument that names a run."""

Many = list[str] | None
"""What an option or argument that may be repeated gives."""

Yes = Annotated[bool, option("--yes", "-y", about="Do not ask")]
"""The option of every verb that destroys."""


class Command(TyperCommand):
    """A verb: takes the common options too, and shows help in our form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for param in self.params:
            lighten(param)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the common options out, keep the other words as typed, then parse them."""
        with_value = {name for param in self.params for name in param.opts if not getattr(param, "is_flag", True)}
        SESSION.words = take(args, with_value, options_first=not ctx.allow_interspersed_args)
        return super().parse_args(ctx, list(SESSION.words))

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option `--help`."""
        found = super().get_help_option(ctx)
        if found is not None:
            lighten(found)
        return found

    def get_help(self, ctx: Any) -> str:
        """Return the help text."""
        from stoker.cli.helptext import command_help
        from stoker.cli.words import read

        name = ctx.command_path.removeprefix("stoker ")
        return command_help(name, read()[name]).rstrip("\n")


class Noun(typer.Typer):
    """The commands of one noun.

    Examples
    --------
    >>> app = Noun()
    >>> @app.verb("show")
    ... def show(run: RunName) -> None:
    ...     "Show one run."
    """

    def __init__(self) -> None:
        super().__init__(add_completion=False, rich_markup_mode=None)

    def verb(self, name: str, *, options_first: bool = False) -> Callable[[Any], Any]:
        """Register a function as a verb.

        Parameters
        ----------
        name : str
        options_first : bool, default=False
            Whether everything after the first argument belongs to that, options too.
        """
        settings = {"help_option_names": ["-h", "--help"], "allow_interspersed_args": not options_first}
        return self.command(name, cls=Command, context_settings=settings)

    def one(self, verb: str) -> Any:
        """Return Typer's command of one verb; the others are not looked at, which saves their time.

        Annotations are evaluated here once; Typer would do it several times.
        """
        holder = typer.Typer(add_completion=False, rich_markup_mode=None)
        holder.registered_commands = [info for info in self.registered_commands if info.name == verb]
        for info in holder.registered_commands:
            function: Any = info.callback
            function.__annotations__ = get_type_hints(function, include_extras=True)
        return typer.main.get_command(holder)
