"""The running program with time in our hand: the same scene gives the same picture, always.

The real app talks over a real socket to the embedded gateway. The gateway's clock is moved by
hand, a second at a time, and clawtop's clock follows it. After each second clawtop has heard
everything that was told, asks when it is due on that clock, and paints once.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from clawtop.demo import ManualClock, ScriptedGateway
from clawtop.demo.scenarios import SCENARIOS, stage
from clawtop.demo.scenarios.scenario import Scenario
from clawtop.errors import ClawtopError
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.find import Target
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.picture.suspects import suspects
from clawtop.screen.app import ClawtopApp

HERE = Path(__file__).resolve().parent
DUSK = datetime(2026, 11, 20, 2, 50, tzinfo=UTC)
SEED = 1
BEAT_MS, BEATS = 250, 4  # the gateway lives this finely within a second
ASK_EVERY_S = 5
PROBES = 2  # in five seconds, at the pace of one in two
LONGEST_S = 30.0
TAG = re.compile(r"<[^>]*>")

Size = tuple[int, int]
SMALL, LARGE, WIDE = (80, 24), (120, 36), (200, 50)


Input.cursor_blink = False  # type: ignore[assignment]  # it blinks by the clock on the wall


class HandClock(GatewayClock):
    """clawtop's idea of the gateway's clock, nailed to the clock of the world."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def at(self, monotonic_s: float) -> int:
        """The world's time, whatever ours is."""
        return self._clock.ms

    def offset_ms(self) -> int:
        """None: a picture knows nothing of the clock of the host it was made on."""
        return 0


class HandTarget(Target):
    """The gateway; which port it really got is never shown."""

    @property
    def address(self) -> str:
        """A gateway's usual one."""
        return "127.0.0.1:18789"


class HandGateway(ScriptedGateway):
    """The embedded gateway; its world moves in ``beat`` and at no other time."""

    async def _pump(self) -> None:
        await asyncio.Event().wait()

    def beat(self) -> None:
        """Do what is due now, and send what it told."""
        self.world.tick()
        self._dispatcher.tick()
        self._periodic()


class HandWatcher(Watcher):
    """The watching link; it asks in ``read``, one question after the other, and only there."""

    ready = False

    async def _subscribe(self) -> None:
        await super()._subscribe()
        self.ready = True

    def ask_due(self) -> None:
        """Not by the clock on the wall."""

    async def read(self) -> None:
        """Ask everything once, and look closely at the suspects that are due."""
        for slot in self.budget.slots.values():
            if slot.question.name != "probe":
                await self._quietly(self._ask(slot.question))
        for key in suspects(self.store.held, named=self.named)[:PROBES]:
            await self._quietly(self._probe(key))

    async def catch_up(self) -> None:
        """Hear everything that was sent: an answer comes behind it."""
        assert self.link is not None
        await self.link.call("last-heartbeat", {})

    @staticmethod
    async def _quietly(asking: Awaitable[None]) -> None:
        with contextlib.suppress(ClawtopError):
            await asking

    async def _pause(self, about_s: float) -> None:
        """Until a person wants to try again."""
        self._now.clear()
        await self._now.wait()


class HandApp(ClawtopApp):
    """The dashboard; it paints in ``paint`` and at no other time."""

    def dirty(self) -> None:
        """Something changed; it is painted when its second is over."""

    def _tick(self) -> None:
        pass

    def paint(self) -> None:
        """One frame, now."""
        self._paint()


