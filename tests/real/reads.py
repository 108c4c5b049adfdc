"""What clawtop reads of each answer and event, taken from its own decoders.

A field that clawtop begins to read is compared from then on without a word here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawtop.gateway import answers, frames
from clawtop.gateway.drop import Answer
from clawtop.picture import changes as c

from .shapes import Reads, reads_of

LEAF: Reads = {}

# Fields that are kept raw or read by hand: (type, field) and what is read inside.
HIDDEN: Mapping[tuple[str, str], Any] = {
    ("_List", "sessions"): c.Row,
    ("_Lanes", "lanes"): c.LaneRow,
    ("_Stability", "events"): c.StabilityEvent,
    ("_Tasks", "tasks"): c.TaskRow,
    ("_Pending", "items"): answers._PendingItem,
    ("_PendingItem", "message"): {"content": LEAF, "senderId": LEAF},
    ("ErrorBody", "details"): {"code": LEAF, "reason": LEAF},
}
_RECORD = {"status": LEAF, "decision": LEAF, "resolver": {"id": LEAF}}
_ABORT = {"status": LEAF, "abortedRunId": LEAF}

ANSWERS: Mapping[str, Any] = {
    "sessions.list": answers._List,
    "status": answers._Status,
    "gateway.restart.preflight": answers._Preflight,
    "diagnostics.lanes": answers._Lanes,
    "diagnostics.stability": answers._Stability,
    "logs.tail": answers._Logs,
    "chat.history": answers._History,
    "system-presence": c.Presence,
    "tasks.list": answers._Tasks,
    "tasks.cancel": {"found": LEAF, "cancelled": LEAF, "reason": LEAF},
    "last-heartbeat": c.HeartbeatSeen,
    "exec.approval.list": c.ApprovalRow,
    "plugin.approval.list": c.ApprovalRow,
    "openclaw.approval.list": c.ApprovalRow,
    "approval.get": {"approval": _RECORD},
    "approval.resolve": {"applied": LEAF, "approval": _RECORD},
    "approval.history": {"items": _RECORD},
    "sessions.abort": _ABORT,
    "chat.send": {"runId": LEAF, "status": LEAF},
    "clawtop.snapshot": c.CompanionRead,
    "clawtop.release": {"ok": LEAF, "code": LEAF, "why": LEAF},
    "clawtop.dropEvent": Answer,
}
EVENTS: Mapping[str, Any] = {
    "agent": c.RunActivity,
    "chat": c.ChatActivity,
    "sessions.changed": frames._SessionChangedWire,
    "session.message": frames._MessageWire,
    "exec.approval.requested": c.ApprovalRow,
    "plugin.approval.requested": c.ApprovalRow,
    "exec.approval.resolved": c.ApprovalResolved,
    "plugin.approval.resolved": c.ApprovalResolved,
    "health": c.Health,
    "presence": {"presence": c.Presence},
    "task": c.TaskChanged,
    "heartbeat": c.HeartbeatSeen,
    "tick": c.Tick,
    "shutdown": c.Shutdown,
    "gateway.suspension": c.Suspension,
}
PAGES: Mapping[str, Reads] = {
    "/healthz": {"status": LEAF},
    "/readyz": {"ready": LEAF, "failing": LEAF},
    "/startupz": {"status": LEAF},
}


def reads(name: str) -> Reads:
    """What clawtop reads of the samples noted under that name."""
    about, _, _ = name.partition(" / ")
    first, _, rest = about.partition(" ")
    if first == "hello":
        return _of(frames.Hello)
    if first == "event":
        return {"seq": LEAF, "payload": _of(EVENTS.get(rest.split(" ")[0], LEAF))}
    if first == "http":
        return {"status": LEAF, "kind": LEAF, "document": PAGES.get(rest, LEAF)}
    if first == "connect":
        return {"challenge": _event(frames.Challenge), "answer": _answer(LEAF), "closed": LEAF}
    return _answer(ANSWERS.get(first, LEAF))


def _answer(kind: Any) -> Reads:
    return {"ok": LEAF, "payload": _of(kind), "error": _of(frames.ErrorBody)}


def _event(kind: Any) -> Reads:
    return {"event": LEAF, "payload": _of(kind)}


def _of(kind: Any) -> Reads:
    if isinstance(kind, type):
        return reads_of(kind, HIDDEN)
    return {name: _of(inner) for name, inner in kind.items()}
