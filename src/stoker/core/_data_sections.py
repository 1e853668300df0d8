"""The sections of a run configuration that say which data goes in and out."""

from __future__ import annotations

from stoker.core._fields import anything, flag, section, text, texts, texts_by_name
from stoker.core._section import Section

__all__ = [
    "SUPPORTED_DATAREF_MODES",
    "SUPPORTED_DELIVERY_MECHANISM",
    "Data",
    "DataLocation",
    "DataPath",
    "DataReferenceConfiguration",
    "Dataset",
    "DatasetRegistrationOptions",
    "GlobsOptions",
    "MountOptions",
    "OutputData",
    "OutputOptions",
    "RegistrationOptions",
    "UploadOptions",
    "Uri",
]

SUPPORTED_DATAREF_MODES = ["mount", "download", "upload"]
SUPPORTED_DELIVERY_MECHANISM = ["direct", "mount", "download", "upload"]


class DataReferenceConfiguration(Section):
    """A path on a datastore that a run reads or writes.

    Parameters
    ----------
    datastore_name : str, optional
    mode : str, default="mount"
        `mount`, `download` or `upload`.
    path_on_datastore : str, optional
    path_on_compute : str, optional
    overwrite : bool, default=False
    """

    data_store_name: str | None = text()
    path_on_data_store: str | None = text()
    mode: str = text("mount")
    overwrite: bool = flag(default=False)
    path_on_compute: str | None = text()

    def __init__(
        self,
        datastore_name: str | None = None,
        mode: str = "mount",
        path_on_datastore: str | None = None,
        path_on_compute: str | None = None,
        overwrite: bool = False,
    ) -> None:
        super().__init__(
            data_store_name=datastore_name,
            path_on_data_store=path_on_datastore,
            mode=mode,
            overwrite=overwrite,
            path_on_compute=path_on_compute,
        )


class Dataset(Section):
    """A registered dataset, by id or by name and version."""

    id: str | None = text()
    name: str | None = text()
    version: int | str | None = anything()

    def __init__(
        self,
        dataset_id: str | None = None,
        dataset_name: str | None = None,
        dataset_version: int | str | None = None,
    ) -> None:
        super().__init__(id=dataset_id, name=dataset_name, version=dataset_version)


class DataPath(Section):
    """A path on a datastore."""

    datastore_name: str | None = text()
    relative_path: str | None = text()

    def __init__(self, datastore_name: str | None = None, relative_path: str | None = None) -> None:
        super().__init__(datastore_name=datastore_name, relative_path=relative_path)


class Uri(Section):
    """An address of a file or a folder."""

    path: str | None = text()
    is_file: bool = flag(default=False)

    def __init__(self, path: str | None = None, is_file: bool = False) -> None:
        super().__init__(path=path, is_file=is_file)


class DataLocation(Section):
    """Where data lies: one of a dataset, a path on a datastore, an address."""

    dataset: Dataset | None = section(Dataset, optional=True)
    data_path: DataPath | None = section(DataPath, optional=True)
    uri: Uri | None = section(Uri, optional=True)

    def __init__(
        self, dataset: Dataset | None = None, data_path: DataPath | None = None, uri: Uri | None = None
    ) -> None:
        super().__init__(dataset=dataset, data_path=data_path, uri=uri)


class Data(Section):
    """Data that a run reads.

    Parameters
    ----------
    data_location : DataLocation, optional
    create_output_directories : bool, optional
    mechanism : str, default="direct"
        `direct`, `mount` or `download`.
    environment_variable_name : str, optional
        The variable that tells the script the path.
    path_on_compute : str, optional
    overwrite : bool, default=False
    options : dict, optional
    """

    data_location: DataLocation | None = section(DataLocation, optional=True)
    create_output_directories: bool | None = flag(default=None)
    mechanism: str = text("direct")
    environment_variable_name: str | None = text()
    path_on_compute: str | None = text()
    overwrite: bool = flag(default=False)
    options: dict[str, str] | None = texts_by_name()

    def __init__(
        self,
        data_location: DataLocation | None = None,
        create_output_directories: bool | None = None,
        mechanism: str = "direct",
        environment_variable_name: str | None = None,
        path_on_compute: str | None = None,
        overwrite: bool = False,
        options: dict[str, str] | None = None,
    ) -> None:
        super().__init__(
            data_location=data_location,
            create_output_directories=create_output_directories,
            mechanism=mechanism,
            environment_variable_name=environment_variable_name,
            path_on_compute=path_on_compute,
            overwrite=overwrite,
            options=options,
        )


class GlobsOptions(Section):
    """Patterns of files."""

    patterns: list[str] | None = texts(None)

    def __init__(self, patterns: list[str] | None = None) -> None:
        super().__init__(patterns=patterns)


class UploadOptions(Section):
    """Which files are uploaded, and whether they may replace others."""

    overwrite: bool = flag(default=False)
    source_globs: GlobsOptions | None = section(GlobsOptions, optional=True)

    def __init__(self, overwrite: bool = False, source_globs: GlobsOptions | None = None) -> None:
        super().__init__(overwrite=overwrite, source_globs=source_globs)


class MountOptions(Section):
    """How a mounted output behaves."""

    disable_metadata_cache: bool = flag(default=False)

    def __init__(self, disable_metadata_cache: bool = False) -> None:
        super().__init__(disable_metadata_cache=disable_metadata_cache)


class DatasetRegistrationOptions(Section):
    """What is done to an output before it is registered as a dataset."""

    additional_transformation: str | None = text()

    def __init__(self, additional_transformations: str | None = None) -> None:
        super().__init__(additional_transformation=additional_transformations)


class RegistrationOptions(Section):
    """Under which name an output is registered as a dataset."""

    name: str | None = text()
    description: str | None = text()
    tags: dict[str, str] | None = texts_by_name()
    dataset_registration_options: DatasetRegistrationOptions | None = section(DatasetRegistrationOptions, optional=True)

    def __init__(
        self,
        name: str | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        dataset_registration_options: DatasetRegistrationOptions | None = None,
    ) -> None:
        super().__init__(
            name=name,
            description=description,
            tags=tags,
            dataset_registration_options=dataset_registration_options,
        )


class OutputOptions(Section):
    """How an output is kept."""

    path_on_compute: str | None = text()
    registration_options: RegistrationOptions | None = section(RegistrationOptions, optional=True)
    upload_options: UploadOptions | None = section(UploadOptions, optional=True)
    mount_options: MountOptions | None = section(MountOptions, optional=True)

    def __init__(
        self,
        path_on_compute: str | None = None,
        registration_options: RegistrationOptions | None = None,
        upload_options: UploadOptions | None = None,
        mount_options: MountOptions | None = None,
    ) -> None:
        super().__init__(
            path_on_compute=path_on_compute,
            registration_options=registration_options,
            upload_options=upload_options,
            mount_options=mount_options,
        )


class OutputData(Section):
    """Data that a run writes.

    Parameters
    ----------
    output_location : DataLocation, optional
    mechanism : str, default="mount"
        `mount` or `upload`.
    additional_options : OutputOptions, optional
    """

    output_location: DataLocation | None = section(DataLocation, optional=True)
    mechanism: str = text("mount")
    additional_options: OutputOptions | None = section(OutputOptions, optional=True)

    def __init__(
        self,
        output_location: DataLocation | None = None,
        mechanism: str = "mount",
        additional_options: OutputOptions | None = None,
    ) -> None:
        super().__init__(output_location=output_location, mechanism=mechanism, additional_options=additional_options)
