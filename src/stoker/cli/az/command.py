"""A command of v1's: its own options, and those that all have, wherever they stand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from stoker.cli.app import Command, Noun
from stoker.cli.az.given import GIVEN, check_made, note
from stoker.cli.az.table import COMMON
from stoker.cli.session import SESSION, UsageProblem

__all__ = ["V1Command", "V1Group", "truth"]

_KEPT = {
    "-g": "group",
    "--resource-group": "group",
    "--subscription-id": "subscription",
    "--path": "path",
    "-t": "made",
    "--output-metadata-file": "made",
}
_COLOURED = {"jsonc": "json", "yamlc": "yaml"}
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def truth(word: str | None) -> bool:
    """Return what a word says, for options of v1 that take `True` or `False`.

    Examples
    --------
    >>> truth("True"), truth("false"), truth(None)
    (True, False, False)
    """
    if word is None:
        return False
    if word.lower() not in _WORDS:
        raise UsageProblem(f"{word!r} is neither true nor false. Write one of the two.")
    return _WORDS[word.lower()]


class V1Command(Command):
    """A verb of v1's: takes Azure's common options out of its words before the others are parsed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the common options, drop those without effect, and parse the rest."""
        GIVEN.begin()
        reader = _Reader(self, ctx.obj or {}, options_first=not ctx.allow_interspersed_args)
        rest = super().parse_args(ctx, reader.read(args))
        if reader.dropped:
            note(f"without effect here: {', '.join(dict.fromkeys(reader.dropped))}.")
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Carry it out; the result is JSON unless said otherwise, and an error is words unless JSON was said."""
        unsaid = not SESSION.output
        SESSION.output = SESSION.output or "json"
        try:
            check_made()
            return super().invoke(ctx)
        except Exception:
            SESSION.output = "table" if unsaid else SESSION.output
            raise

    def get_help(self, ctx: Any) -> str:
        """Return the help text."""
        from stoker.cli.az.helptext import command_help
        from stoker.cli.words import read

        name = ctx.command_path.removeprefix("stoker ")
        return command_help(name, read()[name]).rstrip("\n")


class _Reader:
    """Goes through a command's words once.

    Attributes
    ----------
    dropped : list of str
        Options that were given and have no effect here.
    """

    def __init__(self, command: Command, cloud: Mapping[str, str], *, options_first: bool) -> None:
        options = [param for param in command.params if param.param_type_name == "option"]
        self._flags = {name for param in options if getattr(param, "is_flag", False) for name in param.opts}
        self._values = {name for param in options for name in param.opts} - self._flags
        self._cloud = cloud
        self._options_first = options_first
        self._places = any(param.param_type_name == "argument" for param in command.params)
        self.dropped: list[str] = []

    def read(self, args: Sequence[str]) -> list[str]:
        """Return the words that are the command's own, and the common ones of all of Stoker's commands."""
        words = iter(args)
        rest: list[str] = []
        for word in words:
            if word == "--" or (self._options_first and not _is_option(word)):
                return [*rest, word, *words]
            self._one(word, words, rest)
        return rest

    def _one(self, word: str, words: Iterator[str], rest: list[str]) -> None:
        name, sign, value = word.partition("=") if word.startswith("--") else (word, "", "")
        name = self._whole(name)
        if name in self._values:
            rest.extend([f"{name}={value}"] if sign else [name, _value(name, words)])
        elif name in self._flags:
            self._flag([name], iter([value]) if sign else words, rest)
        elif name in self._cloud:
            self.dropped.append(name)
            if self._cloud[name] and not sign:
                _value(name, words)
        elif name in {"-v", "--verbose"}:
            self._flag([], words, rest)
        elif COMMON.get(name):
            self._common(name, value if sign else _value(name, words), rest)
        else:
            rest.append(word)

    def _flag(self, meant: list[str], words: Iterator[str], rest: list[str]) -> None:
        """Take a flag; v1 has some as `--overwrite true` too, which is unclear only where other words may follow."""
        following = None if self._places else next(words, None)
        says = following is not None and following.lower() in _WORDS
        if not says or truth(following):
            rest.extend(meant)
        if following is not None and not says:
            self._one(following, words, rest)

    def _common(self, name: str, value: str, rest: list[str]) -> None:
        if name in {"-w", "--workspace-name"}:
            SESSION.place = value
        elif name in _KEPT:
            setattr(GIVEN, _KEPT[name], value)
        else:
            rest.extend((name, _COLOURED.get(value, value)))

    def _whole(self, name: str) -> str:
        """Return the option that a beginning of a long one means, where there is only one: Azure takes that too."""
        known = {*self._flags, *self._values, *self._cloud, *COMMON}
        if name in known or not name.startswith("--") or len(name) < 4:
            return name
        found = [item for item in known if item.startswith(name)]
        return found[0] if len(found) == 1 else name


def _is_option(word: str) -> bool:
    return len(word) > 1 and word.startswith("-")


def _value(name: str, words: Iterator[str]) -> str:
    value = next(words, None)
    if value is None:
        raise UsageProblem(f"The option {name} wants a value, and none follows. See `stoker az ml --help`.")
    return value


class V1Group(Noun):
    """The commands of one group."""

    def v1(
        self, name: str, *, options_first: bool = False, cloud: Mapping[str, str] | None = None
    ) -> Callable[[Any], Any]:
        """Register a function as a command.

        Parameters
        ----------
        name : str
            Its words below the group.
        options_first : bool, default=False
            Whether everything after the first argument belongs to that, options too.
        cloud : mapping, optional
            v1's options that are taken and have no effect here: name -> what their value is, empty for a flag.
        """
        settings = {
            "help_option_names": ["-h", "--help"],
            "allow_interspersed_args": not options_first,
            "obj": dict(cloud or {}),
        }

        def register(function: Any) -> Any:
            text = inspect.getdoc(function) or ""
            if cloud:
                text += f"\n\nTaken, and without effect here: {', '.join(sorted(cloud))}."
            return self.command(name, cls=V1Command, context_settings=settings, help=text)(function)

        return register
