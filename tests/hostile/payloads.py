"""Payloads that nearly fit: the fields that clawtop reads, with whatever may stand in them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from clawtop.gateway import answers, frames
from clawtop.gateway.poll import QUESTIONS
from clawtop.picture import changes as c

NOW_MS = 1_795_000_000_000
EVENTS = sorted(frames._EVENTS)
METHODS = sorted({one.method for one in QUESTIONS} | {"chat.history"})

KEYS = (
    "agent:main:main",
    "agent:main:telegram:direct:42",
    "agent:main:subagent:1",
    "global",
    "",
    "x" * 5_000,
    "agent:\x1b]0;owned\x07\x9b2J",
    "agent:main:\ud800",
    "agent:main:main\nCRITICAL leaked lock",
)
STALL = "stalled session: sessionId=a sessionKey=agent:main:main state=processing age=9s"
WORDS = (
    *("running", "done", "lifecycle", "end", "error", "exec", "main", "deny", "aborted"),
    *("session.recovery.requested", "session.recovery.completed", "abort_embedded_run"),
    *("2026-11-20T03:12:44Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"),
    *(STALL, f"{STALL}{'9' * 400}s queueDepth={'9' * 30}", '{"0":{"runId":1e309}}'),
)
NUMBERS = (
    *(0, 1, -1, NOW_MS, NOW_MS - 600_000, NOW_MS + 3_600_000, -NOW_MS),
    *(253_402_300_800_000, 999_999_999_999_999, 2**53, 2**63, 2**64, 10**400, -(10**30)),
)
FLOATS = (0.5, -0.0, 1e14, 1e300, -1e300, 5e-324, NOW_MS + 0.5)

ABSENT = object()
# What stands in a field on most days, so that the rest of a payload is looked at, too.
SESSIONS = KEYS[:2]
TIMES = (NOW_MS - 900_000, NOW_MS - 60_000, NOW_MS, NOW_MS + 500)
USUAL: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("sessionKey", "key", "childSessionKey", "ownerKey"), SESSIONS),
    **dict.fromkeys(("id", "runId", "sessionId", "taskId"), ("a", "b")),
    **dict.fromkeys(("ts", "createdAt", "startedAt", "updatedAt", "lastActivityAt"), TIMES),
    "expiresAtMs": (NOW_MS + 600_000,),
    "status": ("running", "done", "failed"),
    "hasActiveRun": (True, False),
    "stream": ("lifecycle", "assistant", "tool"),
    "state": ("final", "delta", "queued", "parked"),
    "type": ("session.recovery.requested", "session.recovery.completed"),
    "lane": ("main", "session:agent:main:main"),
    "command": ("ps aux",),
}

keys = st.sampled_from(KEYS)
texts = keys | st.sampled_from(WORDS) | st.text(max_size=20)
numbers = st.sampled_from(NUMBERS) | st.integers() | st.integers(NOW_MS - 10**6, NOW_MS + 10**6)
floats = st.sampled_from(FLOATS) | st.floats()
anything = st.recursive(
    st.none() | st.booleans() | numbers | floats | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | keys, inner, max_size=4)
    ),
    max_leaves=8,
)

# What a field holds that is decoded later, row by row.
INNER: dict[tuple[str, str], Any] = {
    ("_List", "sessions"): c.Row,
    ("_Tasks", "tasks"): c.TaskRow,
    ("_Lanes", "lanes"): c.LaneRow,
    ("_Stability", "events"): c.StabilityEvent,
    ("_Items", "items"): answers._HistoryItem,
    ("_Pending", "items"): answers._PendingItem,
}
ANSWERS: dict[str, Any] = {
    "sessions.list": answers._List,
    "status": answers._Status,
    "tasks.list": answers._Tasks,
    "last-heartbeat": c.HeartbeatSeen,
    "gateway.restart.preflight": answers._Preflight,
    "diagnostics.lanes": answers._Lanes,
    "diagnostics.stability": answers._Stability,
    "logs.tail": answers._Logs,
    "exec.approval.list": list[c.ApprovalRow],
    "plugin.approval.list": list[c.ApprovalRow],
    "openclaw.approval.list": list[c.ApprovalRow],
    "approval.history": answers._Items,
    "health": c.Health,
    "system-presence": list[c.Presence],
    "clawtop.snapshot": c.CompanionRead,
    "chat.history": answers._History,
}
_events: dict[str, Any] = {
    "sessions.changed": frames._SessionChangedWire,
    "session.message": frames._MessageWire,
    "exec.approval.requested": c.ApprovalRow,
    "plugin.approval.requested": c.ApprovalRow,
    "presence": list[c.Presence],
}


def payload_of(event: str) -> Any:
    """The type of what an event carries."""
    if event in _events:
        return _events[event]
    decoder = getattr(frames._EVENTS[event], "__self__", None)
    assert isinstance(decoder, msgspec.json.Decoder), event
    return decoder.type


def nearly(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, now and then another value in their place."""
    return _of(inspect.type_info(kind))


def _of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    right = _right(kind)
    return st.integers(0, 40).flatmap(lambda dice: right if dice else anything)


def _right(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            return _object(kind)
        case inspect.UnionType():
            return st.one_of([_right(one) for one in kind.types])
        case inspect.ListType() | inspect.VarTupleType():
            return st.lists(_of(kind.item_type), max_size=4)
        case inspect.IntType():
            return numbers
        case inspect.FloatType():
            return floats
        case inspect.StrType():
            return texts
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case _:
            return anything


def _object(kind: inspect.StructType) -> st.SearchStrategy[dict[str, Any]]:
    fields = {one.encode_name: _field(kind, one) for one in kind.fields}
    return st.fixed_dictionaries(fields).map(
        lambda found: {name: value for name, value in found.items() if value is not ABSENT}
    )


def _field(kind: inspect.StructType, one: inspect.Field) -> st.SearchStrategy[Any]:
    inner = INNER.get((kind.cls.__name__, one.name))
    usual = USUAL.get(one.encode_name)
    if inner is not None:
        value = st.deferred(lambda: st.lists(nearly(inner), max_size=4))
    elif usual is not None:
        value = st.sampled_from(usual) | _of(one.type)
    else:
        value = st.deferred(lambda: _of(one.type))
    chance = 40 if one.required else 3
    return st.integers(0, chance).flatmap(lambda dice: value if dice else st.just(ABSENT))


def raw_of(value: Any) -> bytes:
    """As JSON, with what JSON does not allow where the value has it: NaN, lone surrogates."""
    return json.dumps(value).encode()


def events() -> st.SearchStrategy[tuple[str, bytes]]:
    """An event and what it carries."""
    return st.sampled_from(EVENTS).flatmap(
        lambda name: nearly(payload_of(name)).map(lambda value: (name, raw_of(value)))
    )


def answered() -> st.SearchStrategy[tuple[str, bytes]]:
    """A question and what came back."""
    return st.sampled_from(METHODS).flatmap(
        lambda name: nearly(ANSWERS[name]).map(lambda value: (name, raw_of(value)))
    )
