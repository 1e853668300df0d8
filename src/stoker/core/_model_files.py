"""The files of a model: gathered to be registered, fetched whole or not at all, and looked for on this machine."""

from __future__ import annotations

import os
import shutil

from stoker.exceptions import ModelNotFoundException, WebserviceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from stoker.client.http import Api

__all__ = ["MODELS_DIR", "fetch_model", "find_deployed", "find_model", "gather", "number", "stored_in_cache"]

MODELS_DIR = "azureml-models"
"""Where `get_model_path` keeps what it has fetched, below the working directory (v1's name)."""


def gather(model_path: Any, child_paths: Sequence[str] | None = None) -> tuple[str, list[str], bool]:
    """Return the folder, the files below it, and whether the model is one file.

    Raises
    ------
    stoker.exceptions.WebserviceException
        There is no such file or folder, or nothing in it.
    """
    path = os.path.abspath(os.fspath(model_path)) if isinstance(model_path, (str, os.PathLike)) else ""
    if not os.path.exists(path):
        raise WebserviceException(
            f"There is no file or folder {model_path!r} to make a model of. Relative paths begin at {os.getcwd()}."
        )
    if not os.path.isdir(path):
        if child_paths:
            raise WebserviceException(
                f"child_paths name files of a folder, and {model_path!r} is a file. Leave them out."
            )
        return os.path.dirname(path), [os.path.basename(path)], True
    names = [name for child in child_paths for name in _below(path, child)] if child_paths else list(_whole(path))
    if not names:
        raise WebserviceException(
            f"The folder {model_path!r} has no files to make a model of. Name the folder that the training wrote to."
        )
    return path, sorted(set(names)), False


def _whole(folder: str) -> Iterator[str]:
    """Yield the names of a folder's files; a link that leads nowhere is an error: only a reader would find it out."""
    from stoker.core._files import entries_below

    for name, path in entries_below(folder):
        if os.path.isfile(path):
            yield name
        elif os.path.islink(path) and not os.path.exists(path):
            raise WebserviceException(
                f"The link {path!r} leads to {os.readlink(path)!r}, which is not there, so the model would lack a "
                "file. Mend the link, or remove it."
            )


def _below(folder: str, child: str) -> list[str]:
    from stoker.core._files import files_below

    path = os.path.abspath(os.path.join(folder, child))
    if not path.startswith(os.path.join(folder, "")) or not os.path.exists(path):
        raise WebserviceException(f"There is no {child!r} in the folder {folder!r}, so no model was registered.")
    name = os.path.relpath(path, folder).replace(os.sep, "/")
    return [f"{name}/{inner}" for inner, _ in files_below(path)] if os.path.isdir(path) else [name]


