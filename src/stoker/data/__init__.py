"""Data of a workspace: datasets, datastores, and how runs take and give them. Nothing is imported before it is used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.data.data_reference import DataReference
    from stoker.data.datapath import DataPath, DataPathComputeBinding
    from stoker.data.dataset_consumption_config import DatasetConsumptionConfig
    from stoker.data.dataset_factory import DataType
    from stoker.data.file_dataset import FileDataset
    from stoker.data.output_dataset_config import (
        HDFSOutputDatasetConfig,
        LinkFileOutputDatasetConfig,
        LinkTabularOutputDatasetConfig,
        OutputFileDatasetConfig,
    )
    from stoker.data.tabular_dataset import TabularDataset

__all__ = [
    "DataPath",
    "DataPathComputeBinding",
    "DataReference",
    "DataType",
    "DatasetConsumptionConfig",
    "FileDataset",
    "HDFSOutputDatasetConfig",
    "LinkFileOutputDatasetConfig",
    "LinkTabularOutputDatasetConfig",
    "OutputFileDatasetConfig",
    "TabularDataset",
]

_HOME = {
    "DataPath": "datapath",
    "DataPathComputeBinding": "datapath",
    "DataReference": "data_reference",
    "DataType": "dataset_factory",
    "DatasetConsumptionConfig": "dataset_consumption_config",
    "FileDataset": "file_dataset",
    "HDFSOutputDatasetConfig": "output_dataset_config",
    "LinkFileOutputDatasetConfig": "output_dataset_config",
    "LinkTabularOutputDatasetConfig": "output_dataset_config",
    "OutputFileDatasetConfig": "output_dataset_config",
    "TabularDataset": "tabular_dataset",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        import importlib

        value = getattr(importlib.import_module(f"stoker.data.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'stoker.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
