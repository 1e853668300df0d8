"""Datastores in a Hadoop file system."""

from __future__ import annotations

from stoker.data._file_datastore import FileDatastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stoker.core.workspace import Workspace

__all__ = ["HDFSDatastore"]


class HDFSDatastore(FileDatastore):
    """A Hadoop file system.

    Parameters
    ----------
    workspace : Workspace
    name, protocol, namenode_address : str
    hdfs_server_certificate_data, kerberos_realm, kerberos_kdc_address, kerberos_principal : str, optional
    **settings
        v1's other arguments, without effect.
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        protocol: str | None = None,
        namenode_address: str | None = None,
        hdfs_server_certificate_data: str | None = None,
        kerberos_realm: str | None = None,
        kerberos_kdc_address: str | None = None,
        kerberos_principal: str | None = None,
        **settings: object,
    ) -> None:
        del settings
        super().__init__(workspace, name, "HDFS")
        self.protocol = protocol
        self.namenode_address = namenode_address
        self.hdfs_server_certificate_data = hdfs_server_certificate_data
        self.kerberos_realm = kerberos_realm
        self.kerberos_kdc_address = kerberos_kdc_address
        self.kerberos_principal = kerberos_principal
