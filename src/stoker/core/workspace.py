"""The workspace: where experiments, runs and all they need are kept."""

from __future__ import annotations

import os

from stoker.core._workspace_data import WorkspaceData
from stoker.exceptions import WorkspaceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from builtins import list as List  # noqa: N812  # `list` is a method here
    from typing import Any

    from stoker.client.http import Api
    from stoker.core.run import Run

__all__ = ["Workspace"]


class Workspace(WorkspaceData):
    """A workspace that is there, found by its name.

    Subscription and resource group are labels from v1: kept and printed, never needed.

    Parameters
    ----------
    subscription_id, resource_group : str, optional
    workspace_name : str
    auth : object, optional
        v1's argument, without effect.
    **settings
        v1's other arguments, without effect.

    Raises
    ------
    stoker.exceptions.WorkspaceException
        There is no workspace of that name; the message suggests the nearest.

    Examples
    --------
    >>> ws = Workspace.from_config()  # doctest: +SKIP
    """

    def __init__(
        self,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        auth: object = None,
        **settings: object,
    ) -> None:
        from stoker.base.names import check_workspace_name
        from stoker.core._locate import place_by_name

        del subscription_id, resource_group, auth, settings
        self._begin(place_by_name(check_workspace_name(workspace_name)))

    def _begin(self, place: str, api: Api | None = None, facts: dict[str, Any] | None = None) -> None:
        self._place = place
        self._home = None if "://" in place else os.path.join(place, ".stoker")
        self._made_api = api
        self._given_facts = facts

    @classmethod
    def _at(cls, place: str, api: Api | None = None, facts: dict[str, Any] | None = None) -> Workspace:
        """Return the workspace in a folder or at an address, perhaps through a given connection."""
        made = cls.__new__(cls)
        made._begin(place, api, facts)  # noqa: SLF001  # an object of this class
        return made

    @classmethod
    def _of_run(cls) -> Workspace:
        """Return the workspace of the run that this process belongs to; nothing is read."""
        home = os.environ.get("STOKER_HOME_DIR")
        return cls._at(os.path.dirname(home) if home else os.environ.get("STOKER_URL", "://"))

    @classmethod
    def create(
        cls,
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: dict[str, str] | None = None,
        friendly_name: str | None = None,
        exist_ok: bool = False,
        show_output: bool = True,
        **settings: object,
    ) -> Workspace:
        """Make a workspace, known by its name to all scripts of this user.

        Differs from v1: it is a folder of this machine, there at once; what named places of the cloud is a label.

        Parameters
        ----------
        name : str
            3 to 33 letters, digits, hyphens and underscores.
        subscription_id, resource_group, location : str, optional
            Labels.
        tags : dict, optional
        friendly_name : str, optional
        exist_ok : bool, default=False
            Whether to return the workspace of that name when there is one.
        show_output : bool, default=True
            Whether to print where it is.
        auth, create_resource_group, sku, **settings
            v1's arguments, without effect.

        Raises
        ------
        stoker.exceptions.WorkspaceException
            The name is taken or not legal.
        """
        from stoker.core._creation import create_by_name

        del auth, create_resource_group, sku, settings
        labels = {"subscription_id": subscription_id, "resource_group": resource_group, "location": location}
        place = create_by_name(name, exist_ok=exist_ok, tags=tags, friendly_name=friendly_name, **labels)
        if show_output:
            print(f"Workspace {name} is in {place}.")  # noqa: T201  # v1 prints here, and it can be turned off
        return cls._at(place)

    @classmethod
    def get(
        cls,
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        **settings: object,
    ) -> Workspace:
        """Return the workspace of that name; the other arguments are v1's, without effect.

        Raises
        ------
        stoker.exceptions.WorkspaceException
            There is none; the message suggests the nearest.
        """
        del auth, location, settings
        return cls(subscription_id, resource_group, name)

    @classmethod
    def list(
        cls, subscription_id: str | None = None, auth: object = None, resource_group: str | None = None
    ) -> dict[str, List[Workspace]]:
        """Return all workspaces of this user: name -> list of workspaces, as v1 has it."""
        from stoker.client import registry

        del subscription_id, auth, resource_group
        return {name: [cls._at(place)] for name, place in sorted(registry.all_workspaces().items())}

    @classmethod
    def from_config(
        cls, path: str | os.PathLike[str] | None = None, auth: object = None, _file_name: str | None = None
    ) -> Workspace:
        """Return the workspace that a folder belongs to.

        Parameters
        ----------
        path : str, optional
            A folder, where the search begins and goes upwards, or a file. Default: the working directory.
        auth : object, optional
            v1's argument, without effect.

        Raises
        ------
        stoker.exceptions.UserErrorException
            Nothing was found, or a file can't be read.

        Examples
        --------
        >>> ws = Workspace.from_config()  # doctest: +SKIP
        """
        from stoker.core._locate import locate

        del auth
        return cls._at(locate(path, _file_name))

    def write_config(self, path: str | os.PathLike[str] | None = None, file_name: str | None = None) -> None:
        """Write the file that `from_config` finds: `<path or working directory>/.azureml/config.json`."""
        from stoker.core._locate import write_v1_file

        write_v1_file(path, file_name, self._facts, self._place)

    @property
    def name(self) -> str:
        """The workspace's name."""
        return str(self._facts["name"])

    @property
    def subscription_id(self) -> str:
        """A label."""
        return self._label("subscription_id")

    @property
    def resource_group(self) -> str:
        """A label."""
        return self._label("resource_group")

    @property
    def location(self) -> str:
        """A label."""
        return self._label("location")

    @property
    def tags(self) -> dict[str, str]:
        """The workspace's tags."""
        return dict(self._facts.get("tags") or {})

    @property
    def sku(self) -> str:
        """`basic`: there is one kind of workspace."""
        return "basic"

    @property
    def discovery_url(self) -> str:
        """The address of the workspace's service."""
        return str(self._api.url)

    def get_run(self, run_id: str) -> Run:
        """Return the run of that id, of whatever experiment.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is none.
        """
        from stoker.core.run import Run

        return Run.get(self, run_id)

    def get_details(self) -> dict[str, Any]:
        """Return what is on record, under v1's names; no request is made for a workspace of this machine."""
        from stoker.core._details import workspace_details

        return workspace_details(self._facts)

    def update(
        self,
        friendly_name: str | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        image_build_compute: object = None,
        **settings: object,
    ) -> dict[str, Any]:
        """Change name for people, description or tags, and return the details."""
        del image_build_compute, settings
        changes = {"friendly_name": friendly_name, "description": description, "tags": tags}
        record = self._api.patch("/workspace", {key: value for key, value in changes.items() if value is not None})
        if self._given_facts is not None:
            self._given_facts = record
        return self.get_details()

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """Delete the workspace with all its records and files; unfinished runs are canceled.

        Nothing outside its `.stoker` folder is touched. The arguments are v1's, without effect.

        Raises
        ------
        stoker.exceptions.WorkspaceException
            It is on a server, or its folder can't be removed.
        """
        from stoker.core._deletion import delete_workspace

        del delete_dependent_resources, no_wait
        if self._home is None:
            raise WorkspaceException(
                f"The workspace is on the server {self._place}, and is deleted there. Ask who runs the server."
            )
        delete_workspace(self._place, self._home)

    @property
    def _facts(self) -> dict[str, Any]:
        """Return the workspace's record; that of a folder is read anew, as the service may have changed it."""
        if self._given_facts is not None:
            return self._given_facts
        if self._home is None:
            facts: dict[str, Any] = self._api.get("/workspace")
            self._given_facts = facts
            return facts
        from stoker.client.layout import read_config

        return read_config(self._home)

    def _label(self, name: str) -> str:
        return str(self._facts.get(name) or "")

    @property
    def _api(self) -> Api:
        if self._made_api is None:
            from stoker.core._connection import connection

            self._made_api = connection(self._place, self._home)
        return self._made_api

    @_api.setter
    def _api(self, api: Api) -> None:
        self._made_api = api

    def _settle(self) -> None:
        """Wait until what this process wrote to runs of the workspace is stored, so that it reads its own writes."""
        from stoker.core._writer import settle_all

        settle_all(self._home)

    def _run_folder(self, run_id: str) -> str | None:
        """Return where a run's folder is on this machine, whether it exists or not; None for a server."""
        return None if self._home is None else os.path.join(self._home, "runs", run_id)

    def _setting(self, name: str, default: int) -> int:
        """Return a setting: of the environment, else of the workspace."""
        given = os.environ.get(f"STOKER_{name.upper()}") or (self._facts.get("settings") or {}).get(name)
        return default if given is None else int(float(given))

    def __deepcopy__(self, memo: dict[int, Any]) -> Workspace:
        return self

    def __repr__(self) -> str:
        try:
            facts = self._facts
        except Exception:  # noqa: BLE001  # a representation never raises
            return f"Workspace({self._place!r})"
        labels = f"subscription_id={facts['subscription_id']!r}, resource_group={facts['resource_group']!r}"
        return f"Workspace.create(name={facts['name']!r}, {labels})"

    def _repr_html_(self) -> str:
        from stoker.core._html import workspace_table

        return workspace_table(self)
