"""v1's container images of models, which Stoker does not make: importable, and clear when used."""

from __future__ import annotations

from stoker.core._cloud import cloud_only

__all__ = ["ContainerImage", "Image"]

# v1 has modules below this one, and `stoker.azureml` answers for them.
__path__: list[str] = []

_INSTEAD = (
    "Stoker makes no images: load the model with Model.get_model_path, or build one with "
    "`mlflow models build-docker -m models:/NAME/VERSION`."
)

ContainerImage = cloud_only("ContainerImage", __name__, _INSTEAD)
Image = cloud_only("Image", __name__, _INSTEAD)