def fetch_model(api: Api, record: dict[str, Any], target_dir: str, *, exist_ok: bool = False) -> str:
    """Write a model's file or folder into `target_dir` and return its path.

    Raises
    ------
    stoker.exceptions.WebserviceException
        It is there already, and `exist_ok` is False; then nothing is written.
    """
    from stoker.client.http import quote_name
    from stoker.core._files import fetch, local_path
    from stoker.core._live import segment

    place = f"/models/{segment(record['name'])}/{record['version']}/files"
    files = api.get(place)["files"]
    top = os.path.join(target_dir, entry_of(record, files))
    if os.path.lexists(top) and not exist_ok:
        raise WebserviceException(
            f"The model {record['id']} was not downloaded: {top!r} exists already. Choose another target_dir, or pass "
            "exist_ok=True to replace it."
        )
    if record["is_file"]:
        return fetch(api, f"{place}/{quote_name(files[0]['path'])}", top)
    beside = f"{top}.{os.getpid()}.{os.urandom(3).hex()}.part"
    try:
        os.makedirs(beside)
        for item in files:
            fetch(api, f"{place}/{quote_name(item['path'])}", local_path(beside, item["path"]))
        _replace(beside, top)
    except OSError as error:
        raise WebserviceException(
            f"The model can't be written to {top!r}: {error.strerror or error}.", error
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return top


def _replace(made: str, top: str) -> None:
    """Put a finished folder where an older one may be."""
    old = f"{made}.old"
    if os.path.lexists(top):
        os.rename(top, old)
    os.rename(made, top)
    if os.path.isdir(old) and not os.path.islink(old):
        shutil.rmtree(old, ignore_errors=True)
    elif os.path.lexists(old):
        os.unlink(old)


def entry_of(record: dict[str, Any], files: list[dict[str, Any]]) -> str:
    """Return what the model's file or folder is called."""
    if record["is_file"]:
        return os.path.basename(str(files[0]["path"]))
    root = str((record.get("details") or {}).get("root") or record["name"])
    return root if root not in {"", ".", ".."} and "/" not in root and "\0" not in root else str(record["name"])


def stored_in_cache(api: Api, record: dict[str, Any]) -> str:
    """Return the path of a model below `azureml-models`, fetched when it is not there; safe for several processes."""
    folder = os.path.join(MODELS_DIR, record["name"], str(record["version"]))
    found = _only_entry(folder)
    if found is not None:
        return found
    beside = f"{folder}.{os.getpid()}.{os.urandom(3).hex()}.part"
    try:
        fetch_model(api, record, beside)
        try:
            os.rename(beside, folder)
        except OSError:
            # Another process was quicker; whole folders only are ever put there.
            if _only_entry(folder) is None:
                raise
    except OSError as error:
        message = f"The model {record['id']} can't be kept in {folder!r}: {error.strerror or error}."
        raise WebserviceException(message, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    found = _only_entry(folder)
    assert found is not None, "it was put there"
    return found


def find_model(name: str, version: int | None) -> str:
    """Return the path of a model on this machine: a deployment's folder, the cache, then `./NAME`.

    Raises
    ------
    stoker.exceptions.ModelNotFoundException
        It is in none of them; the message lists them.
    """
    found = find_deployed(name, version) or _in_place(MODELS_DIR, name, version)
    if found is not None:
        return found
    if version is None and os.path.exists(name):
        return name
    tried = [place for place in (os.environ.get("AZUREML_MODEL_DIR"), MODELS_DIR) if place]
    wanted = repr(name) if version is None else f"{name!r}, version {version},"
    raise ModelNotFoundException(
        f"ModelNotFound: the model {wanted} is in no folder of this machine: {', '.join(tried)}"
        f"{f', ./{name}' if version is None else ''}. Pass _workspace to fetch it."
    )


def find_deployed(name: str, version: int | None) -> str | None:
    """Return the path of a model in the folder that v1 gave a deployment (`AZUREML_MODEL_DIR`), or None."""
    deployed = os.environ.get("AZUREML_MODEL_DIR")
    return _in_place(deployed, name, version) if deployed else None


def _in_place(place: str, name: str, version: int | None) -> str | None:
    if not name or os.path.isabs(name) or ".." in name.split("/"):
        return None
    folder = os.path.join(place, name)
    if version is not None:
        wanted: list[str] = [str(version)]
    else:
        listed = os.listdir(folder) if os.path.isdir(folder) else []
        wanted = [str(item) for item in sorted((int(one) for one in listed if one.isdecimal()), reverse=True)]
    for item in wanted:
        found = _only_entry(os.path.join(folder, item))
        if found is not None:
            return found
    return _in_deployed(place, name, version)


def _in_deployed(place: str, name: str, version: int | None) -> str | None:
    """Return what v1 gave a deployment of a single model: the folder `NAME/VERSION` itself, or a file of that name."""
    parts = os.path.normpath(place).split(os.sep)
    if parts[-2:-1] == [name] and version in {None, number(parts[-1])}:
        return _only_entry(place)
    direct = os.path.join(place, name)
    if place == MODELS_DIR or version is not None or not os.path.exists(direct):
        return None
    return direct


def _only_entry(folder: str) -> str | None:
    try:
        entries = os.listdir(folder)
    except OSError:
        return None
    return os.path.join(folder, entries[0]) if len(entries) == 1 else None


def number(version: Any) -> int | None:
    """Return a version, given as a number or as text; None for None and for what is none.

    Examples
    --------
    >>> number("3"), number(3), number("x")
    (3, 3, None)
    """
    text = str(version).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
