"""Everything that one running service holds, made in one place and handed to routers and controllers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stoker.base.paths import WorkspacePaths, cache_home
from stoker.runner import bundle, control
from stoker.service.controllers.builds import Builds
from stoker.service.controllers.copies import close_copied
from stoker.service.controllers.endings import Endings
from stoker.service.controllers.queue import RunQueue
from stoker.service.controllers.spec import SpecMaker
from stoker.service.controllers.targets import Targets
from stoker.service.environments import EnvironmentBuilder, UvEnvironmentBuilder
from stoker.service.events import EventBus
from stoker.service.gate import Activity
from stoker.service.lifecycle import Claim
from stoker.service.settings import Settings
from stoker.service.store import ArtifactStore, FolderArtifactStore, LogFiles, Store
from stoker.service.tokens import TokenSigner

__all__ = ["ServiceContext"]


@dataclass
class ServiceContext:
    """The parts of one service.

    Attributes
    ----------
    paths : WorkspacePaths
    config : dict
        The workspace's `config.json`.
    settings : Settings
    url : str
        Where the service listens.
    store : Store
        All records.
    objects : ArtifactStore
        All bytes, by hash.
    logs : LogFiles
        Logs as they grow.
    builder : EnvironmentBuilder
    targets : Targets
    queue : RunQueue
    endings : Endings
    builds : Builds
    bus : EventBus
    signer : TokenSigner
    activity : Activity
    incarnation : int
        Counts the starts of this workspace's service.
    """

    paths: WorkspacePaths
    config: dict[str, Any]
    settings: Settings
    url: str
    store: Store
    objects: ArtifactStore
    logs: LogFiles
    builder: EnvironmentBuilder
    targets: Targets
    queue: RunQueue
    endings: Endings
    builds: Builds
    bus: EventBus
    signer: TokenSigner
    incarnation: int
    activity: Activity = field(default_factory=Activity)
    started: float = field(default_factory=time.time)
    leaving: str | None = None
    leaving_event: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def open(cls, claim: Claim, settings: Settings, url: str) -> ServiceContext:
        """Open the store and make the parts; nothing runs yet."""
        paths, config = claim.paths, claim.config
        store = Store.open(paths.database)
        close_copied(store, config["id"])
        signer, bus = TokenSigner(claim.key, config["id"]), EventBus()
        builder = UvEnvironmentBuilder(cache_home())
        logs = LogFiles(paths.logfiles)
        targets = Targets(store, paths, settings.local_concurrency)
        endings = Endings(store, bus, targets, settings.cancel_grace_seconds)
        specs = SpecMaker(paths, config, signer, url, settings.cancel_grace_seconds, bundle.ensure(cache_home()))
        queue = RunQueue(store, bus, builder, targets, endings, specs, logs, settings.environment_policy)
        return cls(
            paths=paths,
            config=config,
            settings=settings,
            url=url,
            store=store,
            objects=FolderArtifactStore(paths.objects),
            logs=logs,
            builder=builder,
            targets=targets,
            queue=queue,
            endings=endings,
            builds=Builds(builder, settings.environment_policy),
            bus=bus,
            signer=signer,
            incarnation=store.next_incarnation(),
        )

    def start(self) -> None:
        """Begin to work: take over living runs, then the queue."""
        control.ensure_agent(self.paths.home)
        self.queue.start()

    def is_idle(self) -> bool:
        """Whether nobody has asked for `idle_seconds` and nothing submitted is unfinished."""
        if self.activity.idle_seconds() < self.settings.idle_seconds:
            return False
        return not self.queue.has_unfinished()

    def leave(self, reason: str) -> None:
        """Tell the service to stop; safe to call from the event loop's thread."""
        if self.leaving is None:
            self.leaving = reason
            self.activity.closed = True
        self.leaving_event.set()

    def leave_soon(self, reason: str) -> None:
        """Leave once the answer to the present request is out."""
        self._loop_call(0.1, self.leave, reason)

    def leave_when_ended(self, reason: str) -> None:
        """Leave once no submitted run is unfinished."""

        def look() -> None:
            if self.queue.has_unfinished():
                self._loop_call(0.1, look)
            else:
                self.leave(reason)

        self._loop_call(0.1, look)

    def _loop_call(self, seconds: float, function: Callable[..., None], *arguments: Any) -> None:
        loop = self.bus.loop
        loop.call_soon_threadsafe(loop.call_later, seconds, function, *arguments)

    def close(self) -> None:
        """Stop the queue and the agent, and close the store; runs go on, and the next service takes them over."""
        self.queue.stop()
        self.builds.stop()
        control.stop_agent(self.paths.home)
        self.targets.close()
        self.store.close()

    def journal_home(self, run_id: str) -> str:
        """Return the id of the run in whose folder `run_id` is logged: itself, or for a child the run that made it."""
        run = self.store.runs.get(run_id)
        while run["kind"] == "child" and run["parent_id"]:
            run = self.store.runs.get(run["parent_id"])
        return str(run["id"])
