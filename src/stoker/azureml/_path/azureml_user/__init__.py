"""`azureml_user` inside a run: also where `azureml` was not imported first, Stoker's finder answers for it."""

from __future__ import annotations

import os
import sys

if __name__ == "azureml_user" and os.environ.get("STOKER_AZUREML", "").lower() != "off":
    del sys.modules[__name__]
    import stoker.azureml

    stoker.azureml.install()
    __import__(__name__)
