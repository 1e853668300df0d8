"""Files of a run: names that can't lead elsewhere, sending, fetching."""

from __future__ import annotations

import os
import posixpath

from stoker.base.paths import WORKSPACE_FOLDER
from stoker.exceptions import ConflictException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, BinaryIO

    from stoker.client.http import Api

__all__ = [
    "check_name",
    "destination",
    "download_all",
    "entries_below",
    "fetch",
    "files_below",
    "local_path",
    "send",
    "send_file",
    "send_stream",
    "unused_name",
]

_BLOCK = 1 << 20


def check_name(name: object) -> str:
    """Return the name of a run's file in its one spelling, or raise when it leads elsewhere.

    Examples
    --------
    >>> check_name("./outputs//model.pkl")
    'outputs/model.pkl'
    """
    text = os.fspath(name) if isinstance(name, (str, os.PathLike)) else None
    clean = posixpath.normpath(text) if isinstance(text, str) and text else ""
    if not clean or clean == "." or clean.startswith("/") or clean.split("/")[0] == ".." or "\0" in clean:
        raise UserErrorException(
            f"A file of a run can't be called {name!r}. Give a relative name such as 'outputs/model.pkl'.",
            target="name",
        )
    return clean


def send_file(api: Api, run_id: str, name: str, path: str, *, overwrite: bool = False) -> dict[str, Any]:
    """Give a run the file at `path` under `name` and return its record.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such file, or it can't be read.
    stoker.exceptions.ConflictException
        The run has another file of that name.
    """
    with _opened(path) as file:
        return send(api, run_id, name, file, overwrite=overwrite)


def _opened(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise UserErrorException(
            f"The file {path!r} can't be read ({error.strerror or error}), so it was not uploaded. "
            f"Relative paths begin at {os.getcwd()}.",
            target="path_or_stream",
        ) from error


def send_stream(api: Api, run_id: str, name: str, stream: Any, *, overwrite: bool = False) -> dict[str, Any]:
    """Give a run the rest of an open stream under `name`; text is sent as UTF-8."""
    import tempfile

    # A request may have to be repeated, a stream can't: so it is kept until the answer is there.
    with tempfile.SpooledTemporaryFile(max_size=8 * _BLOCK) as kept:
        while True:
            block = stream.read(_BLOCK)
            if not block:
                break
            kept.write(block.encode("utf-8") if isinstance(block, str) else block)
        return send(api, run_id, name, kept, overwrite=overwrite)


def send(api: Api, run_id: str, name: str, file: Any, *, overwrite: bool = False) -> dict[str, Any]:
    """Give a run the bytes of an open file, from its beginning."""
    from stoker.base.ids import new_guid
    from stoker.client.http import quote_name

    length = file.seek(0, os.SEEK_END)
    answer: dict[str, Any] = api.request(
        "PUT",
        f"/runs/{run_id}/files/{quote_name(check_name(name))}",
        params={"overwrite": overwrite, "request_id": new_guid()},
        raw=_reader(file, length),
        length=length,
        headers={"Content-Type": "application/octet-stream"},
    ).json()
    return answer


def _reader(file: BinaryIO, length: int) -> Callable[[], Iterable[bytes]]:
    """Return a function that reads the file anew each time; exactly `length` bytes, though the file may grow."""

    def read() -> Iterator[bytes]:
        file.seek(0)
        left = length
        while left > 0:
            block = file.read(min(_BLOCK, left))
            if not block:
                raise UserErrorException("The file became shorter while it was uploaded. Upload it again.")
            left -= len(block)
            yield block

    return read


def unused_name(name: str, store: Callable[[str], Any]) -> str:
    """Call `store` with the name, and with a dated one while it is taken; return the one that was free."""
    import time

    stem, extension = posixpath.splitext(name)
    candidate, number = name, 0
    while True:
        try:
            store(candidate)
        except ConflictException:
            number += 1
            if number > 1000:
                raise
            candidate = f"{stem}_{time.time_ns() // 1_000_000}{extension}"
        else:
            return candidate


def files_below(folder: str) -> Iterator[tuple[str, str]]:
    """Yield (name below the folder, path) of each file, sorted, but for those of workspaces and of linked folders."""
    return (entry for entry in entries_below(folder) if os.path.isfile(entry[1]))


def entries_below(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the same of all that is no folder: sockets, and links that lead nowhere, too."""
    for base, folders, names in os.walk(folder):
        # A project's folder holds its workspace, with keys that go nowhere.
        folders[:] = sorted(name for name in folders if name != WORKSPACE_FOLDER)
        for name in sorted(names):
            path = os.path.join(base, name)
            yield os.path.relpath(path, folder).replace(os.sep, "/"), path


def destination(name: str, output_file_path: str | os.PathLike[str] | None) -> str:
    """Return where `download_file` puts a file, as v1 has it.

    Examples
    --------
    >>> destination("outputs/model.pkl", None)
    'model.pkl'
    >>> destination("outputs/model.pkl", "kept/")
    'kept/model.pkl'
    """
    base = posixpath.basename(name)
    if output_file_path is None:
        return base
    path = os.fspath(output_file_path)
    if path.endswith(("/", os.sep)) or os.path.isdir(path):
        return os.path.join(path, base)
    return path


def local_path(folder: str, name: str) -> str:
    """Return the path of a run's file below a folder, and never elsewhere."""
    return os.path.join(folder, *check_name(name).split("/"))


def fetch(api: Api, path: str, target: str, **params: Any) -> str:
    """Write an answer's bytes to the file `target`, whole or not at all, and return its path.

    Parameters
    ----------
    api : Api
    path : str
        Below `/api/v1`.
    target : str
        Missing folders are made; a file there is replaced.
    **params
        The query.
    """
    folder = os.path.dirname(os.path.abspath(target))
    beside = f"{target}.{os.getpid()}.{os.urandom(3).hex()}.part"
    try:
        os.makedirs(folder, exist_ok=True)
        with open(beside, "xb") as file:
            api.download(path, file, **params)
        os.replace(beside, target)
    except OSError as error:
        if error.filename is None:
            raise
        raise UserErrorException(
            f"The file {target!r} can't be written: {error.strerror or error}. Choose another place.",
            target="output_file_path",
        ) from error
    finally:
        if os.path.exists(beside):
            os.unlink(beside)
    return target


def download_all(api: Api, run_id: str, names: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Fetch several files of a run, each to its path."""
    from stoker.client.http import quote_name

    return [fetch(api, f"/runs/{run_id}/files/{quote_name(name)}", path) for name, path in zip(names, paths)]
