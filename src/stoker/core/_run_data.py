"""What a run takes from its workspace and gives to it: secrets, data sets, models."""

from __future__ import annotations

from stoker.core._run_views import RunViews

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from stoker.core.model import Model
    from stoker.core.resource_configuration import ResourceConfiguration

__all__ = ["RunData"]


class RunData(RunViews):
    """A run with the data and secrets of its workspace."""

    def get_secret(self, name: str) -> str:
        """Return the value of a secret of the workspace; see `Keyvault`.

        Parameters
        ----------
        name : str

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is none of that name; the message suggests the nearest.

        Examples
        --------
        >>> password = Run.get_context().get_secret("database-password")  # doctest: +SKIP
        """
        from stoker.core.keyvault import Keyvault

        return Keyvault(self._experiment.workspace).get_secret(name)

    def get_secrets(self, secrets: Iterable[str]) -> dict[str, str | None]:
        """Return name -> value for several secrets of the workspace; None for one that is not there."""
        from stoker.core.keyvault import Keyvault

        return Keyvault(self._experiment.workspace).get_secrets(secrets)

    def register_model(
        self,
        model_name: str,
        model_path: str | None = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        description: str | None = None,
        datasets: Iterable[tuple[str, Any]] | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: ResourceConfiguration | None = None,
        **kwargs: Any,
    ) -> Model:
        """Make a new version of a model of a file or folder of the run, and return it.

        In the run's own script, what is at that path is uploaded first; otherwise it is there once the run has ended,
        or once `upload_file` was called.

        Parameters
        ----------
        model_name : str
            1 to 255 letters, digits, `-`, `.` and `_`, the first a letter or digit.
        model_path : str, optional
            Its name among the run's files, as `outputs/model.pkl`, or a folder, as `outputs`. Default: `model_name`.
        tags, properties, description, datasets, model_framework, model_framework_version, **others
            As in `Model.register`.
        **kwargs
            v1's other arguments, without effect.

        Raises
        ------
        stoker.exceptions.ModelPathNotFoundException
            The run has no such file; the message suggests the nearest.
        stoker.exceptions.WebserviceException
            The name can't be used.

        Examples
        --------
        >>> model = run.register_model("diabetes", "outputs/ridge.pkl", tags={"alpha": 0.5})  # doctest: +SKIP
        """
        from stoker.core._model_requests import facts
        from stoker.core._run_models import register

        del kwargs
        samples = {"sample_input_dataset": sample_input_dataset, "sample_output_dataset": sample_output_dataset}
        return register(
            self,
            model_name,
            model_path,
            lambda: facts(
                self._experiment.workspace,
                tags,
                properties,
                description,
                datasets,
                model_framework,
                model_framework_version,
                samples,
                resource_configuration,
            ),
        )
