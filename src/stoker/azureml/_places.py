"""Where v1's modules and names are in Stoker, and what is said of those that are nowhere."""

from __future__ import annotations

import importlib
import importlib.util

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["COMING", "ELSEWHERE", "ROOTS", "place_of", "second_place", "why_missing", "why_no_name"]

ROOTS = ("azureml", "azureml_user")
"""The top-level packages that v1 code imports."""

_COMPUTE = "stoker.core.compute"
_KINDS = (
    "adla aks amlcompute batch compute computeinstance databricks datafactory dsvm hdinsight kubernetescompute remote "
    "synapse"
)

ELSEWHERE = {
    **{f"azureml.core.compute.{kind}": _COMPUTE for kind in _KINDS.split()},
    **{f"azureml.core.webservice.{kind}": "stoker.core.webservice" for kind in ("aci", "aks", "local", "webservice")},
    **{f"azureml.core.image.{kind}": "stoker.core.image" for kind in ("container", "image")},
    "azureml.core.databricks": "stoker.core.runconfig",
    "azureml.core.profile": "stoker.core.model",
}
"""v1's modules whose place in Stoker does not follow from their names."""

COMING = {
    "automl": "automated machine learning",
    "contrib": "contributed packages",
    "explain": "model explanations",
    "interpret": "model explanations",
    "opendatasets": "open data sets",
    "pipeline": "pipelines",
    "train": "estimators, hyperparameter tuning and automated machine learning",
}
"""v1's packages that a later version of Stoker will have, with what they are."""

_UNTIL_THEN = {
    "contrib": "Leave the import out where only the cloud used it.",
    "explain": "Until they come, use the package `shap` in the script.",
    "interpret": "Until they come, use the package `shap` in the script.",
    "opendatasets": "Until they come, get the files themselves and register them with azureml.core.Dataset.",
}
"""What to do until one comes that is no way to start a script."""

_INSTEAD = {
    "accel": "put models on the cloud's programmable chips, which only the cloud has",
    "dataprep": "read tables, which azureml.core.Dataset does here: Dataset.Tabular.from_delimited_files and its like",
    "mlflow": (
        "let MLflow write to the cloud; here nothing is imported for it: in a run MLflow finds the workspace by "
        "itself, elsewhere call mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())"
    ),
    "monitoring": "watched the cloud's web services, of which there are none here",
    "studio": "belonged to the cloud's designer; a plain script does the same",
}
"""v1's packages that will not be here, and what is said of each."""

_HOMES = {
    "stoker.core": "ComputeTarget Dataset Datastore Environment Experiment Keyvault Model Run RunConfiguration",
    "stoker.core.authentication": "InteractiveLoginAuthentication",
    "stoker.core.compute": "AksCompute AmlCompute ComputeInstance",
    "stoker.core.container_registry": "ContainerRegistry",
    "stoker.core.image": "Image",
    "stoker.core.linked_service": "LinkedService SynapseWorkspaceLinkedServiceConfiguration",
    "stoker.core.model": "InferenceConfig",
    "stoker.core.private_endpoint": "PrivateEndPoint PrivateEndPointConfig",
    "stoker.core.resource_configuration": "ResourceConfiguration",
    "stoker.core.run": "get_run",
    "stoker.core.runconfig": (
        "DEFAULT_GPU_IMAGE Data DockerEnvironment EnvironmentDefinition PythonEnvironment SparkEnvironment"
    ),
    "stoker.core.webservice": "Webservice",
    "stoker.data": (
        "DataPath DataPathComputeBinding DataReference DatasetConsumptionConfig FileDataset TabularDataset"
    ),
    "stoker.data.abstract_dataset": "AbstractDataset",
    "stoker.data.abstract_datastore": "AbstractDatastore",
    "stoker.data.azure_postgre_sql_datastore": "AzurePostgreSqlDatastore",
    "stoker.data.dataset_factory": "FileDatasetFactory TabularDatasetFactory",
    "stoker.data.dataset_type_definitions": (
        "FileEncoding HistogramCompareMethod PromoteHeadersBehavior SkipLinesBehavior"
    ),
    "stoker.exceptions": (
        "ActivityFailedException AuthenticationException AzureMLException ComputeTargetException "
        "DatasetTimestampMissingError ExperimentExecutionException ProjectSystemException RunEnvironmentException "
        "SnapshotException UserErrorException WebserviceException"
    ),
}
_HOME = {name: place for place, names in _HOMES.items() for name in names.split()}

