"""`az ml datastore`: places for data."""

from __future__ import annotations

import contextlib
import io
from typing import Annotated, Any

from typer import Option

from stoker.cli.app import option
from stoker.cli.az.command import V1Group
from stoker.cli.az.given import answer, api, workspace
from stoker.cli.az.options import StoreName
from stoker.cli.refs import segment
from stoker.cli.session import SESSION, say

__all__ = ["Secret", "app", "datastore_shape"]

app = V1Group()

Secret = Annotated[bool, option("--include-secret", about="Show the secret too")]
Overwrite = Annotated[bool, option("--overwrite", about="Replace files that are there; else they stay as they are")]
Hide = Annotated[bool, option("--hide-progress", about="No progress, no summary")]


def datastore_shape(store: Any, *, secret: bool = False) -> dict[str, Any]:
    """Return what v1 shows of a datastore, with its secret where that is wanted."""
    shape = {"name": store.name, "datastore_type": store.datastore_type, **store._facts()}  # noqa: SLF001  # one program
    if secret:
        shape.update(api().get(f"/datastores/{segment(store.name)}", secret=True).get("secret") or {})
    return shape


@app.v1("list")
def list_datastores(include_secret: Secret = False) -> None:
    """List datastores."""
    answer([datastore_shape(store, secret=include_secret) for store in workspace().datastores.values()])


@app.v1("show")
def show(name: StoreName, include_secret: Secret = False) -> None:
    """Show one datastore."""
    answer(datastore_shape(_store(name), secret=include_secret))


def _store(name: str) -> Any:
    from stoker.core import Datastore

    return Datastore.get(workspace(), name)


@app.v1("show-default")
def show_default(include_secret: Secret = False) -> None:
    """Show the datastore that is used where none is named."""
    answer(datastore_shape(workspace().get_default_datastore(), secret=include_secret))


@app.v1("set-default")
def set_default(name: StoreName) -> None:
    """Make a datastore the one that is used where none is named."""
    workspace().set_default_datastore(name)
    answer(None)


@app.v1("upload")
def upload(
    name: StoreName,
    source: Annotated[str, Option("--src-path", "-p", help="The folder", metavar="PATH", show_default=False)],
    target: Annotated[
        str | None, option("--target-path", "-u", about="Folder on the datastore; default: its root", metavar="FOLDER")
    ] = None,
    overwrite: Overwrite = False,
    hide_progress: Hide = False,
) -> None:
    """Store all files of a folder on a datastore."""
    store, loud = _store(name), not (hide_progress or SESSION.only_errors)
    with _said():
        store.upload(source, target, overwrite=overwrite, show_progress=loud)
    answer(None)


@app.v1("download")
def download(
    name: StoreName,
    target: Annotated[str, Option("--target-path", "-d", help="Where to", metavar="DIR", show_default=False)],
    prefix: Annotated[
        str | None, option("--prefix", "-p", about="How the paths begin; default: all files", metavar="BEGINNING")
    ] = None,
    overwrite: Overwrite = False,
    hide_progress: Hide = False,
) -> None:
    """Copy files of a datastore to this machine."""
    store, loud = _store(name), not (hide_progress or SESSION.only_errors)
    with _said():
        store.download(target, prefix, overwrite=overwrite, show_progress=loud)
    answer(None)


@contextlib.contextmanager
def _said() -> Any:
    """Say on stderr what the SDK prints for people."""
    with contextlib.redirect_stdout(io.StringIO()) as heard:
        yield
    if heard.getvalue().strip():
        say(heard.getvalue().strip())


@app.v1("detach")
def detach(name: StoreName) -> None:
    """Forget a datastore; what is in it stays."""
    _store(name).unregister()
    answer(None)
