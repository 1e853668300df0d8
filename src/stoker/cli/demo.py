"""`stoker demo`: a real sweep through the public API, in a workspace that is gone afterwards."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stoker.base.states import RunStatus
from stoker.cli.app import Noun
from stoker.cli.output import emit
from stoker.cli.services import stop_service
from stoker.cli.session import SESSION, UsageProblem, say
from stoker.cli.units import span
from stoker.exceptions import ActivityFailedException

if TYPE_CHECKING:
    from types import FrameType

    from stoker.core import Run, Workspace

app = Noun()

ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
"""The regularisation strengths that are tried."""

_MODEL = "outputs/model.joblib"


class Trial:
    """One run of the sweep, as far as it is known.

    Attributes
    ----------
    alpha : float
    run : Run
    status : str
    mse : float or None
        The error on the test data.
    """

    def __init__(self, alpha: float, run: Run) -> None:
        self.alpha = alpha
        self.run = run
        self.status = "NotStarted"
        self.mse: float | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended."""
        return RunStatus(self.status).is_terminal


@app.verb("demo")
def demo() -> None:
    """Train a small sweep, to see it work.

    Eight ridge regressions on scikit-learn's diabetes data, each a run of its own, in a workspace that is deleted
    afterwards: nothing stays behind. It takes some seconds.
    """
    _check_libraries()
    began = time.monotonic()
    with _interruptible(), _workspace() as (workspace, folder):
        trials = _submit(workspace, folder)
        _watch(os.path.join(_root(), ".stoker"), trials)
        best = min(trials, key=lambda trial: trial.mse if trial.mse is not None else float("inf"))
        loaded = _load_back(best, folder)
        result = {
            "trials": [{"alpha": trial.alpha, "mse": trial.mse, "run": trial.run.id} for trial in trials],
            "best": {"alpha": best.alpha, "mse": best.mse, "run": best.run.id},
            "loaded": loaded,
        }
        emit(result, text=lambda: _summary(trials, best, loaded))
    say(f"All of it took {span(time.monotonic() - began)}; the workspace, its service and its files are gone.")


def _check_libraries() -> None:
    if not all(_is_there(name) for name in ("sklearn", "joblib")):
        raise UsageProblem(
            "The demo trains with scikit-learn, which this Python does not have. "
            f"Install it: `{sys.executable} -m uv pip install --python {sys.executable} scikit-learn`."
        )


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Have TERM and HUP clean up as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _workspace() -> Iterator[tuple[Workspace, str]]:
    """Make a workspace in a temporary folder, and take all of it away at the end, however that comes."""
    from stoker.core import Workspace

    folder = tempfile.mkdtemp(prefix="stoker-demo-")
    before = {name: os.environ.get(name) for name in ("STOKER_HOME", "STOKER_CACHE")}
    os.environ["STOKER_HOME"] = os.path.join(folder, "home")
    os.environ["STOKER_CACHE"] = os.path.join(folder, "cache")
    workspace = None
    try:
        workspace = Workspace.create("demo", show_output=False)
        yield workspace, folder
    except KeyboardInterrupt:
        say("Interrupted; cleaning up.")
        raise
    finally:
        with _undisturbed():
            _clean_up(workspace, folder)
            for name, value in before.items():
                _restore(name, value)


def _root() -> str:
    return os.path.join(os.environ["STOKER_HOME"], "workspaces", "demo")


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a second Ctrl-C not end the clean-up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _clean_up(workspace: Workspace | None, folder: str) -> None:
    try:
        if workspace is not None:
            stop_service(os.path.join(_root(), ".stoker"), "cancel")
            workspace.delete()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _submit(workspace: Workspace, folder: str) -> list[Trial]:
    from stoker.core import Environment, Experiment, ScriptRunConfig

    source = os.path.join(folder, "source")
    os.makedirs(source)
    shutil.copyfile(os.path.join(os.path.dirname(__file__), "demo_script.py"), os.path.join(source, "train.py"))
    environment = Environment("demo")
    environment.python.user_managed_dependencies = True
    experiment = Experiment(workspace, "diabetes")
    trials = []
    for alpha in ALPHAS:
        arguments = ["--alpha", alpha]
        config = ScriptRunConfig(source, script="train.py", arguments=arguments, environment=environment)
        trials.append(Trial(alpha, experiment.submit(config, tags={"alpha": f"{alpha:g}"})))
    return trials


