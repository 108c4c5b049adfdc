"""The dashboard on a stage: the real app over a real socket to the embedded gateway."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.driver import Driver
from textual.keys import _character_to_key
from textual.pilot import Pilot

from clawtop.demo import ScriptedGateway, World
from clawtop.gateway.client import Client
from clawtop.gateway.find import Target
from clawtop.gateway.hook import Hook
from clawtop.gateway.keyring import Keyring
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.incidents.scene import Kind
from clawtop.picture.coverage import Wishes
from clawtop.picture.store import Store
from clawtop.screen.app import ClawtopApp
from clawtop.screen.dialogs import Confirm

DEADLINE_S = 8.0


def target_of(gateway: ScriptedGateway, secret: str | None = None) -> Target:
    """The embedded gateway as something to connect to."""
    token = Secret("token", secret or gateway.token)
    return Target(gateway.url, "edge-1", token, "the test", "the test")


def client(keys: Keyring | None = None) -> Client:
    return Client("0.0", "linux", "clawtop (tester@desk)", "test-instance", keys)


@dataclass
class Stage:
    """A running dashboard and the gateway behind it."""

    gateway: ScriptedGateway
    app: ClawtopApp
    pilot: Pilot[Any]

    @property
    def world(self) -> World:
        return self.gateway.world

    async def until(self, seen: Callable[[], object], what: str = "") -> None:
        """Wait until ``seen()`` is true; fail with the screen as it is."""
        end = time.monotonic() + DEADLINE_S
        while not seen():
            if time.monotonic() > end:
                shown = "\n".join(self.lines())
                raise AssertionError(f"never seen: {what or seen}\n{shown}")
            await self.pilot.pause(0.02)

    async def until_text(self, *words: str) -> None:
        """Wait until all these words are on the screen."""
        await self.until(lambda: all(word in self.text() for word in words), repr(words))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def type_at_once(self, *keys: str) -> None:
        """Keys as a fast typist's terminal sends them: none waits for what the one before did."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            self.app.post_message(events.Key(name, key if len(key) == 1 else None))

    async def confirm_with(self, *keys: str) -> None:
        """Answer a dialog once it is painted: keys typed before that do not count."""
        await self.until(lambda: isinstance(self.app.screen, Confirm), "a dialog")
        dialog = self.app.screen
        for key in keys:
            await self.until(lambda: getattr(dialog, "_painted_at", None) is not None, "painted")
            await self.press(key)

    def lines(self) -> list[str]:
        """The screen as text, line by line."""
        svg = self.app.export_screenshot()
        rows: dict[float, list[tuple[float, str]]] = defaultdict(list)
        pattern = r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>'
        for x, y, text in re.findall(pattern, svg):
            plain = html.unescape(text).replace("\xa0", " ")
            rows[float(y)].append((float(x), plain))
        return ["".join(_spaced(row)).rstrip() for _, row in sorted(rows.items())]

    def text(self) -> str:
        return "\n".join(self.lines())

    def select(self, panel: int, row_id: str) -> None:
        """Focus a panel and select one of its records."""
        self.app.board.focus_panel(panel)
        view = self.app.board.panel(panel)
        view.chosen, view.table.selected = True, row_id


def _spaced(row: list[tuple[float, str]]) -> list[str]:
    """Pieces of a line at their columns; a character is 12.2 units wide in these pictures."""
    line, parts = 0, []
    for x, text in sorted(row):
        column = round(x / 12.2)
        parts.append(" " * max(column - line, 0))
        parts.append(text)
        line = max(column, line) + len(text)
    return parts


@asynccontextmanager
async def stage(
    gateway: ScriptedGateway | None = None,
    *,
    generation: str = "september",
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
    stale_after_ms: int = 600_000,
    world: World | None = None,
    secret: str | None = None,
    kinds: Sequence[Kind] | None = None,
    bell: bool = False,
    hook: Hook | None = None,
    theme: str | None = None,
    driver: type[Driver] | None = None,
    keys: Keyring | None = None,
) -> AsyncIterator[Stage]:
    """Run the dashboard until the block ends. ``kinds``: the incidents to look for; ``driver``:
    takes what is written for the terminal."""
    async with gateway or ScriptedGateway(generation, world=world) as running:
        manner = Manner(read_only=read_only, timeout_s=5)
        store = Store(stale_after_ms=stale_after_ms, wishes=Wishes(read_only=read_only))
        target = target_of(running, secret)

        def make(on_dirty: Callable[[], None]) -> Any:
            from clawtop.gateway.watch import Watcher

            return Watcher(target, client(keys), store, manner, on_dirty=on_dirty)

        app = ClawtopApp(
            make,
            ("edge-1", target.address),
            store=store,
            operator="tester@desk",
            kinds=kinds,
            bell=bell,
            hook=hook,
            theme=theme,
        )
        app.driver_class = driver or app.driver_class
        async with app.run_test(headless=driver is None, size=size) as pilot:
            on = Stage(running, app, pilot)
            if secret is None:
                await on.until(lambda: "rows" in store.listed, "the first listing")
            yield on


def play(scene: Callable[[], Any]) -> None:
    """Run one scene to its end, with a hard limit."""

    async def run() -> None:
        async with asyncio.timeout(90):
            await scene()

    asyncio.run(run())
