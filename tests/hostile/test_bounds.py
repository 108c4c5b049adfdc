"""Whatever comes, what is kept has an end, and no step takes in more than so many rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clawtop.gateway.frames import MOST_ROWS
from clawtop.picture import held, store
from tests.hostile.looking import Onlooker
from tests.hostile.payloads import NOW_MS

MANY = 100_000
MAIN = "agent:main:main"


def rows(number: int) -> list[dict[str, Any]]:
    return [
        {"key": f"agent:main:s{n}", "sessionId": f"i{n}", "status": "running", "updatedAt": NOW_MS}
        for n in range(number)
    ]


def asks(number: int, *, equal: bool) -> list[dict[str, Any]]:
    return [
        {"id": f"a{n}", "createdAtMs": NOW_MS, "request": {"command": "x" if equal else f"x{n}"}}
        for n in range(number)
    ]


LISTS: dict[str, Any] = {
    "sessions.list": {"sessions": rows(MANY), "totalCount": MANY, "ts": NOW_MS},
    "exec.approval.list": asks(MANY, equal=False),
    "plugin.approval.list": asks(MANY, equal=True),
    "tasks.list": {"tasks": [{"id": f"t{n}", "status": "running"} for n in range(MANY)]},
    "logs.tail": {"lines": [f"stalled session: sessionKey=agent:main:{n}" for n in range(MANY)]},
    "diagnostics.stability": {
        "events": [
            {"seq": n, "ts": NOW_MS, "type": "session.recovery.requested"} for n in range(MANY)
        ]
    },
    "diagnostics.lanes": {"lanes": [{"lane": f"l{n}", "activeCount": 1} for n in range(MANY)]},
    "status": {"queuedSystemEvents": [f"e{n}" for n in range(MANY)]},
    "system-presence": [{"host": f"h{n}", "mode": "ui", "scopes": []} for n in range(MANY)],
    "approval.history": {"items": [{"id": f"d{n}", "status": "denied"} for n in range(MANY)]},
    "chat.history": {
        "messages": [{"role": "user", "timestamp": NOW_MS, "content": "x"}] * MANY,
        "pendingInputs": {"items": [{"id": f"p{n}"} for n in range(MANY)], "total": MANY},
    },
}


def kept(onlooker: Onlooker) -> dict[str, int]:
    """How much there is of everything that grows."""
    picture = onlooker.store
    return {
        "sessions": len(picture.held.sessions),
        "approvals": len(picture.backlog),
        "groups": len(picture.backlog.asked_groups()),
        "log lines": len(picture.log),
        "lanes": len(picture.lanes),
        "system events": len(picture.queue.events),
        "operators": len(picture.operators),
        "recoveries": len(picture.recoveries()),
        "tasks": len(list(picture.tasks.all())),
    }


@pytest.mark.parametrize("method", LISTS)
def test_a_listing_of_a_hundred_thousand_is_taken_in_part(method: str) -> None:
    onlooker = Onlooker()
    onlooker.answer(method, json.dumps(LISTS[method]).encode())
    onlooker.store.refresh(NOW_MS + 1000)
    assert max(kept(onlooker).values()) <= MOST_ROWS


def test_a_presence_of_a_hundred_thousand_is_taken_in_part() -> None:
    onlooker = Onlooker()
    onlooker.event("presence", json.dumps(LISTS["system-presence"]).encode())
    assert len(onlooker.store.operators) <= MOST_ROWS


def test_sessions_have_an_end_and_those_that_hold_something_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held, "MOST_SESSIONS", 1_000)
    onlooker = Onlooker()
    onlooker.event("agent", b'{"runId":"r","stream":"lifecycle","sessionKey":"agent:main:main"}')
    onlooker.store.refresh(NOW_MS)
    assert MAIN in onlooker.store.held.locks
    for n in range(5_000):
        onlooker.event("sessions.changed", f'{{"sessionKey":"k{n}","reason":"new"}}'.encode())
        assert len(onlooker.store.held.sessions) <= 1_000
    assert MAIN in onlooker.store.held.sessions
    assert "k4999" in onlooker.store.held.sessions


def test_approvals_have_an_end_and_what_is_left_out_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "MOST_APPROVALS", 100)
    onlooker = Onlooker()
    for ask in asks(150, equal=False):
        onlooker.event("exec.approval.requested", json.dumps(ask).encode())
    assert len(onlooker.store.backlog) == 100
    assert onlooker.store.left_out == 50
    onlooker.event("exec.approval.resolved", b'{"id":"a0","decision":"deny"}')
    onlooker.event("exec.approval.requested", json.dumps(asks(151, equal=False)[150]).encode())
    assert "a150" in onlooker.store.backlog


def test_a_hundred_thousand_equal_asks_are_put_in_order_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Work, not time: how often two asks are compared."""
    from clawtop.picture import approvals

    compared = 0
    order = approvals._age_order

    def counted(one: Any) -> Any:
        nonlocal compared
        compared += 1
        return order(one)

    monkeypatch.setattr(approvals, "_age_order", counted)
    onlooker = Onlooker()
    for ask in asks(2_000, equal=True):
        onlooker.event("exec.approval.requested", json.dumps(ask).encode())
    assert len(onlooker.store.backlog) == 2_000
    assert compared < 2_000 * 20
