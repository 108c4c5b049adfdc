"""Panel 4: recovery attempts."""

from __future__ import annotations

from collections.abc import Sequence

from clawtop.picture.records import Recovery
from clawtop.picture.store import Store
from clawtop.screen.panels.base import BAD, CALM, FAINT, GOOD, WARN, PanelModel, SortKey, shown
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


class RecoveriesPanel(PanelModel):
    """What the gateway tried by itself, and what came of it; newest first."""

    number, name, label, part = 4, "recoveries", "RECOVERY", "recoveries"
    columns = (
        Column("RESULT", 9),
        Column("AGO", 7),
        Column("SESSION", 14, flex=True, middle=True),
        Column("FREED", 5, align="right", rank=2),
        Column("WHY", 28, rank=1),
    )

    def load(self, store: Store) -> dict[str, Recovery]:
        return {one.id: one for one in store.recoveries()}

    def one(self, store: Store, row_id: str) -> Recovery | None:
        return next((one for one in store.recoveries() if one.id == row_id), None)

    def sort_key(self, record: Recovery) -> SortKey:
        at_ms = record.requested_at_ms or record.completed_at_ms or 0
        return (record.verdict != "running", -at_ms)

    def cells(self, record: Recovery, now_ms: int) -> Sequence[Cell]:
        at_ms = record.requested_at_ms or record.completed_at_ms
        return (
            Cell(record.verdict.replace("_", " "), STYLES.get(record.verdict, CALM)),
            Cell(age(None if at_ms is None else now_ms - at_ms)),
            Cell(shown(record.session_key, "session not named")),
            Cell("?" if record.released is None else str(record.released)),
            Cell(shown(record.reason, ""), FAINT),
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
