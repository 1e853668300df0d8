"""`az ml computetarget`: the targets that runs go to."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Option

from stoker.cli.app import Many, Yes, option
from stoker.cli.az.command import V1Group
from stoker.cli.az.given import answer, api, note, workspace
from stoker.cli.az.options import TargetName, texts
from stoker.cli.refs import segment

app = V1Group()

_MACHINES = {
    "--admin-username": "NAME",
    "-u": "NAME",
    "--admin-user-password": "WORD",
    "-p": "WORD",
    "--admin-user-ssh-key": "KEY",
    "-k": "KEY",
    "--assign-identity": "ID",
    "--location": "PLACE",
    "-l": "PLACE",
    "--remote-login-port-public-access": "WORD",
    "--subnet-name": "NAME",
    "--vnet-name": "NAME",
    "--vnet-resourcegroup-name": "GROUP",
    "--no-wait": "",
}
_INSTANCES = {
    "--admin-user-ssh-public-key": "KEY",
    "-k": "KEY",
    "--ssh-public-access": "BOOL",
    "--location": "PLACE",
    "-l": "PLACE",
    "--subnet-name": "NAME",
    "--vnet-name": "NAME",
    "--vnet-resourcegroup-name": "GROUP",
    "--user-tenant-id": "ID",
    "--user-object-id": "ID",
    "--no-wait": "",
}

Size = Annotated[
    str, Option("--vm-size", "-s", help="A label: nodes are shares of this machine", metavar="SIZE", show_default=False)
]
MaxNodes = Annotated[int | None, Option("--max-nodes", help="Most nodes that run at once", min=1, metavar="N")]
MinNodes = Annotated[int | None, Option("--min-nodes", help="Nodes that are always kept", min=0, metavar="N")]
Idle = Annotated[
    int | None,
    Option("--idle-seconds-before-scaledown", help="Seconds after which an idle node goes", min=0, metavar="SECONDS"),
]
Description = Annotated[str | None, option("--description", about="Kept on the target", metavar="TEXT")]
Tags = Annotated[Many, option("--tags", about="k=v; may be repeated", metavar="TAG")]

_IDLE_SECONDS = 120


@app.v1("create amlcompute", cloud=_MACHINES)
def create_amlcompute(
    name: TargetName,
    vm_size: Size,
    max_nodes: Annotated[
        int, Option("--max-nodes", help="Most nodes that run at once", min=1, metavar="N", show_default=False)
    ],
    min_nodes: MinNodes = 0,
    idle: Idle = _IDLE_SECONDS,
    vm_priority: Annotated[
        str, option("--vm-priority", about="dedicated or lowpriority; a label", metavar="WORD")
    ] = "dedicated",
    description: Description = None,
    tags: Tags = None,
) -> None:
    """Make a pool: logical nodes of this machine with a queue."""
    settings = {
        "vm_size": vm_size,
        "vm_priority": vm_priority,
        "min_nodes": min_nodes,
        "max_nodes": max_nodes,
        "idle_seconds_before_scaledown": idle,
        "description": description,
        "tags": texts(tags),
    }
    answer(_made(name, settings).serialize())


def _made(name: str, settings: dict[str, Any]) -> Any:
    from stoker.core.compute import AmlCompute, ComputeTarget

    target = ComputeTarget.create(workspace(), name, AmlCompute.provisioning_configuration(**settings))
    target.wait_for_completion()
    return target


@app.v1("create computeinstance", cloud=_INSTANCES)
def create_computeinstance(name: TargetName, vm_size: Size, description: Description = None, tags: Tags = None) -> None:
    """Make a pool of one node of this machine.

    Differs from v1: no machine is made, and notebooks run where you start them.
    """
    settings = {"vm_size": vm_size, "max_nodes": 1, "description": description, "tags": texts(tags)}
    target = _made(name, settings)
    note(f"no machine was made: {name} is a pool of one node of this machine, and notebooks run where you start them.")
    answer(target.serialize())


@app.v1("update amlcompute")
def update_amlcompute(
    name: TargetName, max_nodes: MaxNodes = None, min_nodes: MinNodes = None, idle: Idle = None, tags: Tags = None
) -> None:
    """Change how a pool grows and shrinks."""
    target = _target(name)
    target.update(min_nodes=min_nodes, max_nodes=max_nodes, idle_seconds_before_scaledown=idle)
    if tags:
        api().patch(f"/compute/{segment(target.name)}", {"config": None, "tags": texts(tags)})
        target.refresh_state()
    answer(target.serialize())


def _target(name: str) -> Any:
    from stoker.core.compute import ComputeTarget

    return ComputeTarget(workspace(), name)


@app.v1("list")
def list_targets() -> None:
    """List compute targets."""
    from stoker.core.compute import ComputeTarget

    answer([target.serialize() for target in ComputeTarget.list(workspace())])


@app.v1("show")
def show(name: TargetName) -> None:
    """Show one target."""
    target = _target(name)
    status = target.get_status()
    shape = target.serialize()
    if hasattr(status, "serialize"):
        shape["properties"]["status"] = status.serialize()
    answer(shape)


@app.v1("delete")
def delete(name: TargetName, yes: Yes = False) -> None:
    """Delete a target; its runs stay on record."""
    del yes
    _target(name).delete()
    answer(None)


@app.v1("detach")
def detach(name: TargetName, yes: Yes = False) -> None:
    """Detach a target that was attached."""
    del yes
    _target(name).detach()
    answer(None)


Identities = Annotated[str | None, option("--identities", about="Without effect", metavar="ID")]


@app.v1("amlcompute identity assign")
def assign_identity(name: TargetName, identities: Identities = None) -> None:
    """Say that a pool has no identity of its own.

    Differs from v1: nothing is done, because runs have the rights of the user whose machine it is.
    """
    del identities
    _no_identity(name)


@app.v1("amlcompute identity remove")
def remove_identity(name: TargetName, identities: Identities = None) -> None:
    """Say that a pool has no identity of its own.

    Differs from v1: nothing is done, because runs have the rights of the user whose machine it is.
    """
    del identities
    _no_identity(name)


@app.v1("amlcompute identity show")
def show_identity(name: TargetName) -> None:
    """Say that a pool has no identity of its own.

    Differs from v1: there is never one, because runs have the rights of the user whose machine it is.
    """
    _no_identity(name)


def _no_identity(name: str) -> None:
    target = _target(name)
    note(f"{target.name} has no identity of its own: its runs have the rights of the user whose machine this is.")
    answer({"identity": None})


@app.v1("computeinstance start")
def start(name: TargetName) -> None:
    """Say that there is nothing to switch.

    Differs from v1: nothing is done, because a target starts with a run and uses nothing without one.
    """
    _nothing_to_switch(name)


@app.v1("computeinstance stop")
def stop(name: TargetName) -> None:
    """Say that there is nothing to switch.

    Differs from v1: nothing is done, because a target starts with a run and uses nothing without one.
    """
    _nothing_to_switch(name)


@app.v1("computeinstance restart")
def restart(name: TargetName) -> None:
    """Say that there is nothing to switch.

    Differs from v1: nothing is done, because a target starts with a run and uses nothing without one.
    """
    _nothing_to_switch(name)


def _nothing_to_switch(name: str) -> None:
    target = _target(name)
    note(f"nothing was done: {target.name} is part of this machine, starts with a run and uses nothing without one.")
    answer(None)
