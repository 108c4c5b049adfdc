"""Answers to the questions we ask, as typed changes. Rows are decoded one by one: a row that
cannot be read is left out and counted, it never hides the others. Null is a field that is missing;
an answer without the list it is asked for tells nothing, and is not understood."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from clawtop.gateway.frames import MOST_ROWS, UNREADABLE
from clawtop.picture import changes as c
from clawtop.picture.completions import completions_in
from clawtop.picture.sessions import whole

T = TypeVar("T")

MOST_RECORDS = 2_000  # of the diagnostics ring; we ask for a thousand
PREVIEW = 120  # characters of a waiting message that are kept


class _List(Struct, rename="camel"):
    sessions: list[Raw]
    ts: int | float | None = None
    total_count: int | None = None
    has_more: bool | None = None


class _Loop(Struct):
    degraded: bool | None = None


class _Heartbeat(Struct):
    agents: list[c.HeartbeatAgent] | None = None


class _Tasks(Struct):
    tasks: list[Raw]


class _Status(Struct, rename="camel"):
    queued_system_events: list[Any] | None = None
    event_loop: _Loop | None = None
    heartbeat: _Heartbeat | None = None


class _Counts(Struct, rename="camel", frozen=True):
    embedded_runs: int | None = None
    pending_replies: int | None = None
    queue_size: int | None = None


class _Preflight(Struct):
    counts: _Counts | None = None


class _Lanes(Struct):
    lanes: list[Raw]


class _Stability(Struct, rename="camel"):
    events: list[Raw]
    first_seq: int | None = None
    last_seq: int | None = None
    dropped: int | None = None


class _Logs(Struct, rename="camel"):
    lines: list[Any]
    file: str | None = None
    cursor: int | None = None
    reset: bool | None = None
    truncated: bool | None = None


class _Items(Struct):
    items: list[Raw]


class _Presentation(Struct, rename="camel", frozen=True):
    kind: str | None = None
    command_text: str | None = None
    title: str | None = None
    host: str | None = None
    node_id: str | None = None
    agent_id: str | None = None


class _Source(Struct, rename="camel", frozen=True):
    session_key: str | None = None


class _HistoryItem(Struct, rename="camel"):
    id: str = ""
    status: str | None = None
    decision: str | None = None
    created_at_ms: int | float | None = None
    presentation: _Presentation | None = None
    source: _Source | None = None


class _PendingItem(Struct, rename="camel"):
    id: str = ""
    accepted_at: int | float | None = None
    state: str | None = None
    message: Any = None
    run_id: str | None = None


class _Pending(Struct):
    items: list[Raw] | None = None
    total: int | None = None


class _FlightEvent(Struct):
    ts: int | float | None = None
    stream: str | None = None


class _Flight(Struct, rename="camel"):
    run_id: str | None = None
    text: str | None = None
    started_at: int | float | None = None
    events: list[_FlightEvent] | None = None
    session_abortable: bool | None = None


class _Role(Struct):
    role: str | None = None
    timestamp: int | float | None = None
    content: Any = None


class _History(Struct, rename="camel"):
    session_info: c.Row | None = None
    pending_inputs: _Pending | None = None
    in_flight_run: _Flight | None = None
    messages: list[_Role] | None = None


class Reader:
    """Decodes answers; ``unreadable`` counts rows that had to be left out."""

    def __init__(self) -> None:
        self.unreadable = 0

    def _rows(self, raws: list[Raw], kind: type[T]) -> list[T]:
        rows = []
        self.unreadable += max(len(raws) - MOST_ROWS, 0)
        for raw in raws[:MOST_ROWS]:
            try:
                rows.append(msgspec.json.decode(raw, type=kind))
            except UNREADABLE:
                self.unreadable += 1
        return rows

    def sessions(self, raw: Raw, *, all_asked: bool) -> c.RowsListed:
        """``sessions.list``. ``all_asked``: no limit of ours cut it."""
        answer = msgspec.json.decode(raw, type=_List)
        rows = self._rows(answer.sessions, c.Row)
        complete = all_asked and not answer.has_more and len(rows) == len(answer.sessions)
        return c.RowsListed(rows, whole(answer.ts), complete=complete, total=answer.total_count)

    def status(self, raw: Raw) -> c.StatusRead:
        """``status``: texts of queued system events, whose queues, and the event loop."""
        answer = msgspec.json.decode(raw, type=_Status)
        agents = (answer.heartbeat.agents if answer.heartbeat else None) or []
        return c.StatusRead(
            events=_texts(answer.queued_system_events),
            agent_ids=[one.agent_id for one in agents if one.agent_id],
            degraded=answer.event_loop.degraded if answer.event_loop else None,
            heartbeats=tuple(agents),
        )

    def tasks(self, raw: Raw) -> c.TasksRead:
        """``tasks.list``."""
        answer = msgspec.json.decode(raw, type=_Tasks)
        return c.TasksRead(self._rows(answer.tasks, c.TaskRow))

    def heartbeat(self, raw: Raw) -> c.HeartbeatSeen:
        """``last-heartbeat``: the newest one, or null when none was since the start."""
        return msgspec.json.decode(raw, type=c.HeartbeatSeen | None) or c.HeartbeatSeen()

    def preflight(self, raw: Raw, at_ms: int) -> c.PreflightRead:
        """``gateway.restart.preflight``. Calling it changes nothing (both generations)."""
        counts = msgspec.json.decode(raw, type=_Preflight).counts or _Counts()
        return c.PreflightRead(
            counts.embedded_runs, counts.pending_replies, counts.queue_size, at_ms
        )

    def lanes(self, raw: Raw) -> c.LanesRead:
        answer = msgspec.json.decode(raw, type=_Lanes)
        return c.LanesRead(self._rows(answer.lanes, c.LaneRow))

    def stability(self, raw: Raw) -> c.StabilityRead:
        answer = msgspec.json.decode(raw, type=_Stability)
        return c.StabilityRead(
            self._rows(answer.events[-MOST_RECORDS:], c.StabilityEvent),
            answer.first_seq,
            answer.last_seq,
            answer.dropped,
        )

    def logs(self, raw: Raw) -> tuple[c.LogRead, int | None]:
        """``logs.tail``: the lines, and the cursor for the next call."""
        answer = msgspec.json.decode(raw, type=_Logs)
        lines = [log_line(line) for line in answer.lines[-MOST_ROWS:] if isinstance(line, str)]
        lost = bool(answer.reset or answer.truncated)
        return c.LogRead(lines, answer.file, lost=lost), answer.cursor

    def approvals(self, raw: Raw, kind: str) -> c.ApprovalsListed:
        """``exec.approval.list`` and its siblings: a bare array."""
        rows = msgspec.json.decode(raw, type=list[Raw])
        return c.ApprovalsListed(kind, self._rows(rows, c.ApprovalRow))

    def health(self, raw: Raw) -> c.Health:
        """``health``, from the gateway's cache."""
        return msgspec.json.decode(raw, type=c.Health)

    def companion(self, raw: Raw) -> c.CompanionRead:
        """``clawtop.snapshot`` of the companion."""
        return msgspec.json.decode(raw, type=c.CompanionRead)

    def decided(self, raw: Raw) -> c.ApprovalHistory:
        """``approval.history``: the newest decided requests of every kind."""
        items = self._rows(msgspec.json.decode(raw, type=_Items).items, _HistoryItem)
        return c.ApprovalHistory([_decided(item) for item in items if item.id])

    def presence(self, raw: Raw) -> c.PresenceRead:
        return c.PresenceRead(self._rows(msgspec.json.decode(raw, type=list[Raw]), c.Presence))

    def history(self, raw: Raw, session_key: str, at_ms: int) -> c.HistoryRead:
        """``chat.history``: on newer gateways the exact probe of one session."""
        answer = msgspec.json.decode(raw, type=_History)
        pending = answer.pending_inputs
        told = pending.items if pending else None
        items = self._rows(told, _PendingItem) if told else []
        messages = (answer.messages or [])[-MOST_ROWS:]
        answered = [at for one in messages if (at := _answered_at(one)) is not None]
        row_at = answer.session_info.snapshot_at if answer.session_info else None
        return c.HistoryRead(
            session_key=session_key,
            at_ms=whole(row_at) or at_ms,
            tells_pending=told is not None,
            pending=[_pending(item) for item in items],
            pending_total=pending.total if pending else None,
            in_flight=_flight(answer.in_flight_run),
            answered_at=min(answered, default=None),
            row=answer.session_info,
            completions=tuple(end for one in messages for end in _ends(one)),
        )


