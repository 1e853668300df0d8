"""The workspace's secrets."""

from __future__ import annotations

from stoker.exceptions import NotFoundException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["Keyvault"]


class Keyvault:
    """Secrets by name: encrypted on disk, in no record, log or snapshot.

    A run's script reads them with `run.get_secret`; only the workspace's owner sets and deletes them.

    Parameters
    ----------
    workspace : Workspace

    Examples
    --------
    >>> keyvault = workspace.get_default_keyvault()  # doctest: +SKIP
    >>> keyvault.set_secret("database-password", "swordfish")  # doctest: +SKIP
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def set_secret(self, name: str, value: str, content_type: object = None) -> None:
        """Keep a secret, in place of the one of that name.

        Parameters
        ----------
        name : str
            1 to 255 characters.
        value : str
        content_type : object, optional
            v1's argument, without effect.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The name or the value is no such text.
        """
        del content_type
        self.set_secrets({name: value})

    def set_secrets(self, secrets_batch: Mapping[str, str]) -> None:
        """Keep several secrets: name -> value; nothing is written when one of them is no text."""
        for name, value in secrets_batch.items():
            if not isinstance(value, str):
                # Not a word of the value: this text is shown.
                raise UserErrorException(
                    f"The value of the secret {name!r} is of the type {type(value).__name__}. Give it as a text.",
                    target="value",
                )
            _path(name)
        for name, value in secrets_batch.items():
            self._api.put(_path(name), {"value": value})

    def get_secret(self, name: str) -> str:
        """Return the value of a secret.

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is none of that name; the message suggests the nearest.
        """
        return str(self._api.get(_path(name))["value"])

    def get_secrets(self, secrets: Iterable[str]) -> dict[str, str | None]:
        """Return name -> value for several secrets; None for one that is not there."""
        return {name: self._find(name) for name in secrets}

    def list_secrets(self) -> list[dict[str, str]]:
        """Return `{"name": ...}` of each secret, sorted by name; no values."""
        return [{"name": record["name"]} for record in self._api.get("/secrets")["secrets"]]

    def delete_secret(self, name: str) -> None:
        """Remove a secret.

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is none of that name.
        """
        self._api.delete(_path(name))

    def delete_secrets(self, secrets: Iterable[str]) -> None:
        """Remove several secrets; one that is not there is a `NotFoundException`, and those behind it stay."""
        for name in secrets:
            self.delete_secret(name)

    def _find(self, name: str) -> str | None:
        try:
            return self.get_secret(name)
        except NotFoundException:
            return None

    @property
    def _api(self) -> Any:
        return self.workspace._api  # noqa: SLF001  # one package

    def __repr__(self) -> str:
        return f"Keyvault(workspace={self.workspace!r})"


def _path(name: object) -> str:
    from stoker.client.http import quote_name

    if not isinstance(name, str) or not name:
        raise UserErrorException(f"{name!r} can't be the name of a secret. Give it as a text.", target="name")
    return f"/secrets/{quote_name(name)}"
