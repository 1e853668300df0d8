"""YAML as v1's client reads and writes it: version 1.2, keys in order, null as nothing.

PyYAML speaks 1.1, where `yes`, `12:30` and `1e-5` mean other things; the tables below replace its rules.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from stoker.base.thirdparty import load
from stoker.exceptions import UserErrorException

__all__ = ["Lines", "parse_yaml", "read_yaml", "yaml_text"]

Lines = dict[tuple[Hashable, ...], int]
"""The line (from 1) at which each value stands, by its path of keys and indexes."""

_RULES: tuple[tuple[str, str, str], ...] = (
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF"),
    ("null", r"(?:~|null|Null|NULL|)\Z", "~nN\0"),
    ("int", r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z", "-+0123456789"),
    ("float", r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\Z", "-+0123456789."),
    ("float", r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z", "-+."),
    ("merge", r"<<\Z", "<"),
)


def read_yaml(path: str) -> tuple[Any, Lines]:
    """Return what the YAML file holds, and the line of each value.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    stoker.exceptions.UserErrorException
        The file is not UTF-8 or not YAML; the message has file, line and column.
    """
    with open(path, "rb") as file:
        raw = file.read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise UserErrorException(
            f"{path}, line {line}, column {column}: the byte {raw[error.start]:#04x} is not UTF-8 text. "
            "Save the file in the encoding UTF-8 and try again.",
            error,
            target=path,
        ) from error
    return parse_yaml(text, path)


def parse_yaml(text: str, source: str) -> tuple[Any, Lines]:
    """Return what the YAML `text` holds, and the line of each value; `source` names it in errors."""
    yaml = load("yaml")
    try:
        loader = _loader_class()(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None, {}
            lines: Lines = {}
            _note_lines(node, (), lines)
            return loader.construct_document(node), lines
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _marked_error(error, source) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        raise UserErrorException(
            f"{source}, line {line}, column {column}: the character U+{error.character:04X} is not allowed in YAML. "
            "Remove it and try again.",
            error,
            target=source,
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserErrorException(
            f"{source} can't be read as YAML: {error}. Mend the file and try again.", error, target=source
        ) from error


def yaml_text(data: Any) -> str:
    """Return `data` as YAML text: block style, keys in their order, null as an empty value."""
    yaml = load("yaml")
    text: str = yaml.dump(
        data, Dumper=_dumper_class(), default_flow_style=False, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text


def _marked_error(error: Any, source: str) -> UserErrorException:
    mark = error.problem_mark or error.context_mark
    where = f"{source}, line {mark.line + 1}, column {mark.column + 1}" if mark else source
    problem = " ".join(str(part) for part in (error.context, error.problem) if part)
    return UserErrorException(
        f"{where}: this is not valid YAML: {problem}. "
        "Look at this line and the one before it (indentation, colons, brackets, quotes), mend it and try again.",
        error,
        target=source,
        details={"line": mark.line + 1, "column": mark.column + 1} if mark else None,
    )


def _note_lines(node: Any, path: tuple[Hashable, ...], lines: Lines) -> None:
    """Record the line of `node` and of all below it; an alias met again is not followed into itself."""
    if path in lines or len(path) > 50:
        return
    lines[path] = node.start_mark.line + 1
    if node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar":
                _note_lines(value, (*path, key.value), lines)
                lines[(*path, key.value)] = key.start_mark.line + 1
    elif node.id == "sequence":
        for index, item in enumerate(node.value):
            _note_lines(item, (*path, index), lines)


@lru_cache(maxsize=1)
def _loader_class() -> Any:
    yaml = load("yaml")

    class Loader(yaml.SafeLoader):  # type: ignore[misc, name-defined, unused-ignore]
        """PyYAML's safe loader with the scalar rules of YAML 1.2; a key given twice is an error."""

        yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  # PyYAML's own table

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            _refuse_twins(yaml, node)
            mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
            return mapping

    for kind, pattern, first in _RULES:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), _first_letters(first))
    Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
    return Loader


def _construct_int(loader: Any, node: Any) -> int:
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


def _refuse_twins(yaml: Any, node: Any) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.id == "scalar" and key.value in seen and key.value != "<<":
            raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} is here twice", key.start_mark)
        seen.add(str(key.value))


@lru_cache(maxsize=1)
def _dumper_class() -> Any:
    yaml = load("yaml")

    class Dumper(yaml.SafeDumper):  # type: ignore[misc, name-defined, unused-ignore]
        """PyYAML's safe dumper; quotes what 1.1 or 1.2 would read as something else, and has no aliases."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
            return True

    for kind, pattern, first in _RULES:
        Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), _first_letters(first))
    Dumper.add_representer(str, _represent_text)
    Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))
    return Dumper


def _represent_text(dumper: Any, text: str) -> Any:
    """Quote text with the line breaks that are lost in PyYAML's other styles."""
    style = '"' if any(letter in text for letter in "\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _first_letters(letters: str) -> list[str]:
    """Return PyYAML's list of first letters; it looks for the empty text under the empty letter."""
    return ["" if letter == "\0" else letter for letter in letters]
