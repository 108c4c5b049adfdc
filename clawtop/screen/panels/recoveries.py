"""Panel 4: recovery attempts."""

from __future__ import annotations

from collections.abc import Sequence

from clawtop.picture.records import Recovery
from clawtop.picture.store import Store
from clawtop.screen.panels.base import (
    BAD,
    CALM,
    FAINT,
    GOOD,
    WARN,
    Order,
    PanelModel,
    SortKey,
    shown,
)
from clawtop.screen.sorted_rows import Cell, Column
from clawtop.text import age, count

STYLES = {
    "failed": BAD,
    "lost": BAD,
    "no_effect": WARN,
    "running": WARN,
    "phantom": FAINT,
    "unpaired": FAINT,
    "effective": GOOD,
}
# Who needs a person most: what goes on, then what did not help. What helped needs nobody.
RANK = {"running": 0, "failed": 1, "lost": 1, "no_effect": 1}


class RecoveriesPanel(PanelModel):
    """What the gateway tried by itself, and what came of it."""

    number, name, label, part = 4, "recoveries", "RECOVERY", "recoveries"
    columns = (
        Column("RESULT", 9),
        Column("AGO", 7),
        Column("SESSION", 22, flex=True, middle=True),
        Column("FREED", 5, align="right", rank=2),
        Column("WHY", 28, rank=1),
        Column("TOOK", 7, rank=3),
    )

    def load(self, store: Store) -> dict[str, Recovery]:
        return {one.id: one for one in store.recoveries()}

    def one(self, store: Store, row_id: str) -> Recovery | None:
        return next((one for one in store.recoveries() if one.id == row_id), None)

    def sort_key(self, record: Recovery) -> SortKey:
        return (RANK.get(record.verdict, len(RANK)), -_at_ms(record))

    def orders(self) -> dict[str, Order]:
        return {
            "newest": lambda one: (-_at_ms(one),),
            "session": lambda one: (one.session_key is None, one.session_key or "", -_at_ms(one)),
        }

    def number_of(self, store: Store) -> int:
        return len(store.recoveries())

    def cells(self, record: Recovery, now_ms: int) -> Sequence[Cell]:
        at_ms = _at_ms(record)
        return (
            Cell(record.verdict.replace("_", " "), STYLES.get(record.verdict, CALM)),
            Cell(age(now_ms - at_ms if at_ms else None)),
            Cell(shown(record.session_key, "session not named")),
            Cell("?" if record.released is None else str(record.released)),
            Cell(shown(record.reason, ""), FAINT),
            Cell(age(_took_ms(record)), FAINT),
        )

    def title(self, store: Store) -> str:
        attempts = store.recoveries()
        parts = [count(len(attempts), "attempt")]
        for verdict in ("running", "failed", "lost", "no_effect", "phantom"):
            number = sum(1 for one in attempts if one.verdict == verdict)
            if number:
                parts.append(f"{number} {verdict.replace('_', ' ')}")
        return " · ".join(parts)

    def nothing(self) -> str:
        return "no recovery attempt in the gateway's memory"

    def haystack(self, record: Recovery) -> str:
        return f"{record.session_key or ''} {record.verdict} {record.reason or ''}"

    def terms(self, record: Recovery) -> dict[str, str]:
        return {"state": record.verdict, "session": record.session_key or ""}


def _at_ms(record: Recovery) -> int:
    return record.requested_at_ms or record.completed_at_ms or 0


def _took_ms(record: Recovery) -> int | None:
    if record.requested_at_ms is None or record.completed_at_ms is None:
        return None
    return record.completed_at_ms - record.requested_at_ms
