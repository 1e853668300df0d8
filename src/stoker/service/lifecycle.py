"""The life of one service: it is the only one of its workspace, says where it is, and leaves when idle."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Iterable
from typing import Any

import psutil

from stoker.base.ids import new_guid
from stoker.base.jsonio import write_json, write_text
from stoker.base.locks import acquire
from stoker.base.paths import WorkspacePaths
from stoker.base.processes import identity
from stoker.base.version import __version__
from stoker.client import registry
from stoker.client.discovery import folder_identity, living_service
from stoker.client.layout import read_config, update_config, write_keys
from stoker.exceptions import WorkspaceException

__all__ = ["Claim", "claim_workspace", "network_filesystem"]

NETWORK_FILESYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "lustre", "ceph", "glusterfs", "9p"}
)
LOCK_PATIENCE = 1.0
"""Seconds to wait for the lock of a service that serves."""
LEAVE_PATIENCE = 60.0
"""Seconds to wait for the lock of one that has withdrawn `service.json`: it is leaving."""


class Claim:
    """The right to serve a workspace; held until the process ends.

    Attributes
    ----------
    paths : WorkspacePaths
    config : dict
    key : str
        The signing key.
    """

    def __init__(self, paths: WorkspacePaths, config: dict[str, Any], key: str, lock: int) -> None:
        self.paths = paths
        self.config = config
        self.key = key
        self._lock = lock

    def bind(self, host: str, port: int) -> socket.socket:
        """Return a listening socket at the workspace's own port, or at a new one when that is taken."""
        wanted = port or int(self.config.get("port") or 0)
        bound = _listen(host, wanted) or _listen(host, 0)
        if bound is None:
            raise WorkspaceException(
                f"No port can be opened on {host}. Set another address with STOKER_HOST, or free a port."
            )
        actual = int(bound.getsockname()[1])
        if wanted and actual != wanted:
            print(f"port {wanted} is taken by another program; this service listens on {actual}", file=sys.stderr)
        if actual != self.config.get("port"):
            self.config = update_config(self.paths.home, port=actual)
        return bound

    def announce(self, url: str, incarnation: int, token: str) -> None:
        """Write `service.json` and the owner's token: from now on clients find the service."""
        me = identity(os.getpid())
        assert me is not None, "this process runs"
        write_text(self.paths.token, token + "\n")
        facts = {
            "url": url,
            "pid": me.pid,
            "start": me.start,
            "boot": me.boot,
            "host": socket.gethostname(),
            "version": __version__,
            "workspace": self.config["id"],
            "folder": folder_identity(self.paths.home),
            "incarnation": incarnation,
            "started": time.time(),
        }
        write_json(self.paths.service, facts)

    def withdraw(self) -> None:
        """Remove `service.json`: clients start a new service from now on, which waits for the lock."""
        if os.path.exists(self.paths.service):
            os.unlink(self.paths.service)

    def folder_is_gone(self) -> bool:
        """Whether the workspace's folder was deleted or moved away under the service."""
        return not os.path.exists(self.paths.config)


def claim_workspace(home: str) -> Claim | None:
    """Become the one service of the workspace, or return None when another is.

    Raises
    ------
    stoker.exceptions.WorkspaceException
        The folder belongs to another user, lies on a network file system, or can't be written.
    """
    paths = WorkspacePaths(home)
    config = read_config(home)
    _check_place(paths)
    lock = _lock(paths)
    if lock is None:
        return None
    config = _settle(paths, config)
    with open(paths.key, encoding="ascii") as file:
        return Claim(paths, config, file.read().strip(), lock)


def _lock(paths: WorkspacePaths) -> int | None:
    """Return the descriptor of the workspace's lock, or None when a service serves; one that leaves is waited for."""
    until = time.monotonic() + LEAVE_PATIENCE
    while True:
        lock = acquire(paths.service_lock, timeout=LOCK_PATIENCE)
        if lock is not None or living_service(paths.home) is not None or time.monotonic() > until:
            return lock


def network_filesystem(path: str, mounts: Iterable[tuple[str, str]] | None = None) -> str | None:
    """Return the type of the network file system that holds `path`, or None when it is a local one.

    Parameters
    ----------
    path : str
    mounts : iterable of (str, str), optional
        Where each file system is mounted, and its type; a later one covers an earlier one at the same place
        (default: this machine's).
    """
    best, kind = "", ""
    real = os.path.realpath(path)
    for point, name in _mounts() if mounts is None else mounts:
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, name
    return kind if kind.lower() in NETWORK_FILESYSTEMS else None


def _mounts() -> list[tuple[str, str]]:
    return [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]


def _check_place(paths: WorkspacePaths) -> None:
    owner = os.stat(paths.home).st_uid
    if owner != os.getuid():
        raise WorkspaceException(
            f"The workspace {paths.root} belongs to another user (uid {owner}). "
            "To share a workspace, its owner starts `stoker server run` and gives you its address and a token."
        )
    kind = network_filesystem(paths.home)
    if kind is not None:
        raise WorkspaceException(
            f"The workspace {paths.root} lies on a network file system ({kind}), where a database can be damaged. "
            "Put the workspace on a local disk, or run `stoker server run` on the machine that has the disk."
        )
    if not os.access(paths.home, os.W_OK):
        raise WorkspaceException(f"The workspace {paths.root} is read-only. Make it writable, or copy it elsewhere.")


def _settle(paths: WorkspacePaths, config: dict[str, Any]) -> dict[str, Any]:
    """See whether the folder was moved or copied; a copy gets an id, a port and a key of its own."""
    here = os.path.realpath(paths.root)
    recorded = config.get("root")
    if recorded != here:
        if recorded and _is_same_workspace(recorded, config["id"]):
            name = _free_name(config["name"])
            write_keys(paths)
            config = update_config(paths.home, id=new_guid(), name=name, root=here, port=0, copied_from=config["id"])
            # What runs, runs for the original: its processes must not be taken for ours.
            for folder in (paths.runs, paths.agent):
                shutil.rmtree(folder, ignore_errors=True)
        else:
            config = update_config(paths.home, root=here)
    # A copy or an archive may have opened it: keys and all records lie in it.
    os.chmod(paths.home, 0o700)
    for folder in (paths.logs, paths.objects, paths.logfiles, paths.agent, paths.runs):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    if registry.all_workspaces().get(config["name"]) != here:
        registry.register(config["name"], here)
    return config if config.get("python") == sys.executable else update_config(paths.home, python=sys.executable)


def _is_same_workspace(root: str, workspace_id: str) -> bool:
    home = WorkspacePaths.of_root(root).home
    return os.path.exists(os.path.join(home, "config.json")) and read_config(home)["id"] == workspace_id


def _free_name(name: str) -> str:
    from stoker.base.names import legal_workspace_name

    return legal_workspace_name(name, registry.all_workspaces())


def _listen(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        return None
    return listener