def _texts(listed: list[Any] | None) -> list[str] | None:
    if listed is None:
        return None
    return [text for text in listed[:MOST_ROWS] if isinstance(text, str)]


def _decided(item: _HistoryItem) -> c.Decided:
    """A request without a decision was cancelled or has expired: its status says so."""
    shown = item.presentation or _Presentation()
    return c.Decided(
        id=item.id,
        kind=shown.kind or "exec",
        command=shown.command_text or shown.title or "",
        host=shown.host,
        node_id=shown.node_id,
        agent_id=shown.agent_id,
        session_key=item.source.session_key if item.source else None,
        created_at_ms=whole(item.created_at_ms),
        decision=item.decision or item.status or "unknown",
    )


def _pending(item: _PendingItem) -> c.PendingInput:
    message = item.message if isinstance(item.message, dict) else {}
    return c.PendingInput(
        id=item.id,
        run_id=item.run_id,
        accepted_at=whole(item.accepted_at),
        state=item.state or "",
        preview=_text_of(message.get("content"))[:PREVIEW],
        origin=_text_of(message.get("senderId")) or None,
    )


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return " ".join(part for part in parts if isinstance(part, str))
    return ""


def _ends(message: _Role) -> tuple[c.Completion, ...]:
    """Ends of commands that a user turn of the transcript tells."""
    if message.role != "user":
        return ()
    return completions_in(_text_of(message.content), whole(message.timestamp))


