"""clawtop watching a real gateway inside the test's own process, with its incidents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from clawtop.cli.setup import watcher_of
from clawtop.gateway.watch import Watcher
from clawtop.incidents.engine import Engine
from clawtop.incidents.incident import Incident

from .living import options
from .shell import Shell

LOOK_EVERY_S = 0.1


class Watched:
    """A watcher and the engine on its picture. ``history``: everything ever named, by key."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.engine = Engine(watcher.store)
        self.history: dict[str, Incident] = {}
        self.at: dict[str, float] = {}

    def look(self) -> list[Incident]:
        """Every open incident, worst first."""
        self.watcher.store.refresh(self.watcher.clock.now_ms())
        for change in self.engine.refresh():
            if change.what != "gone":
                self.history[change.incident.key] = change.incident
                self.at.setdefault(change.incident.key, time.monotonic())
        return self.engine.incidents()

    async def forever(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def until(self, found: Callable[[list[Incident]], object], timeout: float) -> None:
        """Wait until ``found(open incidents)``; tells what there was instead."""
        deadline = time.monotonic() + timeout
        while not found(self.look()):
            if time.monotonic() > deadline:
                told = "\n".join(f"{one.key}: {one.summary}" for one in self.look())
                locks = "\n".join(str(lock) for lock in self.watcher.store.held.locks.values())
                raise AssertionError(f"not seen within {timeout:g} s\n{told}\n{locks}")
            await asyncio.sleep(LOOK_EVERY_S)

    async def named(
        self, incident_id: str, session_key: str | None, timeout: float = 30.0
    ) -> Incident:
        """The incident of that id in that session, once it is open."""

        def mine(found: list[Incident]) -> list[Incident]:
            wanted = (incident_id, session_key)
            return [one for one in found if (one.id, one.session_key) == wanted]

        await self.until(mine, timeout)
        return mine(self.look())[0]

    def about(self, session_key: str) -> list[str]:
        """Ids of everything that was ever said of that session."""
        return [one.id for one in self.history.values() if one.session_key == session_key]


@asynccontextmanager
async def watched(shell: Shell, *words: str) -> AsyncIterator[Watched]:
    """Watch until the block ends."""
    watcher = watcher_of(options(shell, "snapshot", *words))
    on = Watched(watcher)
    tasks = [asyncio.create_task(watcher.run()), asyncio.create_task(on.forever())]
    try:
        await on.until(lambda _: {"rows", "preflight"} <= watcher.store.listed, 30)
        yield on
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await watcher.close()
