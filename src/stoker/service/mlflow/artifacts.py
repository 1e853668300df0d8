"""Files for MLflow's clients: the run's own files, by the addresses that the protocol gives them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoker.exceptions import StokerException
from stoker.service.api.deps import writable_run
from stoker.service.api.files import stream_object
from stoker.service.context import ServiceContext
from stoker.service.errors import ForbiddenError
from stoker.service.mlflow.errors import MlflowError, answer_of, invalid
from stoker.service.mlflow.locations import Place, location_of_run, place_of
from stoker.service.mlflow.routing import Call, MlflowRouter, Parameters
from stoker.service.names import AsciiJSONResponse
from stoker.service.tokens import Principal

__all__ = ["router"]

router = MlflowRouter()

_ADDRESS = "/api/2.0/mlflow-artifacts/artifacts"


@router.method("GET", "artifacts/list")
def list_of_run(call: Call) -> Parameters:
    """List the files and folders of a run, one folder at a time."""
    run = call.optional_text("run_id") or call.text("run_uuid")
    call.context.store.mlflow_runs.facts(run)
    path = (call.optional_text("path") or "").strip("/")
    start = f"{path}/" if path else ""
    entries = _entries(Place(run, None, path).below(call.context.store), start)
    return {"root_uri": location_of_run(run), "files": entries}


def _entries(files: Sequence[tuple[str, str, int]], start: str) -> list[Parameters]:
    """Return what one folder holds, named with `start` before it."""
    found: dict[str, Parameters] = {}
    for name, _, size in files:
        first, slash, _rest = name.partition("/")
        entry: Parameters = {"path": f"{start}{first}", "is_dir": bool(slash)}
        found[first] = entry if slash else {**entry, "file_size": size}
    return [found[name] for name in sorted(found)]


async def _serve(request: Request) -> Response:
    """Answer a request for files below an address; a list of them when none is named."""
    context: ServiceContext = request.app.state.context
    try:
        path = request.path_params.get("path", "")
        if request.method == "PUT":
            return await _put(request, context, path)
        if request.method == "DELETE":
            return await run_in_threadpool(_delete, context, request.state.principal, path)
        if not path:
            return await run_in_threadpool(_list, context, request.query_params.get("path") or "")
        return await run_in_threadpool(_get, context, path, request.headers.get("range"))
    except StokerException as error:
        return answer_of(error)


def _list(context: ServiceContext, path: str) -> Response:
    return AsciiJSONResponse({"files": _entries(place_of(path).below(context.store), "")})


def _get(context: ServiceContext, path: str, wanted: str | None) -> Response:
    place = place_of(path)
    found = next((item for item in place.files(context.store) if item[0] == place.path), None)
    if found is None:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"There is no file {path!r}.")
    return stream_object(context, found[0].rsplit("/", 1)[-1], found[1], found[2], wanted)


async def _put(request: Request, context: ServiceContext, path: str) -> Response:
    place = place_of(path)
    owner = await run_in_threadpool(_own, context, request.state.principal, place)
    with context.objects.writer() as writer:
        async for block in request.stream():
            await run_in_threadpool(writer.write, block)
        stored = writer.commit()
    context.store.artifacts.add(owner, place.path, stored.sha256, stored.size, overwrite=True)
    context.bus.notify(owner)
    return AsciiJSONResponse({})


def _delete(context: ServiceContext, caller: Principal, path: str) -> Response:
    place = place_of(path)
    owner = _own(context, caller, place)
    for name, _, _ in place.files(context.store):
        if name == place.path or name.startswith(f"{place.path}/" if place.path else ""):
            context.store.artifacts.delete(owner, name)
    return AsciiJSONResponse({})


def _own(context: ServiceContext, caller: Principal, place: Place) -> str:
    """Return whose files they are, when the caller may change them."""
    if place.owner is None:
        raise invalid("The files of a registered version never change. Log to a run and register a new version.")
    if context.store.runs.find(place.owner) is not None:
        return str(writable_run(context, caller, place.owner)["id"])
    record = context.store.logged_models.get(place.owner)
    if not caller.is_owner:
        raise ForbiddenError("A run's token may not change a model that no run has made.")
    return str(record["id"])


router.routes += [
    Route(_ADDRESS, _serve, methods=["GET"]),
    Route(f"{_ADDRESS}/{{path:filename}}", _serve, methods=["GET", "PUT", "DELETE"]),
]
router.served += [
    ("GET", "/mlflow-artifacts/artifacts"),
    ("GET", "/mlflow-artifacts/artifacts/{path}"),
    ("PUT", "/mlflow-artifacts/artifacts/{path}"),
    ("DELETE", "/mlflow-artifacts/artifacts/{path}"),
]
