"""The run that this process belongs to."""

from __future__ import annotations

import os

from stoker.core.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from stoker.core._run_datasets import InputDatasets

__all__ = ["SubmittedRun", "own_run"]


class SubmittedRun(Run):
    """A run as its own script sees it."""

    _made_inputs: InputDatasets | None = None

    @property
    def input_datasets(self) -> Mapping[str, Any]:
        """Name -> input: a path (mount, download), or the dataset (direct)."""
        from stoker.core._run_datasets import InputDatasets

        if self._made_inputs is None:
            self._made_inputs = InputDatasets(self._experiment.workspace)
        return self._made_inputs

    @property
    def output_datasets(self) -> Mapping[str, str]:
        """Name -> path of the folder of each output."""
        from stoker.core._run_datasets import output_paths

        return output_paths()


_SubmittedRun = SubmittedRun
"""v1's name."""

_own: dict[str, Run] = {}


def own_run(run_id: str) -> Run:
    """Return the run of this process, made of its environment; nothing is asked of the service."""
    found = _own.get(run_id)
    if found is None:
        from stoker.core.experiment import Experiment
        from stoker.core.workspace import Workspace

        name = os.environ.get("STOKER_EXPERIMENT", "")
        experiment = Experiment._known(Workspace._of_run(), name)  # noqa: SLF001  # one package
        known = {"id": run_id, "experiment": name, "type": "azureml.scriptrun", "status": "Running"}
        found = _own.setdefault(run_id, SubmittedRun(experiment, run_id, _record=known))
    return found
