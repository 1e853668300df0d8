"""What a dataset is: sources and a list of operations, as plain JSON that says nothing about the data itself.

::

    {"format": 1, "kind": "Tabular" | "File",
     "source": {"type": "delimited_files" | "parquet_files" | "json_lines_files" | "files",
                "paths": [{"datastore": ..., "path": "a/*.csv"} | {"url": ...} | {"local": "/abs"}], "options": {}}
             | {"type": "sql_query", "datastore": ..., "query": ..., "timeout": 30, "options": {}}
             | {"type": "written_files", "of": DEFINITION, "options": {"format": "csv" | "parquet"}},
     "steps": [{"op": "keep_columns", "columns": ["a"]}, ...],
     "time": {"timestamp": ..., "partition_timestamp": ...}}

Only options that differ from the default are written, so that equal datasets have equal digests.
"""

from __future__ import annotations

import hashlib
import json
import posixpath

from stoker.base.jsonio import canonical
from stoker.base.redaction import redacted
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = [
    "DEFAULTS",
    "FORMAT",
    "build",
    "changes_rows",
    "check",
    "describe",
    "digest",
    "of_output",
    "option",
    "partition_keys",
    "path_words",
    "with_steps",
    "with_time",
    "without_secrets",
]

FORMAT = 1
"""The form of a definition that this version writes and reads."""

_COMMON: dict[str, Any] = {"column_types": None, "include_path": False, "partition_format": None}
DEFAULTS: dict[str, dict[str, Any]] = {
    "delimited_files": {
        **_COMMON,
        "separator": ",",
        "header": "ALL_FILES_HAVE_SAME_HEADERS",
        "encoding": "utf8",
        "support_multi_line": False,
        "empty_as_string": False,
        "infer_column_types": True,
    },
    "parquet_files": _COMMON,
    "json_lines_files": {**_COMMON, "invalid_lines": "error", "encoding": "utf8"},
    "sql_query": {"column_types": None},
    "files": {"partition_format": None, "is_file": False},
    "written_files": {"format": "csv", "separator": ",", "row_group_size": None},
}
"""Kind of source -> its options with their defaults."""

_FILE_SOURCES = {"files", "written_files"}
_STEPS: dict[str, set[str]] = {
    "keep_columns": {"columns"},
    "drop_columns": {"columns"},
    "filter": {"expression"},
    "take": {"count"},
    "skip": {"count"},
    "sample": {"probability", "seed"},
    "split": {"percentage", "seed", "part"},
    "time": {"column", "start", "end", "start_included", "end_included"},
    "recent": {"column", "seconds", "include_boundary"},
    "partition_keys": {"keys"},
}
_SAME_ROWS = {"keep_columns", "drop_columns", "partition_keys"}


