"""What all outputs of a run have in common."""

from __future__ import annotations

import copy
import json
import re

from stoker.data._names import check_dataset_name, check_name, random_name
from stoker.data._storage.paths import check_path
from stoker.data.constants import MOUNT_MODE
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from stoker.core._data_sections import OutputData
    from stoker.data.dataset_consumption_config import DatasetConsumptionConfig

__all__ = ["MountOptions", "OutputDatasetConfig", "RegistrationConfiguration", "UploadOptions", "checked_destination"]

_PLACEHOLDERS = ("{run-id}", "{output-name}")


class UploadOptions:
    """What is uploaded at the end of a run.

    Parameters
    ----------
    overwrite : bool, default=False
        Whether files of the destination may be replaced.
    source_globs : str or list of str, optional
        Only files that match are uploaded. Default: all.
    """

    def __init__(self, overwrite: bool = False, source_globs: str | list[str] | None = None) -> None:
        self.overwrite = overwrite
        self.source_globs = [source_globs] if isinstance(source_globs, str) else source_globs


class MountOptions:
    """v1's choice about caches of a mount, kept without effect: nothing is cached here."""

    def __init__(self, disable_metadata_cache: bool = False) -> None:
        self.disable_metadata_cache = disable_metadata_cache


class RegistrationConfiguration:
    """Under which name an output is registered once the run has completed."""

    def __init__(self, name: str, description: str | None = None, tags: dict[str, str] | None = None) -> None:
        self.name = name
        self.description = description
        self.tags = tags


class OutputDatasetConfig:
    """What all outputs of a run have in common.

    Parameters
    ----------
    mode : str
        `mount`, `upload`, `hdfs` or `link`.
    name : str, optional
        Letters, digits and underscores; also the name of the environment variable. Default: a name is made.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The name can't be used.
    """

    def __init__(self, mode: str, name: str | None = None) -> None:
        self.mode = mode
        self._name = check_name(name, "output") if name else random_name("output")
        self._registration: RegistrationConfiguration | None = None
        self._read: dict[str, Any] | None = None
        self._producer: Any = None

    @property
    def name(self) -> str:
        """The output's name in the run."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = check_name(value, "output")

    @property
    def arg_val(self) -> str:
        """What stands for the output in a run's arguments, until the run starts."""
        return f"DatasetOutputConfig:{self._name}"

    def register_on_complete(
        self, name: str, description: str | None = None, tags: dict[str, str] | None = None
    ) -> Self:
        """Return the output with the wish to be registered: a new version of `name` once the run has completed.

        Raises
        ------
        ValueError
            The name is empty.
        stoker.exceptions.UserErrorException
            The name can't be that of a dataset.
        """
        if not name or not isinstance(name, str):
            raise ValueError("register_on_complete wants the name under which the output is registered.")
        check_dataset_name(name)
        made = copy.deepcopy(self)
        made._registration = RegistrationConfiguration(name, description, tags)  # noqa: SLF001  # of this class
        return made

    def as_input(self, name: str | None = None) -> DatasetConsumptionConfig:
        """Return the output as an input of a later step.

        Parameters
        ----------
        name : str, optional
            The input's name. Default: a name is made.
        """
        from stoker.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig(name, self, self._input_mode())

    def _input_mode(self) -> str:
        return MOUNT_MODE

    def _transformation(self) -> str | None:
        """Return how the files are read as a table, as the text that `_definition.of_output` takes."""
        return None if self._read is None else json.dumps(self._read, sort_keys=True)

    def _to_output_data(self) -> OutputData:
        """Return the output as a section of a run's definition."""
        from stoker.core._data_sections import DatasetRegistrationOptions, OutputData, OutputOptions
        from stoker.core._data_sections import RegistrationOptions as RegistrationSection

        wish = self._registration
        registration = RegistrationSection(
            name=None if wish is None else wish.name,
            description=None if wish is None else wish.description,
            tags=None if wish is None else wish.tags,
            dataset_registration_options=DatasetRegistrationOptions(self._transformation()),
        )
        return OutputData(mechanism=self.mode, additional_options=OutputOptions(registration_options=registration))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self._name!r}, mode={self.mode!r})"


def checked_destination(destination: Any) -> Any:
    """Return `(datastore, path)`; the path defaults to the folder of the run and output.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no such tuple, its path leads out of the datastore, or holds a placeholder that nobody fills.
    """
    if destination is None:
        return None
    words = destination if isinstance(destination, tuple) else (destination,)
    store = words[0]
    path = words[1] if len(words) == 2 else "dataset/{run-id}/{output-name}"
    named = isinstance(store, str) or isinstance(getattr(store, "name", None), str)
    if len(words) > 2 or not named or not isinstance(path, str):
        raise UserErrorException(
            f"destination={destination!r} is no tuple (datastore, path). Give for example "
            "(ws.get_default_datastore(), 'prepared/{run-id}').",
            target="destination",
        )
    check_path(path)
    for word in re.findall(r"\{[^{}]*\}", path):
        if word not in _PLACEHOLDERS:
            raise UserErrorException(
                f"The path {path!r} of destination has {word}, which stands for nothing. Write "
                f"{' or '.join(_PLACEHOLDERS)}, or a name.",
                target="destination",
            )
    return store, path
