"""Put a run's snapshot into its work folder."""

from __future__ import annotations

from stoker.base.jsonio import read_json
from stoker.client._tree import write_tree
from stoker.exceptions import StokerException

__all__ = ["materialise"]


def materialise(manifest_path: str, objects: str, destination: str) -> None:
    """Write the tree of the manifest file from the object store into a folder, which is made when absent.

    Files are reflinks or copies, never hard links: a script may change its files without harm to the store.

    Parameters
    ----------
    manifest_path : str
        JSON file with the snapshot's manifest.
    objects : str
        The workspace's folder of objects.
    destination : str
        Empty or absent; what a broken attempt left is replaced.

    Raises
    ------
    stoker.exceptions.StokerException
        The manifest or a content is missing or damaged, or the disk refuses.

    Examples
    --------
    >>> materialise("run/manifest.json", ".stoker/objects", "run/work")  # doctest: +SKIP
    """
    manifest = read_json(manifest_path)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), list):
        raise StokerException(
            f"The list of the snapshot's files, {manifest_path!r}, is missing or damaged, so the run has no source "
            "folder to run in. Submit the run again."
        )
    write_tree(manifest, objects, destination)
