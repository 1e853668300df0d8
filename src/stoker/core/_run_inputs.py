"""The data objects in a configuration that is submitted: they become sections of its definition, and placeholders."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.runconfig import RunConfiguration
    from stoker.core.workspace import Workspace

__all__ = ["RunInputs", "reference_to_resume_from"]

RESUME_FROM = "resume_from"
"""The name of the data reference that `resume_from` becomes."""


class RunInputs:
    """Inputs, outputs and data references that stand as objects in arguments or in the sections of a configuration.

    Parameters
    ----------
    configuration : RunConfiguration
        A copy: the objects in its sections `data`, `output_data` and `data_references` are taken out of them, until
        `complete` puts sections in their place.

    Raises
    ------
    stoker.exceptions.UserErrorException
        Two of them have one name, or a section holds something else.
    """

    def __init__(self, configuration: RunConfiguration) -> None:
        self._configuration = configuration
        self._inputs: dict[str, Any] = {}
        self._outputs: dict[str, Any] = {}
        self._references: dict[str, Any] = {}
        given = [configuration.data or {}, configuration.output_data or {}]
        configuration.data, configuration.output_data = (
            {name: item for name, item in sections.items() if not _is_of_data(item)} for sections in given
        )
        configuration.data_references = {
            name: item.to_config() if hasattr(item, "to_config") else item
            for name, item in (configuration.data_references or {}).items()
        }
        for item in (item for sections in given for item in sections.values() if _is_of_data(item)):
            self.word_for(item)

    def words(self, items: Any) -> Any:
        """Return a list with the placeholder of each data object in its place; a text stays."""
        if isinstance(items, (str, bytes)) or not hasattr(items, "__iter__"):
            return items
        return [self.word_for(item) if _is_of_data(item) else item for item in items]

    def word_for(self, item: Any) -> str:
        """Take in a data object and return its placeholder.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It can't be an argument; the message says what can.
        """
        if hasattr(item, "_to_data"):
            return self._take(self._inputs, item.name, item)
        if hasattr(item, "_to_output_data"):
            return self._take(self._outputs, item.name, item)
        if hasattr(item, "to_config"):
            return self._take_reference(item)
        if hasattr(item, "as_named_input"):
            raise UserErrorException(
                f"A {type(item).__name__} stands among the arguments, and a script can only be given text. Pass "
                "dataset.as_named_input('name'), followed by .as_mount() or .as_download() where the script wants "
                "files.",
                target="arguments",
            )
        raise UserErrorException(
            f"A {type(item).__name__} can't be an argument. Pass datastore.path('...').as_mount(), a dataset's "
            "as_named_input('name'), or an OutputFileDatasetConfig.",
            target="arguments",
        )

    def complete(self, workspace: Workspace) -> None:
        """Write the sections of all objects into the configuration; datasets are saved, so that they have ids.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A dataset or datastore belongs to another workspace, or the input can't be used.
        """
        for name, item in self._inputs.items():
            self._configuration.data[name] = item._to_data(workspace)  # noqa: SLF001  # the SDK is one package
        for name, item in self._outputs.items():
            self._configuration.output_data[name] = item._to_output_data()  # noqa: SLF001  # the same
        for name, item in self._references.items():
            self._configuration.data_references[name] = item.to_config()

    def _take(self, group: dict[str, Any], name: str, item: Any) -> str:
        known = {**self._inputs, **self._outputs}.get(name)
        if known is not None and known is not item:
            raise _taken(name)
        if name in self._configuration.data or name in self._configuration.output_data:
            raise _taken(name)
        group[name] = item
        return str(item.arg_val)

    def _take_reference(self, item: Any) -> str:
        name = item.data_reference_name
        known = self._references.get(name)
        configured = self._configuration.data_references.get(name)
        other = known.to_config() if known is not None else configured
        if other is not None and other.to_dict() != item.to_config().to_dict():
            raise UserErrorException(
                f"Two different data references are called {name!r}: {item.mode} of {item.path_on_datastore!r} and "
                f"{other.mode} of {other.path_on_data_store!r}. Give one of them another data_reference_name.",
                target=name,
            )
        if other is None:
            self._references[name] = item
        return str(item)


def reference_to_resume_from(resume_from: Any) -> Any:
    """Return what stands in the arguments for `resume_from`: of a `DataPath` a reference that is mounted."""
    if not hasattr(resume_from, "path_on_datastore") or hasattr(resume_from, "to_config"):
        return resume_from
    from stoker.data.data_reference import DataReference

    return DataReference(resume_from.datastore, RESUME_FROM, resume_from.path_on_datastore)


def _is_of_data(item: Any) -> bool:
    """Whether it is an object of `stoker.data`, which need not be imported to know it."""
    return any(base.__module__.startswith("stoker.data.") for base in type(item).__mro__)


def _taken(name: str) -> UserErrorException:
    return UserErrorException(
        f"Two inputs or outputs of the run are called {name!r}, and each becomes the environment variable of its name. "
        "Give one of them another name.",
        target=name,
    )
