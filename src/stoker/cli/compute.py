"""`stoker compute`: the targets that runs go to."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument, Option

from stoker.cli.app import Many, Noun, Yes, option
from stoker.cli.output import emit
from stoker.cli.pairs import pairs
from stoker.cli.refs import segment
from stoker.cli.session import SESSION, UsageProblem, confirm
from stoker.cli.table import Column, facts
from stoker.cli.units import ago
from stoker.exceptions import ConflictException

app = Noun()

Target = Annotated[str, Argument(metavar="TARGET")]
MaxNodes = Annotated[int | None, Option("--max-nodes", help="Most nodes that run at once", min=0, metavar="N")]
MinNodes = Annotated[int | None, Option("--min-nodes", help="Nodes that are always kept", min=0, metavar="N")]
Idle = Annotated[
    int | None, Option("--idle-seconds", help="Seconds after which an idle node goes", min=0, metavar="SECONDS")
]
Tags = Annotated[Many, option("--tag", about="k=v; may be repeated", metavar="k=v")]


LOCAL = "local"


def _nodes(row: Any) -> str | None:
    most = (row.get("config") or {}).get("max_nodes")
    return None if most is None else f"{len(row.get('nodes') or [])}/{most}"


def _busy(row: Any) -> str | None:
    if row["name"] == LOCAL:
        return f"{len(row['running'])} of {row['config']['local_concurrency']} runs"
    return str(sum(1 for node in row.get("nodes") or [] if node.get("runId")) or "") or None


def _changeable(name: str) -> str:
    """Return the path of a target that is no machine of its own."""
    if name == LOCAL:
        raise UsageProblem(
            "The target 'local' is this machine itself. It is always there, and is neither changed nor deleted. "
            "How many runs it takes at once is the setting local_concurrency."
        )
    return f"/compute/{segment(name)}"


_COLUMNS = [
    Column("TARGET", "name"),
    Column("TYPE", "type"),
    Column("STATE", "provisioning_state"),
    Column("NODES", _nodes, right=True, named=True),
    Column("BUSY", _busy, right=True, named=True),
]


@app.verb("list")
def list_targets() -> None:
    """List compute targets; `local`, this machine, is always there."""
    emit([SESSION.get(f"/compute/{LOCAL}"), *SESSION.get("/compute")["compute"]], _COLUMNS)


@app.verb("show")
def show(name: Target) -> None:
    """Show one target, its nodes and what they run."""
    _emit(SESSION.api().get(f"/compute/{segment(name)}"))


def _emit(record: dict[str, Any]) -> None:
    nodes = [
        f"{node.get('nodeId')} {node.get('state')}{' ' + node['runId'] if node.get('runId') else ''}"
        for node in record.get("nodes") or []
    ]
    settings = [(key.replace("_", " ").capitalize(), value) for key, value in (record.get("config") or {}).items()]
    created = record.get("created")
    head = [
        ("Target", record["name"]),
        ("Type", record["type"]),
        ("State", record.get("provisioning_state")),
        ("Created", f"{created} ({ago(created)})" if created else None),
        ("Errors", "\n".join(str(error) for error in record.get("errors") or [])),
        ("Tags", record.get("tags")),
    ]
    emit(record, text=lambda: facts([*head, *settings, ("Nodes", "\n".join(nodes)), ("Runs", record.get("running"))]))


@app.verb("create")
def create(
    kind: Annotated[str, Argument(metavar="TYPE", help="pool, or v1's word for it: amlcompute")],
    name: Annotated[str, Argument(metavar="NAME")],
    max_nodes: MaxNodes = None,
    min_nodes: MinNodes = None,
    idle: Idle = None,
    vm_size: Annotated[
        str | None, option("--vm-size", about="A label here: all nodes are shares of this machine", metavar="SIZE")
    ] = None,
    vm_priority: Annotated[
        str | None, option("--vm-priority", about="dedicated or lowpriority; a label here", metavar="WORD")
    ] = None,
    description: Annotated[str | None, option("--description", about="Kept on the target", metavar="TEXT")] = None,
    tag: Tags = None,
) -> None:
    """Make a pool: logical nodes of this machine with a queue, as v1's AmlCompute."""
    if kind.lower() not in {"pool", "amlcompute"}:
        raise UsageProblem(
            f"A target of type {kind!r} can't be made. This version has pools on this machine. "
            f"Write `stoker compute create pool {name} --max-nodes 2`."
        )
    config = _settings(max_nodes, min_nodes, idle, description)
    config.update({key: value for key, value in (("vm_size", vm_size), ("vm_priority", vm_priority)) if value})
    body = {"name": name, "type": "AmlCompute", "config": config, "tags": pairs(tag or [])}
    api = SESSION.api()
    if any(target["name"] == name for target in api.get("/compute")["compute"]):
        raise ConflictException(
            f"There is a target {name!r} already. Its settings stay as they are. "
            f"Choose another name, or change it with `stoker compute update {name}`."
        )
    _emit(api.post("/compute", body))


def _settings(
    max_nodes: int | None, min_nodes: int | None, idle: int | None, description: str | None = None
) -> dict[str, Any]:
    values = {
        "max_nodes": max_nodes,
        "min_nodes": min_nodes,
        "idle_seconds_before_scaledown": idle,
        "description": description,
    }
    return {key: value for key, value in values.items() if value is not None}


@app.verb("update")
def update(
    name: Target, max_nodes: MaxNodes = None, min_nodes: MinNodes = None, idle: Idle = None, tag: Tags = None
) -> None:
    """Change how a pool grows and shrinks."""
    path = _changeable(name)
    config = _settings(max_nodes, min_nodes, idle)
    if not config and not tag:
        raise UsageProblem(f"Nothing to change on {name!r} was named. See `stoker compute update --help`.")
    body = {"config": config or None, "tags": pairs(tag) if tag else None}
    _emit(SESSION.api().patch(path, body))


@app.verb("start")
def start(name: Target) -> int:
    """Say why nothing is to be started: a pool's nodes come with its runs."""
    return _not_here(name, "start")


@app.verb("stop")
def stop(name: Target) -> int:
    """Say why nothing is to be stopped: idle nodes go by themselves."""
    return _not_here(name, "stop")


def _not_here(name: str, verb: str) -> int:
    record = SESSION.api().get(_changeable(name))
    raise UsageProblem(
        f"The target {name!r} needs no `{verb}`. Nodes of a target of type {record['type']} come when a run needs them "
        "and go when they are idle. Change their number with `stoker compute update`."
    )


@app.verb("delete")
def delete(name: Target, yes: Yes = False) -> None:
    """Delete a target; the runs that it had stay on record."""
    path = _changeable(name)
    confirm(f"Delete the target {name}?", yes=yes)
    SESSION.api().delete(path)
    emit({"deleted": name}, text=lambda: f"Deleted the target {name}.")
