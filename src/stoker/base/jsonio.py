"""JSON files that are whole or absent: written beside and renamed."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["canonical", "read_json", "write_json", "write_text"]


def canonical(value: Any) -> bytes:
    """Return the one JSON text of `value`: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def read_json(path: str) -> Any:
    """Return what the file holds, or None when it is not there or not whole."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def write_json(path: str, value: Any, mode: int = 0o600) -> None:
    """Write `value` so that a reader sees the old file or the new one, never a part."""
    write_text(path, json.dumps(value, indent=1) + "\n", mode)


def write_text(path: str, text: str, mode: int = 0o600) -> None:
    """Write `text` by rename; the same promise as `write_json`."""
    beside = f"{path}.{os.getpid()}.{os.urandom(3).hex()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
