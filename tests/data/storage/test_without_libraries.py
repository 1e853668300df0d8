"""Where the library of an object store is missing, each way in says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
sys.modules["obstore"] = None
from stoker.data._storage.objects import ObjectStorage
from stoker.exceptions import UserErrorException
storage = ObjectStorage({kind!r}, {url!r}, {{"account_name": "a"}}, {{}}, "raw")
for ask in (
    storage.check,
    lambda: list(storage.list("")),
    lambda: storage.stat("a"),
    lambda: storage.open("a"),
    lambda: storage.upload(sys.executable, "a"),
    lambda: storage.download("a", "/tmp/none"),
    lambda: storage.delete("a"),
):
    try:
        ask()
    except UserErrorException as error:
        print(error.message)
"""


@pytest.mark.parametrize(("kind", "url"), [("s3", "s3://bucket"), ("azure", "az://box"), ("gcs", "gs://bucket")])
def test_every_call_says_what_to_install(kind: str, url: str) -> None:
    code = CODE.format(kind=kind, url=url)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert all(f"pip install 'stoker[{kind}]'" in line for line in lines)
