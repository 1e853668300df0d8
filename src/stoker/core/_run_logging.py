"""The metrics of a run: what it logs, and reading it back."""

from __future__ import annotations

from stoker.core import _metrics
from stoker.core._run_files import RunFiles
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["RunLogging"]

_QUICK = frozenset({float, int, str})


class RunLogging(RunFiles):
    """A run with its metrics.

    What is logged is written down before the call returns, and survives whatever happens to the script then.
    """

    _described: dict[str, str] | None = None

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Record one value of a metric.

        Parameters
        ----------
        name : str
        value : float, int, str, bool or None
            NumPy scalars are taken as their Python values, other things as their text. NaN and infinities are kept.
        description : str, optional
        step : int, optional
            The place of the value, as an epoch; values with steps are read in their order.

        Examples
        --------
        >>> run.log("loss", 0.25, step=3)  # doctest: +SKIP
        """
        if type(value) not in _QUICK:
            value = _metrics.plain_value(value)
        if type(name) is not str or not name:
            name = _metrics.metric_name(name)
        if step is not None:
            step = _metrics.metric_step(step)  # type: ignore[assignment]  # a fraction of an epoch is kept too
        (self._made_writer or self._writer).metric(self._run_id, name, value, step)
        if description:
            self._describe(name, description)

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        """Record several values of a metric, in order.

        Parameters
        ----------
        name : str
        value : iterable
            A list, array or generator; an empty one records nothing.
        description : str, optional
        """
        name = _metrics.metric_name(name)
        for piece in _metrics.pieces(name, value):
            self._writer.write("l", self._run_id, name, piece)
        self._describe(name, description)

    def log_row(self, name: str, description: str | None = None, **kwargs: Any) -> None:
        """Record a row of named values: a point of a curve, or the next row of a table.

        Parameters
        ----------
        name : str
        description : str, optional
        **kwargs
            Column -> value.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A value is a list.

        Examples
        --------
        >>> run.log_row("error by alpha", alpha=0.5, mse=3409.75)  # doctest: +SKIP
        """
        name = _metrics.metric_name(name)
        row = _metrics.row_of(name, kwargs)
        if row:
            self._writer.write("r", self._run_id, name, row)
        self._describe(name, description)

    def log_table(self, name: str, value: dict[str, Any], description: str = "") -> None:
        """Record a table.

        Parameters
        ----------
        name : str
        value : dict
            Column -> list of values, all of the same length.
        description : str, optional

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is no dict of lists, or two columns differ in length; the message names them.
        """
        name = _metrics.metric_name(name)
        for piece in _metrics.table_pieces(_metrics.table_of(name, value)):
            self._writer.write("t", self._run_id, name, piece)
        self._describe(name, description)

    def log_image(self, name: str, path: Any = None, plot: Any = None, description: str = "") -> None:
        """Keep an image with the run and refer to it by a metric.

        Parameters
        ----------
        name : str
        path : str or file object, optional
            An image file.
        plot : object with savefig, optional
            `matplotlib.pyplot` or a figure; it is saved as PNG.
        description : str, optional

        Raises
        ------
        stoker.exceptions.UserErrorException
            Not exactly one of path and plot was given, or there is no such file.
        """
        from stoker.core._images import keep_image

        name = _metrics.metric_name(name)
        self._refer(name, keep_image(self, name, path, plot), "image", description)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Keep a confusion matrix: `data` has `class_labels` and `matrix`.

        Parameters
        ----------
        name : str
        value : str or dict
            JSON or a dict with `schema_type` "confusion_matrix", `schema_version` and `data`.
        description : str, optional

        Raises
        ------
        stoker.exceptions.UserErrorException
            A part is missing, or sizes differ; the message names it.
        """
        self._log_chart("confusion_matrix", name, value, description)

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Keep an accuracy table; the counts TP, FP, TN, FN by class and threshold (see `log_confusion_matrix`)."""
        self._log_chart("accuracy_table", name, value, description)

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Keep a histogram of residuals: `bin_edges` and `bin_counts` (see `log_confusion_matrix`)."""
        self._log_chart("residuals", name, value, description)

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Keep binned predictions: `bin_averages`, `bin_errors`, `bin_counts`, `bin_edges`."""
        self._log_chart("predictions", name, value, description)

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """Return the metrics, with all that this process has logged.

        Parameters
        ----------
        name : str, optional
            Only this metric.
        recursive : bool, default=False
            Whether to return run id -> metrics, of this run and all below it.
        run_type : str, optional
            Only runs of this type.
        populate : bool, default=False
            Whether to read the charts that metrics refer to (confusion matrices and the like).

        Returns
        -------
        dict
            Name -> value: a scalar when one was logged, a list when more were, a dict column -> value(s) for rows
            and tables.

        Examples
        --------
        >>> run.get_metrics()["mse"]  # doctest: +SKIP
        3409.75
        """
        from stoker.core._images import populated

        self._settle()
        params = {"name": name, "recursive": recursive or None, "type": run_type}
        answer = _metrics.decoded(self._api.get(f"{self._path}/metrics", **params))
        found: dict[str, Any] = answer["runs"] if recursive else answer["metrics"]
        return populated(self._api, found) if populate else found

    def _log_chart(self, kind: str, name: str, value: Any, description: str) -> None:
        from stoker.core._charts import chart_of
        from stoker.core._images import keep_chart

        name = _metrics.metric_name(name)
        chart = chart_of(kind, name, value)
        self._refer(name, keep_chart(self, name, chart), kind, description)

    def _refer(self, name: str, file_name: str, kind: str, description: str) -> None:
        self._writer.write("a", self._run_id, name, file_name, kind)
        self._describe(name, description)

    def _describe(self, name: str, description: str | None) -> None:
        """Record a metric's description, once."""
        if not description:
            return
        if not isinstance(description, str):
            raise UserErrorException(
                f"The description of the metric {name!r} is a {type(description).__name__}. Give a str.",
                target="description",
            )
        known = self._described
        if known is None:
            known = self._described = {}
        if known.get(name) != description:
            self._writer.write("d", self._run_id, name, description)
            known[name] = description