_SECOND = {
    "core": (
        "ContainerRegistry Image LinkedService PrivateEndPoint PrivateEndPointConfig "
        "SynapseWorkspaceLinkedServiceConfiguration Webservice get_run"
    ),
    "core.authentication": "AuthenticationException AzureMLException RunEnvironmentException UserErrorException",
    "core.compute": "ComputeTargetException",
    "core.compute_target": "UserErrorException",
    "core.dataset": "FileEncoding HistogramCompareMethod PromoteHeadersBehavior SkipLinesBehavior",
    "core.environment": "AzureMLException DockerEnvironment PythonEnvironment SparkEnvironment",
    "core.experiment": "ComputeInstance DEFAULT_GPU_IMAGE UserErrorException",
    "core.image": "ContainerRegistry Model WebserviceException",
    "core.linked_service": "UserErrorException",
    "core.model": (
        "AksCompute ContainerRegistry Dataset Environment Experiment FileDataset ResourceConfiguration "
        "RunEnvironmentException TabularDataset UserErrorException WebserviceException get_run"
    ),
    "core.private_endpoint": "InteractiveLoginAuthentication",
    "core.resource_configuration": "WebserviceException",
    "core.run": (
        "AbstractDataset ActivityFailedException DataPath Datastore Environment ExperimentExecutionException Keyvault "
        "RunEnvironmentException SnapshotException UserErrorException"
    ),
    "core.runconfig": "ComputeTarget DatasetConsumptionConfig Run UserErrorException",
    "core.script_run": "AzureMLException RunConfiguration UserErrorException",
    "core.script_run_config": "Data DataPath DataPathComputeBinding EnvironmentDefinition",
    "core.webservice": "ComputeTarget Environment Image InferenceConfig Model WebserviceException",
    "core.workspace": (
        "AmlCompute ComputeTarget Dataset Image InteractiveLoginAuthentication Keyvault LinkedService Model "
        "ProjectSystemException UserErrorException Webservice"
    ),
    "data.abstract_dataset": (
        "DatasetConsumptionConfig FileDatasetFactory RunEnvironmentException TabularDatasetFactory"
    ),
    "data.azure_data_lake_datastore": "AbstractDatastore",
    "data.azure_my_sql_datastore": "AbstractDatastore",
    "data.azure_postgre_sql_datastore": "AbstractDatastore",
    "data.azure_sql_database_datastore": "AbstractDatastore",
    "data.azure_storage_datastore": "AbstractDatastore DataReference UserErrorException",
    "data.context_managers": "AzureMLException",
    "data.dataset_error_handling": "AzureMLException UserErrorException",
    "data.dataset_factory": "AbstractDatastore AzurePostgreSqlDatastore DataPath DataReference",
    "data.dataset_profile": "AzureMLException",
    "data.dbfs_datastore": "AbstractDatastore",
    "data.file_dataset": "AzureMLException",
    "data.hdfs_datastore": "AbstractDatastore",
    "data.output_dataset_config": "AbstractDataset",
    "data.tabular_dataset": "AbstractDataset AzureMLException DatasetTimestampMissingError FileDataset",
}
"""Names that modules below `azureml` had besides their own, as v1 imported them there; users' code relies on it."""


def place_of(name: str) -> str | None:
    """Return the module of Stoker that a module of v1 is; None when there is none.

    Examples
    --------
    >>> place_of("azureml.core.run")
    'stoker.core.run'
    >>> place_of("azureml.core.compute.amlcompute")
    'stoker.core.compute'
    """
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    root, *parts = name.split(".")
    if root != ROOTS[0] or any(part.startswith("_") for part in parts) or parts[0] in _NOT_V1:
        return None
    place = ".".join(["stoker", *parts])
    try:
        found = importlib.util.find_spec(place)
    except ModuleNotFoundError:
        return None
    return place if found is not None else None


_NOT_V1 = frozenset({"azureml", "base", "cli", "client", "porting", "runner", "service", "testing"})


def second_place(place: str, name: str) -> str | None:
    """Return the module of Stoker that has what v1 had a second time in another module; None when it had not.

    Parameters
    ----------
    place : str
        The other module, as it is called in Stoker.
    name : str

    Examples
    --------
    >>> second_place("stoker.core.model", "Dataset")
    'stoker.core'
    """
    names = _SECOND.get(place.partition(".")[2], "")
    return _HOME[name] if name in names.split() else None


def why_missing(name: str) -> str:
    """Return what is said when a module of v1 is imported that Stoker does not have.

    Examples
    --------
    >>> why_missing("azureml._restclient").split(".")[0]
    'azureml'
    """
    root, *parts = name.split(".")
    if root != ROOTS[0]:
        return _later(name, "scripts of a parallel run")
    private = next((part for part in parts if part.startswith("_")), None)
    if private is not None:
        return (
            f"{name} is private to v1's client, and Stoker has no such module. Use the public classes: "
            "azureml.core has Workspace, Experiment, Run, Environment, Dataset, Datastore and Model, and "
            "azureml.exceptions the errors."
        )
    if parts[0] in COMING:
        return _later(name, COMING[parts[0]], _UNTIL_THEN.get(parts[0], _SUBMIT))
    if parts[0] in _INSTEAD:
        return f"{name} is not part of Stoker. It {_INSTEAD[parts[0]]}."
    return f"{name} is not known to Stoker, which has {_there_is()}."


def why_no_name(place: str, name: str) -> str:
    """Return what is said when a name is imported from a module of Stoker that does not have it.

    Parameters
    ----------
    place : str
        The module, as it is called in Stoker.
    name : str

    Examples
    --------
    >>> why_no_name("stoker.core", "TabularDataset").split(": ")[1]
    'import it from azureml.data.'
    """
    from stoker.base.names import suggestion

    said = f"cannot import name {name!r} from {_v1(place)!r}, which is Stoker here and has no such name: "
    home = next((home for home in _HOMES if name in _names(home)), None)
    if home is not None:
        return f"{said}import it from {_v1(home)}."
    more = suggestion(name, [known for known in _names(place) if known[0] != "_"])
    return f"{said}{more} `stoker azureml check FILE` says what else of v1 a file uses that is not here."


def _v1(place: str) -> str:
    return f"{ROOTS[0]}.{place.partition('.')[2]}"


def _names(place: str) -> Iterable[str]:
    names: Iterable[str] = getattr(importlib.import_module(place), "__all__", ())
    return names


_SUBMIT = "Until it comes, submit the script itself with azureml.core.ScriptRunConfig."


def _later(name: str, what: str, until: str = _SUBMIT) -> str:
    return f"{name} ({what}) is not part of this version of Stoker, which has {_there_is()}. {until}"


def _there_is() -> str:
    names = ("core", "data", "exceptions", "widgets", "tensorboard", "telemetry", "opendatasets")
    built = [f"azureml.{name}" for name in names if place_of(f"azureml.{name}") is not None]
    return ", ".join(built[:-1]) + f" and {built[-1]}"
