"""MLflow's own client, in an environment of its own: it is never a dependency of ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.services.installed import python_environment

import stoker
from stoker.testing.workspaces import TemporaryWorkspace

__all__ = ["NO_ADDRESS", "client_variables", "logging_in", "mlflow_python", "run_client", "skinny_python"]

PACKAGES = ["mlflow>=3.4", "scikit-learn>=1.5", "lightgbm>=4", "xgboost-cpu>=2", "matplotlib>=3.8", "skops>=0.10"]


def mlflow_python() -> str:
    """Return an interpreter that has the full client and three libraries that it logs by itself."""
    return str(python_environment("mlflow", PACKAGES) / "bin" / "python")


def skinny_python() -> str:
    """Return an interpreter that has the small client, `mlflow-skinny`, and what models need with it."""
    return str(python_environment("mlflow-skinny", ["mlflow-skinny>=3.4", "pandas"]) / "bin" / "python")


def client_variables(workspace: TemporaryWorkspace, **more: str) -> dict[str, str]:
    """Return the variables of a process whose client talks to the workspace."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON"))}
    ours = {"MLFLOW_TRACKING_URI": workspace.api.url, "MLFLOW_TRACKING_TOKEN": workspace.api.token}
    return {**kept, **ours, "MPLBACKEND": "Agg", **more}


def logging_in(workspace: TemporaryWorkspace) -> str:
    """Return the lines of a notebook that open the workspace as `ws` and lead MLflow's client there."""
    return (
        f"import sys\nsys.path.insert(0, {str(Path(stoker.__file__).parents[1])!r})\n"
        "import mlflow\nfrom stoker.core import Workspace\n"
        f"ws = Workspace.from_config({str(workspace.root)!r})\n"
        "mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())\n"
    )


NO_ADDRESS = {"MLFLOW_TRACKING_URI": "", "MLFLOW_TRACKING_TOKEN": ""}
"""Variables of a process that knows of no workspace."""


def run_client(workspace: TemporaryWorkspace, code: str, folder: Path, python: str | None = None, **more: str) -> str:
    """Run code with the real client, the full one by default, and return what it printed."""
    done = subprocess.run(
        [python or mlflow_python(), "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env=client_variables(workspace, **more),
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
    return done.stdout
