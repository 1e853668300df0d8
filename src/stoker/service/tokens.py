"""Who asks: the owner, or one run. Tokens are signed with the workspace's key, so nothing is looked up."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer

from stoker.exceptions import AuthenticationException

__all__ = ["CODE_SECONDS", "Principal", "TokenSigner"]

CODE_SECONDS = 300.0
"""How long a one-time code for the browser is good, in seconds."""


@dataclass(frozen=True)
class Principal:
    """Who sent a request.

    Attributes
    ----------
    kind : {"owner", "run"}
        The owner may do all; a run reads the workspace and writes its own tree.
    run_id : str or None
        The run, for kind `"run"`.
    """

    kind: Literal["owner", "run"]
    run_id: str | None = None

    @property
    def is_owner(self) -> bool:
        """Whether the request has all rights."""
        return self.kind == "owner"


class TokenSigner:
    """Signs and reads tokens.

    Parameters
    ----------
    key : str
        The workspace's signing key.
    workspace_id : str
        Part of each token: a token of a copied workspace opens nothing here.
    clock : callable, default=time.monotonic
        Tells how old a code is, in seconds.
    """

    def __init__(self, key: str, workspace_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        options = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._serializer = URLSafeSerializer(key, salt=workspace_id, signer_kwargs=options)
        self._codes: dict[str, float] = {}
        self._clock = clock

    def owner_token(self) -> str:
        """Return the owner's token; always the same, so that it survives a restart."""
        return str(self._serializer.dumps({"kind": "owner"}))

    def run_token(self, run_id: str, seconds: float | None = None) -> str:
        """Return a token for one run, good for `seconds` (None: as long as the run is on record)."""
        expires = None if seconds is None else round(time.time() + seconds)
        return str(self._serializer.dumps({"kind": "run", "run": run_id, "expires": expires}))

    def read(self, token: str) -> Principal:
        """Return who holds the token.

        Raises
        ------
        stoker.exceptions.AuthenticationException
            It is not one of this workspace, or has expired.
        """
        try:
            claims = self._serializer.loads(token)
        except BadSignature as error:
            raise AuthenticationException(
                "The token is not one of this workspace. Use the token in .stoker/token, or log in again."
            ) from error
        if claims.get("expires") is not None and claims["expires"] < time.time():
            raise AuthenticationException("The token has expired. Ask for a new one, or log in again.")
        return Principal(claims["kind"], claims.get("run"))

    def new_code(self) -> str:
        """Return a one-time code with which a browser gets its cookie."""
        now = self._clock()
        self._codes = {code: until for code, until in self._codes.items() if until > now}
        code = secrets.token_urlsafe(24)
        self._codes[code] = now + CODE_SECONDS
        return code

    def redeem(self, code: str) -> bool:
        """Use up a code; return whether it was good."""
        return self._codes.pop(code, float("-inf")) > self._clock()
