"""v1's ways to sign in: accepted everywhere, and without effect, as a workspace is the user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    "AbstractAuthentication",
    "ArmTokenAuthentication",
    "AzureCliAuthentication",
    "InteractiveLoginAuthentication",
    "MsiAuthentication",
    "ServicePrincipalAuthentication",
    "TokenAuthentication",
]


class AbstractAuthentication:
    """What all ways to sign in share."""

    def get_authentication_header(self) -> dict[str, str]:
        """Return the HTTP headers that sign a request: none."""
        return {}


class InteractiveLoginAuthentication(AbstractAuthentication):
    """Signing in by browser.

    Parameters
    ----------
    force, tenant_id, **settings
        Without effect.
    """

    def __init__(self, force: bool = False, tenant_id: str | None = None, **settings: Any) -> None:
        del force, settings
        self.tenant_id = tenant_id


class ServicePrincipalAuthentication(AbstractAuthentication):
    """Signing in as a program. The password is not kept.

    Parameters
    ----------
    tenant_id, service_principal_id, service_principal_password, **settings
        Without effect.
    """

    def __init__(
        self, tenant_id: str, service_principal_id: str, service_principal_password: str, **settings: Any
    ) -> None:
        del service_principal_password, settings
        self.tenant_id = tenant_id
        self.service_principal_id = service_principal_id


class MsiAuthentication(AbstractAuthentication):
    """Signing in as a machine of the cloud.

    Parameters
    ----------
    **settings
        Without effect.
    """

    def __init__(self, **settings: Any) -> None:
        del settings


class AzureCliAuthentication(AbstractAuthentication):
    """Signing in by the cloud's command line.

    Parameters
    ----------
    **settings
        Without effect.
    """

    def __init__(self, **settings: Any) -> None:
        del settings


class TokenAuthentication(AbstractAuthentication):
    """Signing in by a function that gives tokens. It is never called.

    Parameters
    ----------
    get_token_for_audience, cloud
        Without effect.
    """

    def __init__(self, get_token_for_audience: Callable[[str], str], cloud: str | None = None) -> None:
        del get_token_for_audience, cloud


class ArmTokenAuthentication(AbstractAuthentication):
    """Signing in by a token of the cloud. The token is not kept.

    Parameters
    ----------
    arm_access_token, cloud
        Without effect.
    """

    def __init__(self, arm_access_token: str, cloud: str | None = None) -> None:
        del arm_access_token, cloud

    def update_arm_access_token(self, new_arm_access_token: str) -> None:
        """Do nothing: no token is kept."""
        del new_arm_access_token
