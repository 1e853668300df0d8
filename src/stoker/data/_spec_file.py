"""Datasets described by v1's JSON file, as `dataset register -f FILE` takes it."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from stoker.core.workspace import Workspace
    from stoker.data.abstract_dataset import AbstractDataset

__all__ = ["dataset_of", "register", "template"]

_READERS = {
    "delimited_files": ("from_delimited_files", ("infer_column_types", "separator", "header", "encoding")),
    "parquet_files": ("from_parquet_files", ()),
    "json_lines_files": ("from_json_lines_files", ("encoding",)),
}
_NAMES = {
    "infer_column_types": "inferColumnTypes",
    "separator": "separator",
    "header": "header",
    "encoding": "encoding",
    "include_path": "includePath",
    "partition_format": "partitionFormat",
}


def template() -> dict[str, Any]:
    """Return a description with every member, to be changed and kept as a file."""
    return {
        "schemaVersion": 1,
        "datasetType": "File|Tabular",
        "parameters": {
            "query": {"datastoreName": "sample-sql-datastore", "query": "SELECT * FROM SAMPLE"},
            "sourceType": "sql_query|delimited_files|parquet_files|json_lines_files",
            "path": [
                "https://url/datafile",
                {"datastoreName": "sample-blob-datastore", "relativePath": "sample-data/datafile"},
            ],
            "includePath": False,
            "partitionFormat": "/{Country}/{PartitionDate:yyyy/MM/dd}/data.csv",
            "inferColumnTypes": False,
            "separator": ",",
            "header": True,
        },
        "timeSeries": {"fineGrainTimestamp": "column1", "coarseGrainTimestamp": "column2"},
        "registration": {
            "name": "sample-dataset",
            "description": "This is a sample description for dataset",
            "tags": {"sample-tag": "tag-value"},
            "createNewVersion": True,
        },
    }


def register(workspace: Workspace, description: Any, *, validate: bool = True) -> AbstractDataset:
    """Make the dataset that a description is about and register it.

    Parameters
    ----------
    workspace : Workspace
    description : object
        The JSON of the file.
    validate : bool, default=True
        Whether to look whether the data can be read.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A member is missing or wrong; the message names it.
    """
    wish = _member(description, "registration", dict, where="")
    name = _member(wish, "name", str, where="registration.")
    return dataset_of(workspace, description, validate=validate).register(
        workspace, name, wish.get("description"), wish.get("tags"), bool(wish.get("createNewVersion", False))
    )


def dataset_of(workspace: Workspace, description: Any, *, validate: bool = True) -> AbstractDataset:
    """Return the dataset that a description is about; arguments and errors as `register` has them."""
    from stoker.data.dataset_factory import FileDatasetFactory

    kind = _member(description, "datasetType", str, where="")
    parameters = _member(description, "parameters", dict, where="")
    if kind == "File":
        layout = parameters.get("partitionFormat")
        return FileDatasetFactory.from_files(_paths(workspace, parameters), validate, layout)
    if kind != "Tabular":
        raise _wrong("datasetType", f"{kind!r} is neither 'File' nor 'Tabular'")
    return _table(workspace, description, parameters, validate)


def _table(
    workspace: Workspace, description: Mapping[str, Any], parameters: Mapping[str, Any], validate: bool
) -> AbstractDataset:
    from stoker.data.dataset_factory import TabularDatasetFactory

    kind = parameters.get("sourceType")
    if kind == "sql_query":
        query = _member(parameters, "query", dict, where="parameters.")
        text = _member(query, "query", str, where="parameters.query.")
        made = TabularDatasetFactory.from_sql_query((_store(workspace, query, "query"), text), validate)
    elif kind in _READERS:
        reader, options = _READERS[kind]
        given = {
            name: parameters[_NAMES[name]]
            for name in ("include_path", "partition_format", *options)
            if parameters.get(_NAMES[name]) is not None
        }
        # The file's default is the other way round than the call's.
        if "infer_column_types" in options:
            given.setdefault("infer_column_types", False)
        made = getattr(TabularDatasetFactory, reader)(_paths(workspace, parameters), validate, **given)
    else:
        raise _wrong("parameters.sourceType", f"{kind!r} is none of sql_query, {', '.join(_READERS)}")
    time = description.get("timeSeries") or {}
    fine, coarse = time.get("fineGrainTimestamp"), time.get("coarseGrainTimestamp")
    return made.with_timestamp_columns(fine, coarse) if fine or coarse else made


def _paths(workspace: Workspace, parameters: Mapping[str, Any]) -> list[Any]:
    given = parameters.get("path")
    found = given if isinstance(given, list) else [given]
    if not given:
        raise _wrong("parameters.path", "it is missing")
    return [item if isinstance(item, str) else _path(workspace, item) for item in found]


def _path(workspace: Workspace, item: Any) -> tuple[Any, str]:
    below = _member(item, "relativePath", str, where="parameters.path.")
    return _store(workspace, item, "path"), below


def _store(workspace: Workspace, item: Any, what: str) -> Any:
    from stoker.core.datastore import Datastore

    return Datastore.get(workspace, _member(item, "datastoreName", str, where=f"parameters.{what}."))


def _member(item: Any, name: str, kind: type, *, where: str) -> Any:
    value = item.get(name) if isinstance(item, dict) else None
    if isinstance(value, kind) and value:
        return value
    wanted = "a text" if kind is str else "an object"
    raise _wrong(where + name, "it is missing" if value is None else f"{value!r} is not {wanted}")


def _wrong(name: str, what: str) -> UserErrorException:
    return UserErrorException(
        f"The description of a dataset can't be used: {name}: {what}. "
        "`stoker dataset register --show-template` writes one to start from.",
        target=name,
    )
