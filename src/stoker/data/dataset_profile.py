"""Statistics of a table's columns."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace
    from stoker.data.tabular_dataset import TabularDataset

__all__ = ["DatasetProfile"]

_SHOWN = ("Column", "Type", "Count", "MissingCount", "Min", "Max", "Mean", "StandardDeviation")


class DatasetProfile:
    """Statistics of each column of a table, as they were when it was read.

    Parameters
    ----------
    columns : list of dict
        One for each column, in order: `Column`, `Type`, `Min`, `Max`, `Count`, `MissingCount`, `Mean`, ...
    dataset_id : str, optional
    fingerprint : dict, optional
        Of the data that were read.

    Attributes
    ----------
    columns : list of dict
    dataset_id : str or None

    Examples
    --------
    >>> profile = dataset.get_profile()  # doctest: +SKIP
    >>> profile["age"]["Mean"]  # doctest: +SKIP
    48.5
    """

    def __init__(
        self,
        columns: list[dict[str, Any]],
        dataset_id: str | None = None,
        fingerprint: dict[str, Any] | None = None,
        *,
        _dataset: TabularDataset | None = None,
    ) -> None:
        self.columns = columns
        self.dataset_id = dataset_id
        self._fingerprint = fingerprint
        self._dataset = _dataset

    @classmethod
    def _of(cls, dataset: TabularDataset, workspace: Workspace | None) -> DatasetProfile:
        import contextlib

        from stoker.data import _engine
        from stoker.data._files import fingerprint_of
        from stoker.data._rows import reader

        del workspace
        taken = fingerprint_of(dataset._definition, dataset._workspace)  # noqa: SLF001  # one package
        with contextlib.closing(reader(dataset)) as rows:
            columns = _engine.profile(rows)
        return cls(columns, dataset.id, taken, _dataset=dataset)

    def is_stale(self) -> bool:
        """Tell whether the data have changed since; False when that can't be told."""
        from stoker.data._files import fingerprint_of

        if self._dataset is None or self._fingerprint is None:
            return False
        now = fingerprint_of(self._dataset._definition, self._dataset._workspace)  # noqa: SLF001  # one package
        return now is not None and now["digest"] != self._fingerprint["digest"]

    def to_pandas_dataframe(self) -> Any:
        """Return the statistics as a pandas DataFrame, a row for each column of the data."""
        from stoker.data._rows import needed

        return needed("pandas", "pip install 'stoker[data]'").DataFrame(self.columns)

    def __getitem__(self, column: str) -> dict[str, Any]:
        """Return the statistics of one column."""
        for facts in self.columns:
            if facts.get("Column") == column:
                return facts
        raise KeyError(column)

    def __repr__(self) -> str:
        names = ", ".join(str(facts.get("Column")) for facts in self.columns)
        return f"DatasetProfile({len(self.columns)} columns: {names})"

    def _repr_html_(self) -> str:
        from stoker.core._html import escaped

        head = "".join(f"<th>{name}</th>" for name in _SHOWN)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escaped(facts.get(name))}</td>" for name in _SHOWN) + "</tr>"
            for facts in self.columns
        )
        return f"<table><tr>{head}</tr>{rows}</table>"
