"""S3 on this machine: moto's server, which speaks the protocol and keeps everything in memory."""

from __future__ import annotations

import contextlib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.children import free_port, serving
from tests.services.installed import python_environment

__all__ = ["S3", "s3_server"]


@dataclass(frozen=True)
class S3:
    """A running server.

    Attributes
    ----------
    url : str
    """

    url: str
    access_key_id: str = "testing"
    secret_access_key: str = "testing"

    def make_bucket(self, name: str) -> None:
        """Make a bucket."""
        headers = {"Content-Type": "application/xml"}
        request = urllib.request.Request(f"{self.url}/{name}", data=b"", headers=headers, method="PUT")
        with urllib.request.urlopen(request):
            pass

    def refuse_strangers(self) -> None:
        """From now on look at signatures: keys that were not made here are refused."""
        self._look_at_signatures_after(b"0")

    def let_all_in(self) -> None:
        """Look at no signatures again."""
        self._look_at_signatures_after(b"inf")

    def _look_at_signatures_after(self, requests: bytes) -> None:
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{self.url}/moto-api/reset-auth", data=requests, headers=headers)
        with urllib.request.urlopen(request):
            pass


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[S3]:
    """Run a server; its log goes below `folder`."""
    program = python_environment("moto", ["moto[server]>=5.1,<6"]) / "bin" / "moto_server"
    port = free_port()
    with serving([str(program), "-H", "127.0.0.1", "-p", str(port)], port, folder / "moto.log"):
        yield S3(f"http://127.0.0.1:{port}")
