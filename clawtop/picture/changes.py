"""What can happen to the picture: typed changes, in the gateway's own field names.

``gateway/frames`` decodes payloads straight into these (unknown fields are ignored, missing
ones are UNSET or None); ``store`` applies them. Times are ms since the epoch on the
gateway's clock unless a name says otherwise. No clock, no I/O.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class _Wire(Struct, rename="camel", gc=False):
    """A payload part as the gateway names it."""


# -- sessions and runs


class Row(_Wire):
    """A session row: listed by ``sessions.list``, nested or flattened in ``sessions.changed``.

    UNSET means the gateway did not say; that is a fact of its own for ``active_run_ids``
    (absent: running or held; empty: idle; None: removed).
    """

    key: str | UnsetType = UNSET
    session_key: str | UnsetType = UNSET
    session_id: str | UnsetType | None = UNSET
    agent_id: str | UnsetType | None = UNSET
    kind: str | UnsetType | None = UNSET
    status: str | UnsetType | None = UNSET
    has_active_run: bool | UnsetType | None = UNSET
    active_run_ids: list[str] | UnsetType | None = UNSET
    started_at: int | float | UnsetType | None = UNSET
    ended_at: int | float | UnsetType | None = UNSET
    updated_at: int | float | UnsetType | None = UNSET
    last_activity_at: int | float | UnsetType | None = UNSET
    last_run_id: str | UnsetType | None = UNSET
    snapshot_at: int | float | UnsetType | None = UNSET
    channel: str | UnsetType | None = UNSET
    last_channel: str | UnsetType | None = UNSET
    spawned_by: str | UnsetType | None = UNSET
    parent_session_key: str | UnsetType | None = UNSET
    child_sessions: list[Any] | UnsetType | None = UNSET


class RowsListed(Struct):
    """An answer to ``sessions.list``. ``complete`` when no older session was left out."""

    rows: list[Row]
    ts: int | None = None
    complete: bool = True
    total: int | None = None


class SessionChanged(_Wire):
    """``sessions.changed``: something about one session, with whatever row fields it carries."""

    session_key: str = ""
    reason: str | None = None
    phase: str | None = None
    run_id: str | None = None
    ts: int | float | None = None
    row: Row | None = None


class RunData(_Wire):
    phase: str | None = None
    started_at: int | float | None = None
    approval_id: str | None = None
    name: str | None = None


class RunActivity(_Wire):
    """``agent``: one sign of life of one run. Only runs started by an RPC send them (measured
    on 2026.5.28 and 2026.9.6: channel and heartbeat runs reach operators without them)."""

    run_id: str
    stream: str = ""
    ts: int | float | None = None
    session_key: str | None = None
    is_heartbeat: bool | None = None
    data: RunData | None = None


class ChatActivity(_Wire):
    """``chat``: delta, final, aborted, error or status of a run asked for by an RPC.

    ``message`` is present on a real answer; a ``final`` without one means *parked* (2026.9.6).
    """

    run_id: str
    session_key: str = ""
    state: str = ""
    message: Any | None = None


class SessionMessage(Struct, gc=False):
    """``session.message``: a line added to a transcript. Any role but ``user`` is progress."""

    session_key: str = ""
    role: str = ""
    ts: int | None = None
    run_id: str | None = None


class PendingInput(Struct, gc=False):
    """A message accepted and not yet taken by a turn (``chat.history`` of newer gateways)."""

    id: str
    run_id: str | None
    accepted_at: int | None
    state: str
    preview: str
    origin: str | None = None


class InFlight(Struct, gc=False):
    """``chat.history.inFlightRun``: the run the gateway can name for a session right now."""

    run_id: str
    started_at: int | None = None
    newest_event_at: int | None = None
    newest_stream: str | None = None
    text_size: int = 0
    abortable: bool = False


class HistoryRead(Struct):
    """An answer to ``chat.history`` for one suspect.

    ``tells_pending`` is whether the gateway lists waiting messages at all (8.2 and later):
    only then does the absence of ``in_flight`` mean anything. ``answered_at`` is the time of the
    oldest answer in the transcript, if there is one.
    """

    session_key: str
    at_ms: int
    tells_pending: bool
    pending: list[PendingInput]
    pending_total: int | None
    in_flight: InFlight | None
    answered_at: int | None
    row: Row | None = None


class ProbeFailed(Struct):
    """The gateway would not answer a probe of this session; it is not asked again at once."""

    session_key: str
    at_ms: int


# -- approvals


class ApprovalRequest(_Wire):
    command: str | None = None
    title: str | None = None
    description: str | None = None
    cwd: str | None = None
    host: str | None = None
    node_id: str | None = None
    agent_id: str | None = None
    session_key: str | None = None
    run_id: str | None = None
    tool_name: str | None = None


class ApprovalRow(_Wire):
    """A pending approval: a row of a list, or the payload of ``…approval.requested``."""

    id: str
    request: ApprovalRequest | None = None
    created_at_ms: int | float | None = None
    expires_at_ms: int | float | None = None
    approval_kind: str | None = None


class ApprovalsListed(Struct):
    """The whole pending backlog of one kind."""

    kind: str
    rows: list[ApprovalRow]


class ApprovalRequested(Struct):
    kind: str
    row: ApprovalRow


class ApprovalResolved(_Wire):
    """``…approval.resolved``; expiry sends none on 2026.5.28."""

    id: str
    decision: str | None = None
    resolved_by: str | None = None
    ts: int | float | None = None


# -- the gateway as a whole


class StatusRead(Struct):
    """What ``status`` tells of queued system events; texts of main sessions only."""

    events: list[str]
    agent_ids: list[str]
    degraded: bool | None = None
    read_at_ms: int = 0


class PreflightRead(Struct):
    """``gateway.restart.preflight`` counts; None where this version does not count it."""

    embedded_runs: int | None
    pending_replies: int | None
    queue_size: int | None
    at_ms: int


class LaneRow(_Wire):
    lane: str
    active_count: int = 0
    queued_count: int = 0
    max_concurrent: int | None = None
    draining: bool | None = None
    blocked_by: str | None = None


class LanesRead(Struct):
    lanes: list[LaneRow]


class StabilityEvent(_Wire):
    """One record of the diagnostics ring; ``session.*`` records carry no session."""

    seq: int
    ts: int | float
    type: str
    outcome: str | None = None
    action: str | None = None
    reason: str | None = None
    age_ms: int | float | None = None
    queue_depth: int | None = None
    active_work_kind: str | None = None


class StabilityRead(Struct):
    events: list[StabilityEvent]
    first_seq: int | None = None
    last_seq: int | None = None
    dropped: int = 0


class LogLine(Struct, gc=False):
    """One gateway log line: UTC time in ms, level word, message text."""

    at_ms: int | None
    level: str
    message: str


class LogRead(Struct):
    lines: list[LogLine]
    file: str | None = None
    lost: bool = False


class Presence(_Wire):
    host: str | None = None
    mode: str | None = None
    scopes: list[str] | None = None
    reason: str | None = None
    ts: int | float | None = None
    instance_id: str | None = None


class PresenceRead(Struct):
    entries: list[Presence]


class Health(_Wire):
    event_loop: EventLoop | None = None


class EventLoop(_Wire):
    degraded: bool | None = None


class Suspension(_Wire):
    phase: str | None = None


class Tick(_Wire):
    ts: int | float | None = None


class Shutdown(_Wire):
    reason: str | None = None


# -- our own link


class GatewayFacts(Struct, frozen=True):
    """What the handshake told, without anything secret."""

    name: str
    url: str
    version: str | None = None
    boot_id: str | None = None
    uptime_ms: int | None = None
    methods: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    asked_scopes: tuple[str, ...] = ()
    read_only: bool = False
    main_session_key: str | None = None
    protocol: int | None = None
    draining: bool = False


class LinkUp(Struct):
    """Signed in; everything is listed afresh after this. ``at_ms``: gateway time."""

    facts: GatewayFacts
    at_ms: int


class LinkDown(Struct):
    """The link is gone; the picture holds still from here."""

    why: str


class Missed(Struct):
    """Frames meant for us were dropped: what we watched has a hole from here."""

    count: int


class AbortAsked(Struct):
    """clawtop itself asked the gateway to abort this session's run."""

    session_key: str
    at_ms: int


class Latency(Struct):
    """How long the gateway took for one answer, and our clock's distance, both in ms."""

    latency_ms: int
    clock_offset_ms: int


class PartFailed(Struct):
    """A part of the picture could not be read: the coverage says why."""

    part: str
    why: str


Change = (
    RowsListed
    | SessionChanged
    | RunActivity
    | ChatActivity
    | SessionMessage
    | HistoryRead
    | ProbeFailed
    | ApprovalsListed
    | ApprovalRequested
    | ApprovalResolved
    | StatusRead
    | PreflightRead
    | LanesRead
    | StabilityRead
    | LogRead
    | PresenceRead
    | Health
    | Suspension
    | Tick
    | Shutdown
    | LinkUp
    | LinkDown
    | Missed
    | AbortAsked
    | Latency
    | PartFailed
)
