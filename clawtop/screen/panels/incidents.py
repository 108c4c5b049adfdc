"""Panel 0: incidents, what is wrong in words."""

from __future__ import annotations

from collections.abc import Sequence

from clawtop.incidents.incident import Incident, Severity, order
from clawtop.picture.store import Store
from clawtop.screen.panels.base import (
    BAD,
    CALM,
    FAINT,
    HELD_BACK,
    WARN,
    Order,
    PanelModel,
    SortKey,
    shown,
)
from clawtop.screen.panels.locks import PROOFS
from clawtop.screen.sorted_rows import Cell, Column
from clawtop.screen.standing import WORDS, Standing, since_text
from clawtop.text import count

STYLES = {Severity.CRITICAL: BAD, Severity.WARNING: WARN, Severity.INFO: CALM}
ALWAYS_HIDDEN = "heartbeats"  # no gateway shows these: not worth saying every second


class IncidentsPanel(PanelModel):
    """Named failures, worst first; what is muted comes after what is not."""

    number, name, label, part = 0, "incidents", "INCIDENTS", "locks"
    columns = (
        Column("SEVERITY", 8),
        Column("AGE", 7),
        Column("INCIDENT", 24),
        Column("SESSION", 16, flex=True, middle=True, rank=1),
        Column("PROOF", 6, rank=2),
        Column("WHAT", 30, flex=True, rank=3),
    )

    def __init__(self) -> None:
        super().__init__()
        self.standing: Standing | None = None  # given once there is something to look at

    def load(self, store: Store) -> dict[str, Incident]:
        return dict(self.standing.engine.open) if self.standing else {}

    def one(self, store: Store, row_id: str) -> Incident | None:
        return self.standing.engine.open.get(row_id) if self.standing else None

    def sort_key(self, record: Incident) -> SortKey:
        muted = self.standing is not None and self.standing.mutes.holds(record.key)
        return (muted, *order(record))

    def cells(self, record: Incident, now_ms: int) -> Sequence[Cell]:
        left = self.standing.mutes.left_ms(record.key, now_ms) if self.standing else None
        severity = Severity(record.severity)
        word, style = WORDS[severity], STYLES[severity]
        if left is not None:
            word, style = f"mute {_short(left)}", FAINT
        calm = CALM if left is None else FAINT
        where = record.session_key or record.summary
        return (
            Cell(word, style),
            Cell(since_text(record, now_ms), calm),
            Cell(shown(record.name), calm),
            Cell(shown(where), calm if record.session_key else FAINT),
            Cell(PROOFS.get(record.certainty, record.certainty), calm),
            Cell(shown(record.summary), FAINT),
        )

    def orders(self) -> dict[str, Order]:
        return {
            "oldest": lambda one: (one.since_ms is None, one.since_ms or 0, one.key),
            "newest": lambda one: (-(one.since_ms or 0), one.key),
            "session": lambda one: (one.session_key or "", order(one)),
        }

    def number_of(self, store: Store) -> int:
        return len(self.standing.engine.open) if self.standing else 0

    def heading(self, store: Store) -> str:
        return self.title(store) if self.count(store) is not None else ""

    def title(self, store: Store) -> str:
        counts = self.standing.counts if self.standing else {}
        found = [f"{counts[name]} {name}" for name in Severity if counts.get(name)]
        if not found:
            return _calm(store)
        if self.standing is not None:
            found += [f"{self.standing.muted} muted"] * bool(self.standing.muted)
            found += [fact.text for fact in self.standing.facts[:1]]
        return " · ".join(found)

    def nothing(self) -> str:
        return "no incident that this gateway shows"

    def empty_text(self, store: Store) -> str:
        if self._words and self.records:
            return f"nothing matches {' '.join(self._words)}"
        if not self.records and self.load(store):
            return HELD_BACK
        return self.nothing() if "rows" in store.listed else ""

    def gone(self, row_id: str) -> str:
        return "the selected incident is over"

    def haystack(self, record: Incident) -> str:
        where = f"{record.session_key or ''} {record.run_id or ''}"
        return f"{record.id} {record.name} {record.summary} {where}"

    def terms(self, record: Incident) -> dict[str, str]:
        return {"state": record.severity, "session": record.session_key or ""}


def unseen(store: Store) -> list[str]:
    """Parts of the picture that this gateway does not show."""
    if store.facts is None:
        return []
    parts = store.coverage().items()
    return [name for name, part in parts if part.level == "none" and name != ALWAYS_HIDDEN]


def _calm(store: Store) -> str:
    hidden = unseen(store)
    names = ", ".join(name.replace("_", " ") for name in hidden)
    return f"none · {count(len(hidden), 'part')} not visible: {names}" if hidden else "none"


def _short(ms: int) -> str:
    """Whole minutes, or seconds in the last one: short enough for a cell."""
    return f"{round(ms / 60_000)}m" if ms >= 60_000 else f"{ms // 1000}s"
