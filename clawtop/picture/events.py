"""Pending system events: which lines are new, which were seen before, which are copies.

``status`` gives texts only: no id, no time, no session (both generations). So a line's age is
how long clawtop has seen it, and a queue of 20 may have lost older lines without a trace.
"""

from __future__ import annotations

from collections import Counter

from msgspec import structs

from clawtop.picture.changes import StatusRead
from clawtop.picture.records import SystemEvent, SystemEventQueue

CAP = 20  # per queue, measured on 2026.5.28 and 2026.9.6: the oldest falls out unlogged


class EventQueue:
    """The one queue (or several joined) that ``status`` shows."""

    def __init__(self) -> None:
        self.events: tuple[SystemEvent, ...] = ()
        self.queue: SystemEventQueue | None = None
        self._serial = 0

    def read(self, change: StatusRead, main_key: str | None, now_ms: int) -> bool:
        """Take a fresh reading; True when anything shown changes."""
        joined = len(change.agent_ids) > 1
        key = None if joined else main_key
        kept = _carry_over(self.events, change.events)
        lost = self._lost(change.events, kept)
        events = tuple(
            self._event(index, text, kept, key, now_ms) for index, text in enumerate(change.events)
        )
        events = _with_copies(events)
        at_cap = None if joined else len(events) >= CAP
        queue = SystemEventQueue(session_key=key, count=len(events), at_cap=at_cap, lost_seen=lost)
        changed = events != self.events or queue != self.queue
        self.events, self.queue = events, queue
        return changed

    def recall(self, events: list[SystemEvent]) -> None:
        """The same lines, with what an earlier look knows of them."""
        self.events = tuple(events)

    def clear(self) -> None:
        """Forget everything: the gateway restarted, and its queues were in memory."""
        self.events, self.queue = (), None

    def _event(
        self, index: int, text: str, kept: dict[int, SystemEvent], key: str | None, now_ms: int
    ) -> SystemEvent:
        known = kept.get(index)
        if known is None:
            self._serial += 1
        return SystemEvent(
            id=known.id if known else f"event-{self._serial}",
            session_key=key,
            agent_id=None,
            text=text,
            context_key=None,
            queued_at_ms=None,
            seen_since_ms=known.seen_since_ms if known else now_ms,
            position=index,
        )

    def _lost(self, texts: list[str], kept: dict[int, SystemEvent]) -> int:
        """Lines seen to fall out at the cap: gone from the head while the queue stayed full."""
        before = self.queue.lost_seen if self.queue is not None else 0
        if len(self.events) < CAP or len(texts) < CAP:
            return before if texts else 0
        return before + len(self.events) - len(kept)


def _carry_over(old: tuple[SystemEvent, ...], texts: list[str]) -> dict[int, SystemEvent]:
    """Match new positions to known lines. Queues lose at the head and gain at the tail, so the
    longest tail of the old one that heads the new one is what stayed."""
    for start in range(len(old) + 1):
        tail = old[start:]
        if len(tail) <= len(texts) and all(
            event.text == text for event, text in zip(tail, texts, strict=False)
        ):
            return dict(enumerate(tail))
    return {}


def _with_copies(events: tuple[SystemEvent, ...]) -> tuple[SystemEvent, ...]:
    totals = Counter(event.text for event in events)
    first: dict[str, int] = {}
    marked = []
    for event in events:
        oldest = first.setdefault(event.text, event.position)
        copy_of = None if oldest == event.position else oldest
        marked.append(structs.replace(event, copies=totals[event.text], copy_of=copy_of))
    return tuple(marked)
