"""Azure Blob on this machine: Microsoft's emulator, with its well-known account and key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.children import free_port, serving
from tests.services.installed import node_packages

__all__ = ["AzureBlob", "azure_server"]


@dataclass(frozen=True)
class AzureBlob:
    """A running emulator.

    Attributes
    ----------
    url : str
        With the account's name, as the emulator has it.
    """

    url: str
    account_name: str = "devstoreaccount1"
    # The same for every copy of the emulator; it opens nothing else.
    account_key: str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextlib.contextmanager
def azure_server(folder: Path) -> Iterator[AzureBlob]:
    """Run an emulator; its log goes below `folder`."""
    program = node_packages("azurite", ["azurite@3"]) / "azurite-blob"
    port = free_port()
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    words = [str(program), "--blobHost", "127.0.0.1", "--blobPort", str(port), *options]
    with serving(words, port, folder / "azurite.log"):
        yield AzureBlob(f"http://127.0.0.1:{port}/devstoreaccount1")