def _watch(home: str, trials: Sequence[Trial]) -> None:
    """Follow all runs by the workspace's events until the last has ended.

    Raises
    ------
    stoker.exceptions.ActivityFailedException
        A run did not complete; the message has the end of its log.
    """
    from stoker.client import connect

    by_id = {trial.run.id: trial for trial in trials}
    with _display(trials) as show:
        for event in connect(home).events("/events", cursor="0"):
            trial = by_id.get(event.data.get("id", ""))
            if event.name != "run" or trial is None or trial.has_ended:
                continue
            _take_news(trial, event.data["status"])
            show(trial)
            if all(one.has_ended for one in trials):
                return


def _take_news(trial: Trial, status: str) -> None:
    trial.status = status
    if status == "Completed":
        trial.mse = float(trial.run.get_metrics()["mse"])
    elif trial.has_ended:
        trial.run.wait_for_completion(show_output=False, raise_on_error=True)
        raise ActivityFailedException(f"The run with alpha {trial.alpha:g} ended as {status}.")


@contextlib.contextmanager
def _display(trials: Sequence[Trial]) -> Iterator[Callable[[Trial], None]]:
    """Show how the sweep goes: a table that changes on a terminal, else a line for each run that has ended."""
    if SESSION.only_errors or not sys.stderr.isatty():
        yield lambda trial: say(_line(trial)) if trial.has_ended else None
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, no_color=SESSION.no_color or None)
    with Live(_rich_table(trials), console=console, transient=True, auto_refresh=False) as live:
        yield lambda _: live.update(_rich_table(trials), refresh=True)


def _line(trial: Trial) -> str:
    error = "" if trial.mse is None else f"  mse {trial.mse:.2f}"
    return f"alpha {trial.alpha:g}{error}  {trial.status}"


def _rich_table(trials: Sequence[Trial]) -> Any:
    from rich.table import Table

    from stoker.cli.text import STATUS_COLOURS

    known = [trial.mse for trial in trials if trial.mse is not None]
    made = Table("alpha", "status", "mse", box=None, pad_edge=False)
    for trial in trials:
        colour = STATUS_COLOURS.get(trial.status, "")
        error = "" if trial.mse is None else f"{trial.mse:.2f}{' *' if trial.mse == min(known) else ''}"
        made.add_row(f"{trial.alpha:g}", f"[{colour}]{trial.status}[/]" if colour else trial.status, error)
    return made


def _load_back(best: Trial, folder: str) -> dict[str, float]:
    """Download the best model, load it, and measure its error again."""
    import joblib

    from stoker.cli.demo_script import data

    path = os.path.join(folder, "model.joblib")
    best.run.download_file(_MODEL, path)
    model = joblib.load(path)
    _, inputs, _, targets = data()
    predicted = model.predict(inputs)
    error = float(((predicted - targets) ** 2).mean())
    return {"mse": error, "prediction": float(predicted[0]), "target": float(targets[0])}


def _summary(trials: Sequence[Trial], best: Trial, loaded: dict[str, float]) -> str:
    from stoker.cli.table import Column, table

    rows = [
        {"alpha": f"{trial.alpha:g}", "mse": f"{trial.mse:.2f}", "mark": "best" if trial is best else None}
        for trial in trials
        if trial.mse is not None
    ]
    columns = [Column("ALPHA", "alpha"), Column("MSE", "mse", right=True), Column("", "mark")]
    return (
        f"{table(rows, columns)}\n\n"
        f"Best: alpha {best.alpha:g} with mse {best.mse:.2f}, run {best.run.id}.\n"
        f"Its model, loaded back from {_MODEL}: mse {loaded['mse']:.2f}; "
        f"it predicts {loaded['prediction']:.1f} for the first test patient (measured: {loaded['target']:.0f})."
    )
