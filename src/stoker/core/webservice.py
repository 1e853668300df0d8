"""v1's web services, which Stoker does not have: importable, and clear when used."""

from __future__ import annotations

from stoker.core._cloud import cloud_only
from stoker.core._deployment import SERVING

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

AciServiceDeploymentConfiguration = cloud_only("AciServiceDeploymentConfiguration", __name__, SERVING)
AciWebservice = cloud_only("AciWebservice", __name__, SERVING)
AksEndpoint = cloud_only("AksEndpoint", __name__, SERVING)
AksServiceDeploymentConfiguration = cloud_only("AksServiceDeploymentConfiguration", __name__, SERVING)
AksWebservice = cloud_only("AksWebservice", __name__, SERVING)
LocalWebservice = cloud_only("LocalWebservice", __name__, SERVING)
LocalWebserviceDeploymentConfiguration = cloud_only("LocalWebserviceDeploymentConfiguration", __name__, SERVING)
Webservice = cloud_only("Webservice", __name__, SERVING)
