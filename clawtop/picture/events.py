"""Pending system events: which lines are new, which were seen before, which are copies.

The companion lists every queue with times, context keys and a token for each line. Without it:
``status`` gives texts only: no id, no time, no session (both generations). So a line's age is
how long clawtop has seen it, and a queue of 20 may have lost older lines without a trace.
"""

from __future__ import annotations

from collections import Counter

from msgspec import structs

from clawtop.picture.changes import StatusRead
from clawtop.picture.companion import EventsOf, EventsPart
from clawtop.picture.records import SystemEvent, SystemEventQueue
from clawtop.picture.sessions import agent_of, whole

CAP = 20  # per queue, measured on 2026.5.28 and 2026.9.6: the oldest falls out unlogged


class EventQueue:
    """The one queue (or several joined) that ``status`` shows, or all that the companion lists.

    ``queues``: how full each is. ``total`` counts lines, also those that were too many to tell.
    """

    def __init__(self) -> None:
        self.events: tuple[SystemEvent, ...] = ()
        self.queues: tuple[SystemEventQueue, ...] = ()
        self.exact = False
        self.total = 0
        self._serial = 0

    def read(self, change: StatusRead, main_key: str | None, now_ms: int) -> bool:
        """Take a fresh reading; True when anything shown changes. One without lines tells nothing
        of them."""
        if change.events is None:
            return False
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
        changed = events != self.events or (queue,) != self.queues
        self.events, self.queues, self.total = events, (queue,), len(events)
        return changed

    def read_exactly(self, part: EventsPart, now_ms: int) -> bool:
        """Take the companion's list of every queue; True when anything shown changes."""
        before = {queue.session_key: queue for queue in self.queues} if self.exact else {}
        tokens: dict[str, list[str | None]] = {}
        for event in self.events if self.exact else ():
            tokens.setdefault(event.session_key or "", []).append(event.token)
        events: list[SystemEvent] = []
        queues = []
        for one in part.items:
            old = before.get(one.key)
            lost = (old.lost_seen if old else 0) + _lost_exactly(tokens.get(one.key, []), one)
            queues.append(SystemEventQueue(one.key, one.count, one.count >= CAP, lost))
            events += _copies_within(_exact_events(one, now_ms))
        changed = (tuple(events), tuple(queues)) != (self.events, self.queues) or not self.exact
        self.events, self.queues, self.exact = tuple(events), tuple(queues), True
        self.total = part.total if part.total is not None else len(events)
        return changed

    def inexact(self) -> None:
        """Nobody lists the queues any more: begin with what ``status`` says next."""
        if self.exact:
            self.clear()

    @property
    def fullest(self) -> SystemEventQueue | None:
        """The queue nearest to its cap, one that was seen to lose lines first; None: none known."""
        return max(self.queues, key=lambda one: (one.lost_seen, one.count), default=None)

    @property
    def lost_seen(self) -> int:
        """How many lines were seen to fall out, over all queues."""
        return sum(queue.lost_seen for queue in self.queues)

    def of(self, session_key: str | None) -> list[SystemEvent]:
        """The lines of one queue, oldest first."""
        return [event for event in self.events if event.session_key == session_key]

    def recall(self, events: list[SystemEvent]) -> None:
        """The same lines, with what an earlier look knows of them."""
        self.events = tuple(events)

    def clear(self) -> None:
        """Forget everything: the gateway restarted, and its queues were in memory."""
        self.events, self.queues, self.exact, self.total = (), (), False, 0

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
        before = self.lost_seen
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


def _exact_events(queue: EventsOf, now_ms: int) -> list[SystemEvent]:
    return [
        SystemEvent(
            id=f"{queue.key}#{event.token or position}",
            session_key=queue.key,
            agent_id=agent_of(queue.key),
            text=event.text + ("…" if event.cut else ""),
            context_key=event.context_key,
            queued_at_ms=whole(event.at),
            seen_since_ms=whole(event.at) or now_ms,
            position=position,
            token=event.token,
        )
        for position, event in enumerate(queue.events)
    ]


def _copies_within(events: list[SystemEvent]) -> list[SystemEvent]:
    """Copies in one queue: the same context key, or the same text."""
    oldest: dict[tuple[str, str], int] = {}
    first_of: list[int] = []
    for event in events:
        names = [("text", event.text)]
        if event.context_key:
            names.append(("context", event.context_key))
        first = min(oldest.get(name, event.position) for name in names)
        for name in names:
            oldest.setdefault(name, first)
        first_of.append(first)
    sizes = Counter(first_of)
    return [
        structs.replace(
            event, copies=sizes[first], copy_of=None if first == event.position else first
        )
        for event, first in zip(events, first_of, strict=True)
    ]


def _lost_exactly(before: list[str | None], queue: EventsOf) -> int:
    """Lines gone from the head of a full queue while some of it stayed: a turn takes them all, so
    those fell out at the cap."""
    now = {event.token for event in queue.events}
    stayed = [one for one in before if one in now]
    if len(before) < CAP or queue.count < CAP or not stayed:
        return 0
    return len(before) - len(stayed)
