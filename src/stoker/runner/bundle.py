"""The run-side parts: the part of Stoker that needs nothing but Python, as a folder to put first on `PYTHONPATH`.

The folder is named by the hash of its content and never changes, so runs of an older Stoker keep theirs. The
library that run-side code uses is in it under a private name, so that it never meets the user's version.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterator

import stoker
from stoker.base.locks import held

__all__ = ["ensure"]

PARTS = (
    *("__init__.py", "exceptions.py", "py.typed", "azureml", "base", "client", "core", "data", "runner"),
    *("telemetry.py", "tensorboard"),
)
"""What of the package runs on a target."""

LIBRARIES = ("yaml",)
"""Copied as `stoker._thirdparty.NAME`."""

# cyaml binds to the compiled parser of whatever PyYAML the user has; without it, yaml is pure Python.
_LEFT_OUT = frozenset({"yaml/cyaml.py"})
_PRIVATE = "stoker._thirdparty"


def ensure(cache_dir: str) -> str:
    """Return the folder with the run-side parts of this Stoker, made when it is not there yet.

    Parameters
    ----------
    cache_dir : str
        The folder is `CACHE/runside/HASH`. Any number of processes may ask at the same time.

    Examples
    --------
    >>> ensure("/home/me/.cache/stoker")  # doctest: +SKIP
    '/home/me/.cache/stoker/runside/5f0c7e1b2a9d4c36'
    """
    files = dict(_files())
    parent = os.path.join(os.path.abspath(cache_dir), "runside")
    folder = os.path.join(parent, _digest(files))
    if not os.path.isdir(folder):
        os.makedirs(parent, exist_ok=True)
        with held(os.path.join(parent, ".lock")):
            if not os.path.isdir(folder):
                _build(files, folder)
    return folder


def _files() -> Iterator[tuple[str, bytes]]:
    """Yield (path in the folder, content) of everything that belongs in it."""
    source = os.path.dirname(os.path.abspath(stoker.__file__))
    for part in PARTS:
        for path in _sources(os.path.join(source, part)):
            yield f"stoker/{os.path.relpath(path, source)}", _read(path)
    names = os.path.join(source, "azureml", "_path")
    yield from ((os.path.relpath(path, names), _read(path)) for path in _sources(names))
    yield "stoker/_thirdparty/__init__.py", b'"""Libraries of others, kept apart from the user\'s."""\n'
    for name in LIBRARIES:
        yield from _library(name)


def _sources(path: str) -> Iterator[str]:
    if os.path.isfile(path):
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".py"))


def _library(name: str) -> Iterator[tuple[str, bytes]]:
    spec = importlib.util.find_spec(f"{_PRIVATE}.{name}") if _is_private(name) else importlib.util.find_spec(name)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    source = next(iter(spec.submodule_search_locations))
    for path in _sources(source):
        inside = f"{name}/{os.path.relpath(path, source)}"
        if inside not in _LEFT_OUT:
            yield f"stoker/_thirdparty/{inside}", _made_private(_read(path), name)


def _is_private(name: str) -> bool:
    """Whether this Stoker is itself a run-side copy."""
    return os.path.isdir(os.path.join(os.path.dirname(stoker.__file__), "_thirdparty", name))


def _made_private(text: bytes, name: str) -> bytes:
    """Return a module's text with imports of its own package led to the private name."""
    quoted = re.escape(name.encode())
    private = f"{_PRIVATE}.{name}".encode()
    text = re.sub(rb"(?m)^([ \t]*from[ \t]+)" + quoted + rb"(?=[. \t])", rb"\g<1>" + private, text)
    whole = b"import " + private + b" as " + name.encode()
    return re.sub(rb"(?m)^([ \t]*)import[ \t]+" + quoted + rb"[ \t]*$", rb"\g<1>" + whole, text)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _build(files: dict[str, bytes], folder: str) -> None:
    import shutil
    import tempfile

    beside = tempfile.mkdtemp(prefix=".", dir=os.path.dirname(folder))
    try:
        for path, content in files.items():
            full = os.path.join(beside, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content)
        _compile(beside, folder)
        try:
            os.rename(beside, folder)
        except OSError:
            # Another process was quicker: its folder is the same.
            if not os.path.isdir(folder):
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _compile(beside: str, folder: str) -> None:
    """Byte-compile for this interpreter; others do so themselves at the first use."""
    import compileall
    import py_compile

    # Unchecked: the folder never changes, so an import need not look at the source's time.
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(beside, quiet=2, stripdir=beside, prependdir=folder, invalidation_mode=unchecked)
