"""File names on the wire: any bytes. What is not UTF-8 travels as surrogate escapes, in addresses and in JSON."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi.responses import JSONResponse
from starlette.convertors import Convertor, register_url_convertor

__all__ = ["AsciiJSONResponse", "path_of"]


class AsciiJSONResponse(JSONResponse):
    """JSON in ASCII: lone surrogates, which UTF-8 can't hold, are escaped."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


class _FileNameConvertor(Convertor[str]):
    """The rest of an address, slashes and line breaks included (Starlette's own `path` stops at a line break)."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def path_of(raw_path: bytes) -> str:
    """Return the path of an address with its percent signs read; the server's own reading loses bytes."""
    return unquote_to_bytes(raw_path.partition(b"?")[0]).decode("utf-8", "surrogateescape")


register_url_convertor("filename", _FileNameConvertor())
