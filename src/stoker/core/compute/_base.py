"""What all compute targets share, and the choice of the right class for a name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from stoker.base.names import check_compute_name
from stoker.core._live import api_of, segment
from stoker.exceptions import ComputeTargetException, ConflictException, NotFoundException, UserErrorException

if TYPE_CHECKING:
    from stoker.core._live import LiveWorkspace

    Kind = type["ComputeTarget"]

__all__ = ["ComputeTarget", "ProvisioningConfiguration", "compute_errors"]

LOCAL = "local"


class ProvisioningConfiguration:
    """What a compute target is made with.

    Parameters
    ----------
    compute_type : type
        The class of the target.
    config : dict
        Its settings.
    tags : dict, optional
    """

    def __init__(self, compute_type: Kind, config: dict[str, Any], tags: dict[str, str] | None) -> None:
        self.compute_type = compute_type
        self.config = config
        self.tags = dict(tags or {})


class ComputeTarget:
    """A named place where runs go.

    Calling it looks the target up and gives an object of the right class.

    Parameters
    ----------
    workspace : Workspace
    name : str

    Attributes
    ----------
    name, type, id : str
    location, cluster_location : str
    tags : dict
    description : str or None
    provisioning_state : str
        `Creating`, `Updating`, `Deleting`, `Succeeded`, `Failed` or `Canceled`.
    provisioning_errors : list

    Raises
    ------
    stoker.exceptions.ComputeTargetException
        There is no target of that name, or it is of another class.

    Examples
    --------
    >>> from stoker.core.compute import AmlCompute, ComputeTarget
    >>> try:  # doctest: +SKIP
    ...     target = ComputeTarget(workspace, "cpu-cluster")
    ... except ComputeTargetException:
    ...     settings = AmlCompute.provisioning_configuration(max_nodes=4)
    ...     target = ComputeTarget.create(workspace, "cpu-cluster", settings)
    """

    _compute_type: ClassVar[str] = ""
    _by_type: ClassVar[dict[str, Kind]] = {}

    workspace: LiveWorkspace
    name: str
    type: str
    id: str
    location: str
    cluster_location: str
    tags: dict[str, str]
    description: str | None
    provisioning_state: str
    provisioning_errors: list[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls._compute_type:
            ComputeTarget._by_type[cls._compute_type] = cls

    def __new__(cls, workspace: LiveWorkspace, name: str) -> ComputeTarget:  # noqa: PYI034  # a subclass by the record
        """Look the target up and return an object of its class."""
        if name == LOCAL:
            raise ComputeTargetException(
                "The target 'local' is this machine itself and has no object. Use the word: compute_target='local'.",
                target="name",
            )
        with compute_errors():
            record = api_of(workspace).get(f"/compute/{segment(name)}")
        return cls._of_record(workspace, record)

    def __init__(self, workspace: LiveWorkspace, name: str) -> None:
        """Everything is set by `__new__`, which has the record."""

    @classmethod
    def _of_record(cls, workspace: LiveWorkspace, record: dict[str, Any]) -> ComputeTarget:
        kind = ComputeTarget._by_type.get(record["type"], ComputeTarget)
        if not issubclass(kind, cls):
            raise ComputeTargetException(
                f"The compute target {record['name']!r} is of type {record['type']}, not {cls._compute_type}. "
                f"Look it up with ComputeTarget(workspace, {record['name']!r}).",
                target="name",
            )
        target: ComputeTarget = object.__new__(kind)
        target.workspace = workspace
        target._take(record)
        return target

    def _take(self, record: dict[str, Any]) -> None:
        """Set the attributes from a record of the service."""
        self._record = record
        self.name = record["name"]
        self.type = record["type"]
        self.id = str(record.get("id") or record["name"])
        self.location = self.cluster_location = str(record.get("location") or LOCAL)
        self.tags = dict(record.get("tags") or {})
        self.description = (record.get("config") or {}).get("description")
        self.provisioning_state = record["provisioning_state"]
        self.provisioning_errors = list(record.get("errors") or [])

    @staticmethod
    def create(
        workspace: LiveWorkspace, name: str, provisioning_configuration: ProvisioningConfiguration
    ) -> ComputeTarget:
        """Make a target and return at once; one of that name and kind is changed to the new settings.

        Parameters
        ----------
        workspace : Workspace
        name : str
            2 to 32 letters, digits and hyphens, the first a letter.
        provisioning_configuration : ProvisioningConfiguration
            As `AmlCompute.provisioning_configuration` gives it.

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            The name is not allowed, or taken by a target of another kind.
        """
        if str(name).lower() == LOCAL:
            raise ComputeTargetException(
                "The name 'local' stands for this machine itself. Choose another name.", target="name"
            )
        check_compute_name(name)
        settings = provisioning_configuration
        if not isinstance(settings, ProvisioningConfiguration):
            raise ComputeTargetException(
                f"{settings!r} is no configuration of a target. "
                "Give what AmlCompute.provisioning_configuration(max_nodes=...) returns.",
                target="provisioning_configuration",
            )
        return settings.compute_type._made(workspace, name, settings)  # noqa: SLF001  # a class of this family

    @classmethod
    def _made(cls, workspace: LiveWorkspace, name: str, settings: ProvisioningConfiguration) -> ComputeTarget:
        body = {"name": name, "type": cls._compute_type, "config": settings.config, "tags": settings.tags}
        with compute_errors():
            record = api_of(workspace).post("/compute", body)
        return cls._of_record(workspace, record)

    @staticmethod
    def attach(workspace: LiveWorkspace, name: str, attach_configuration: Any) -> NoReturn:
        """Raise `ComputeTargetException`: this version knows no machine or cluster that could be added.

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            Always.
        """
        del workspace, attach_configuration
        raise ComputeTargetException(
            f"{name!r} can't be attached: this version of Stoker has the target 'local' and pools made by "
            "AmlCompute.provisioning_configuration. Use one of these."
        )

    @staticmethod
    def list(workspace: LiveWorkspace) -> list[ComputeTarget]:
        """Return all targets of the workspace, without `local`."""
        records = api_of(workspace).get("/compute")["compute"]
        return [ComputeTarget._of_record(workspace, record) for record in records]

    def refresh_state(self) -> None:
        """Read the attributes anew.

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            The target is gone.
        """
        with compute_errors():
            self._take(api_of(self.workspace).get(f"/compute/{segment(self.name)}"))

    def get_status(self) -> Any:
        """Return the provisioning state as it is now."""
        self.refresh_state()
        return self.provisioning_state

    def wait_for_completion(self, show_output: bool = False, is_delete_operation: bool = False) -> None:
        """Wait until the target is made, or gone.

        Parameters
        ----------
        show_output : bool, default=False
            Print each state.
        is_delete_operation : bool, default=False
            Wait until it is gone.

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            Making it failed; the message has the reasons.
        """
        self._wait(show_output, is_delete_operation, float("inf"))

    def _wait(self, show_output: bool, is_delete_operation: bool, deadline: float) -> bool:
        """Return whether the target came to rest before `deadline` (monotonic seconds)."""
        shown, pause = "", 0.02
        while True:
            try:
                self.refresh_state()
            except ComputeTargetException:
                if not is_delete_operation:
                    raise
                return True
            if show_output and self.provisioning_state != shown:
                shown = self.provisioning_state
                print(shown, flush=True)  # noqa: T201  # asked for
            if self.provisioning_state in {"Failed", "Canceled"}:
                raise self._failure()
            if self.provisioning_state == "Succeeded" and not is_delete_operation:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    def _failure(self) -> ComputeTargetException:
        reasons = "; ".join(str(error) for error in self.provisioning_errors) or "no reason was given"
        return ComputeTargetException(
            f"The compute target {self.name!r} is {self.provisioning_state}: {reasons}. Delete it and create it again.",
            target=self.name,
        )

    def delete(self) -> None:
        """Remove the target.

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            It is gone already, or runs on it are unfinished.
        """
        with compute_errors():
            api_of(self.workspace).delete(f"/compute/{segment(self.name)}")
        self.provisioning_state = "Deleting"

    def detach(self) -> None:
        """Let go of a target that was attached; one that was made is deleted instead.

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            Always, for the kinds of this version.
        """
        raise ComputeTargetException(
            f"The compute target {self.name!r} was made and not attached. Use delete() to remove it."
        )

    def serialize(self) -> dict[str, Any]:
        """Return the target as plain data, in v1's form."""
        return {
            "id": self.id,
            "name": self.name,
            "location": self.location,
            "tags": dict(self.tags),
            "properties": {
                "description": self.description,
                "computeType": self.type,
                "computeLocation": self.cluster_location,
                "provisioningState": self.provisioning_state,
                "provisioningErrors": [*self.provisioning_errors],
                "createdOn": self._record.get("created"),
                "modifiedOn": self._record.get("modified"),
                "properties": self._own_properties(),
            },
        }

    def _own_properties(self) -> dict[str, Any]:
        return dict(self._record.get("config") or {})

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, provisioning_state={self.provisioning_state!r})"

    def _repr_html_(self) -> str:
        from stoker.core._html import compute_table

        return compute_table(self)


@contextmanager
def compute_errors() -> Iterator[None]:
    """Turn the service's answers about names and settings into `ComputeTargetException`, which v1's users catch."""
    try:
        yield
    except (NotFoundException, ConflictException) as error:
        raise ComputeTargetException(error.message, error, target=error.target, details=error.details) from error
    except UserErrorException as error:
        if type(error) is not UserErrorException:
            raise
        raise ComputeTargetException(error.message, error, target=error.target, details=error.details) from error
