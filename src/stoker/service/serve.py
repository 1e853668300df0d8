"""Run the service of one workspace from claim to farewell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import structlog
import uvicorn

from stoker.base.failpoints import reach
from stoker.base.jsonio import write_json
from stoker.exceptions import StokerException
from stoker.service import log
from stoker.service.app import create_app
from stoker.service.context import ServiceContext
from stoker.service.lifecycle import Claim, claim_workspace
from stoker.service.settings import load_settings

__all__ = ["serve"]

LOOK_SECONDS = 1.0
"""How often the service asks itself whether it should leave."""


def serve(home: str, *, foreground: bool, say: int | None = None) -> int:
    """Serve until idle or stopped; return the exit status (3: another service has the workspace).

    Parameters
    ----------
    home : str
        The workspace's `.stoker` folder.
    foreground : bool
        Whether to say where it serves.
    say : int, optional
        A descriptor that gets the reason too when the service can't start.
    """
    log.set_up()
    logger = structlog.get_logger("stoker.service")
    began = os.fstat(2).st_size if not foreground else 0
    try:
        claim = claim_workspace(home)
        if claim is None:
            _give_up(home, "another service holds this workspace", began, say)
            return 3
        settings = load_settings(claim.config)
        listener = claim.bind(settings.host, settings.port)
        context = ServiceContext.open(claim, settings, _url(listener))
    except (StokerException, OSError) as error:
        _give_up(home, str(error), began, say)
        return 1
    logger.info("service started", url=context.url, incarnation=context.incarnation, workspace=claim.config["name"])
    try:
        asyncio.run(_run(claim, context, listener, foreground=foreground))
    finally:
        context.close()
        logger.info("service left", reason=context.leaving or "stopped")
    return 0


def _give_up(home: str, message: str, began: int, say: int | None) -> None:
    """Say why the service does not start, to all who may listen; a full disk takes none of it but the last."""
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr)
    with contextlib.suppress(OSError):
        write_json(os.path.join(home, "logs", "service.failed"), {"after": began, "message": message})
    if say is not None:
        with contextlib.suppress(OSError):
            os.write(say, message.encode("utf-8", "replace"))


async def _run(claim: Claim, context: ServiceContext, listener: socket.socket, *, foreground: bool) -> None:
    server = _server(context)
    context.bus.attach(asyncio.get_running_loop())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, context.leave, "signal")
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.001)
    context.start()
    reach("service-before-announce")
    claim.announce(context.url, context.incarnation, context.signer.owner_token())
    if foreground:
        print(f"serving {claim.config['name']} at {context.url}", file=sys.stderr)
    await _until_leaving(claim, context)
    if not claim.folder_is_gone():
        claim.withdraw()
        reach("leave-before-exit")
    server.should_exit = True
    context.bus.notify()
    await serving


def _server(context: ServiceContext) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(context),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """A server that leaves signals to us: `service.json` must be withdrawn before the door closes."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _until_leaving(claim: Claim, context: ServiceContext) -> None:
    while context.leaving is None:
        try:
            await asyncio.wait_for(context.leaving_event.wait(), LOOK_SECONDS)
        except TimeoutError:
            if claim.folder_is_gone():
                context.leave("the workspace's folder is gone")
            elif context.is_idle():
                context.leave("idle")


def _url(listener: socket.socket) -> str:
    address: Any = listener.getsockname()
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"http://{host}:{address[1]}"
