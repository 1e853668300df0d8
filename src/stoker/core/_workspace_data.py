"""What a workspace keeps: experiments, targets, environments, datastores, data sets, models, secrets."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.compute import ComputeTarget
    from stoker.core.datastore import Datastore
    from stoker.core.environment import Environment
    from stoker.core.experiment import Experiment
    from stoker.core.keyvault import Keyvault
    from stoker.core.model import Model
    from stoker.core.workspace import Workspace
    from stoker.data.abstract_dataset import AbstractDataset

__all__ = ["WorkspaceData"]


class WorkspaceData:
    """A workspace as the place where things are looked up by name."""

    @property
    def experiments(self) -> dict[str, Experiment]:
        """Name -> experiment, asked anew each time."""
        from stoker.core.experiment import Experiment

        return {experiment.name: experiment for experiment in Experiment.list(self._whole)}

    @property
    def compute_targets(self) -> dict[str, ComputeTarget]:
        """Name -> compute target, asked anew each time."""
        from stoker.core.compute import ComputeTarget

        return {target.name: target for target in ComputeTarget.list(self._whole)}

    @property
    def environments(self) -> dict[str, Environment]:
        """Name -> latest version of the environment, asked anew each time."""
        from stoker.core.environment import Environment

        return Environment.list(self._whole)

    @property
    def datastores(self) -> dict[str, Datastore]:
        """Name -> datastore, asked anew each time."""
        from stoker.core.datastore import all_datastores

        return all_datastores(self._whole)

    def get_default_datastore(self) -> Datastore:
        """Return the datastore that is used where none is named."""
        from stoker.core.datastore import Datastore

        return Datastore.get_default(self._whole)

    def get_mlflow_tracking_uri(self, with_auth: bool = False) -> str:
        """Return the address for `mlflow.set_tracking_uri`: what MLflow logs lands in runs and models of the workspace.

        The client's token is set in this process' environment (`MLFLOW_TRACKING_TOKEN`), and the service stays while
        the process lives.

        Parameters
        ----------
        with_auth : bool, default=False
            v1's argument, without effect.

        Examples
        --------
        >>> mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())  # doctest: +SKIP
        """
        from stoker.core._mlflow import tracking_uri

        del with_auth
        return tracking_uri(self._whole._api)  # noqa: SLF001  # one package

    def set_default_datastore(self, name: str | Datastore) -> None:
        """Make a datastore the default.

        Parameters
        ----------
        name : str or Datastore
        """
        from stoker.core.datastore import Datastore

        store = Datastore.get(self._whole, name) if isinstance(name, str) else name
        store.set_as_default()

    @property
    def datasets(self) -> dict[str, AbstractDataset]:
        """Name -> latest version of the registered dataset, asked anew each time."""
        from stoker.core.dataset import Dataset

        return Dataset.get_all(self._whole)

    @property
    def models(self) -> dict[str, Model]:
        """Name -> latest version of the model, asked anew each time."""
        from stoker.core.model import Model

        return {model.name: model for model in Model.list(self._whole, latest=True)}

    @property
    def images(self) -> dict[str, Any]:
        """Empty: images of models are not made here."""
        return {}

    @property
    def webservices(self) -> dict[str, Any]:
        """Empty: models are not deployed from here."""
        return {}

    def get_default_keyvault(self) -> Keyvault:
        """Return the workspace's secrets.

        Examples
        --------
        >>> workspace.get_default_keyvault().set_secret("password", "swordfish")  # doctest: +SKIP
        """
        from stoker.core.keyvault import Keyvault

        return Keyvault(self._whole)

    def get_default_compute_target(self, type: str) -> ComputeTarget | None:  # noqa: A002  # v1's name
        """Return the target `cpu-cluster` or `gpu-cluster`, or None.

        Parameters
        ----------
        type : {"CPU", "GPU"}
        """
        if str(type).upper() not in {"CPU", "GPU"}:
            raise UserErrorException(
                f"There is no default target of the type {type!r}. Give 'CPU' or 'GPU'.", target="type"
            )
        return self.compute_targets.get(f"{str(type).lower()}-cluster")

    @property
    def _whole(self) -> Workspace:
        return self  # type: ignore[return-value]  # `Workspace` is the one class that is made of this