def build(
    source_type: str, paths: list[dict[str, str]] | None = None, options: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return the definition of a dataset without operations.

    Parameters
    ----------
    source_type : str
        A key of `DEFAULTS`.
    paths : list of dict, optional
        Where the files are; not for a query.
    options : dict, optional
        Those equal to their default are left out.
    **more
        Other members of the source: `datastore`, `query`, `timeout`, `of`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        Something in it can't be used.

    Examples
    --------
    >>> build("files", [{"url": "http://example.org/a.csv"}], {"is_file": False})["source"]
    {'type': 'files', 'paths': [{'url': 'http://example.org/a.csv'}], 'options': {}}
    """
    defaults = DEFAULTS[source_type]
    kept = {name: value for name, value in (options or {}).items() if value != defaults.get(name)}
    source: dict[str, Any] = {"type": source_type}
    if paths is not None:
        source["paths"] = paths
    source.update({name: value for name, value in more.items() if value is not None})
    source["options"] = kept
    made: dict[str, Any] = {
        "format": FORMAT,
        "kind": "File" if source_type in _FILE_SOURCES else "Tabular",
        "source": source,
        "steps": [],
        "time": {"timestamp": None, "partition_timestamp": None},
    }
    check(made)
    return made


def with_steps(definition: Mapping[str, Any], *steps: dict[str, Any]) -> dict[str, Any]:
    """Return the definition with more operations at its end."""
    return {**definition, "steps": [*definition["steps"], *steps]}


def with_time(definition: Mapping[str, Any], timestamp: str | None, partition_timestamp: str | None) -> dict[str, Any]:
    """Return the definition with other time columns."""
    return {**definition, "time": {"timestamp": timestamp, "partition_timestamp": partition_timestamp}}


def option(definition: Mapping[str, Any], name: str) -> Any:
    """Return an option of the source, or its default."""
    source = definition["source"]
    return source["options"].get(name, DEFAULTS[source["type"]].get(name))


def digest(definition: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the definition: the same for the same dataset, whatever the data."""
    return hashlib.sha256(canonical(definition)).hexdigest()


def changes_rows(definition: Mapping[str, Any]) -> bool:
    """Tell whether some operation leaves out rows, so that the source's files hold more than the dataset."""
    return any(step["op"] not in _SAME_ROWS for step in definition["steps"])


def partition_keys(definition: Mapping[str, Any]) -> list[str]:
    """Return the columns that come from the paths, in the order of the path.

    Examples
    --------
    >>> partition_keys(build("files", [{"local": "/d"}], {"partition_format": "{region}/{day:yyyy/MM/dd}/x.csv"}))
    ['region', 'day']
    """
    import re

    text = option(definition, "partition_format") or ""
    return list(dict.fromkeys(re.findall(r"\{([^{}:]+)(?::[^{}]*)?\}", text)))


def of_output(datastore: str, path: str, transformation: str | None = None) -> dict[str, Any]:
    """Return the definition of what a run has written below a path.

    Parameters
    ----------
    datastore, path : str
        The folder that the output went to.
    transformation : str, optional
        JSON from an output configuration (`DatasetRegistrationOptions`): how the files are read and what is done
        with their rows. Without it the output is a file dataset.
    """
    read = json.loads(transformation) if transformation else {}
    below = posixpath.join(path, read["path_glob"]) if read.get("path_glob") else path
    made = build(read.get("type", "files"), [{"datastore": datastore, "path": below}], read.get("options"))
    return with_steps(made, *read.get("steps", []))


def check(definition: Any) -> None:
    """Raise when the definition is not one that this version can read.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The message names the member that is wrong.
    """
    if not isinstance(definition, dict) or not isinstance(definition.get("source"), dict):
        raise _wrong("it is no object with a member 'source'")
    if definition.get("format") != FORMAT:
        raise _wrong(f"its format is {definition.get('format')!r}, and this version knows {FORMAT}; update Stoker")
    source = definition["source"]
    kind = source.get("type")
    if kind not in DEFAULTS:
        raise _wrong(f"source.type is {kind!r} and not one of {_list(DEFAULTS)}")
    if definition.get("kind") != ("File" if kind in _FILE_SOURCES else "Tabular"):
        raise _wrong(f"kind is {definition.get('kind')!r}, which does not go with source.type {kind!r}")
    unknown = set(source.get("options") or {}) - set(DEFAULTS[kind])
    if unknown:
        raise _wrong(f"source.options has {_list(unknown)}; the options of {kind} are {_list(DEFAULTS[kind])}")
    _check_source(kind, source)
    for step in definition.get("steps") or []:
        _check_step(step)


def _check_source(kind: str, source: Mapping[str, Any]) -> None:
    if kind == "sql_query":
        if not (isinstance(source.get("datastore"), str) and isinstance(source.get("query"), str)):
            raise _wrong("source.datastore and source.query are texts for a query")
        return
    if kind == "written_files":
        check(source.get("of"))
        return
    paths = source.get("paths")
    if not isinstance(paths, list) or not paths:
        raise _wrong("source.paths is an empty list: a dataset has at least one path")
    for path in paths:
        _check_path(path)


def _check_path(path: Any) -> None:
    keys = set(path) if isinstance(path, dict) else set()
    if keys not in ({"datastore", "path"}, {"url"}, {"local"}) or not all(isinstance(path[key], str) for key in keys):
        raise _wrong(f"{path!r} in source.paths is not of the form datastore and path, url, or local")
    for word in path.values():
        if "\0" in word:
            raise _wrong(f"{word!r} in source.paths holds a zero byte, which no file's name has")
    if "path" in path and ".." in path["path"].replace("\\", "/").split("/"):
        raise _wrong(f"the path {path['path']!r} leads out of the datastore {path['datastore']!r}; leave '..' out")


def _check_step(step: Any) -> None:
    fields = _STEPS.get(str(step.get("op"))) if isinstance(step, dict) else None
    if fields is None:
        raise _wrong(f"{step!r} in steps is none of the operations {_list(_STEPS)}")
    if set(step) - {"op"} != fields:
        raise _wrong(f"the operation {step['op']} in steps has the members {_list(fields)}, and nothing else")


def describe(definition: Mapping[str, Any]) -> list[str]:
    """Return the definition in words: the source first, then a line for each operation.

    Examples
    --------
    >>> made = build("parquet_files", [{"datastore": "store", "path": "a/*.parquet"}])
    >>> describe(with_steps(made, {"op": "take", "count": 5}))
    ['parquet files store/a/*.parquet', 'take count=5']
    """
    lines = [_source_words(definition["source"])]
    for step in definition["steps"]:
        facts = " ".join(f"{name}={_word(value)}" for name, value in step.items() if name != "op")
        lines.append(f"{step['op']} {facts}".rstrip())
    stamps = {name: value for name, value in (definition.get("time") or {}).items() if value}
    return lines + [f"{name} {value}" for name, value in stamps.items()]


def _source_words(source: Mapping[str, Any]) -> str:
    kind = source["type"].replace("_", " ")
    if source["type"] == "sql_query":
        return f"{kind} on {source['datastore']}: {source['query']}"
    if source["type"] == "written_files":
        return f"{source['options'].get('format', 'csv')} files written from {describe(source['of'])[0]}"
    options = "".join(f" {name}={_word(value)}" for name, value in source["options"].items())
    return f"{kind} {', '.join(path_words(source))}{options}"


def path_words(source: Mapping[str, Any]) -> list[str]:
    """Return the paths of a source, each as one text; an address without the secrets in it."""
    return [
        posixpath.join(path["datastore"], path["path"]) if "datastore" in path else redacted(next(iter(path.values())))
        for path in source.get("paths", [])
    ]


def without_secrets(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a dataset as it may be shown: without the secrets in the addresses that it reads."""
    definition = record["definition"]
    source = definition["source"]
    if not isinstance(source.get("paths"), list):
        return dict(record)
    paths = [{**path, "url": redacted(path["url"])} if "url" in path else path for path in source["paths"]]
    return {**record, "definition": {**definition, "source": {**source, "paths": paths}}}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _wrong(what: str) -> UserErrorException:
    return UserErrorException(f"This dataset's definition can't be used: {what}.", target="definition")
