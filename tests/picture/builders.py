"""Small builders: a store of one generation, and the changes a test tells it, in test words."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from clawtop.picture import changes as c
from clawtop.picture.records import Lock
from clawtop.picture.store import Store

T0 = 1_795_000_000_000
SECOND = 1_000
MINUTE = 60_000
KEY = "agent:main:telegram:dm:42"
COMMON_METHODS = {
    "status",
    "sessions.list",
    "sessions.subscribe",
    "sessions.abort",
    "sessions.reset",
    "gateway.restart.request",
    "chat.send",
    "chat.history",
    "gateway.restart.preflight",
    "diagnostics.stability",
    "logs.tail",
    "exec.approval.list",
    "plugin.approval.list",
    "exec.approval.resolve",
    "system-presence",
}
LATER_METHODS = {"sessions.recover", "approval.history", "approval.resolve", "diagnostics.lanes"}
ALL_SCOPES = ("operator.read", "operator.write", "operator.approvals", "operator.admin")


def gateway(generation: str = "september", **more: Any) -> c.GatewayFacts:
    later = generation == "september"
    told: dict[str, Any] = {
        "name": "edge-1",
        "url": "ws://127.0.0.1:18789",
        "version": "2026.9.6" if later else "2026.5.28",
        "boot_id": "boot-1" if later else None,
        "uptime_ms": 1_000_000,
        "methods": frozenset(COMMON_METHODS | LATER_METHODS if later else COMMON_METHODS),
        "scopes": ALL_SCOPES,
        "asked_scopes": ALL_SCOPES,
        "main_session_key": "agent:main:main",
    }
    return c.GatewayFacts(**told | more)


class Picture:
    """A store with a gateway behind it, told things at given seconds after T0."""

    def __init__(self, generation: str = "september", *, stale_after_ms: int = 600_000) -> None:
        self.generation = generation
        self.store = Store(stale_after_ms=stale_after_ms)
        self.tell(c.LinkUp(gateway(generation), T0))

    def tell(self, *changes: c.Change, at: float = 0) -> "Picture":
        for change in changes:
            self.store.apply(change, at_ms(at))
        self.store.refresh(at_ms(at))
        return self

    def wait_until(self, at: float) -> "Picture":
        self.store.refresh(at_ms(at))
        return self

    def lock(self, key: str = KEY) -> Lock:
        return self.store.held.locks[key]

    def held(self, key: str = KEY) -> bool:
        return key in self.store.held.locks

    def verdict(self, key: str = KEY) -> str | None:
        lock = self.store.held.locks.get(key)
        return None if lock is None else str(lock.verdict)


def at_ms(seconds: float) -> int:
    return T0 + round(seconds * SECOND)


def row(key: str = KEY, **fields: Any) -> c.Row:
    told: dict[str, Any] = {"key": key, "session_id": f"id-of-{key}", "kind": "direct"}
    return c.Row(**told | fields)


def listed(*rows: c.Row, at: float = 0, complete: bool = True) -> c.RowsListed:
    return c.RowsListed(list(rows), at_ms(at), complete=complete, total=len(rows))


def running_row(key: str = KEY, *, active: bool | None = True, **fields: Any) -> c.Row:
    told: dict[str, Any] = {"status": "running", "has_active_run": active}
    return row(key, **told | fields)


def later_row(key: str = KEY, *, active: bool = True, at: float = 0, **fields: Any) -> c.Row:
    """A row as 2026.9.6 builds it: with its own time, and no run ids while held."""
    told: dict[str, Any] = {
        "status": "running" if active else "done",
        "has_active_run": active,
        "active_run_ids": UNSET if active else [],
        "snapshot_at": at_ms(at),
    }
    return row(key, **told | fields)


def begins(run: str = "run-1", key: str = KEY, *, at: float = 0, **more: Any) -> c.RunActivity:
    data = c.RunData(phase="start", started_at=at_ms(at))
    return c.RunActivity(run, "lifecycle", at_ms(at), key, data=data, **more)


def works(run: str = "run-1", key: str = KEY, *, at: float = 0) -> c.RunActivity:
    return c.RunActivity(run, "assistant", at_ms(at), key, data=c.RunData())


def ends(run: str = "run-1", key: str = KEY, *, at: float = 0, phase: str = "end") -> c.RunActivity:
    return c.RunActivity(run, "lifecycle", at_ms(at), key, data=c.RunData(phase=phase))


def counted(embedded: int | None, *, at: float = 0, replies: int | None = None) -> c.PreflightRead:
    return c.PreflightRead(embedded, replies, None, at_ms(at))


def probe(
    key: str = KEY,
    *,
    at: float = 0,
    flight: c.InFlight | None = None,
    pending: Sequence[c.PendingInput] = (),
    has_turn: bool = True,
    tells_pending: bool = True,
    active: bool | None = True,
) -> c.HistoryRead:
    told = None if active is None else later_row(key, active=active, at=at)
    total = len(pending) if tells_pending else None
    return c.HistoryRead(
        key, at_ms(at), tells_pending, list(pending), total, flight, 1 if has_turn else None, told
    )


def parked(run: str = "waiting-1", *, at: float = 0, state: str = "queued") -> c.PendingInput:
    return c.PendingInput(f"input-{run}", run, at_ms(at), state, "are you there?", "ada")


def approval(
    approval_id: str,
    *,
    created: float = 0,
    lasts: float = 1800,
    kind: str | None = None,
    **req: Any,
) -> c.ApprovalRow:
    told: dict[str, Any] = {
        "command": "git push origin main",
        "cwd": "/srv/app",
        "host": "gateway",
        "agent_id": "main",
        "session_key": KEY,
    }
    request = c.ApprovalRequest(**told | req)
    return c.ApprovalRow(approval_id, request, at_ms(created), at_ms(created + lasts), kind)


def approvals(*rows: c.ApprovalRow, kind: str = "exec") -> c.ApprovalsListed:
    return c.ApprovalsListed(kind, list(rows))


def leaked(generation: str = "september", *, pending: Sequence[c.PendingInput] = ()) -> Picture:
    """A session flagged as held whose probes name no run, twice over more than a minute."""
    picture = Picture(generation)
    picture.tell(listed(later_row()))
    picture.tell(probe(at=1, pending=pending), at=1)
    picture.tell(probe(at=70, pending=pending), at=70)
    return picture
