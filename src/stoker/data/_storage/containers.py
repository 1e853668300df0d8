"""Making a container of Azure Blob: what the library for its objects does not do."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from stoker.exceptions import AuthenticationException, UserErrorException

__all__ = ["create_container"]

_VERSION = "2021-08-06"


def create_container(name: str, options: dict[str, Any], secret: dict[str, Any]) -> bool:
    """Make a container; return False when it is there already.

    Parameters
    ----------
    name : str
    options : dict
        `account_name`, and `endpoint_url` or `protocol` and `endpoint`.
    secret : dict
        `account_key` or `sas_token`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The account does not answer, or refuses.
    """
    account = str(options["account_name"])
    suffix, protocol = options.get("endpoint") or "core.windows.net", options.get("protocol") or "https"
    root = str(options.get("endpoint_url") or f"{protocol}://{account}.blob.{suffix}").rstrip("/")
    url = f"{root}/{urllib.parse.quote(name)}?restype=container"
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": _VERSION}
    if secret.get("account_key"):
        headers["Authorization"] = f"SharedKey {account}:{_signature(url, headers, account, secret['account_key'])}"
    elif secret.get("sas_token"):
        url += "&" + str(secret["sas_token"]).lstrip("?")
    request = urllib.request.Request(url, data=b"", headers=headers, method="PUT")  # noqa: S310  # http(s), as registered
    # urllib would name a type, which is a part of what is signed.
    request.add_unredirected_header("Content-Type", "")
    try:
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310  # the same
            return True
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 409:
            return False
        if error.code in {401, 403}:
            raise AuthenticationException(
                f"The account {account!r} refuses to make the container {name!r} (status {error.code}): the account "
                "key or SAS token is wrong, has expired, or may not do this. Give a valid one.",
                error,
            ) from error
        raise UserErrorException(
            f"The container {name!r} can't be made in {account!r}: status {error.code}. Look at the container's name: "
            "3 to 63 small letters, digits and hyphens.",
            error,
            target="container_name",
        ) from error
    except OSError as error:
        raise UserErrorException(
            f"The account {account!r} does not answer at {root}: {getattr(error, 'reason', error)}. "
            "Look at the address and at the network, then try again.",
            error,
        ) from error


def _signature(url: str, headers: dict[str, str], account: str, key: str) -> str:
    """Return the signature of a PUT without a body, as the service's shared key scheme wants it."""
    ours = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    resource = f"/{account}{urllib.parse.urlsplit(url).path}\nrestype:container"
    text = "PUT" + "\n" * 12 + ours + resource
    try:
        secret = base64.b64decode(key, validate=True)
    except ValueError as error:
        raise AuthenticationException(
            f"The account key of {account!r} is no key: it is not in base64. Copy it again.", target="account_key"
        ) from error
    return base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode()
