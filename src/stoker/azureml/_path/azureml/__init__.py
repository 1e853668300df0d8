"""`azureml` inside a run, or under `stoker azureml exec`: a package in a folder that comes first on `PYTHONPATH`.

It shadows the name `azureml` and no other, costs nothing until that is imported, and is found by child processes too.
With `STOKER_AZUREML=off` it steps aside for whatever else has that name.
"""

from __future__ import annotations

import os
import sys


def _stand_in() -> None:
    del sys.modules[__name__]
    if os.environ.get("STOKER_AZUREML", "").lower() == "off":
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        before = list(sys.path)
        sys.path[:] = [place for place in before if os.path.abspath(place or ".") != here]
        try:
            __import__("azureml")
        finally:
            sys.path[:] = before
    else:
        import stoker.azureml

        stoker.azureml.install()
        __import__("azureml")


if __name__ == "azureml":
    _stand_in()
