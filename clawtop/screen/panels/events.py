"""Panel 1: pending system events."""

from __future__ import annotations

from collections.abc import Sequence

from clawtop.picture.records import SystemEvent
from clawtop.picture.store import Store
from clawtop.screen.panels.base import CALM, FAINT, WARN, Order, PanelModel, SortKey, shown
from clawtop.screen.sorted_rows import Cell, Column
from clawtop.text import age, count


class EventsPanel(PanelModel):
    """Lines queued for the next turn: how many, which are copies, whether some were lost."""

    number, name, label, part = 1, "system_events", "EVENTS", "system_events"
    columns = (
        Column("#", 3, align="right", rank=3),
        Column("AGE", 8),
        Column("COPY", 6, rank=1),
        Column("SESSION", 22, rank=2, middle=True),
        Column("EVENT", 20, flex=True),
        Column("CONTEXT KEY", 20, rank=4, middle=True),
    )

    def load(self, store: Store) -> dict[str, SystemEvent]:
        return {event.id: event for event in store.queue.events}

    def one(self, store: Store, row_id: str) -> SystemEvent | None:
        return next((event for event in store.queue.events if event.id == row_id), None)

    def sort_key(self, record: SystemEvent) -> SortKey:
        return (record.copies < 2, record.session_key or "", record.position)

    def cells(self, record: SystemEvent, now_ms: int) -> Sequence[Cell]:
        copy = "" if record.copies < 2 else f"×{record.copies}"
        if record.copy_of is not None:
            copy = f"of #{record.copy_of}"
        return (
            Cell(str(record.position), FAINT),
            Cell(_age(record, now_ms)),
            Cell(copy, WARN if copy else CALM),
            Cell(shown(record.session_key)),
            Cell(shown(record.text)),
            Cell(shown(record.context_key), FAINT),
        )

    def orders(self) -> dict[str, Order]:
        return {
            "oldest": lambda event: (event.seen_since_ms, event.position),
            "session": lambda event: (event.session_key or "", event.position),
        }

    def number_of(self, store: Store) -> int:
        return store.queue.total

    def title(self, store: Store) -> str:
        queue = store.queue
        parts = [f"{queue.total} pending"]
        copies = sum(1 for event in queue.events if event.copy_of is not None)
        if copies:
            parts.append(count(copies, "copy", "copies"))
        full = sum(1 for one in queue.queues if one.at_cap)
        if full:
            which = f"{count(full, 'queue')} " if queue.exact else ""
            parts.append(f"{which}AT THE CAP, older ones may be gone")
        if queue.lost_seen:
            parts.append(f"{queue.lost_seen} seen lost")
        if queue.total > len(queue.events):
            parts.append(f"{len(queue.events)} of them told")
        parts.append(_where(store))
        return " · ".join(parts)

    def nothing(self) -> str:
        return "no line is queued in any queue that clawtop can see"

    def haystack(self, record: SystemEvent) -> str:
        return f"{record.session_key or ''} {record.text}"

    def terms(self, record: SystemEvent) -> dict[str, str]:
        return {
            "session": record.session_key or "",
            "agent": record.agent_id or "",
            "state": "copy" if record.copies > 1 else "single",
        }


def _where(store: Store) -> str:
    if not store.queue.exact:
        return "main sessions only"
    queues = len(store.queue.queues)
    return f"in {count(queues, 'queue')}" if queues else "all sessions"


def _age(record: SystemEvent, now_ms: int) -> str:
    return age(now_ms - record.seen_since_ms, at_least=record.queued_at_ms is None)
