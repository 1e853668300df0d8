"""v1's web services, which Stoker does not have: importable, and clear when used."""

from __future__ import annotations

from stoker.core._cloud import cloud_only

__all__ = [
    "AciServiceDeploymentConfiguration",
    "AciWebservice",
    "AksEndpoint",
    "AksServiceDeploymentConfiguration",
    "AksWebservice",
    "LocalWebservice",
    "LocalWebserviceDeploymentConfiguration",
    "Webservice",
]

# v1 has modules below this one, and `stoker.azureml` answers for them.
__path__: list[str] = []

_INSTEAD = (
    "Stoker trains and keeps models and serves none: load the model with Model.get_model_path, or serve it with "
    "`mlflow models serve -m models:/NAME/VERSION`."
)

AciServiceDeploymentConfiguration = cloud_only("AciServiceDeploymentConfiguration", __name__, _INSTEAD)
AciWebservice = cloud_only("AciWebservice", __name__, _INSTEAD)
AksEndpoint = cloud_only("AksEndpoint", __name__, _INSTEAD)
AksServiceDeploymentConfiguration = cloud_only("AksServiceDeploymentConfiguration", __name__, _INSTEAD)
AksWebservice = cloud_only("AksWebservice", __name__, _INSTEAD)
LocalWebservice = cloud_only("LocalWebservice", __name__, _INSTEAD)
LocalWebserviceDeploymentConfiguration = cloud_only("LocalWebserviceDeploymentConfiguration", __name__, _INSTEAD)
Webservice = cloud_only("Webservice", __name__, _INSTEAD)
