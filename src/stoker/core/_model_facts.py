"""What is on record about a model, and changing it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from typing import Any

    from stoker.core.resource_configuration import ResourceConfiguration
    from stoker.core.run import Run
    from stoker.core.workspace import Workspace

__all__ = ["ModelFacts"]

_MIME_TYPE = "application/json"


class ModelFacts:
    """One version of a model, as it was last fetched.

    Parameters
    ----------
    workspace : Workspace
    record : dict
    """

    def __init__(self, workspace: Workspace, record: dict[str, Any]) -> None:
        self.workspace = workspace
        self._record = record

    @property
    def id(self) -> str:
        """`name:version`."""
        return str(self._record["id"])

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self._record["name"])

    @property
    def version(self) -> int:
        """The number of this version, from 1."""
        return int(self._record["version"])

    @property
    def description(self) -> str | None:
        """What the model is about."""
        text: str | None = self._record["description"]
        return text

    @property
    def tags(self) -> dict[str, str | None]:
        """Tags."""
        return dict(self._record["tags"])

    @property
    def properties(self) -> dict[str, str | None]:
        """Properties, which never change."""
        return dict(self._record["properties"])

    @property
    def created_time(self) -> dt.datetime:
        """When it was registered, in UTC."""
        import datetime as dt

        from stoker.base.times import from_iso

        return dt.datetime.fromtimestamp(from_iso(self._record["created"]), dt.timezone.utc)

    @property
    def created_by(self) -> str | None:
        """The user who registered it."""
        user: str | None = self._record["created_by"]
        return user

    @property
    def model_framework(self) -> str | None:
        """As `ScikitLearn`; see `Model.Framework`."""
        framework: str | None = self._record["framework"]
        return framework

    @property
    def model_framework_version(self) -> str | None:
        """The framework's version."""
        version: str | None = self._record["framework_version"]
        return version

    @property
    def run_id(self) -> str | None:
        """The id of the run that made it."""
        run_id: str | None = self._record["run_id"]
        return run_id

    @property
    def run(self) -> Run | None:
        """The run that made it, fetched; None when there is none any more."""
        from stoker.core.run import Run
        from stoker.exceptions import NotFoundException

        if self.run_id is None:
            return None
        try:
            return Run.get(self.workspace, self.run_id)
        except NotFoundException:
            return None

    @property
    def experiment_name(self) -> str | None:
        """The experiment of that run."""
        name: str | None = self._record["experiment"]
        return name

    @property
    def url(self) -> str:
        """The address of the list of its files."""
        return f"{self.workspace._api.url}/api/v1{self._path}/files"  # noqa: SLF001  # one package

    @property
    def unpack(self) -> bool:
        """False: no model is kept as an archive."""
        return False

    @property
    def mime_type(self) -> str:
        """v1's word for what the model's entry is."""
        return str(self._detail("mime_type") or _MIME_TYPE)

    @property
    def datasets(self) -> dict[str, list[Any]]:
        """Role -> data sets, fetched."""
        found: dict[str, list[Any]] = {}
        for role, dataset_id in self._record["datasets"]:
            found.setdefault(role, []).append(self._dataset(dataset_id))
        return found

    @property
    def sample_input_dataset(self) -> Any:
        """A data set of the form that the model takes; None when none is known."""
        return self._dataset(self._detail("sample_input_dataset"))

    @property
    def sample_output_dataset(self) -> Any:
        """A data set of the form that the model gives; None when none is known."""
        return self._dataset(self._detail("sample_output_dataset"))

    @property
    def resource_configuration(self) -> ResourceConfiguration | None:
        """What it was said to need."""
        from stoker.core.resource_configuration import ResourceConfiguration

        return ResourceConfiguration.deserialize(self._detail("resource_configuration"))

    def update(
        self,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: ResourceConfiguration | None = None,
    ) -> None:
        """Change what is said about the version; what is None stays.

        Parameters
        ----------
        tags : dict, optional
            They take the place of all tags.
        description : str, optional
        sample_input_dataset, sample_output_dataset : Dataset, optional
        resource_configuration : ResourceConfiguration, optional
        """
        from stoker.core._model_requests import as_webservice_errors, details
        from stoker.core._run_base import texts

        samples = {"sample_input_dataset": sample_input_dataset, "sample_output_dataset": sample_output_dataset}
        with as_webservice_errors():
            given = details(self.workspace, samples, resource_configuration)
            new_tags = None if tags is None else texts(tags, "tags", none_allowed=True)
            self._patch(tags=new_tags, description=description, details=given or None)

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Give the version tags; others stay."""
        self.update_tags_properties(add_tags=tags)

    def remove_tags(self, tags: Iterable[str] | str) -> None:
        """Take tags away; one that is not there is passed over."""
        self.update_tags_properties(remove_tags=tags)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Give the version properties, which never change afterwards.

        Raises
        ------
        stoker.exceptions.WebserviceException
            A property has another value already; nothing is written.
        """
        self.update_tags_properties(add_properties=properties)

    def update_tags_properties(
        self,
        add_tags: Mapping[str, Any] | None = None,
        remove_tags: Iterable[str] | str | None = None,
        add_properties: Mapping[str, Any] | None = None,
    ) -> None:
        """Change single tags, and add properties."""
        from stoker.core._model_requests import as_webservice_errors
        from stoker.core._run_base import texts

        gone = [remove_tags] if isinstance(remove_tags, str) else [str(key) for key in remove_tags or ()]
        with as_webservice_errors():
            self._patch(
                add_tags=texts(add_tags or {}, "tags", none_allowed=True),
                remove_tags=gone,
                add_properties=texts(add_properties or {}, "properties", none_allowed=True),
            )

    def add_dataset_references(self, datasets: Iterable[tuple[str, Any]]) -> None:
        """Add data sets, each with its role, as `[("training", dataset)]`."""
        from stoker.core._model_requests import as_webservice_errors, dataset_pairs

        with as_webservice_errors():
            self._patch(add_datasets=dataset_pairs(self.workspace, datasets))

    def delete(self) -> None:
        """Remove this version from the workspace; its number is not given again."""
        from stoker.core._live import api_of
        from stoker.core._model_requests import as_webservice_errors

        with as_webservice_errors():
            api_of(self.workspace).delete(self._path)

    def serialize(self) -> dict[str, Any]:
        """Return all facts as plain data, under v1's names."""
        details = self._record["details"]
        return {
            "createdTime": self.created_time.isoformat(),
            "createdBy": self.created_by,
            "description": self.description,
            "id": self.id,
            "mimeType": self.mime_type,
            "name": self.name,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "tags": self.tags,
            "properties": self.properties,
            "unpack": self.unpack,
            "url": self.url,
            "version": self.version,
            "experimentName": self.experiment_name,
            "runId": self.run_id,
            "runDetails": str(self.run),
            "datasets": [{"name": role, "id": dataset_id} for role, dataset_id in self._record["datasets"]],
            "resourceConfiguration": details.get("resource_configuration"),
            "sampleInputDatasetId": details.get("sample_input_dataset"),
            "sampleOutputDatasetId": details.get("sample_output_dataset"),
        }

    def _detail(self, name: str) -> Any:
        return self._record["details"].get(name)

    def _dataset(self, dataset_id: str | None) -> Any:
        if dataset_id is None:
            return None
        from stoker.core.dataset import Dataset

        return Dataset.get_by_id(self.workspace, dataset_id)

    @property
    def _path(self) -> str:
        from stoker.core._live import segment

        return f"/models/{segment(self.name)}/{self.version}"

    def _patch(self, **changes: Any) -> None:
        from stoker.core._live import api_of

        given = {key: value for key, value in changes.items() if value is not None}
        self._record = api_of(self.workspace).patch(self._path, given)

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, version={self.version}, "
            f"tags={self.tags}, properties={self.properties})"
        )

    def _repr_html_(self) -> str:
        from stoker.core._html import model_table

        return model_table(self)
