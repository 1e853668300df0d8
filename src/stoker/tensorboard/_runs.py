"""Which runs are meant, and what they need here."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from stoker.core.run import Run

__all__ = ["needed", "runs_of", "with_children"]


def runs_of(given: Run | Iterable[Run], name: str) -> list[Run]:
    """Return the runs that a user gave, one or several.

    Parameters
    ----------
    given : Run or iterable of Run
    name : str
        The argument's, for the error.

    Raises
    ------
    stoker.exceptions.UserErrorException
        One of them is no run, or one that nobody recorded; or there is none.
    """
    one = hasattr(given, "id") or not hasattr(given, "__iter__")
    runs: list[Any] = [given] if one else list(given)  # type: ignore[arg-type]  # the line above tells them apart
    for run in runs:
        if not hasattr(run, "id") or not hasattr(run, "experiment"):
            raise UserErrorException(
                f"{run!r} is no run that was recorded. Give what Experiment.submit or start_logging returned.",
                target=name,
            )
    if not runs:
        raise UserErrorException("There is no run in the list. Give at least one.", target=name)
    return runs


def with_children(run: Run, *, recursive: bool = True) -> list[dict[str, Any]]:
    """Return the records of a run and, when wanted, of all runs below it, as they are now."""
    workspace = run.experiment.workspace
    workspace._settle()  # noqa: SLF001  # one package
    api = workspace._api  # noqa: SLF001  # the same
    records = [api.get(f"/runs/{run.id}")]
    if recursive:
        records += api.get(f"/runs/{run.id}/children", recursive=True)["runs"]
    return records


def needed(module: str) -> Any:
    """Return a module of the package `tensorboard`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The package is not there; the message says how to install it.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserErrorException(
            f"This needs the package tensorboard, which is not installed here ({error}). Install it in this "
            "environment: pip install tensorboard. TensorFlow is not needed.",
            error,
        ) from error
