"""A busy night in front of the real app, with time moved by hand.

Each round tells every fault of the night; a person looks around, the link breaks, and the gateway
comes back without its memory. What is counted: resident memory, asyncio tasks, file descriptors,
the rows of the picture, and frames that were lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.strip import Strip

from clawtop.demo.scenarios.busy_night import SCENARIO
from clawtop.demo.story import Story
from screenshots.scene import Scene, scene

ROUND_S = 4_000  # the last fault of the night comes at 3,900 s
LOOK_S = 600
TRANSCRIPT = 200  # messages; a real gateway keeps them in files
WARM_S = 7_200  # caches and rings fill; the slope is of what comes after
KEYS = "3 enter escape 2 enter escape 1 4 5 escape w escape l escape 0 enter escape question_mark"


@dataclass(frozen=True)
class Sample:
    """What there is at one moment of the night."""

    at_s: int
    rss_kb: int
    picture_kb: int
    tasks: int
    descriptors: int
    rows: int
    widget_lines: int  # painted lines that are kept, of widgets there are and of closed ones


@dataclass(frozen=True)
class Night:
    """One night. ``events``: heard; ``lost``: frames that the numbering says were missed."""

    samples: list[Sample]
    events: int
    lost: int
    unreadable: int
    rounds: int

    def slope_kb(self, of: Callable[[Sample], int], after_s: int = WARM_S) -> float:
        """Growth in KB an hour, by least squares, once it is warm."""
        points = [(one.at_s / 3600, of(one)) for one in self.samples if one.at_s >= after_s]
        if len(points) < 3:
            return 0.0
        middle = sum(x for x, _ in points) / len(points)
        spread = sum((x - middle) ** 2 for x, _ in points)
        return sum((x - middle) * y for x, y in points) / spread


async def night(seconds: int, *, round_s: int = ROUND_S, look_s: int = LOOK_S) -> Night:
    """Let that much time pass."""
    heard = 0

    def count(line: object) -> None:
        nonlocal heard
        heard += getattr(line, "what", "") == "event"

    samples: list[Sample] = []
    async with scene(SCENARIO.name) as on:
        on.watcher.feed.tape = count
        lost = 0
        for at_s in range(look_s, seconds + 1, look_s):
            await on.go(look_s)
            await look_around(on)
            if at_s % round_s < look_s:
                lost += on.app.store.missed_frames
                await again(on)
            samples.append(sample(on, at_s))
        watcher = on.watcher
        lost += on.app.store.missed_frames
        return Night(samples, heard, lost, watcher.unreadable, seconds // round_s)


async def look_around(on: Scene) -> None:
    """Open every panel and page, and come back."""
    for key in KEYS.split():
        await on.press(key)
    await on.press("escape")


async def again(on: Scene) -> None:
    """The gateway is gone and comes back, and the night begins once more."""
    await on.gateway.stop_listening(code=1006)
    await on.until("the loss", lambda: not on.app.store.link_up)
    on.gateway.world.restart()
    await on.gateway.start_listening()
    on.watcher.ready = False
    on.watcher.reconnect_now()
    await on.until("the link", lambda: on.watcher.ready)
    await on.watcher.read()
    story = getattr(on.gateway.world.actor, "__self__", None)
    assert isinstance(story, Story)
    SCENARIO.play(story)


def sample(on: Scene, at_s: int) -> Sample:
    """What there is now. What the embedded gateway remembers for tests is not clawtop's."""
    on.gateway.requests.clear()
    on.gateway.world.resolved.clear()
    for session in on.gateway.world.sessions.values():
        del session.messages[:-TRANSCRIPT]
    gc.collect()
    store = on.app.store
    return Sample(
        at_s=at_s,
        rss_kb=resident_kb(),
        picture_kb=len(pickle.dumps(store)) // 1024,
        tasks=len(asyncio.all_tasks()),
        descriptors=len(os.listdir("/proc/self/fd")),
        rows=len(store.held.sessions) + len(store.backlog) + len(store.log),
        widget_lines=sum(type(one) is Strip for one in gc.get_objects()),
    )


def resident_kb() -> int:
    """Memory of this process that is in use now."""
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024
    return 0
