"""AmlCompute: a pool of nodes on this machine, with a queue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from stoker.core._live import api_of, segment
from stoker.core.compute._amlcompute_status import AmlComputeStatus, ScaleSettings
from stoker.core.compute._base import ComputeTarget, ProvisioningConfiguration, compute_errors
from stoker.exceptions import ComputeTargetException

if TYPE_CHECKING:
    from stoker.core._live import LiveWorkspace
    from stoker.core.run import Run
    from stoker.core.workspace import Workspace

__all__ = ["AmlCompute", "AmlComputeProvisioningConfiguration"]

_PRIORITIES = ("dedicated", "lowpriority")
_DEFAULT_IDLE_SECONDS = 120
"""What v1's service took for an idle time of None in 2019."""


class AmlComputeProvisioningConfiguration(ProvisioningConfiguration):
    """What `AmlCompute.provisioning_configuration` returns."""


class AmlCompute(ComputeTarget):
    """A pool: up to `max_nodes` runs (or nodes of runs) at a time, each with its share of this machine's cores.

    Examples
    --------
    >>> settings = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
    >>> target = ComputeTarget.create(workspace, "cpu-cluster", settings)  # doctest: +SKIP
    """

    _compute_type = "AmlCompute"

    vm_size: str
    vm_priority: str
    scale_settings: ScaleSettings

    def _take(self, record: dict[str, Any]) -> None:
        super()._take(record)
        config = record.get("config") or {}
        self.vm_size = str(config.get("vm_size") or "")
        self.vm_priority = str(config.get("vm_priority") or "dedicated")
        self.scale_settings = ScaleSettings(
            int(config.get("min_nodes") or 0), config.get("max_nodes"), config.get("idle_seconds_before_scaledown")
        )

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int | None = 1800,
        admin_username: str | None = None,
        admin_user_password: str | None = None,
        admin_user_ssh_key: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        tags: dict[str, str] | None = None,
        description: str | None = None,
        remote_login_port_public_access: str = "NotSpecified",
        identity_type: str | None = None,
        identity_id: list[str] | None = None,
        location: str | None = None,
        enable_node_public_ip: bool = True,
    ) -> AmlComputeProvisioningConfiguration:
        """Return the settings of a pool.

        Differs from v1: its nodes are shares of this machine's cores; what named machines and networks is a label.

        Parameters
        ----------
        vm_size : str, optional
            A label, kept and shown.
        vm_priority : str, default="dedicated"
            `dedicated` or `lowpriority`; a label too.
        min_nodes : int, default=0
            Nodes that stay without work.
        max_nodes : int
            The largest number of nodes; needed.
        idle_seconds_before_scaledown : int, default=1800
            Seconds without work after which a node leaves; None: 120.
        tags : dict, optional
        description : str, optional
        admin_username, admin_user_password, admin_user_ssh_key, vnet_resourcegroup_name, vnet_name, subnet_name, \
remote_login_port_public_access, identity_type, identity_id, location, enable_node_public_ip
            The cloud's; without effect here. Password and key are not kept.

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            `max_nodes` is missing or below `min_nodes`, a number is none, a word is unknown.
        """
        del remote_login_port_public_access, location, enable_node_public_ip
        if (admin_user_password or admin_user_ssh_key) and not admin_username:
            raise ComputeTargetException(
                "A password or a key is given without admin_username. Give the user's name too, or leave all out.",
                target="admin_username",
            )
        labels = {
            "admin_username": admin_username,
            "vnet_resourcegroup_name": vnet_resourcegroup_name,
            "vnet_name": vnet_name,
            "subnet_name": subnet_name,
            "identity_type": identity_type,
            "identity_id": identity_id,
        }
        given = {name: value for name, value in labels.items() if value is not None}
        _warn_without_effect(list(given))
        idle = _DEFAULT_IDLE_SECONDS if idle_seconds_before_scaledown is None else idle_seconds_before_scaledown
        config: dict[str, Any] = {
            "vm_size": vm_size or "",
            "vm_priority": _priority(vm_priority),
            "min_nodes": _whole(min_nodes, "min_nodes", 0),
            "max_nodes": _whole(max_nodes, "max_nodes", 1),
            "idle_seconds_before_scaledown": _whole(idle, "idle_seconds_before_scaledown", 0),
            "description": description,
            **given,
        }
        _check_range(config["min_nodes"], config["max_nodes"])
        return AmlComputeProvisioningConfiguration(AmlCompute, config, tags)

    def get_status(self) -> AmlComputeStatus | None:
        """Return the state as it is now; None until the pool is made.

        Examples
        --------
        >>> target.get_status().serialize()["allocationState"]  # doctest: +SKIP
        'Steady'
        """
        self.refresh_state()
        return self.status

    @property
    def status(self) -> AmlComputeStatus | None:
        """The state as last fetched; None until the pool is made."""
        data = self._record.get("status")
        return AmlComputeStatus({"provisioningState": self.provisioning_state, **data}) if data else None

    def wait_for_completion(  # type: ignore[override]  # v1 has is_delete_operation last
        self,
        show_output: bool = False,
        min_node_count: int | None = None,
        timeout_in_minutes: float = 25,
        is_delete_operation: bool = False,
    ) -> None:
        """Wait until the pool is made, and has so many nodes; or is gone. After the time-out it just returns.

        Parameters
        ----------
        show_output : bool, default=False
            Print each state.
        min_node_count : int, optional
            Wait until so many nodes are there; default: the pool's own minimum.
        timeout_in_minutes : float, default=25
        is_delete_operation : bool, default=False

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            Making it failed; the message has the reasons.
        """
        limit = 25.0 if timeout_in_minutes is None else float(timeout_in_minutes)
        deadline = time.monotonic() + limit * 60
        done = self._wait(show_output, is_delete_operation, deadline)
        if done and not is_delete_operation:
            wanted = 0 if min_node_count is None else _whole(min_node_count, "min_node_count", 0)
            done = self._wait_for_nodes(max(wanted, self.scale_settings.minimum_node_count), deadline)
        if show_output:
            end = "AmlCompute wait for completion finished." if done else f"Not finished after {limit:g} minutes."
            print(end, flush=True)  # noqa: T201  # asked for

    def _wait_for_nodes(self, wanted: int, deadline: float) -> bool:
        pause = 0.02
        while True:
            status = self.get_status()
            if (status.current_node_count if status else 0) >= wanted:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    def update(
        self,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int | None = None,
    ) -> None:
        """Change the pool's limits; what is None stays.

        Raises
        ------
        stoker.exceptions.ComputeTargetException
            `max_nodes` would be below `min_nodes`, or a number is none.
        """
        asked = {
            "min_nodes": (min_nodes, 0),
            "max_nodes": (max_nodes, 1),
            "idle_seconds_before_scaledown": (idle_seconds_before_scaledown, 0),
        }
        changes = {name: _whole(value, name, least) for name, (value, least) in asked.items() if value is not None}
        merged = {**(self._record.get("config") or {}), **changes}
        _check_range(merged.get("min_nodes") or 0, merged["max_nodes"])
        with compute_errors():
            self._take(api_of(self.workspace).patch(f"/compute/{segment(self.name)}", {"config": changes}))

    def list_nodes(self) -> list[dict[str, Any]]:
        """Return the nodes: for each `nodeId`, `nodeState`, `runId`, `cpus`."""
        self.refresh_state()
        return [
            {**{key: value for key, value in node.items() if key != "state"}, "nodeState": node.get("state")}
            for node in self._record.get("nodes") or []
        ]

    def get_active_runs(
        self,
        type: str | None = None,  # noqa: A002  # v1's name
        tags: dict[str, str] | str | None = None,
        properties: dict[str, str] | str | None = None,
        status: str | None = None,
    ) -> Iterator[Run]:
        """Yield the runs that are queued or running here, newest first."""
        from stoker.base.states import RunStatus
        from stoker.core._rehydrate import of_record
        from stoker.core.experiment import Experiment

        unfinished = [str(state) for state in RunStatus if not state.is_terminal]
        filters = {"type": type, "tag": _filter(tags), "property": _filter(properties), "status": status or unfinished}
        workspace = cast("Workspace", self.workspace)
        cursor = None
        while True:
            page = api_of(workspace).get("/runs", target=self.name, sort="created", after=cursor, **filters)
            for record in page["runs"]:
                experiment = Experiment._known(workspace, record["experiment"])  # noqa: SLF001  # one package
                yield of_record(experiment, record)
            cursor = page.get("next")
            if not cursor:
                return

    @staticmethod
    def supported_vmsizes(workspace: LiveWorkspace, location: str | None = None) -> list[dict[str, Any]]:
        """Return the kinds of nodes there are: this machine. Any other word is accepted as a label.

        Returns
        -------
        list of dict
            `name`, `vCPUs`, `gpus`, `memoryGB`.
        """
        import os

        del workspace, location
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        return [{"name": "local", "vCPUs": os.cpu_count() or 1, "gpus": 0, "memoryGB": round(memory, 1)}]

    def _own_properties(self) -> dict[str, Any]:
        return {
            "vmSize": self.vm_size,
            "vmPriority": self.vm_priority,
            "scaleSettings": self.scale_settings.serialize(),
        }


