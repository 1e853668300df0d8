"""The run of a submitted script."""

from __future__ import annotations

from stoker.core.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.experiment import Experiment

__all__ = ["ScriptRun"]


class ScriptRun(Run):
    """The run of a script or command, as `Experiment.submit` returns it.

    Parameters
    ----------
    experiment : Experiment
    run_id : str
    directory : str, optional
        v1's argument, without effect.
    **kwargs
        As for `Run`.

    Examples
    --------
    >>> run = experiment.submit(ScriptRunConfig("src", script="train.py"))  # doctest: +SKIP
    >>> run.wait_for_completion(show_output=True)  # doctest: +SKIP
    """

    RUN_TYPE = "azureml.scriptrun"

    def __init__(self, experiment: Experiment, run_id: str, directory: str | None = None, **kwargs: Any) -> None:
        del directory
        super().__init__(experiment, run_id, **kwargs)
