"""Folders that go with all that is in them."""

from __future__ import annotations

import contextlib
import os
import shutil

__all__ = ["remove_tree"]


def remove_tree(path: str) -> bool:
    """Remove a folder and all below it, read-only folders too; return whether it is gone.

    Links are not followed. What belongs to another user may stay.
    """
    shutil.rmtree(path, ignore_errors=True)
    if not os.path.lexists(path):
        return True
    _open(path)
    for base, folders, _ in os.walk(path):
        for name in folders:
            _open(os.path.join(base, name))
    shutil.rmtree(path, ignore_errors=True)
    return not os.path.lexists(path)


def _open(folder: str) -> None:
    """Let its owner into a folder: without that nothing can be taken out of it."""
    if not os.path.islink(folder):
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o700)
