"""`az ml workspace`: where runs are kept."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Option

from stoker.cli.app import Many, Yes, option
from stoker.cli.az.command import V1Group
from stoker.cli.az.given import GIVEN, answer, note, workspace
from stoker.cli.az.options import texts
from stoker.cli.session import SESSION, UsageProblem, confirm

app = V1Group()

_RESOURCES = {
    "--storage-account": "ID",
    "--keyvault": "ID",
    "-k": "ID",
    "--application-insights": "ID",
    "--container-registry": "ID",
    "--adb-workspace": "ID",
    "--primary-user-assigned-identity": "ID",
    "--cmk-keyvault": "ID",
    "--resource-cmk-uri": "URI",
    "--user-assigned-identity-for-cmk-encryption": "ID",
    "--hbi-workspace": "",
    "--yes": "",
    "-y": "",
    "--sku": "WORD",
    "--pe-name": "NAME",
    "--pe-vnet-name": "NAME",
    "--pe-subnet-name": "NAME",
    "--pe-subscription-id": "ID",
    "--pe-resource-group": "GROUP",
    "--pe-auto-approval": "",
    "--system_datastores_auth_mode": "WORD",
    "--v1-legacy-mode": "BOOL",
}
_SETTINGS = {
    "--image-build-compute": "TARGET",
    "--primary-user-assigned-identity": "ID",
    "--allow-public-access": "BOOL",
    "--v1-legacy-mode": "BOOL",
}

FriendlyName = Annotated[str | None, option("--friendly-name", "-f", about="A name for people", metavar="TEXT")]


@app.v1("create", cloud=_RESOURCES)
def create(
    location: Annotated[str | None, option("--location", "-l", about="A label", metavar="WORD")] = None,
    friendly_name: FriendlyName = None,
    exist_ok: Annotated[bool, option("--exist-ok", about="One of that name may be there already")] = False,
    tags: Annotated[Many, option("--tags", "-t", about="k=v; may be repeated", metavar="TAG")] = None,
) -> None:
    """Make a workspace, named by -w."""
    from stoker.core import Workspace

    if SESSION.place is None:
        raise UsageProblem("A workspace wants a name, and none was given. Add `-w NAME`.")
    made = Workspace.create(
        SESSION.place,
        subscription_id=GIVEN.subscription,
        resource_group=GIVEN.group,
        location=location,
        tags=texts(tags),
        friendly_name=friendly_name,
        exist_ok=exist_ok,
        show_output=False,
    )
    answer(_details(made))


def _details(found: Any) -> dict[str, Any]:
    return {**found.get_details(), "resourceGroup": found.resource_group}


@app.v1("list")
def list_workspaces() -> None:
    """List this user's workspaces."""
    from stoker.core import Workspace

    rows = [
        {
            "subscriptionId": found.subscription_id,
            "resourceGroup": found.resource_group,
            "workspaceName": found.name,
        }
        for places in Workspace.list().values()
        for found in places
    ]
    answer([row for row in rows if GIVEN.group is None or row["resourceGroup"].lower() == GIVEN.group.lower()])


@app.v1("show")
def show() -> None:
    """Show a workspace."""
    answer(workspace().get_details())


@app.v1("update", cloud=_SETTINGS)
def update(
    friendly_name: FriendlyName = None,
    description: Annotated[str | None, option("--description", "-d", about="What it is for", metavar="TEXT")] = None,
    tags: Annotated[Many, option("--tags", about="k=v; may be repeated", metavar="TAG")] = None,
) -> None:
    """Change a workspace's names and tags."""
    answer(workspace().update(friendly_name, description, texts(tags) if tags else None))


@app.v1("delete", cloud={"--all-resources": "", "--no-wait": ""})
def delete(yes: Yes = False) -> None:
    """Delete a workspace: its records, metrics, logs and files.

    Unfinished runs are canceled. The folder around it stays.
    """
    from stoker.cli.services import stop_service

    found = workspace()
    confirm(f"Delete the workspace {found.name}, with all runs, metrics, logs and files?", yes=yes)
    stop_service(SESSION.home(), "cancel")
    found.delete()
    answer(None)


@app.v1("share")
def share(
    user: Annotated[str, Option("--user", help="The user", metavar="USER", show_default=False)],
    role: Annotated[str, Option("--role", help="The role", metavar="ROLE", show_default=False)],
) -> None:
    """Say how others get into a workspace.

    Differs from v1: nothing is done, because a workspace is shared by its folder, or by its service.
    """
    workspace()
    note(f"nothing was done for {user} ({role}): a workspace is shared by its folder, or by its service.")
    answer(None)


@app.v1("sync-keys")
def sync_keys() -> None:
    """Say that a workspace has no keys.

    Differs from v1: nothing is done, because a workspace keeps its files in its own folder and needs no keys for them.
    """
    workspace()
    note("nothing was done: a workspace here keeps its files in its own folder, and needs no keys for them.")
    answer(None)
