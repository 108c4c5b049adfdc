"""Panel 2: held sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clawtop.picture.records import Lock, Verdict
from clawtop.picture.sessions import QUEUED
from clawtop.picture.store import Store
from clawtop.picture.worst import lock_order
from clawtop.screen.panels.base import (
    BAD,
    CALM,
    FAINT,
    GOOD,
    STRONG,
    WARN,
    Order,
    PanelModel,
    SortKey,
    shown,
)
from clawtop.screen.sorted_rows import Cell, Column
from clawtop.text import age, count, plain

WORDS = {
    Verdict.LEAKED: ("LEAKED", BAD),
    Verdict.STALE: ("STALE", BAD),
    Verdict.ABORTING: ("aborting", WARN),
    Verdict.WAITING_APPROVAL: ("approval", WARN),
    Verdict.WAITING_RETRY: ("retry", WARN),
    Verdict.QUIET: ("quiet", STRONG),
    Verdict.UNKNOWN: ("unknown", CALM),
    Verdict.WORKING: ("working", GOOD),
    Verdict.GHOST: ("ghost", FAINT),
}
HOLDERS = {"heartbeat": "heartbt", "subagent": "subagnt"}
PROOFS = {"possible": "possib"}


class LocksPanel(PanelModel):
    """Who holds which session, since when, and is that healthy."""

    number, name, label, part = 2, "locks", "LOCKS", "locks"
    columns = (
        Column("STATE", 8),
        Column("AGE", 7),
        Column("IDLE", 7),
        Column("SESSION", 20, flex=True, middle=True),
        Column("HOLDER", 7, rank=1),
        Column("WAIT", 4, align="right", rank=2),
        Column("PROOF", 6, rank=3),
        Column("WHY", 34, rank=4),
    )

    def load(self, store: Store) -> dict[str, Lock]:
        return dict(store.held.locks)

    def one(self, store: Store, row_id: str) -> Lock | None:
        return store.held.locks.get(row_id)

    def sort_key(self, record: Lock) -> SortKey:
        return lock_order(record)

    def cells(self, record: Lock, now_ms: int) -> Sequence[Cell]:
        word, style = WORDS.get(Verdict(record.verdict), (record.verdict, CALM))
        if record.phase == QUEUED and record.verdict == Verdict.UNKNOWN:
            word = QUEUED
        least = "≥" if record.waiting_is == "at_least" else ""
        waiting = "?" if record.waiting is None else f"{least}{record.waiting}"
        return (
            Cell(word, style),
            Cell(_age(record.since_ms, record.age_is, now_ms)),
            Cell(_age(record.idle_since_ms, record.idle_is, now_ms)),
            Cell(shown(record.session_key)),
            Cell(HOLDERS.get(record.holder, record.holder)),
            Cell(waiting, STRONG if record.waiting else FAINT),
            Cell(PROOFS.get(record.proof, record.proof)),
            Cell(shown(record.why[-1]) if record.why else "", FAINT),
        )

    def orders(self) -> dict[str, Order]:
        return {
            "oldest": lambda lock: (lock.since_ms is None, lock.since_ms or 0, lock.session_key),
            "idle": lambda lock: (lock.idle_since_ms is None, lock.idle_since_ms or 0),
            "waiting": lambda lock: (-(lock.waiting or 0), lock_order(lock)),
            "session": lambda lock: (lock.session_key,),
        }

    def number_of(self, store: Store) -> int:
        return store.held.held_count

    def title(self, store: Store) -> str:
        parts = [f"{store.held.held_count} held"]
        for verdict in (Verdict.LEAKED, Verdict.STALE, Verdict.QUIET, Verdict.GHOST):
            number = store.held.verdicts[verdict]
            if number:
                parts.append(f"{number} {verdict}")
        unattributed = store.held.anonymous.number()
        if unattributed:
            parts.append(f"+{count(unattributed, 'lock')} nobody can name")
        if "rows" in store.listed and not store.held.anonymous.counted and not _counts(store):
            parts.append("locks are not counted here")
        return " · ".join(parts)

    def nothing(self) -> str:
        return "no session is held"

    def gone(self, row_id: str) -> str:
        return f"{plain(row_id)} is not held any more"

    def haystack(self, record: Lock) -> str:
        return " ".join(
            (record.session_key, record.run_id or "", record.verdict, record.holder, record.proof)
        )

    def terms(self, record: Any) -> dict[str, str]:
        return {
            "state": str(record.verdict),
            "agent": record.agent_id or "",
            "holder": str(record.holder),
            "session": record.session_key,
        }


def _counts(store: Store) -> bool:
    """Whether this gateway counts its locks at all."""
    return store.facts is None or "gateway.restart.preflight" in store.facts.methods


def _age(since_ms: int | None, exactness: str, now_ms: int) -> str:
    passed = None if since_ms is None else now_ms - since_ms
    return age(passed, at_least=exactness == "at_least")
