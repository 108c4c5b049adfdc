"""Panel 3: the approval backlog, one row for each distinct request."""

from __future__ import annotations

from collections.abc import Sequence

from clawtop.picture.records import Approval
from clawtop.picture.store import Store
from clawtop.screen.panels.base import CALM, FAINT, WARN, Order, PanelModel, SortKey, shown
from clawtop.screen.sorted_rows import Cell, Column
from clawtop.text import age, count

Group = tuple[Approval, ...]


class ApprovalsPanel(PanelModel):
    """Identical requests are one row with its copies; a row's id is its group."""

    number, name, label, part = 3, "approvals", "APPROVALS", "approvals"
    columns = (
        Column("COPY", 4),
        Column("AGE", 7),
        Column("COMMAND", 30, flex=True, middle=True),
        Column("SESSION", 22, rank=2, middle=True),
        Column("EXPIRES", 8, rank=1),
        Column("CWD", 20, rank=3, middle=True),
    )

    def load(self, store: Store) -> dict[str, Group]:
        return {group[0].group: group for group in store.backlog.groups() if group}

    def one(self, store: Store, row_id: str) -> Group | None:
        return store.backlog.group(row_id) or None

    def sort_key(self, record: Group) -> SortKey:
        return (-len(record), record[0].created_at_ms or 0)

    def cells(self, record: Group, now_ms: int) -> Sequence[Cell]:
        first = record[0]
        since = None if first.created_at_ms is None else now_ms - first.created_at_ms
        left = None if first.expires_at_ms is None else first.expires_at_ms - now_ms
        copies = f"×{len(record)}" if len(record) > 1 else ""
        return (
            Cell(copies, WARN if copies else CALM),
            Cell(age(since)),
            Cell(shown(first.wanted)),
            Cell(shown(first.session_key), FAINT),
            Cell("" if left is None else f"in {age(left)}"),
            Cell(shown(first.cwd), FAINT),
        )

    def orders(self) -> dict[str, Order]:
        return {
            "oldest": lambda group: (group[0].created_at_ms or 0,),
            "expires": lambda group: (group[0].expires_at_ms is None, group[0].expires_at_ms or 0),
            "session": lambda group: (group[0].session_key or "", group[0].created_at_ms or 0),
        }

    def number_of(self, store: Store) -> int:
        return len(store.backlog)

    def title(self, store: Store) -> str:
        total = len(store.backlog)
        repeated = [size for size, _ in store.backlog.sizes() if size > 1]
        parts = [f"{total} pending"]
        if repeated:
            parts.append(f"{count(len(repeated), 'group')} of copies, largest {max(repeated)}")
        return " · ".join(parts)

    def nothing(self) -> str:
        return "no approvals pending"

    def gone(self, row_id: str) -> str:
        return "the selected request is not pending any more"

    def haystack(self, record: Group) -> str:
        first = record[0]
        ids = " ".join(one.id for one in record)
        return f"{first.wanted} {first.session_key or ''} {first.agent_id or ''} {ids}"

    def terms(self, record: Group) -> dict[str, str]:
        first = record[0]
        return {"session": first.session_key or "", "agent": first.agent_id or ""}
