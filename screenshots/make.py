"""The pictures of the documentation, taken from the running program.

The real app talks over a real socket to the scripted gateway, which plays one night. The
gateway's clock is moved by hand and clawtop's clock follows it, so the same night always gives
the same pictures. Every step waits for what it expects to see; nothing sleeps and hopes.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from textual.pilot import Pilot

from clawtop.demo import ManualClock, ScriptedGateway, World
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.find import Target
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.screen.app import ClawtopApp

HERE = Path(__file__).resolve().parent
NAME, ADDRESS = "edge-1", "127.0.0.1:18789"
DUSK = datetime(2026, 11, 20, 2, 24, 30, tzinfo=UTC)
SMALL, LARGE = (80, 24), (120, 36)
LONGEST_S = 30.0
SECOND, MINUTE = 1_000, 60_000

LEAKED = "agent:ops:slack:incident-4127"
STALE = "agent:main:nightly-report"
ASKING = "agent:deploy:release-47"
SINGLE = "agent:dba:vacuum-orders"
BUSY = "agent:main:main"
CHATTING = "agent:support:telegram:8812"
RESCUED = "agent:research:weekly-digest"


class WorldClock(GatewayClock):
    """clawtop's idea of the gateway's clock, nailed to the clock of the world."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def at(self, monotonic_s: float) -> int:
        """The world's time, whatever ours is."""
        return self._clock.ms


@dataclass
class Night:
    """A night on a gateway, and clawtop watching it since dusk."""

    world: World
    clock: ManualClock
    app: ClawtopApp
    pilot: Pilot[None]

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for ``condition``. Raises TimeoutError naming ``what`` never came."""
        limit = time.monotonic() + LONGEST_S
        while not condition():
            if time.monotonic() > limit:
                raise TimeoutError(f"never saw: {what}")
            await self.pilot.pause(0.01)

    async def shown(self, *words: str) -> None:
        """Wait until all of these words stand on the screen."""
        await self.until(", ".join(words), lambda: all(word in self.text() for word in words))

    def text(self) -> str:
        """The screen as the picture will have it, with plain spaces."""
        return self.app.export_screenshot().replace("&#160;", " ")

    async def read_again(self, what: str, condition: Callable[[], bool]) -> None:
        """Ask the gateway everything until the answers fit: one probe is asked at a time."""
        limit = time.monotonic() + LONGEST_S
        while not condition():
            if time.monotonic() > limit:
                raise TimeoutError(f"never read: {what}")
            assert self.app.watcher is not None
            self.app.watcher.ask_all_now()
            await self.pilot.pause(0.05)

    async def press(self, *keys: str) -> None:
        """Keys of a person."""
        await self.pilot.press(*keys)

    async def choose(self, key: str, session: str) -> None:
        """Move the selection with one key, to where it is expected."""
        await self.press(key)
        await self.until(f"{session} selected", lambda: self.app.selected()[1] == session)

    async def save(self, name: str) -> None:
        """Take the picture."""
        await self.pilot.pause()
        svg = self.app.export_screenshot(title=f"clawtop --gateway {NAME}")
        (HERE / name).write_text(svg.rstrip() + "\n", encoding="utf-8")
        print(f"screenshots/{name}")


@asynccontextmanager
async def night(size: tuple[int, int]) -> AsyncIterator[Night]:
    """A gateway at dusk and clawtop connected to it."""
    chance = random.Random(47)
    uuid.uuid4 = lambda: uuid.UUID(int=chance.getrandbits(128), version=4)
    clock = ManualClock(int(DUSK.timestamp() * 1000))
    world = World("september", clock)
    async with ScriptedGateway(world=world) as gateway:
        store = Store()
        target = Target(gateway.url, NAME, Secret("token", gateway.token), "here", "here")

        def make(on_dirty: Callable[[], None]) -> Watcher:
            client = Client("0", "linux", "clawtop", "picture")
            watcher = Watcher(target, client, store, Manner(), on_dirty=on_dirty)
            watcher.clock = WorldClock(clock)
            return watcher

        app = ClawtopApp(make, (NAME, ADDRESS), store=store, operator="ana@laptop")
        async with app.run_test(size=size) as pilot:
            yield Night(world, clock, app, pilot)


async def play(night: Night) -> None:
    """From dusk until about ten past three: what the person on call finds."""
    await night.until("a first listing", lambda: "rows" in night.app.store.listed)
    await _evening(night)
    await _leak(night)
    await _report_goes_silent(night)
    await _rescue(night)
    await _approvals(night)
    _system_events(night)
    await _morning(night)


def _verdicts(night: Night) -> dict[str, str]:
    return {key: str(lock.verdict) for key, lock in night.app.store.held.locks.items()}


async def _evening(night: Night) -> None:
    """Five sessions begin to work."""
    night.world.start_run(STALE, run_id="7d1c9a52-0b3e-4f6a-9c55-e2a41f0d8b17")
    night.world.start_run(BUSY, run_id="b80f6e0d-52d4-4a0c-8d1c-3f9a7705c2e4")
    night.world.start_run(CHATTING, "channel")
    keys = {STALE, BUSY, CHATTING}
    await night.until("the runs", lambda: keys <= _verdicts(night).keys())


async def _leak(night: Night) -> None:
    """A lock whose owner is gone: held, and at two looks the gateway names no run for it."""
    world, store = night.world, night.app.store
    world.session(LEAKED, channel="slack")
    world.leak(LEAKED)
    world.touch(LEAKED, reason="send")
    night.clock.advance(5 * SECOND)

    def looked(times: int) -> bool:
        facts = store.held.sessions.get(LEAKED)
        return facts is not None and facts.no_run_probes >= times

    await night.read_again("a first look at the leaked lock", lambda: looked(1))
    night.clock.advance(3 * MINUTE)
    await night.read_again("a second look", lambda: looked(2))


async def _report_goes_silent(night: Night) -> None:
    """The report's last sign of life, and two messages that wait behind it."""
    world, store = night.world, night.app.store
    night.clock.advance(12 * MINUTE + 20 * SECOND)
    world.progress(STALE)
    night.clock.advance(7 * MINUTE)
    world.waits(STALE, "is the report ready?", run_id="1f0c2f38-9a0e-4c7e-b9f0-5a8e6f9d3b21")
    night.clock.advance(4 * MINUTE)
    world.waits(STALE, "please also add October", run_id="9e4b7a60-2c1d-4d3f-8a7b-0c5d1e2f3a4b")

    def both_wait() -> bool:
        lock = store.held.locks.get(STALE)
        return lock is not None and lock.waiting == 2

    await night.read_again("two waiting messages", both_wait)


