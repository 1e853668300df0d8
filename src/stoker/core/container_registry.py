"""Where a Docker image comes from."""

from __future__ import annotations

from stoker.core._fields import text
from stoker.core._section import Section

__all__ = ["ContainerRegistry", "RegistryIdentity"]


class RegistryIdentity(Section):
    """An identity that a registry of the cloud accepts; kept, and without effect here."""

    resource_id: str | None = text()
    client_id: str | None = text()


class ContainerRegistry(Section):
    """A registry of Docker images, with the login it wants.

    Examples
    --------
    >>> registry = ContainerRegistry()
    >>> registry.address = "registry.example.org"
    """

    address: str | None = text()
    """Host name of the registry; None: Docker Hub."""
    username: str | None = text()
    password: str | None = text(secret=True)
    """Never part of a run's record."""
    registry_identity: str | None = text()
