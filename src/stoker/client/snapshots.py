"""Record a source folder: content-addressed, so that only what changed is read, and only what is new is sent."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat as modes
import time
from typing import TYPE_CHECKING, Any

from stoker.base.digest import snapshot_id
from stoker.client._index import Index, Stat, is_settled
from stoker.client._scan import Limits, Tree, look_at, stat_tuple, unreadable
from stoker.client._upload import Changed, Progress, upload
from stoker.exceptions import NotFoundException, ServiceException, SnapshotException

if TYPE_CHECKING:
    from stoker.client.http import Api

__all__ = ["MAX_BYTES", "MAX_FILES", "Snapshot", "download_archive", "restore", "scan", "take"]

MAX_BYTES = 300 << 20
"""Limit on the size of a snapshot in bytes, where no setting says otherwise."""

MAX_FILES = 100_000
"""Limit on the number of files, where no setting says otherwise."""

_BLOCK = 1 << 20
_ATTEMPTS = 5


class Snapshot:
    """A recorded source folder.

    Attributes
    ----------
    id : str
        The same for the same tree, whoever takes it.
    uploaded_bytes : int
        Bytes of content that the service did not have yet.
    file_count : int
    size : int
        Bytes of all files.
    warnings : list of str
        What could not be recorded, a sentence each.
    """

    def __init__(self, tree: Tree, hashes: dict[str, str], identity: str) -> None:
        self.id = identity
        self.uploaded_bytes = 0
        self.file_count = len(tree.stats)
        self.size = tree.size
        self.warnings = tree.warnings
        self._tree = tree
        self._hashes = hashes

    @property
    def manifest(self) -> dict[str, Any]:
        """The tree as the service keeps it: `files`, `links` and empty `dirs`."""
        return _manifest(self._tree, self._hashes)


def take(
    api: Api,
    folder: str,
    *,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    progress: Progress | None = None,
) -> Snapshot:
    """Record a folder, or one file, with the service.

    Left out is what `.stokerignore`, else `.amlignore`, else the `.gitignore` files name, and always `.git`, `.hg`,
    `.svn`, `.stoker`, `.venv`, `__pycache__` and `.azureml/*.json`.

    Parameters
    ----------
    api : Api
        Connection to the workspace's service.
    folder : str
        The source folder, or a single file.
    max_bytes : int, default=314572800
        Limit on the size of all files together, in bytes.
    max_files : int, default=100000
        Limit on their number.
    progress : callable, optional
        Called with the bytes sent so far and the bytes to send in all.

    Returns
    -------
    Snapshot

    Raises
    ------
    stoker.exceptions.SnapshotException
        The folder is missing or too large, a file can't be read or never holds still, a link leads out of the folder.

    Examples
    --------
    >>> take(api, "src").id  # doctest: +SKIP
    '5f0c9be1-3e7b-5b0a-9a70-6c6f5b1b8f43'
    """
    limits = Limits(max_bytes, max_files)
    for _ in range(_ATTEMPTS):
        try:
            return _take(api, look_at(folder, limits), progress)
        except Changed as change:
            changed = change
    raise SnapshotException(
        f"The file {changed.path!r} was changed each time while it was being recorded. "
        f"Stop the program that writes it, or leave the file out by a line in .amlignore: /{changed.name}",
        target=changed.name,
    )


def scan(folder: str) -> dict[str, Any]:
    """Return the manifest of a folder or file, without limits, index or service.

    Examples
    --------
    >>> scan("src")["files"]  # doctest: +SKIP
    [['train.py', '9f86d08...', 4, 420]]
    """
    tree = look_at(folder)
    hashes, _ = _hash_all(tree, Index("", tree.root))
    return _manifest(tree, hashes)


def restore(api: Api, identity: str, destination: str) -> None:
    """Write the files of a recorded folder below `destination`, and nothing outside it.

    Parameters
    ----------
    api : Api
    identity : str
        The snapshot's id.
    destination : str
        Made when absent; files of the same names are replaced.

    Raises
    ------
    stoker.exceptions.NotFoundException
        There is no such snapshot.
    stoker.exceptions.StokerException
        What came is damaged, or can't be written.
    """
    import tempfile

    from stoker.client._tree import write_tree

    manifest = api.get(f"/snapshots/{identity}")
    with tempfile.TemporaryDirectory(prefix="stoker-snapshot-") as place:
        archive = download_archive(api, identity, place)
        objects = os.path.join(place, "objects")
        _unpack(archive, objects)
        os.unlink(archive)
        write_tree(manifest, objects, destination)


def download_archive(api: Api, identity: str, path: str = ".") -> str:
    """Fetch a recorded folder as a zip file and return its path.

    Parameters
    ----------
    api : Api
    identity : str
        The snapshot's id.
    path : str, default="."
        The file to write when it ends in `.zip`; else a folder, made when absent, that gets `ID.zip`.
    """
    target = path if path.endswith(".zip") and not os.path.isdir(path) else os.path.join(path, f"{identity}.zip")
    os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
    beside = f"{target}.{os.getpid()}.part"
    try:
        with open(beside, "wb") as file:
            api.download(f"/snapshots/{identity}/archive", file)
        os.replace(beside, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
    return target


def _take(api: Api, tree: Tree, progress: Progress | None) -> Snapshot:
    index = Index.load(tree.root)
    if index.snapshot_id and tree.stats == index.stats and tree.shape == index.shape:
        snapshot = Snapshot(tree, index.hashes, index.snapshot_id)
    else:
        hashes, settled = _hash_all(tree, index)
        snapshot = Snapshot(tree, hashes, snapshot_id(_manifest(tree, hashes)))
        _remember(index, snapshot, settled)
    if not _is_stored(api, snapshot.id):
        snapshot.uploaded_bytes = upload(api, tree, snapshot._hashes, progress)  # noqa: SLF001  # same module
        _register(api, snapshot)
    return snapshot


def _hash_all(tree: Tree, index: Index) -> tuple[dict[str, str], set[str]]:
    """Return the hash of each file, and which files must look different when they change from now on."""
    hashes: dict[str, str] = {}
    settled: set[str] = set()
    for name, stat in list(tree.stats.items()):
        if index.stats.get(name) == stat:
            hashes[name] = index.hashes[name]
            settled.add(name)
            continue
        found = _hash(tree, name)
        if found is not None:
            hashes[name], is_safe = found
            if is_safe:
                settled.add(name)
    return hashes, settled


def _hash(tree: Tree, name: str) -> tuple[str, bool] | None:
    """Hash a file and bring its stat up to date; None when it has gone meanwhile.

    A file that changes while it is read is read again, three times at most: then what was read is recorded, as is
    right for a log that another program appends to. The flag says whether the index may keep the hash.
    """
    path = os.path.join(tree.root, name)
    for _ in range(3):
        began = time.time_ns()
        try:
            digest, before, after = _read_through(path)
        except FileNotFoundError:
            tree.size -= tree.stats.pop(name)[0]
            return None
        except OSError as error:
            raise unreadable(error, path, name) from error
        tree.size += before[0] - tree.stats[name][0]
        tree.stats[name] = before
        if before == after:
            return digest, is_settled(before, began)
    return digest, False


def _read_through(path: str) -> tuple[str, Stat, Stat]:
    """Return the hash of a file's first bytes, as many as it had when opened, and its stat before and after."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        before = stat_tuple(os.fstat(descriptor))
        if not modes.S_ISREG(before[4]):
            raise FileNotFoundError(path)
        digest, left = hashlib.sha256(), before[0]
        while left:
            block = os.read(descriptor, min(left, _BLOCK))
            if not block:
                before = (before[0] - left, before[1], before[2], before[3], before[4])
                break
            digest.update(block)
            left -= len(block)
        return digest.hexdigest(), before, stat_tuple(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _manifest(tree: Tree, hashes: dict[str, str]) -> dict[str, Any]:
    stats = tree.stats
    names = sorted(stats, key=lambda name: name.encode("utf-8", "surrogateescape"))
    files = [[name, hashes[name], stats[name][0], 0o755 if stats[name][4] & 0o100 else 0o644] for name in names]
    return {"format": 1, "files": files, "links": tree.links, "dirs": tree.dirs}


def _remember(index: Index, snapshot: Snapshot, settled: set[str]) -> None:
    tree, hashes = snapshot._tree, snapshot._hashes  # noqa: SLF001  # same module
    index.stats = {name: stat for name, stat in tree.stats.items() if name in settled}
    index.hashes = {name: digest for name, digest in hashes.items() if name in settled}
    index.shape = tree.shape
    index.snapshot_id = snapshot.id if len(settled) == len(tree.stats) else ""
    index.save()


def _is_stored(api: Api, identity: str) -> bool:
    try:
        api.request("HEAD", f"/snapshots/{identity}")
    except NotFoundException:
        return False
    except ServiceException as error:
        # The answer to a HEAD has no body, so nothing but the status says what it means.
        if error.status == 404:
            return False
        raise
    return True


def _register(api: Api, snapshot: Snapshot) -> None:
    answer = api.post("/snapshots", snapshot.manifest)
    if answer["id"] != snapshot.id:
        raise ServiceException(
            f"The service gave the snapshot the id {answer['id']}, this client {snapshot.id}: they are of different "
            "versions. Run `stoker server stop` and submit again; the service then starts with this version."
        )


def _unpack(archive: str, objects: str) -> None:
    """Store each file of a zip under its hash; so neither its name nor its place in the zip matters."""
    import zipfile

    os.makedirs(objects)
    # No name of two characters: the folders are called by what hashes begin with.
    beside = os.path.join(objects, "incoming")
    with zipfile.ZipFile(archive) as source:
        for member in source.infolist():
            if member.is_dir():
                continue
            digest = hashlib.sha256()
            with source.open(member) as content, open(beside, "wb") as file:
                for block in iter(lambda: content.read(_BLOCK), b""):
                    digest.update(block)
                    file.write(block)
            name = digest.hexdigest()
            os.makedirs(os.path.join(objects, name[:2]), exist_ok=True)
            os.replace(beside, os.path.join(objects, name[:2], name))
