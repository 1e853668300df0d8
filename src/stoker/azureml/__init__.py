"""Let `import azureml` mean Stoker, so that v1 code runs with no word changed.

Importing this module puts a finder on `sys.meta_path` that answers for `azureml` and all below it. There is one class
under two names: `azureml.core.Run is stoker.core.Run`, and `isinstance`, pickles and `except` clauses agree. Inside a
run on Stoker nothing need be imported: `azureml` means Stoker there by itself, in child processes too, unless
`STOKER_AZUREML=off`.

Examples
--------
>>> import stoker.azureml
>>> from azureml.core import Run
>>> from stoker.core import Run as Ours
>>> Run is Ours
True
"""

from __future__ import annotations

import os

from stoker.azureml._finder import install, installed, uninstall

__all__ = ["PATH", "install", "installed", "uninstall"]

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_path")
"""A folder that holds nothing but a package `azureml`: first on `PYTHONPATH`, it does the same for child processes."""

install()
