"""What a run writes, where it is kept, and under which name it is registered."""

from __future__ import annotations

import copy

from stoker.data._outputs import (
    MountOptions,
    OutputDatasetConfig,
    RegistrationConfiguration,
    UploadOptions,
    checked_destination,
)
from stoker.data.constants import DIRECT_MODE, HDFS_MODE, LINK_MODE, MOUNT_MODE, UPLOAD_MODE
from stoker.data.dataset_type_definitions import PromoteHeadersBehavior

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from stoker.core._data_sections import OutputData

__all__ = [
    "HDFSOutputDatasetConfig",
    "LinkFileOutputDatasetConfig",
    "LinkTabularOutputDatasetConfig",
    "MountOptions",
    "OutputDatasetConfig",
    "OutputFileDatasetConfig",
    "OutputTabularDatasetConfig",
    "RegistrationConfiguration",
    "TransformationMixin",
    "UploadOptions",
]


class TransformationMixin:
    """Files of an output read as a table."""

    def read_delimited_files(
        self,
        include_path: bool = False,
        separator: str = ",",
        header: bool | PromoteHeadersBehavior = PromoteHeadersBehavior.ALL_FILES_HAVE_SAME_HEADERS,
        partition_format: str | None = None,
        path_glob: str | None = None,
        set_column_types: dict[str, Any] | None = None,
    ) -> OutputTabularDatasetConfig:
        """Return the output as a table of delimited files.

        Parameters
        ----------
        include_path, separator, header, partition_format, set_column_types
            As `Dataset.Tabular.from_delimited_files` has them.
        path_glob : str, optional
            Only files that match, below the output's folder. Default: all.
        """
        from stoker.data._arguments import column_types, header_name

        options = {
            "include_path": include_path,
            "separator": separator,
            "header": header_name(header),
            "partition_format": partition_format,
            "column_types": column_types(set_column_types),
        }
        return self._as_table("delimited_files", options, path_glob)

    def read_parquet_files(
        self,
        include_path: bool = False,
        partition_format: str | None = None,
        path_glob: str | None = None,
        set_column_types: dict[str, Any] | None = None,
    ) -> OutputTabularDatasetConfig:
        """Return the output as a table of Parquet files.

        Parameters
        ----------
        include_path, partition_format, set_column_types
            As `Dataset.Tabular.from_parquet_files` has them.
        path_glob : str, optional
            Only files that match, below the output's folder. Default: all.
        """
        from stoker.data._arguments import column_types

        options = {
            "include_path": include_path,
            "partition_format": partition_format,
            "column_types": column_types(set_column_types),
        }
        return self._as_table("parquet_files", options, path_glob)

    def _as_table(self, kind: str, options: dict[str, Any], path_glob: str | None) -> OutputTabularDatasetConfig:
        read: dict[str, Any] = {"type": kind, "options": options, "steps": [], "path_glob": path_glob}
        return OutputTabularDatasetConfig(output_file_dataset_config=self, read=read)


class OutputFileDatasetConfig(OutputDatasetConfig, TransformationMixin):
    """A folder that a run writes to, and that is kept on a datastore.

    Parameters
    ----------
    name : str, optional
        Letters, digits and underscores; also the name of the environment variable. Default: a name is made.
    destination : tuple, optional
        `(datastore, path)`; the path may hold `{run-id}` and `{output-name}`. Default: the workspace's blob store, path
        `dataset/{run-id}/{output-name}`.
    source : str, optional
        A local folder that the script writes to. Default: one is made, and the script is told.
    partition_format : str, optional
        How the paths give columns, as `Dataset.File.from_files` has it.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The name or the destination can't be used.

    Examples
    --------
    >>> OutputFileDatasetConfig("model_input").as_upload().register_on_complete("prepared").mode
    'upload'
    """

    def __init__(
        self,
        name: str | None = None,
        destination: Any = None,
        source: str | None = None,
        partition_format: str | None = None,
    ) -> None:
        super().__init__(MOUNT_MODE, name)
        self.destination = checked_destination(destination)
        self.source = source
        self._upload_options: UploadOptions | None = None
        self._mount_options: MountOptions | None = None
        if partition_format is not None:
            self._read = {"type": "files", "options": {"partition_format": partition_format}, "steps": []}

    def as_upload(self, overwrite: bool = False, source_globs: str | list[str] | None = None) -> Self:
        """Return the output in upload mode: its files are copied at the end of a successful run, and only then.

        Parameters
        ----------
        overwrite : bool, default=False
            Whether files of the destination may be replaced.
        source_globs : str or list of str, optional
            Only files that match are uploaded. Default: all.
        """
        made = copy.deepcopy(self)
        made.mode, made._upload_options = UPLOAD_MODE, UploadOptions(overwrite, source_globs)  # noqa: SLF001  # its own
        made._mount_options = None  # noqa: SLF001  # the same
        return made

    def as_mount(self, disable_metadata_cache: bool = False) -> Self:
        """Return the output in mount mode: what is written is on the datastore, also when the run fails later.

        Parameters
        ----------
        disable_metadata_cache : bool, default=False
            v1's argument, without effect.
        """
        made = copy.deepcopy(self)
        made.mode, made._mount_options = MOUNT_MODE, MountOptions(disable_metadata_cache)  # noqa: SLF001  # its own
        made._upload_options = None  # noqa: SLF001  # the same
        return made

    def _to_output_data(self) -> OutputData:
        from stoker.core._data_sections import GlobsOptions
        from stoker.core._data_sections import MountOptions as MountSection
        from stoker.core._data_sections import UploadOptions as UploadSection

        section = super()._to_output_data()
        section.output_location = _location(self.destination)
        options = section.additional_options
        if options is not None:
            options.path_on_compute = self.source
            upload, mount = self._upload_options, self._mount_options
            if upload is not None:
                globs = None if upload.source_globs is None else GlobsOptions(upload.source_globs)
                options.upload_options = UploadSection(upload.overwrite, globs)
            if mount is not None:
                options.mount_options = MountSection(mount.disable_metadata_cache)
        return section


