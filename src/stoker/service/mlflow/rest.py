"""The rest of the protocol: what is not served is answered in the form that clients read, with what to use."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoker.service.mlflow.errors import MlflowError, answer_of, not_implemented
from stoker.service.mlflow.routing import MlflowRouter

__all__ = ["NOT_SERVED", "router"]

router = MlflowRouter()

NOT_SERVED = {
    "traces": "Stoker keeps no traces. Log to runs, or send traces to a server of MLflow's own.",
    "unified-traces": "Stoker keeps no traces. Log to runs, or send traces to a server of MLflow's own.",
    "get-online-trace-details": "Stoker keeps no traces. Log to runs, or send traces to a server of MLflow's own.",
    "issues": "Stoker keeps no issues, as it keeps no traces.",
    "label-schemas": "Stoker keeps no reviews of traces.",
    "review-queues": "Stoker keeps no reviews of traces.",
    "scorers": "Stoker keeps no scorers. Keep the code of a scorer with a run, and log its scores as metrics.",
    "datasets": "Stoker keeps no evaluation data sets of MLflow. Register a data set: `stoker dataset register`.",
    "experiments/search-datasets": "Search for runs by their data instead: `dataset.name = 'NAME'`.",
    "metrics/get-history-bulk-interval": "Ask for the history of one metric of one run at a time.",
    "prompt-optimization": "Stoker keeps no prompts. Keep a prompt as a file of a run.",
    "webhooks": "Stoker calls no addresses of others. Follow runs with `stoker run logs --follow`.",
    "gateway": "Stoker is no gateway to models of others.",
    "mcp-servers": "Stoker keeps no list of MCP servers.",
    "mcp-access-endpoints": "Stoker keeps no list of MCP servers.",
    "workspaces": "A service of Stoker is one workspace. `stoker workspace list` shows yours.",
    "mpu": "Files go to this service in one request each; parts of a file are not taken.",
    "presigned": "Files are read from this service itself; there are no signed addresses of another place.",
    "artifacts/presigned-upload-url": "Files go to this service itself; there are no signed addresses.",
    "artifacts/presigned-download-url": "Files are read from this service itself; there are no signed addresses.",
}
"""How an address begins -> what is said of it."""

_ADDRESS = re.compile(r"/api/\d+\.\d+/?mlflow(?:-artifacts)?/(?P<method>.*)", re.DOTALL)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


async def _unknown(request: Request) -> Response:
    path = request.url.path
    match = _ADDRESS.match(path)
    method = match["method"] if match else ""
    for begin, why in NOT_SERVED.items():
        if method == begin or method.startswith(f"{begin}/"):
            return answer_of(not_implemented(why))
    return answer_of(
        MlflowError("ENDPOINT_NOT_FOUND", f"There is no method {request.method} {path}. The docs list what is served.")
    )


router.routes += [
    Route("/api/{version}/mlflow/{path:filename}", _unknown, methods=_METHODS),
    Route("/api/{version}/mlflow-artifacts/{path:filename}", _unknown, methods=_METHODS),
    # Clients ask for one method with this address.
    Route("/api/2.0mlflow/{path:filename}", _unknown, methods=_METHODS),
]
