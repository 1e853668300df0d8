"""What Jupyter shows for a run, an experiment or a workspace."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.experiment import Experiment
    from stoker.core.run import Run

__all__ = ["escaped", "experiment_table", "link", "run_table", "table"]


def table(cells: Mapping[str, str]) -> str:
    """Return an HTML table of one row; the values are HTML already (`link`, `escaped`).

    Examples
    --------
    >>> table({"Id": escaped("a<b")})
    '<table style="width:100%"><tr><th>Id</th></tr><tr><td>a&lt;b</td></tr></table>'
    """
    heads = "".join(f"<th>{escaped(head)}</th>" for head in cells)
    values = "".join(f"<td>{value}</td>" for value in cells.values())
    return f'<table style="width:100%"><tr>{heads}</tr><tr>{values}</tr></table>'


def link(address: str | None, text: str) -> str:
    """Return an HTML link that opens beside the notebook, or only the text when there is no address."""
    if not address:
        return escaped(text)
    return f'<a href="{escaped(address)}" target="_blank" rel="noopener">{escaped(text)}</a>'


def escaped(text: object) -> str:
    """Return text as HTML; None gives nothing."""
    import html

    return "" if text is None else html.escape(str(text))


def run_table(run: Run) -> str:
    """Return what Jupyter shows for a run; nothing is asked, so it never fails."""
    known = run._record  # noqa: SLF001  # one package
    api = run.experiment.workspace._made_api  # noqa: SLF001  # the same
    return table(
        {
            "Experiment": escaped(run.experiment.name),
            "Id": escaped(run.id),
            "Type": escaped(known.get("type")),
            "Status": escaped(known.get("status")),
            "Details Page": link(run.get_portal_url() if api else None, "Link to Stoker"),
            "Docs Page": "",
        }
    )


def experiment_table(experiment: Experiment, workspace_name: str) -> str:
    """Return what Jupyter shows for an experiment; nothing is asked."""
    api = experiment.workspace._made_api  # noqa: SLF001  # one package
    return table(
        {
            "Name": escaped(experiment.name),
            "Workspace": escaped(workspace_name),
            "Report Page": link(experiment.get_portal_url() if api else None, "Link to Stoker"),
            "Docs Page": "",
        }
    )