@dataclass
class Scene:
    """A scenario on a gateway, and clawtop watching it."""

    scenario: Scenario
    gateway: HandGateway
    clock: ManualClock
    app: HandApp
    pilot: Pilot[None]
    seconds: int = 0

    @property
    def watcher(self) -> HandWatcher:
        assert isinstance(self.app.watcher, HandWatcher)
        return self.app.watcher

    async def go(self, seconds: int) -> None:
        """Let that much time pass, with clawtop watching."""
        for _ in range(seconds):
            beats(self.gateway.beat, self.clock, 1)
            await self.watcher.catch_up()
            self.seconds += 1
            if self.seconds % ASK_EVERY_S == 0:
                await self.watcher.read()
            self.app.paint()

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for ``condition``. Raises TimeoutError: ``what`` never came."""
        limit = time.monotonic() + LONGEST_S
        while not condition():
            if time.monotonic() > limit:
                raise TimeoutError(f"never seen in {self.scenario.name}: {what}\n{self.text()}")
            await self.pilot.pause(0.01)

    async def shown(self, *words: str) -> None:
        """Wait until all of these words stand on the screen."""
        await self.until(", ".join(words), lambda: all(word in self.text() for word in words))

    def text(self) -> str:
        """The words of the picture, line by line."""
        body = self.app.export_screenshot().partition('-matrix">')[2]
        return html.unescape(TAG.sub("", body)).replace("\xa0", " ")

    async def press(self, *keys: str) -> None:
        """Keys of a person, and the frame after them."""
        await self.pilot.press(*keys)
        self.app.paint()

    async def resize(self, size: Size) -> None:
        """Another terminal."""
        await self.pilot.resize_terminal(*size)
        self.app.paint()

    async def lose_link(self, seconds: int, next_try_s: int) -> None:
        """The gateway cannot be reached; ``seconds`` later clawtop is about to try again."""
        await self.gateway.stop_listening(code=1006)
        await self.until("the loss", lambda: not self.app.store.link_up)
        self.clock.advance(seconds * 1000)
        self.watcher.retry_at = time.monotonic() + next_try_s + 0.4  # is rounded when painted
        self.app.paint()

    async def save(self, name: str, *words: str, sizes: Sequence[Size] = (SMALL, LARGE)) -> None:
        """Take the picture in each size, with these words on it; then the terminal is small."""
        for size in sizes:
            await self.resize(size)
            await self.shown(*words)
            await self._save(f"{name}-{size[0]}x{size[1]}")
        await self.resize(SMALL)

    async def _save(self, name: str) -> None:
        """Once nothing moves any more."""
        title = f"clawtop demo {self.scenario.name}"
        before, svg = "", self.app.export_screenshot(title=title)
        while svg != before:
            await self.pilot.pause()
            before, svg = svg, self.app.export_screenshot(title=title)
        (HERE / f"{name}.svg").write_text(svg.rstrip() + "\n", encoding="utf-8")
        print(f"screenshots/{name}.svg")


def beats(beat: Callable[[], None], clock: ManualClock, seconds: int) -> None:
    """Move the world by that much."""
    for _ in range(seconds * BEATS):
        clock.advance(BEAT_MS)
        beat()


@asynccontextmanager
async def scene(name: str, *, alone_s: int = 0) -> AsyncIterator[Scene]:
    """A scenario of the demo, and clawtop connected to it after ``alone_s`` seconds of story."""
    scenario, clock = SCENARIOS[name], ManualClock(int(DUSK.timestamp() * 1000))
    world = stage(scenario, seed=SEED, now=clock, companion=True)
    beats(world.tick, clock, alone_s)
    world.outbox.clear()
    async with HandGateway(world=world) as gateway:
        app = _app(scenario, gateway, clock)
        async with app.run_test(size=SMALL) as pilot:
            made = Scene(scenario, gateway, clock, app, pilot)
            await made.until("the link", lambda: app.watcher is not None and made.watcher.ready)
            await made.watcher.read()
            app.paint()
            yield made


def _app(scenario: Scenario, gateway: HandGateway, clock: ManualClock) -> HandApp:
    """The dashboard as ``clawtop demo`` shows it."""
    store, secret = Store(), Secret("token", gateway.token)
    target = HandTarget(gateway.url, "DEMO", secret, "the demo", "the demo")

    def make(on_dirty: Callable[[], None]) -> Watcher:
        client = Client("0", "linux", "clawtop", "picture")
        watcher = HandWatcher(target, client, store, Manner(), on_dirty=on_dirty)
        watcher.clock = watcher.feed.clock = HandClock(clock)
        return watcher

    names = (f"DEMO {scenario.name}", "in this process")
    return HandApp(make, names, store=store, operator="you@laptop", hint=scenario.look_at)
