"""What a gateway in trouble really said, to be changed in one place or another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from clawtop.demo import ManualClock, ScriptedGateway
from clawtop.demo.scenarios import SCENARIOS, stage
from clawtop.gateway.feed import Line
from clawtop.gateway.look import settle, watching
from clawtop.gateway.manner import Manner
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from tests.hostile.payloads import NOW_MS
from tests.screen.stage import client, target_of

STORY_S = 600  # how much of it happened before; then all of it is listed

Said = tuple[str, str, Any]  # what it is, its name, what it carries


@cache
def genuine(name: str, generation: str = "september") -> tuple[Said, ...]:
    """Events and answers of one scenario, in order, with plain values."""
    return tuple(asyncio.run(_listen(name, generation)))


async def _listen(name: str, generation: str) -> list[Said]:
    clock = ManualClock(NOW_MS - STORY_S * 1000)
    april = generation == "april"
    world = stage(SCENARIOS[name], "april" if april else "september", now=clock, companion=True)
    for _ in range(STORY_S):
        clock.advance(1000)
        world.tick()
    lines: list[Line] = []
    async with ScriptedGateway(world=world) as gateway:
        watcher = Watcher(target_of(gateway), client(), Store(), Manner(timeout_s=5))
        watcher.feed.tape = lines.append
        async with watching(watcher):
            await settle(watcher)
            for _ in range(30):
                clock.advance(1000)
                await asyncio.sleep(0.02)
    return list(_said(lines))


def _said(lines: list[Line]) -> Iterator[Said]:
    for line in lines:
        if line.what in ("event", "answer"):
            yield line.what, line.event or line.method, json.loads(bytes(line.payload))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each part of a value."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*path, number))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The same with one part replaced."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, first: changed(value[first], rest, new)}
    return [changed(one, rest, new) if number == first else one for number, one in enumerate(value)]