def _answered_at(message: _Role) -> int | None:
    return whole(message.timestamp) if message.role == "assistant" else None


def _flight(flight: _Flight | None) -> c.InFlight | None:
    if flight is None or not flight.run_id:
        return None
    newest = max((whole(one.ts) or 0 for one in flight.events or []), default=0)
    return c.InFlight(
        run_id=flight.run_id,
        started_at=whole(flight.started_at),
        newest_event_at=newest or None,
        newest_stream=flight.events[-1].stream if flight.events else None,
        text_size=len(flight.text or ""),
        abortable=bool(flight.session_abortable),
    )


def log_line(text: str) -> c.LogLine:
    """One line of the gateway's log: JSON with the text in ``message``, or any plain text."""
    try:
        fields = msgspec.json.decode(text)
    except UNREADABLE:
        return c.LogLine(None, "", text)
    if not isinstance(fields, dict):
        return c.LogLine(None, "", text)
    meta = fields.get("_meta")
    meta = meta if isinstance(meta, dict) else {}
    level = meta.get("logLevelName")
    return c.LogLine(
        at_ms=_iso_ms(meta.get("date")) or _iso_ms(fields.get("time")),
        level=level if isinstance(level, str) else "",
        message=_message_of(fields, text),
    )


def _message_of(fields: dict[str, Any], text: str) -> str:
    for name in ("message", "1", "0"):
        value = fields.get(name)
        if isinstance(value, str):
            return value + _pairs_of(fields)
    return text


def _pairs_of(fields: dict[str, Any]) -> str:
    """A structured argument of the line, written behind its text as pairs.

    ``embedded_run_failover_decision`` comes that way (2026.5.28 and 2026.9.6).
    """
    found = []
    for name in ("0", "1", "2"):
        value = fields.get(name)
        if isinstance(value, dict) and value.keys() & {"runId", "sessionKey"}:
            found += [f" {key}={one}" for key, one in value.items() if _scalar(one)]
    return "".join(found)


def _scalar(value: object) -> bool:
    return isinstance(value, str | int | float) and " " not in str(value) and value != ""


def _iso_ms(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return int(moment.timestamp() * 1000) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
