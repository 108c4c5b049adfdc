"""Panel 1: pending system events."""

from __future__ import annotations

from collections.abc import Sequence

from clawtop.picture.records import SystemEvent
from clawtop.picture.store import Store
from clawtop.screen.panels.base import CALM, FAINT, WARN, PanelModel, SortKey, shown
from clawtop.screen.sorted_rows import Cell, Column
from clawtop.text import age, count


class EventsPanel(PanelModel):
    """Lines queued for the next turn: how many, which are copies, whether some were lost."""

    number, name, label, part = 1, "system_events", "EVENTS", "system_events"
    columns = (
        Column("#", 3, align="right", rank=3),
        Column("SEEN", 8),
        Column("COPY", 6, rank=1),
        Column("EVENT", 20, flex=True),
    )

    def load(self, store: Store) -> dict[str, SystemEvent]:
        return {event.id: event for event in store.queue.events}

    def one(self, store: Store, row_id: str) -> SystemEvent | None:
        return next((event for event in store.queue.events if event.id == row_id), None)

    def sort_key(self, record: SystemEvent) -> SortKey:
        return (record.copies < 2, record.position)

    def cells(self, record: SystemEvent, now_ms: int) -> Sequence[Cell]:
        copy = "" if record.copies < 2 else f"×{record.copies}"
        if record.copy_of is not None:
            copy = f"of #{record.copy_of}"
        return (
            Cell(str(record.position), FAINT),
            Cell(age(now_ms - record.seen_since_ms, at_least=True)),
            Cell(copy, WARN if copy else CALM),
            Cell(shown(record.text)),
        )

    def title(self, store: Store) -> str:
        events, queue = store.queue.events, store.queue.fullest
        parts = [f"{len(events)} pending"]
        copies = sum(1 for event in events if event.copy_of is not None)
        if copies:
            parts.append(count(copies, "copy", "copies"))
        if queue is not None and queue.at_cap:
            parts.append("AT THE CAP, older ones may be gone")
        if queue is not None and queue.lost_seen:
            parts.append(f"{queue.lost_seen} seen lost")
        parts.append("main sessions only")
        return " · ".join(parts)

    def nothing(self) -> str:
        return "nothing is queued for a main session"

    def haystack(self, record: SystemEvent) -> str:
        return record.text
