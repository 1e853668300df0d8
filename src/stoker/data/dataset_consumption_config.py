"""How a run gets a dataset."""

from __future__ import annotations

from stoker.data._names import check_name, random_name
from stoker.data.constants import DIRECT_MODE, DOWNLOAD_MODE, HDFS_MODE, MOUNT_MODE
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core._data_sections import Data
    from stoker.core.workspace import Workspace

__all__ = ["DatasetConsumptionConfig"]

_MODES = (DIRECT_MODE, DOWNLOAD_MODE, MOUNT_MODE, HDFS_MODE)


class DatasetConsumptionConfig:
    """A dataset as an input of a run, under a name and in a mode.

    It can stand in the `arguments` of a `ScriptRunConfig`, where the script sees a path (mount, download) or the
    dataset's id (direct).

    Parameters
    ----------
    name : str
        The input's name, also that of the environment variable; letters, digits and underscores. None: a name is made.
    dataset : TabularDataset, FileDataset, OutputDatasetConfig, PipelineParameter or tuple
        A tuple is `(workspace, name)` for the latest version, or `(workspace, name, version)`.
    mode : str, default="direct"
        `direct` (the script opens the dataset), `mount` (the files are seen in place), `download` (they are copied)
        or `hdfs`.
    path_on_compute : str, optional
        Where the files are to be seen: absolute, or relative to the run's working directory.

    Attributes
    ----------
    dataset, mode, path_on_compute
        As given; a tuple has become its dataset.
    arg_val : str
        What stands for it in a run's arguments, until the run starts.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The name or the mode can't be used; the dataset is no dataset, or can't be seen as files.

    Examples
    --------
    >>> from stoker.data.dataset_factory import FileDatasetFactory
    >>> dataset = FileDatasetFactory.from_files("http://example.org/a.csv", validate=False)
    >>> DatasetConsumptionConfig("training", dataset).as_mount("/tmp/here").mode
    'mount'
    """

    def __init__(
        self, name: str | None, dataset: Any, mode: str = DIRECT_MODE, path_on_compute: str | None = None
    ) -> None:
        self.mode = _checked_mode(mode)
        self._latest: tuple[Workspace, str] | None = None
        self.dataset = self._found(dataset) if isinstance(dataset, tuple) else dataset
        _check_dataset(self.dataset, self.mode)
        if path_on_compute is not None and not isinstance(path_on_compute, str):
            raise UserErrorException(
                f"path_on_compute={path_on_compute!r} is no text. Give a path such as '/tmp/data'.",
                target="path_on_compute",
            )
        self.path_on_compute = path_on_compute
        self._name = check_name(name, "input") if name else random_name("input")

    @property
    def name(self) -> str:
        """The input's name in the run."""
        return self._name

    @property
    def arg_val(self) -> str:
        """What stands for the input in a run's arguments, until the run starts."""
        return f"DatasetConsumptionConfig:{self._name}"

    def as_mount(self, path_on_compute: str | None = None) -> DatasetConsumptionConfig:
        """Return the input in mount mode: the script gets a path, and nothing is copied where that can be spared.

        Parameters
        ----------
        path_on_compute : str, optional
            Absolute, or relative to the run's working directory.
        """
        return self._in_mode(MOUNT_MODE, path_on_compute)

    def as_download(self, path_on_compute: str | None = None) -> DatasetConsumptionConfig:
        """Return the input in download mode: the script gets the path of copies that are its own.

        Parameters
        ----------
        path_on_compute : str, optional
            Absolute, or relative to the run's working directory.
        """
        return self._in_mode(DOWNLOAD_MODE, path_on_compute)

    def as_hdfs(self) -> DatasetConsumptionConfig:
        """Return the input in HDFS mode, for Spark."""
        return self._in_mode(HDFS_MODE, None)

    def _in_mode(self, mode: str, path_on_compute: str | None) -> DatasetConsumptionConfig:
        made = DatasetConsumptionConfig(self._name, self.dataset, mode, path_on_compute)
        made._latest = self._latest  # an object of this class
        return made

    def _found(self, words: tuple[Any, ...]) -> Any:
        from stoker.core.dataset import Dataset

        if len(words) not in {2, 3}:
            raise UserErrorException(
                f"A dataset is named by (workspace, name) or (workspace, name, version), and this has {len(words)} "
                "parts.",
                target="dataset",
            )
        version = words[2] if len(words) == 3 else "latest"
        if version == "latest":
            self._latest = (words[0], words[1])
        return Dataset.get_by_name(words[0], words[1], version)

    def _current(self) -> Any:
        """Return the dataset that a run submitted now gets: of `(workspace, name)` the version that is latest now."""
        from stoker.core.dataset import Dataset

        return self.dataset if self._latest is None else Dataset.get_by_name(*self._latest)

    def _to_data(self, workspace: Workspace) -> Data:
        """Return the input as a section of a run's definition; the dataset is saved, so that it has an id."""
        from stoker.core._data_sections import Data, DataLocation
        from stoker.core._data_sections import Dataset as DatasetSection

        dataset = self._current()
        dataset = getattr(dataset, "default_value", dataset)
        if not hasattr(dataset, "_ensure_saved"):
            raise UserErrorException(
                f"The input {self._name!r} is the output {dataset.name!r} of another step, which is there only within "
                "one pipeline. Register that output (register_on_complete), and pass the registered dataset.",
                target=self._name,
            )
        saved = dataset._ensure_saved(workspace)  # noqa: SLF001  # one package
        location = DataLocation(dataset=DatasetSection(saved, dataset.name, dataset.version))
        return Data(
            data_location=location,
            mechanism=self.mode,
            environment_variable_name=self._name,
            path_on_compute=self.path_on_compute,
        )

    def __repr__(self) -> str:
        return f"DatasetConsumptionConfig({self._name!r}, {type(self.dataset).__name__}, mode={self.mode!r})"


def _checked_mode(mode: object) -> str:
    if isinstance(mode, str) and mode.lower() in _MODES:
        return mode.lower()
    raise UserErrorException(f"Invalid mode {mode!r}. It is one of {', '.join(_MODES)}.", target="mode")


def _check_dataset(dataset: Any, mode: str) -> None:
    """Raise when `dataset` is no dataset, or one whose rows are not those of files and the mode wants files."""
    from stoker.data.abstract_dataset import AbstractDataset
    from stoker.data.output_dataset_config import OutputDatasetConfig, OutputTabularDatasetConfig

    known = getattr(dataset, "default_value", dataset)
    if not isinstance(known, (AbstractDataset, OutputDatasetConfig)):
        raise UserErrorException(
            f"{known!r} is no dataset. Give a TabularDataset, a FileDataset, an output configuration, or a tuple "
            "(workspace, name).",
            target="dataset",
        )
    if mode == DIRECT_MODE:
        return
    if isinstance(known, OutputTabularDatasetConfig):
        raise UserErrorException(
            f"An OutputTabularDatasetConfig holds rows, and {mode} wants files. Pass the OutputFileDatasetConfig that "
            "it was made from, or use as_input() as it is.",
            target="mode",
        )
    if isinstance(known, AbstractDataset):
        known._check_files(mode)  # noqa: SLF001  # one package
