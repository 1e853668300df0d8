"""The run configurations of a folder, by name."""

from __future__ import annotations

import os

__all__ = ["config_files"]

_PLACES = (".azureml", "aml_config")
_ENDING = ".runconfig"


def config_files(folder: str) -> dict[str, str]:
    """Return name -> file of the run configurations in `.azureml` and `aml_config` of `folder`.

    A file without an ending is one too: `RunConfiguration.save` writes it so, as v1 does.
    """
    found: dict[str, str] = {}
    for place in _PLACES:
        inside = os.path.join(folder, place)
        names = sorted(os.listdir(inside)) if os.path.isdir(inside) else []
        for name in names:
            file = os.path.join(inside, name)
            if name.endswith(_ENDING) or ("." not in name and os.path.isfile(file)):
                found.setdefault(name.removesuffix(_ENDING), file)
    return found