async def _rescue(night: Night) -> None:
    """Two recovery attempts of the gateway: one frees a session, one changes nothing."""
    world, clock = night.world, night.clock
    world.session(RESCUED)
    world.recovery(RESCUED, "requested", age_s=420)
    clock.advance(9 * SECOND)
    head = {"outcome": "released", "action": "release_lane"}
    world.record("session.recovery.completed", **head, ageMs=420_000, queueDepth=1)
    names = f"sessionId={world.session(RESCUED).session_id} sessionKey={RESCUED}"
    world.log(
        f"stuck session recovery outcome: status=released action=release_lane {names} released=1",
        "WARN",
    )
    clock.advance(6 * MINUTE)
    world.recovery(STALE, "requested", age_s=600)
    clock.advance(11 * SECOND)
    world.recovery(STALE, "completed", age_s=600)
    store = night.app.store

    def told() -> bool:
        return [one.verdict for one in store.recoveries()] == ["no_effect", "effective"]

    await night.read_again("two recoveries", told)


async def _approvals(night: Night) -> None:
    """One request that waits, and one that its run repeats every half minute."""
    world, clock, store = night.world, night.clock, night.app.store
    world.start_run(SINGLE)
    world.request_approval(
        "psql -h db-3 -c 'VACUUM FULL orders'", SINGLE, id="5b0d6c1e-31a7-4a57-8c90-c2f1e6a7d904"
    )
    clock.advance(2 * MINUTE)
    world.start_run(ASKING)
    for number in range(14):
        clock.advance(31 * SECOND)
        ident = f"e{number:02}f4c7a-90b2-4d1e-a3c8-{number:02}9e5d7b6a41"
        world.request_approval("kubectl rollout restart deploy/api -n prod", ASKING, id=ident)
    await night.until("15 approvals", lambda: len(store.backlog) == 15)


def _system_events(night: Night) -> None:
    for text in (
        "node edge-2 disconnected",
        "exec finished: backup-orders.sh (code 0)",
        "node edge-2 connected",
        "node edge-2 disconnected",
        "cron nightly-report: skipped, the session is busy",
    ):
        night.world.enqueue_event(BUSY, text)


async def _morning(night: Night) -> None:
    """Some seconds before the picture the healthy ones work; then all is read once more."""
    world, clock, store = night.world, night.clock, night.app.store
    await night.read_again("five system events", lambda: len(store.queue.events) == 5)
    clock.advance(3 * MINUTE + 20 * SECOND)
    for key in (BUSY, CHATTING):
        world.progress(key)
    clock.advance(4 * SECOND)
    expected = {
        LEAKED: "leaked",
        STALE: "stale",
        ASKING: "waiting_approval",
        SINGLE: "waiting_approval",
        BUSY: "working",
    }

    def read() -> bool:
        found = _verdicts(night)
        return all(found.get(key) == verdict for key, verdict in expected.items())

    await night.read_again(f"the morning's verdicts {expected}", read)
    await night.shown("LEAKED", "STALE", "×14", "no effect")


async def pictures() -> None:
    """All four pictures: three of one small night, one of a large one."""
    async with night(LARGE) as large:
        await play(large)
        await large.choose("g", LEAKED)
        await large.save("dashboard-120x36.svg")
    async with night(SMALL) as small:
        await play(small)
        await small.choose("g", LEAKED)
        await small.save("dashboard-80x24.svg")
        await small.press("X")
        await small.shown("abort-session", "Cancel")
        await small.save("confirm-80x24.svg")
        await small.press("escape")
        await small.choose("down", STALE)
        await small.press("enter")
        await small.shown("HOW WE KNOW")
        await small.save("detail-80x24.svg")


def main() -> None:
    """Take the pictures in a home of their own."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HOME": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home}
        asyncio.run(pictures())


if __name__ == "__main__":
    main()
