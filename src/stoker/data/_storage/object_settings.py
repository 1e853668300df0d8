"""From what is on record of a bucket or container to a client of it."""

from __future__ import annotations

import os
import urllib.parse
from typing import Any, NamedTuple

from stoker.exceptions import UserErrorException

__all__ = ["KINDS", "Kind", "Settings"]


class Kind(NamedTuple):
    """One protocol.

    Attributes
    ----------
    word : str
        What it calls a place.
    extra : str
        What is installed for it.
    register : str
        The call that registers such a datastore.
    """

    word: str
    extra: str
    register: str


KINDS = {
    "s3": Kind("bucket", "stoker[s3]", "Datastore.register_s3_bucket"),
    "azure": Kind("container", "stoker[azure]", "Datastore.register_azure_blob_container"),
    "gcs": Kind("bucket", "stoker[gcs]", "Datastore.register_gcs_bucket"),
}

_AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
_AZURE_KEYS = (
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
)
_GOOGLE_KEYS = ("GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS")

_OURS = {"endpoint_url", "container_name", "bucket_name", "protocol", "endpoint", "resource_url", "authority_url"}
_LABELS = {"subscription_id", "resource_group", "store_name", "filesystem", "file_share_name"}
_CLIENT = {"timeout": "24h", "connect_timeout": "10s", "read_timeout": "60s"}


class Settings:
    """Where a bucket or container is, and how to get in.

    Parameters
    ----------
    kind : {"s3", "azure", "gcs"}
    url : str
    options, secret : dict

    Attributes
    ----------
    kind, bucket, prefix : str
    shown : str
        The address for people.
    identity : str
        See `Storage`.
    secret_word : str
        What the secret is.
    """

    def __init__(self, kind: str, url: str, options: dict[str, Any], secret: dict[str, Any]) -> None:
        self.kind = kind
        host, _, self.prefix = url.partition("://")[2].partition("/")
        self.bucket, _, account_host = host.partition("@")
        if not self.bucket:
            raise UserErrorException(
                f"{url!r} names no {KINDS[kind].word}. Write it as '{url.partition('://')[0]}://name/folder'.",
                target="url",
            )
        self._options = dict(options)
        self._secret = {**_parsed(secret.get("connection_string")), **secret}
        if account_host:
            self._options.setdefault("account_name", account_host.partition(".")[0])
        self._account = str(self._options.get("account_name") or self._secret.get("account_name") or "")
        self._endpoint = self._find_endpoint()
        where = self._endpoint or self._account
        self.shown = self._endpoint or f"{kind}://{self.bucket}"
        self.identity = f"{kind}:{where}/{self.bucket}/{self.prefix.strip('/')}"
        self.secret_word = _secret_word(self._secret)

    def _find_endpoint(self) -> str:
        given = self._options.get("endpoint_url") or self._secret.get("endpoint_url")
        if self.kind == "s3":
            given = given or os.environ.get("AWS_ENDPOINT_URL")
        if given:
            return str(given).rstrip("/")
        suffix = self._options.get("endpoint")
        if self.kind == "azure" and suffix and self._account:
            protocol = self._options.get("protocol") or "https"
            return f"{protocol}://{self._account}.blob.{suffix}"
        return ""

    def open(self, name: str) -> Any:
        """Return the library's client.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The library is missing, or does not take the settings.
        """
        try:
            from obstore import exceptions, store
        except ImportError as error:
            raise UserErrorException(
                f"The datastore {name!r} ({self.kind}://{self.bucket}) needs the library obstore. "
                f"Install it: pip install '{KINDS[self.kind].extra}'.",
                error,
            ) from error
        classes: dict[str, Any] = {"s3": store.S3Store, "azure": store.AzureStore, "gcs": store.GCSStore}
        try:
            made = classes[self.kind](
                self.bucket,
                client_options={**_CLIENT, "allow_http": self._endpoint.startswith("http://")},
                retry_config={"max_retries": 4},
                **self._arguments(),
            )
        except (exceptions.BaseError, ValueError, TypeError) as error:
            what = " ".join(str(error).partition("Debug source")[0].split()).rstrip(".")
            raise UserErrorException(
                f"The datastore {name!r} can't be opened with its settings: {what}. Register it anew with others.",
                error,
            ) from error
        return made

    def _arguments(self) -> dict[str, Any]:
        known = {
            key: value
            for key, value in self._options.items()
            if value is not None and key not in _OURS and key not in _LABELS
        }
        return {"s3": self._s3, "azure": self._azure, "gcs": self._gcs}[self.kind](known)

    def _s3(self, known: dict[str, Any]) -> dict[str, Any]:
        names = ("access_key_id", "secret_access_key", "session_token")
        found = {**known, **self._of_secret(names)}
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        found.setdefault("region", region or "us-east-1")
        if self._endpoint:
            found["endpoint"] = self._endpoint
            found.setdefault("virtual_hosted_style_request", False)
        return _unsigned_unless(found, "access_key_id", _AWS_KEYS)

    def _azure(self, known: dict[str, Any]) -> dict[str, Any]:
        names = ("account_key", "client_id", "client_secret", "tenant_id", "token")
        found = {**known, **self._of_secret(names)}
        if self._secret.get("sas_token"):
            found["sas_key"] = str(self._secret["sas_token"]).lstrip("?")
        if self._account:
            found["account_name"] = self._account
        if self._options.get("authority_url"):
            found["authority_host"] = _host_of(str(self._options["authority_url"]))
        if self._endpoint:
            found["endpoint"] = self._endpoint
        given = next((name for name in ("account_key", "sas_key", "client_secret", "token") if name in found), "token")
        return _unsigned_unless(found, given, _AZURE_KEYS)

    def _gcs(self, known: dict[str, Any]) -> dict[str, Any]:
        found = {**known, **self._of_secret(("service_account_key",))}
        if self._endpoint:
            found["base_url"] = self._endpoint
        return _unsigned_unless(found, "service_account_key", _GOOGLE_KEYS)

    def _of_secret(self, names: tuple[str, ...]) -> dict[str, Any]:
        return {name: self._secret[name] for name in names if self._secret.get(name)}


def _unsigned_unless(found: dict[str, Any], key: str, variables: tuple[str, ...]) -> dict[str, Any]:
    """Ask without a signature when there is nothing to sign with.

    Else the library asks the network of a cloud machine for keys, and waits for it elsewhere. Who wants that gives
    `skip_signature=False`.
    """
    if key not in found and not any(os.environ.get(name) for name in variables):
        found.setdefault("skip_signature", True)
    return found


def _parsed(text: Any) -> dict[str, str]:
    """Return the settings in a connection string of Azure."""
    pairs = dict(part.split("=", 1) for part in str(text or "").split(";") if "=" in part)
    names = {
        "AccountName": "account_name",
        "AccountKey": "account_key",
        "SharedAccessSignature": "sas_token",
        "BlobEndpoint": "endpoint_url",
    }
    return {names[key]: value for key, value in pairs.items() if key in names}


def _secret_word(secret: dict[str, Any]) -> str:
    words = {
        "sas_token": "SAS token",
        "account_key": "account key",
        "session_token": "session token",
        "secret_access_key": "secret access key",
        "client_secret": "client secret",
        "service_account_key": "service account key",
    }
    return next((word for key, word in words.items() if secret.get(key)), "secret (none is on record)")


def _host_of(address: str) -> str:
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else address
