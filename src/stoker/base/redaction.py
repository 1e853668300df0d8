"""Addresses as they may be shown: without the secrets in them."""

from __future__ import annotations

import re

__all__ = ["redacted"]

_SECRET = re.compile(r"([?&][^=&]*(?:sig|token|key|password|secret|credential)[^=&]*=)[^&#]*", re.IGNORECASE)


def redacted(url: str) -> str:
    """Return an address without the secrets in it.

    Examples
    --------
    >>> redacted("https://me:word@host/a.csv?sv=1&sig=abc")
    'https://host/a.csv?sv=1&sig=...'
    """
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return _SECRET.sub(r"\1...", f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}")
