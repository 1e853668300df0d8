"""What Jupyter shows for the SDK's objects: made of what is known here, so nothing is asked and nothing started."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, TypeVar

    from stoker.core._model_facts import ModelFacts
    from stoker.core._section import Section
    from stoker.core.compute import ComputeTarget
    from stoker.core.experiment import Experiment
    from stoker.core.run import Run
    from stoker.core.workspace import Workspace

    Shown = TypeVar("Shown")

__all__ = [
    "compute_table",
    "dataset_table",
    "datastore_table",
    "escaped",
    "experiment_table",
    "link",
    "model_table",
    "run_table",
    "section_table",
    "table",
    "workspace_table",
]


def _never_raising(make: Callable[[Shown], str]) -> Callable[[Shown], str]:
    """Let a function that shows an object show its bare name when it fails: a notebook's cell must not."""

    @functools.wraps(make)
    def shown(thing: Shown) -> str:
        try:
            return make(thing)
        except Exception:  # noqa: BLE001  # whatever is wrong with it, the cell goes on
            return f"<pre>{escaped(object.__repr__(thing))}</pre>"

    return shown


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


@_never_raising
def run_table(run: Run) -> str:
    """Return what Jupyter shows for a run."""
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


@_never_raising
def experiment_table(experiment: Experiment) -> str:
    """Return what Jupyter shows for an experiment."""
    workspace = experiment.workspace
    return table(
        {
            "Name": escaped(experiment.name),
            "Workspace": escaped(_known_facts(workspace).get("name")),
            "Report Page": link(experiment.get_portal_url() if workspace._made_api else None, "Link to Stoker"),  # noqa: SLF001  # one package
            "Docs Page": "",
        }
    )


@_never_raising
def workspace_table(workspace: Workspace) -> str:
    """Return what Jupyter shows for a workspace."""
    facts, api = _known_facts(workspace), workspace._made_api  # noqa: SLF001  # one package
    return table(
        {
            "Name": escaped(facts.get("name")),
            "Place": escaped(workspace._place),  # noqa: SLF001  # the same
            "Subscription": escaped(facts.get("subscription_id")),
            "Resource Group": escaped(facts.get("resource_group")),
            "Location": escaped(facts.get("location")),
            "Tags": _pairs(facts.get("tags")),
            "Runs Page": link(f"{api.url}/" if api else None, "Link to Stoker" if api else ""),
        }
    )


def _known_facts(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace's record as far as it is here; a server is not asked, and a folder may be gone."""
    from stoker.exceptions import StokerException

    if workspace._home is None and workspace._given_facts is None:  # noqa: SLF001  # one package
        return {}
    try:
        return workspace._facts  # noqa: SLF001  # the same
    except (StokerException, OSError):
        return {}


@_never_raising
def model_table(model: ModelFacts) -> str:
    """Return what Jupyter shows for a model."""
    known = model._record  # noqa: SLF001  # one package
    framework = [known.get("framework"), known.get("framework_version")]
    return table(
        {
            "Name": escaped(model.name),
            "Version": escaped(model.version),
            "Framework": escaped(" ".join(str(word) for word in framework if word)),
            "Created": escaped(known.get("created")),
            "Run": escaped(known.get("run_id")),
            "Tags": _pairs(known.get("tags")),
            "Description": escaped(known.get("description")),
        }
    )


@_never_raising
def compute_table(target: ComputeTarget) -> str:
    """Return what Jupyter shows for a compute target."""
    config = target._record.get("config") or {}  # noqa: SLF001  # one package
    nodes = [config.get("min_nodes"), config.get("max_nodes")]
    return table(
        {
            "Name": escaped(target.name),
            "Type": escaped(target.type),
            "State": escaped(target.provisioning_state),
            "Nodes": escaped(" to ".join(str(number) for number in nodes if number is not None)),
            "Tags": _pairs(target.tags),
            "Errors": "<br>".join(escaped(error) for error in target.provisioning_errors),
        }
    )


@_never_raising
def dataset_table(dataset: Any) -> str:
    """Return what Jupyter shows for a dataset of any kind."""
    return table(
        {
            "Name": escaped(dataset.name),
            "Version": escaped(dataset.version),
            "Kind": escaped(type(dataset).__name__),
            "Definition": "<br>".join(escaped(line) for line in dataset._described()),  # noqa: SLF001  # one family
            "Tags": _pairs(dataset.tags),
            "Description": escaped(dataset.description),
        }
    )


@_never_raising
def datastore_table(datastore: Any) -> str:
    """Return what Jupyter shows for a datastore of any kind."""
    facts = {"name": datastore.name, "datastore_type": datastore.datastore_type, **datastore._facts()}  # noqa: SLF001  # one family
    return table({_heading(name): escaped(value) for name, value in facts.items() if value is not None})


@_never_raising
def section_table(section: Section) -> str:
    """Return what Jupyter shows for an environment or a run configuration: what differs from v1's defaults."""
    rows = [(type(section).__name__, ""), *_changed(section, ())]
    lines = "".join(f"<tr><th>{escaped(name)}</th><td>{value}</td></tr>" for name, value in rows)
    return f"<table>{lines}</table>"


def _changed(section: Section, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield (name, HTML) of each setting that is not as it was made."""
    for name, field in section._fields.items():
        value: Any = getattr(section, name, None)
        first = field.default()
        here = (*path, name.lstrip("_"))
        if hasattr(value, "_fields"):
            yield from _changed(value, here)
        elif hasattr(value, "serialize_to_string"):
            text = value.serialize_to_string()
            if first is None or text != first.serialize_to_string():
                yield ".".join(here), f"<pre>{escaped(text)}</pre>"
        elif value != first:
            yield ".".join(here), "***" if field.secret else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return _pairs(value)
    return "<br>".join(escaped(item) for item in value) if isinstance(value, (list, tuple)) else escaped(value)


def _pairs(values: Mapping[str, Any] | None) -> str:
    shown: Iterable[str] = (f"{name}: {value}" if value else str(name) for name, value in (values or {}).items())
    return "<br>".join(escaped(text) for text in shown)


def _heading(name: str) -> str:
    return name.replace("_", " ").capitalize()