def _priority(value: Any) -> str:
    word = str(value).lower().replace("_", "").replace("-", "")
    if word in _PRIORITIES:
        return word
    raise ComputeTargetException(f"vm_priority is {value!r}. Give 'dedicated' or 'lowpriority'.", target="vm_priority")


def _whole(value: Any, name: str, least: int) -> int:
    """Return a number that may be written as text, as environment variables are."""
    if value is None:
        raise ComputeTargetException(
            f"{name} is missing, and is needed: the largest number of nodes, which is how many runs go on at a time. "
            f"Give it, as {name}=4.",
            target=name,
        )
    try:
        number = int(value)
        exact = not isinstance(value, bool) and (isinstance(value, str) or number == value)
    except (TypeError, ValueError):
        number, exact = least - 1, False
    if not exact or number < least:
        raise ComputeTargetException(f"{name} is {value!r}. Give a whole number of {least} or more.", target=name)
    return number


def _check_range(min_nodes: int, max_nodes: int) -> None:
    if max_nodes < min_nodes:
        raise ComputeTargetException(
            f"max_nodes is {max_nodes} and min_nodes is {min_nodes}. Give a max_nodes of {min_nodes} or more.",
            target="max_nodes",
        )


def _warn_without_effect(names: list[str]) -> None:
    if names:
        import warnings

        warnings.warn(f"{', '.join(names)}: kept as labels; a pool on this machine has no use for them.", stacklevel=3)


def _filter(wanted: dict[str, str] | str | None) -> list[str] | None:
    if wanted is None:
        return None
    if isinstance(wanted, str):
        return [wanted]
    return [key if value is None else f"{key}={value}" for key, value in wanted.items()]
