"""Images and charts as files of a run, and charts read back."""

from __future__ import annotations

import os
import posixpath
import re
import time

from stoker.core import _files
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.client.http import Api
    from stoker.core._run_files import RunFiles

__all__ = ["keep_chart", "keep_image", "populated"]

_REFERENCE = re.compile(r"aml://artifactId/([^/]+)/(.+)\Z", re.DOTALL)


def keep_image(run: RunFiles, name: str, path: Any, plot: Any) -> str:
    """Give the run the image and return the file's name there.

    Raises
    ------
    stoker.exceptions.UserErrorException
        Not exactly one of path and plot was given, or it can't be used.
    """
    if (path is None) == (plot is None):
        raise UserErrorException(
            f"log_image({name!r}) wants exactly one of path (a file) and plot (matplotlib.pyplot or a figure).",
            target="path",
        )
    if plot is not None:
        return _keep_plot(run, name, plot)
    if hasattr(path, "read"):
        wanted = _stamped(name, ".png")
        return _files.unused_name(wanted, lambda free: run.upload_file(free, _from_start(path)))
    base = posixpath.basename(os.fspath(path).replace(os.sep, "/"))
    return _files.unused_name(_clean(base), lambda free: run.upload_file(free, path))


def _keep_plot(run: RunFiles, name: str, plot: Any) -> str:
    import tempfile

    if not callable(getattr(plot, "savefig", None)):
        raise UserErrorException(
            f"log_image({name!r}): plot is a {type(plot).__name__} without savefig. "
            "Give matplotlib.pyplot or a figure.",
            target="plot",
        )
    with tempfile.TemporaryDirectory(prefix="stoker-plot-") as folder:
        path = os.path.join(folder, "plot.png")
        plot.savefig(path, format="png")
        return _files.unused_name(_stamped(name, ".png"), lambda free: run.upload_file(free, path))


def keep_chart(run: RunFiles, name: str, chart: dict[str, Any]) -> str:
    """Give the run a chart as JSON and return the file's name there."""
    import io
    import json

    data = json.dumps(chart).encode()
    return _files.unused_name(_stamped(name, ".json"), lambda free: run.upload_file(free, io.BytesIO(data)))


def populated(api: Api, metrics: dict[str, Any]) -> dict[str, Any]:
    """Return metrics with each reference to a JSON chart replaced by the chart."""
    return {name: _read(api, value) for name, value in metrics.items()}


def _read(api: Api, value: Any) -> Any:
    if isinstance(value, dict):
        return populated(api, value)
    if isinstance(value, list):
        return [_read(api, item) for item in value]
    found = _REFERENCE.match(value) if isinstance(value, str) else None
    if found is None or not found[2].endswith(".json"):
        return value
    from stoker.client.http import quote_name

    return api.get(f"/runs/{found[1]}/files/{quote_name(found[2])}")


def _stamped(name: str, extension: str) -> str:
    return f"{_clean(name)}_{int(time.time())}{extension}"


def _clean(name: str) -> str:
    """Return a metric's name as a file's name: nothing in it leads elsewhere."""
    parts = [part for part in name.replace("\0", "_").split("/") if part not in {"", ".", ".."}]
    return "/".join(parts) or "image"


def _from_start(stream: Any) -> Any:
    if hasattr(stream, "seekable") and stream.seekable():
        stream.seek(0)
    return stream
