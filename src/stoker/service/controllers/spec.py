"""What the supervisor of a run is told: command, environment, source, limits."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from stoker.base.paths import WorkspacePaths
from stoker.exceptions import UserErrorException
from stoker.service.environments.base import BuiltEnvironment
from stoker.service.tokens import TokenSigner

__all__ = ["SpecMaker"]

RUN_TOKEN_SECONDS = 60.0 * 60 * 24 * 45
"""A run's token outlives its longest run (30 days)."""


@dataclass
class SpecMaker:
    """Makes `spec.json` of a run.

    Attributes
    ----------
    paths : WorkspacePaths
    config : dict
        The workspace's config.
    signer : TokenSigner
    url : str
        The service's address.
    grace : float
        Seconds between TERM and KILL.
    bundle : str
        The folder with the run-side parts, first on the run's `PYTHONPATH`.
    """

    paths: WorkspacePaths
    config: dict[str, Any]
    signer: TokenSigner
    url: str
    grace: float
    bundle: str

    def make(
        self,
        run: dict[str, Any],
        submission: dict[str, Any],
        environment: BuiltEnvironment,
        manifest: str | None,
        data: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the spec of a run on one node."""
        definition = run["definition"] or {}
        argv, shell = _command(definition, environment.python)
        history = definition.get("history") or {}
        return {
            "kind": "script",
            "argv": argv,
            "shell": shell,
            "env": self._variables(run, submission, environment),
            "snapshot": {"manifest": manifest, "objects": self.paths.objects},
            "work": "work",
            "time_limit": definition.get("maxRunDurationSeconds"),
            "grace": self.grace,
            "processes": [{"rank": 0, "node": "local", "env": {}, "cpus": None, "log": "user_logs/std_log.txt"}],
            "watch": ["outputs", *(history.get("directoriesToWatch") or ["logs"])],
            "home": self.paths.home,
            **({} if data is None else {"data": data}),
        }

    def _variables(
        self, run: dict[str, Any], submission: dict[str, Any], environment: BuiltEnvironment
    ) -> dict[str, str]:
        definition = run["definition"] or {}
        base = {str(name): str(value) for name, value in (submission.get("base_environment") or {}).items()}
        bin_folder = os.path.dirname(environment.python)
        return {
            **base,
            "PATH": os.pathsep.join([bin_folder, base.get("PATH") or os.defpath]),
            **environment.variables,
            **self._own_variables(run),
            **self._v1_variables(run),
            **self._token_variables(run, _asked(definition)),
            **_asked(definition),
            "PYTHONPATH": self._python_path(definition),
            "PYTHONUNBUFFERED": "1",
        }

    def _python_path(self, definition: dict[str, Any]) -> str:
        """Return our folder, then what the user asked for: ours comes first, so that `import stoker` is this one."""
        asked = _asked(definition).get("PYTHONPATH")
        return os.pathsep.join([self.bundle, *([asked] if asked else [])])

    def _own_variables(self, run: dict[str, Any]) -> dict[str, str]:
        return {
            "STOKER_RUN_ID": run["id"],
            "STOKER_ROOT_RUN_ID": run["root_id"],
            "STOKER_RUN_DIR": self.paths.run(run["id"]).folder,
            "STOKER_HOME_DIR": self.paths.home,
            "STOKER_URL": self.url,
            "STOKER_EXPERIMENT": run["experiment"],
            "STOKER_NODE_RANK": "0",
            "STOKER_NODE_COUNT": str(run.get("node_count") or 1),
        }

    def _token_variables(self, run: dict[str, Any], asked: dict[str, str]) -> dict[str, str]:
        """Return the run's token under our name and v1's, and what an MLflow client needs to log to this run."""
        token = self.signer.run_token(run["id"], RUN_TOKEN_SECONDS)
        expiry = str(int(time.time() + RUN_TOKEN_SECONDS))
        tokens = {"STOKER_TOKEN": token, "AZUREML_RUN_TOKEN": token, "AZUREML_RUN_TOKEN_EXPIRY": expiry}
        if "MLFLOW_TRACKING_URI" in asked:
            # The script logs to a server of the user's own: it must not be sent our token, nor an id of a run here.
            return tokens
        return {
            **tokens,
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_TRACKING_TOKEN": token,
            "MLFLOW_RUN_ID": run["id"],
            "MLFLOW_EXPERIMENT_ID": run["experiment_id"],
        }

    def _v1_variables(self, run: dict[str, Any]) -> dict[str, str]:
        work = self.paths.run(run["id"]).work
        return {
            "AZUREML_RUN_ID": run["id"],
            "AZUREML_EXPERIMENT_ID": run["experiment_id"],
            "AZUREML_ARM_SUBSCRIPTION": self.config["subscription_id"],
            "AZUREML_ARM_RESOURCEGROUP": self.config["resource_group"],
            "AZUREML_ARM_WORKSPACE_NAME": self.config["name"],
            "AZUREML_ARM_PROJECT_NAME": run["experiment"],
            "AZUREML_WORKSPACE_ID": self.config["id"],
            "AZUREML_SERVICE_ENDPOINT": self.url,
            "AZUREML_DISCOVERY_SERVICE_ENDPOINT": self.url,
            "AZUREML_OUTPUT_DIRECTORY": os.path.join(work, "outputs"),
            "AZUREML_LOG_DIR": os.path.join(work, "logs"),
            "AZUREML_SCRIPT_DIRECTORY_NAME": work,
        }


def _command(definition: dict[str, Any], python: str) -> tuple[list[str] | None, str | None]:
    command = definition.get("command")
    if command:
        return None, command if isinstance(command, str) else " ".join(str(part) for part in command)
    script = definition.get("script")
    if not script:
        raise UserErrorException(
            "The run has neither a script nor a command, so there is nothing to start. "
            "Give ScriptRunConfig a `script` or a `command`."
        )
    return [python, script, *(str(item) for item in definition.get("arguments") or [])], None


def _asked(definition: dict[str, Any]) -> dict[str, str]:
    """Return the variables that the user asked for; the run's own count before its environment's."""
    of_environment = _texts((definition.get("environment") or {}).get("environmentVariables"))
    return {**of_environment, **_texts(definition.get("environmentVariables"))}


def _texts(variables: dict[str, Any] | None) -> dict[str, str]:
    return {str(name): "" if value is None else str(value) for name, value in (variables or {}).items()}
