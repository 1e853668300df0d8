"""What the command line has: nouns and root verbs, each with one line of help, and the module of each verb."""

from __future__ import annotations

__all__ = ["GRAMMARS", "NOUNS", "ROOT_VERBS"]

NOUNS: dict[str, str] = {
    "run": "Submit scripts, and look at what they did",
    "experiment": "Groups of runs",
    "runconfig": "Run configurations of this folder",
    "environment": "Packages that runs start with",
    "datastore": "Places for data",
    "dataset": "Named and versioned data",
    "model": "Named and versioned models",
    "compute": "Targets that runs go to",
    "workspace": "Where runs are kept",
    "server": "The service of a workspace",
    "azureml": "Code that was written for v1",
}
"""Noun -> help; the file `stoker/cli/<noun>.py` holds its verbs."""

ROOT_VERBS: dict[str, tuple[str, str]] = {
    "init": ("root", "Make a workspace in a folder"),
    "status": ("root", "What runs now, and what it takes"),
    "studio": ("root", "Open the workspace in a browser"),
    "demo": ("demo", "Train a small sweep, to see it work"),
    "doctor": ("doctor", "What works on this machine"),
    "gc": ("root", "Clear what nothing refers to"),
    "completion": ("completion", "Names in the shell by Tab"),
}
"""Verb without a noun -> (module, help)."""

GRAMMARS: dict[str, str] = {"az": "v1's command line: stoker az ml GROUP COMMAND"}
"""First word of another command line -> help; `stoker/cli/<word>/dispatch.py` carries it out."""
