"""From the service's records to objects of the class that fits."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from stoker.core.experiment import Experiment
    from stoker.core.run import Run

    RunFactory = Callable[[Experiment, dict[str, Any]], Run]

__all__ = ["get_run", "of_record", "pages", "register"]

_PAGE = 100

_factories: dict[str, RunFactory] = {}


def register(run_type: str, factory: RunFactory) -> None:
    """Say how runs of a type become objects."""
    _factories[run_type] = factory


def of_record(experiment: Experiment, record: dict[str, Any]) -> Run:
    """Return a run as the class that fits its type; the experiment is the record's, whichever was given."""
    if record["experiment"] != experiment.name:
        from stoker.core.experiment import Experiment as Known

        experiment = Known._known(experiment.workspace, record["experiment"])  # noqa: SLF001  # one package
    factory = _factories.get(record.get("type") or "")
    if factory is not None:
        return factory(experiment, record)
    if record.get("type") == "azureml.scriptrun":
        from stoker.core.script_run import ScriptRun

        return ScriptRun(experiment, record["id"], _record=record)
    from stoker.core.run import Run as Plain

    return Plain(experiment, record["id"], _record=record)


def get_run(experiment: Experiment, run_id: str, rehydrate: bool = True, clean_up: bool = True) -> Run:
    """Return a run of an experiment; v1's function beside `Run.get`.

    Parameters
    ----------
    experiment : Experiment
    run_id : str
    rehydrate : bool, default=True
        Whether it is of the class that fits its type, instead of a plain `Run`.
    clean_up
        v1's argument, without effect.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The experiment has no such run.
    """
    from stoker.core.run import Run as Plain

    del clean_up
    run = Plain(experiment, run_id)
    return of_record(experiment, run._record) if rehydrate else run  # noqa: SLF001  # one package


def pages(experiment: Experiment, wanted: dict[str, Any]) -> Iterator[Run]:
    """Yield the runs of a query, fetched page by page."""
    after: str | None = None
    experiment.workspace._settle()  # noqa: SLF001  # one package
    while True:
        page = experiment.workspace._api.get("/runs", limit=_PAGE, after=after, **wanted)  # noqa: SLF001  # the same
        for record in page["runs"]:
            yield of_record(experiment, record)
        after = page["next"]
        if not after:
            return
