"""One look: connect, ask everything once, stay until the picture can be told, and no longer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from clawtop.errors import ClawtopError
from clawtop.gateway.watch import Watcher
from clawtop.picture.locks import QUIET_MS
from clawtop.picture.records import Verdict

PATIENCE_S = 15.0  # of a look that is asked no longer: then the picture is shown as it is
HURRY_S = 0.9  # between repeated counts while one of them is in doubt


@asynccontextmanager
async def watching(watcher: Watcher, *, lasting: bool = False) -> AsyncIterator[Watcher]:
    """The watcher, connected and asking; closed at the end. Raises ConnectError.

    ``lasting``: it connects again when the link is lost, as after a restart of the gateway.
    """
    await watcher.connect()
    serve = watcher.run() if lasting else watcher.serve()
    serving = asyncio.create_task(serve, name="clawtop-serve")
    try:
        yield watcher
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError, ClawtopError):
            await serving
        await watcher.close()


async def settle(watcher: Watcher, observe_s: float = 0.0) -> None:
    """Wait until every question has an answer, doubts are settled and ``observe_s`` are over."""
    began = time.monotonic()
    patience = max(PATIENCE_S, watcher.manner.timeout_s + 2)
    hurried = began
    while True:
        now = time.monotonic()
        watcher.store.refresh(watcher.clock.now_ms())
        if watcher.link is None or not watcher.link.is_open:
            return
        if now - began >= observe_s and (settled(watcher) or now - began >= patience):
            return
        if now - hurried >= HURRY_S and in_doubt(watcher):
            hurried = now
            hurry(watcher)
        await asyncio.sleep(0.03)


def hurry(watcher: Watcher) -> None:
    """Ask rows and counts again soon; what is under way is not asked twice."""
    now = time.monotonic()
    for name in ("rows", "preflight", "probe", "lanes", "companion"):
        slot = watcher.budget.slots.get(name)
        if slot is not None:
            slot.due_at = min(slot.due_at, now)


def settled(watcher: Watcher) -> bool:
    """Everything was asked and answered, and more time would not change what is told."""
    slots = watcher.budget.slots.values()
    waiting = [s for s in slots if s.question.name != "probe" and (s.in_flight or not s.asked)]
    return not waiting and not in_doubt(watcher)


def in_doubt(watcher: Watcher) -> bool:
    """Whether another second or two would tell more: counts that do not fit, unwatched runs,
    sessions not yet probed."""
    store = watcher.store
    if "preflight" not in store.listed or "rows" not in store.listed:
        return False
    held = store.held
    if held.anonymous.doubtful:
        return True
    if _filling(watcher):
        return True
    watched = held.now_ms - (held.watch_since_ms or held.now_ms)
    if watched < QUIET_MS + 200 and any(
        lock.verdict in (Verdict.UNKNOWN, Verdict.WORKING) for lock in held.locks.values()
    ):
        return True
    return watcher.budget.slots.get("probe") is not None and any(
        held.sessions[key].probed_ms is None for key in list(held.locks)[:20]
    )


def _filling(watcher: Watcher) -> bool:
    """A lane is full with somebody waiting, and two samples cannot tell whether that grows."""
    book = watcher.store.lane_book
    newest = [samples for lane in book.names() if (samples := book.samples(lane))]
    return any(one[-1].full and one[-1].queued and len(one) < 4 for one in newest)


async def until(
    watcher: Watcher, seen: Callable[[], bool], deadline_s: float, *, every_s: float = 0.05
) -> bool:
    """Wait for ``seen()`` on a refreshed picture; False when ``deadline_s`` passed first."""
    end = time.monotonic() + deadline_s
    while True:
        watcher.store.refresh(watcher.clock.now_ms())
        if seen():
            return True
        if time.monotonic() >= end:
            return False
        await asyncio.sleep(every_s)
