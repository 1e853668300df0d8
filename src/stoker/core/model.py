"""Models: files under a name, each registration a new version."""

from __future__ import annotations

import os

from stoker.core._deployment import InferenceConfig, ModelPackage, ModelProfile, refuse
from stoker.core._model_facts import ModelFacts
from stoker.exceptions import ModelNotFoundException, WebserviceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from builtins import list as List  # noqa: N812  # `list` is a method here
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, NoReturn

    from stoker.core.resource_configuration import ResourceConfiguration
    from stoker.core.workspace import Workspace

__all__ = ["InferenceConfig", "Model", "ModelNotFoundException", "ModelPackage", "ModelProfile"]


class Model(ModelFacts):
    """A registered model.

    Parameters
    ----------
    workspace : Workspace
    name : str, optional
        The latest version of that name, unless a version is given.
    id : str, optional
        `name:version`, in place of a name.
    tags, properties : list, optional
        The latest version that has these: keys, and pairs `[key, value]`.
    version : int or str, optional
    run_id : str, optional
        The latest version that this run has made.
    model_framework : str, optional
        The latest version of this framework.
    **kwargs
        v1's other arguments, without effect.

    Raises
    ------
    stoker.exceptions.WebserviceException
        There is none (the message begins with ModelNotFound), or neither a name nor an id is given.

    Examples
    --------
    >>> model = Model(ws, "diabetes")  # doctest: +SKIP
    >>> model.download("models")  # doctest: +SKIP
    'models/ridge.pkl'
    """

    class Framework:
        """Names of frameworks."""

        TENSORFLOW = "TensorFlow"
        SCIKITLEARN = "ScikitLearn"
        ONNX = "Onnx"
        PYTORCH = "PyTorch"
        KERAS = "Keras"
        TFKERAS = "TfKeras"
        XGBOOST = "XGBoost"
        LIGHTGBM = "LightGBM"
        SPARKML = "SparkML"
        CUSTOM = "Custom"
        MULTI = "Multi"

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,  # noqa: A002  # v1's name
        tags: List[Any] | None = None,
        properties: List[Any] | None = None,
        version: int | str | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        **kwargs: Any,
    ) -> None:
        from stoker.core import _model_requests as requests
        from stoker.core._model_lineage import note_use

        del kwargs
        name, wanted = _name_and_version(name, id, version)
        if tags is None and properties is None and run_id is None and model_framework is None:
            record = requests.fetch(workspace, name, wanted)
        else:
            found = requests.matching(workspace, name, tags, properties, run_id, framework=model_framework)
            found = [item for item in found if wanted in {None, item["version"]}]
            if not found:
                raise WebserviceException(
                    f"ModelNotFound: no version of a model {name!r} fulfils all conditions. Model.list shows what "
                    "there is."
                )
            record = found[0]
        super().__init__(workspace, record)
        note_use(workspace, record, "direct")

    @classmethod
    def _of(cls, workspace: Workspace, record: dict[str, Any]) -> Model:
        made = cls.__new__(cls)
        ModelFacts.__init__(made, workspace, record)
        return made

    @staticmethod
    def register(
        workspace: Workspace,
        model_path: str | os.PathLike[str],
        model_name: str,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        datasets: Iterable[tuple[str, Any]] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Sequence[str] | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: ResourceConfiguration | None = None,
    ) -> Model:
        """Copy a local file or folder into the workspace as a new version and return it.

        Parameters
        ----------
        workspace : Workspace
        model_path : str
            A file or folder of this machine.
        model_name : str
            1 to 255 letters, digits, `-`, `.` and `_`, the first a letter or digit.
        tags, properties : dict, optional
            Properties never change.
        description : str, optional
        datasets : list of (role, data set), optional
        model_framework, model_framework_version : str, optional
            See `Model.Framework`.
        child_paths : list of str, optional
            Only these files and folders of the folder.
        sample_input_dataset, sample_output_dataset : Dataset, optional
        resource_configuration : ResourceConfiguration, optional
            Kept, without effect.

        Raises
        ------
        stoker.exceptions.WebserviceException
            The name can't be used, or there is no such file or folder.

        Examples
        --------
        >>> model = Model.register(ws, "outputs/ridge.pkl", "diabetes", tags={"alpha": 0.5})  # doctest: +SKIP
        Registering model diabetes
        >>> model.version  # doctest: +SKIP
        1
        """
        from stoker.client.contents import send_contents
        from stoker.core import _model_requests as requests
        from stoker.core._live import api_of
        from stoker.core._model_files import gather

        requests.check_name(model_name)
        root, names, is_file = gather(model_path, child_paths)
        api = api_of(workspace)
        samples = {"sample_input_dataset": sample_input_dataset, "sample_output_dataset": sample_output_dataset}
        with requests.as_webservice_errors():
            body = requests.facts(
                workspace,
                tags,
                properties,
                description,
                datasets,
                model_framework,
                model_framework_version,
                samples,
                resource_configuration,
            )
            print(f"Registering model {model_name}")  # noqa: T201  # as v1 does
            if not is_file:
                body["details"]["root"] = os.path.basename(root)
            files = send_contents(api, root, names)  # type: ignore[arg-type]  # the protocol's whole class
            record = api.post("/models", {**body, "name": model_name, "files": files, "is_file": is_file})
        return Model._of(workspace, record)

    @staticmethod
    def list(
        workspace: Workspace,
        name: str | None = None,
        tags: List[Any] | None = None,
        properties: List[Any] | None = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> List[Model]:
        """Return the versions for which all conditions hold, the newest first.

        Parameters
        ----------
        workspace : Workspace
        name, run_id, dataset_id, model_framework : str, optional
        tags, properties : list, optional
            Keys, and pairs `[key, value]`, as `['area', ['type', 'regression']]`.
        latest : bool, default=False
            Only the latest version of each name.
        expand, page_count
            v1's arguments, without effect.
        """
        from stoker.core import _model_requests as requests

        del expand, page_count
        found = requests.matching(
            workspace, name, tags, properties, run_id, dataset_id, latest=latest, framework=model_framework
        )
        return [Model._of(workspace, record) for record in found]

    @staticmethod
    def get_model_path(model_name: str, version: int | str | None = None, _workspace: Workspace | None = None) -> str:
        """Return the path of a model's file or folder on this machine.

        Without a version the workspace is asked first, for the latest; then the cache `azureml-models/NAME/VERSION/` of
        the working directory is looked at, then `./NAME`. With a version the cache comes first. In a run, the workspace
        is the run's. Where `AZUREML_MODEL_DIR` is set, as in a deployment of v1, that folder comes before all.

        Parameters
        ----------
        model_name : str
        version : int, optional
            Default: the latest.
        _workspace : Workspace, optional
            Without one, only this machine is searched, outside of runs.

        Raises
        ------
        stoker.exceptions.ModelNotFoundException
            It is nowhere; the message says where it was looked for.
        """
        from stoker.core import _model_requests as requests
        from stoker.core._model_lineage import run_workspace

        if not isinstance(model_name, str) or not model_name:
            raise WebserviceException(f"The model name {model_name!r} is no text. Give the name of a registered model.")
        wanted = requests.check_version(version)
        return requests.model_path(model_name, wanted, _workspace if _workspace is not None else run_workspace())

    def download(self, target_dir: str = ".", exist_ok: bool = False, exists_ok: bool | None = None) -> str:
        """Copy the model to this machine and return the path of its file or folder.

        Parameters
        ----------
        target_dir : str, default="."
            Made when absent.
        exist_ok : bool, default=False
            Whether a file or folder of that name is replaced.
        exists_ok : bool, optional
            v1's old name of it.

        Raises
        ------
        stoker.exceptions.WebserviceException
            There is a file or folder of that name already.
        """
        from stoker.core._model_files import fetch_model
        from stoker.core._model_lineage import note_use
        from stoker.core._model_requests import as_webservice_errors

        note_use(self.workspace, self._record, "download")
        with as_webservice_errors():
            wanted = exist_ok or bool(exists_ok)
            return fetch_model(self.workspace._api, self._record, os.fspath(target_dir), exist_ok=wanted)  # noqa: SLF001  # one package

    @staticmethod
    def deserialize(workspace: Workspace, model_payload: dict[str, Any]) -> Model:
        """Return the model that `serialize` has described."""
        return Model(workspace, id=model_payload["id"])

    @staticmethod
    def deploy(*args: Any, **kwargs: Any) -> NoReturn:
        """Raise `UserErrorException`: `stoker serve` comes with a later version; use `mlflow models serve`."""
        del args, kwargs
        refuse("Model.deploy")

    @staticmethod
    def package(*args: Any, **kwargs: Any) -> NoReturn:
        """Raise `UserErrorException`: `stoker serve` comes with a later version; use `mlflow models serve`."""
        del args, kwargs
        refuse("Model.package")

    @staticmethod
    def profile(*args: Any, **kwargs: Any) -> NoReturn:
        """Raise `UserErrorException`: `stoker serve` comes with a later version; use `mlflow models serve`."""
        del args, kwargs
        refuse("Model.profile")


def _name_and_version(name: str | None, wanted_id: str | None, version: Any) -> tuple[str, int | None]:
    from stoker.core._model_requests import check_version

    if wanted_id is None:
        if not isinstance(name, str) or not name:
            raise WebserviceException("A model is found by its name, or by its id 'name:version'. Give one of them.")
        return name, check_version(version)
    known, _, number = str(wanted_id).rpartition(":")
    if not known or not number.isdecimal():
        raise WebserviceException(
            f"ModelNotFound: {wanted_id!r} is no id of a model. An id is name:version, as 'diabetes:3'."
        )
    if (name is not None and name != known) or (version is not None and check_version(version) != int(number)):
        raise WebserviceException(
            f"The id {wanted_id!r} and the name {name!r} or version {version!r} are of different models. Give one "
            "of them."
        )
    return known, int(number)
