"""Get a run's files and source, with a progress bar at a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from stoker.cli.output import emit
from stoker.cli.refs import run_path, segment
from stoker.cli.session import SESSION, say
from stoker.cli.table import Column
from stoker.cli.units import size
from stoker.client import Api
from stoker.exceptions import NotFoundException, UserErrorException

__all__ = ["download_files", "place_of", "progress", "restore_snapshot"]


def download_files(api: Api, run: dict[str, Any], prefix: str | None, folder: str) -> None:
    """Write a run's files below `folder`, each under its own name; files that are there are replaced."""
    found = api.get(run_path(run, "files"), prefix=prefix)["files"]
    if not found:
        if prefix is None:
            raise NotFoundException(f"The run {run['id']} has no files. A run keeps what it writes to outputs/.")
        raise NotFoundException(
            f"The run {run['id']} has no file whose name begins with {prefix!r}. `stoker run files {run['id']}` "
            "lists what it has."
        )
    done = []
    with progress("Downloading", sum(file["size"] for file in found)) as advance:
        for file in found:
            path = place_of(folder, file["name"])
            _download(api, run_path(run, "files", segment(file["name"])), path, advance)
            done.append({"name": file["name"], "path": path, "size": file["size"]})
    say(f"{len(done)} file{'s' if len(done) != 1 else ''} in {folder}{os.sep}")
    emit(done, [Column("PATH", "path", shrink=True), Column("SIZE", lambda file: size(file["size"]), right=True)])


def _download(api: Api, source: str, path: str, advance: Callable[[int], None]) -> None:
    """Write the file beside its place and rename it, so that a broken download leaves nothing that looks whole."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    beside = f"{path}.{os.getpid()}.part"
    try:
        with open(beside, "wb") as file:
            api.download(source, file, advance)
        os.replace(beside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)


def place_of(folder: str, name: str) -> str:
    """Return where a file of that name goes below `folder`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The name leads out of the folder.
    """
    parts = name.split("/")
    if name.startswith("/") or any(part in {"..", ""} for part in parts) or "\0" in name:
        raise UserErrorException(
            f"The file name {name!r} leads out of {folder}, so it was not written. "
            "Get that file by its name through the SDK: run.download_file(name, path)."
        )
    return os.path.join(folder, *parts)


@contextlib.contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while the block runs, at a terminal only; gives what is called with each size done."""
    if SESSION.only_errors or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    console = Console(stderr=True, no_color=SESSION.no_color or None)
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


def restore_snapshot(api: Api, run: dict[str, Any], folder: str) -> None:
    """Write the source of a run into `folder`, which must not hold anything yet."""
    import tempfile
    import zipfile

    if run.get("snapshot_id") is None:
        raise NotFoundException(f"The run {run['id']} has no source on record. It was not started from a folder.")
    if os.path.isdir(folder) and os.listdir(folder):
        raise UserErrorException(
            f"The folder {folder} is not empty, and nothing in it is overwritten. Name another one with `--directory`."
        )
    with tempfile.TemporaryFile() as archive, progress("Downloading", 0) as advance:
        api.download(f"/snapshots/{segment(run['snapshot_id'])}/archive", archive, advance)
        with zipfile.ZipFile(archive) as packed:
            names = _unpack(packed, folder)
    say(f"{len(names)} file{'s' if len(names) != 1 else ''} in {folder}{os.sep}")
    emit([{"path": name} for name in names], [Column("PATH", "path")])


def _unpack(packed: Any, folder: str) -> list[str]:
    """Extract an archive; a file keeps its permission bits; links come last, so that nothing is written through one."""
    import stat

    os.makedirs(folder, exist_ok=True)
    names, links = [], []
    for entry in packed.infolist():
        mode = entry.external_attr >> 16
        path = place_of(folder, entry.filename.rstrip("/"))
        if entry.is_dir():
            os.makedirs(path, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if stat.S_ISLNK(mode):
            links.append((packed.read(entry).decode("utf-8", "surrogateescape"), path))
        else:
            with packed.open(entry) as source, open(path, "wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
            os.chmod(path, stat.S_IMODE(mode) or 0o644)
        names.append(path)
    for target, path in links:
        os.symlink(target, path)
    return names
