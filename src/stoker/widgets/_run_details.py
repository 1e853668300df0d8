"""`RunDetails`: a run in a notebook, live, without ever keeping the notebook waiting."""

from __future__ import annotations

from stoker.widgets._facts import facts_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.run import Run

__all__ = ["RunDetails"]


class RunDetails:
    """Shows a run's state, metrics, log and children, and keeps them up to date.

    In Jupyter, VS Code and Colab it is a live view, with `anywidget` (`pip install 'stoker[notebook]'`); elsewhere a
    plain table is printed. Nothing is loaded from the internet, and the notebook needs no extension.

    Parameters
    ----------
    run_instance : Run
        A run of any kind.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no run, or one that nobody recorded.

    Examples
    --------
    >>> from stoker.widgets import RunDetails
    >>> RunDetails(run).show()  # doctest: +SKIP
    """

    def __init__(self, run_instance: Run) -> None:
        from stoker.exceptions import UserErrorException

        if not hasattr(run_instance, "id") or not hasattr(run_instance, "experiment"):
            raise UserErrorException(
                f"RunDetails shows runs, and {run_instance!r} is none that was recorded. "
                "Give it what Experiment.submit or start_logging returned.",
                target="run_instance",
            )
        self._run = run_instance
        self._view: Any = None

    def show(self, render_lib: Any = None, widget_settings: dict[str, Any] | None = None) -> None:
        """Show the run; returns at once unless it is asked to wait.

        Parameters
        ----------
        render_lib : object, optional
            v1's argument, without effect.
        widget_settings : dict, optional
            `{"block": True}` waits until the run has ended; others are v1's, without effect.
        """
        del render_lib
        if not self._show_live():
            print(text_of(self.get_widget_data()))  # noqa: T201  # it is there to be read
        if (widget_settings or {}).get("block"):
            self._run.wait_for_completion(raise_on_error=False)
            if self._view is not None:
                self._view.refresh()

    def get_widget_data(self, widget_settings: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what is shown, as JSON; asked anew each time.

        Parameters
        ----------
        widget_settings : dict, optional
            v1's argument, without effect.
        """
        del widget_settings
        workspace = self._run.experiment.workspace
        workspace._settle()  # noqa: SLF001  # one package
        return facts_of(workspace._api, self._run.id)  # noqa: SLF001  # the same

    def _show_live(self) -> bool:
        """Show the live view; False where there is no front end for one."""
        if not _in_notebook():
            return False
        try:
            from stoker.widgets._view import RunView
        except ImportError:
            return False
        import IPython.display as shown

        display: Any = shown.display
        self._view = RunView(self.get_widget_data)
        display(self._view)
        self._view.follow(self._run.experiment.workspace._api, self._run.id)  # noqa: SLF001  # one package
        return True


def _in_notebook() -> bool:
    import sys

    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