class HDFSOutputDatasetConfig(OutputDatasetConfig, TransformationMixin):
    """A folder that a Spark job writes to.

    Parameters
    ----------
    name : str, optional
    destination : tuple, optional
        `(datastore, path)`, as `OutputFileDatasetConfig` has it.
    """

    def __init__(self, name: str | None = None, destination: Any = None) -> None:
        super().__init__(HDFS_MODE, name)
        self.destination = checked_destination(destination)

    def _input_mode(self) -> str:
        return HDFS_MODE

    def _to_output_data(self) -> OutputData:
        section = super()._to_output_data()
        section.output_location = _location(self.destination)
        return section


class OutputTabularDatasetConfig(OutputDatasetConfig):
    """An output whose files are read as a table; made by `read_delimited_files` and `read_parquet_files`."""

    def __init__(self, **kwargs: Any) -> None:
        files = kwargs.get("output_file_dataset_config")
        if files is None:
            raise ValueError(
                "An OutputTabularDatasetConfig is made from an OutputFileDatasetConfig: call its read_delimited_files "
                "or read_parquet_files."
            )
        super().__init__(files.mode, files.name)
        self._files = copy.deepcopy(files)
        self._registration = files._registration  # noqa: SLF001  # one module
        self._producer = files._producer  # noqa: SLF001  # the same
        self._read = kwargs["read"]

    @property
    def destination(self) -> Any:
        """Where the files go, as the `OutputFileDatasetConfig` has it."""
        return self._files.destination

    def keep_columns(self, columns: str | list[str]) -> OutputTabularDatasetConfig:
        """Return the output with only these columns."""
        return self._with_step({"op": "keep_columns", "columns": _names(columns)})

    def drop_columns(self, columns: str | list[str]) -> OutputTabularDatasetConfig:
        """Return the output without these columns."""
        return self._with_step({"op": "drop_columns", "columns": _names(columns)})

    def random_split(
        self, percentage: float, seed: int | None = None
    ) -> tuple[OutputTabularDatasetConfig, OutputTabularDatasetConfig]:
        """Return two outputs of the same files: about `percentage` of the rows, and the others.

        Their names have `_1` and `_2` at the end; both read the folder of this output.

        Parameters
        ----------
        percentage : float
            Between 0 and 1.
        seed : int, optional
            The same seed gives the same rows. Default: one is drawn.
        """
        from stoker.data._arguments import split_steps

        parts = tuple(self._with_step(step) for step in split_steps(percentage, seed))
        for number, part in enumerate(parts, 1):
            part._files.destination = self._shared_destination()  # noqa: SLF001  # of this class
            part.name = f"{self._name}_{number}"
        return parts[0], parts[1]

    def as_upload(
        self, overwrite: bool = False, source_globs: str | list[str] | None = None
    ) -> OutputTabularDatasetConfig:
        """Return the output in upload mode; see `OutputFileDatasetConfig.as_upload`."""
        return self._with_files(self._files.as_upload(overwrite, source_globs))

    def as_mount(self) -> OutputTabularDatasetConfig:
        """Return the output in mount mode; see `OutputFileDatasetConfig.as_mount`."""
        return self._with_files(self._files.as_mount())

    def _shared_destination(self) -> Any:
        """Return the destination of this output with its name filled in, so that renamed parts read the same."""
        store, path = self.destination or (None, "dataset/{run-id}/{output-name}")
        return store, path.replace("{output-name}", self._name)

    def _with_step(self, step: dict[str, Any]) -> OutputTabularDatasetConfig:
        made = copy.deepcopy(self)
        assert made._read is not None  # noqa: SLF001  # of this class
        made._read["steps"] = [*made._read["steps"], step]  # noqa: SLF001  # the same
        return made

    def _with_files(self, files: Any) -> OutputTabularDatasetConfig:
        made = copy.deepcopy(self)
        made._files, made.mode = files, files.mode  # noqa: SLF001  # of this class
        return made

    def _input_mode(self) -> str:
        return DIRECT_MODE

    def _to_output_data(self) -> OutputData:
        files = copy.deepcopy(self._files)
        files._registration, files._read = self._registration, self._read  # noqa: SLF001  # one module
        section: OutputData = files._to_output_data()  # noqa: SLF001  # the same
        return section


class LinkFileOutputDatasetConfig(OutputDatasetConfig):
    """An output that the script names itself: a file dataset that is there already.

    Parameters
    ----------
    name : str, optional
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(LINK_MODE, name)


class LinkTabularOutputDatasetConfig(OutputDatasetConfig):
    """An output that the script names itself: a tabular dataset that is there already.

    Parameters
    ----------
    name : str, optional
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(LINK_MODE, name)

    def _input_mode(self) -> str:
        return DIRECT_MODE


def _names(columns: str | list[str]) -> list[str]:
    from stoker.data._arguments import column_names

    return column_names(columns)


def _location(destination: Any) -> Any:
    from stoker.core._data_sections import DataLocation, DataPath

    if destination is None:
        return None
    store, path = destination
    return DataLocation(data_path=DataPath(store if store is None or isinstance(store, str) else store.name, path))
