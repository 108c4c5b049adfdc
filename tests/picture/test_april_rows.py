"""Rows of 2026.5.28, which leave the flag out of start and end events."""

from __future__ import annotations

from clawtop.picture.changes import (
    HistoryRead,
    PreflightRead,
    Row,
    RowsListed,
    RunActivity,
    RunData,
    SessionChanged,
    SessionMessage,
)
from clawtop.picture.store import Store

KEY = "agent:main:main"


def test_a_run_that_ended_is_free_before_the_next_listing() -> None:
    store = Store()
    running = Row(key=KEY, session_id="s", status="running", has_active_run=True, started_at=1_000)
    store.apply(RowsListed([running], 2_000), 2_000)
    start = RunData(phase="start", started_at=1_000)
    store.apply(RunActivity("r", "lifecycle", 2_100, KEY, data=start), 2_100)
    store.refresh(2_200)
    assert KEY in store.held.locks
    store.apply(RunActivity("r", "lifecycle", 3_000, KEY, data=RunData(phase="end")), 3_000)
    ended = Row(status="done", started_at=1_000, ended_at=3_000)
    store.apply(SessionChanged(KEY, phase="end", run_id="r", ts=3_000, row=ended), 3_010)
    store.refresh(3_020)
    assert KEY not in store.held.locks


def test_an_answer_of_the_first_turn_itself_does_not_end_the_double_count() -> None:
    """2026.5.28 counts the first turn of a session twice as long as it lasts."""
    store = Store()
    running = Row(key=KEY, session_id="s", status="running", has_active_run=True, started_at=1_000)
    for at in (10_000, 12_000, 14_000, 16_000):
        store.apply(RowsListed([running], at), at)
        store.apply(SessionMessage(KEY, "assistant", at - 500), at)
        store.apply(HistoryRead(KEY, at, False, [], None, None, at - 500), at)
        store.apply(PreflightRead(2, 1, 2, at), at)
    assert store.held.anonymous.number() is None
    for at in (18_000, 20_000, 22_000):
        store.apply(HistoryRead(KEY, at, False, [], None, None, 500), at)
        store.apply(PreflightRead(2, 1, 2, at), at)
    assert store.held.anonymous.number() == 1, "an earlier turn: the excess is a lock of its own"
