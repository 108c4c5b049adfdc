"""What can happen to the picture: typed changes, in the gateway's own field names.

``gateway/frames`` decodes payloads straight into these (unknown fields are ignored, missing
ones are UNSET or None); ``store`` applies them. Times are ms since the epoch on the
gateway's clock unless a name says otherwise. No clock, no I/O.
"""

from __future__ import annotations

from msgspec import Struct

from clawtop.picture.companion import CompanionRead as CompanionRead
from clawtop.picture.pause import PauseKnown as PauseKnown
from clawtop.picture.session_changes import ChatActivity as ChatActivity
from clawtop.picture.session_changes import Completion as Completion
from clawtop.picture.session_changes import HistoryRead as HistoryRead
from clawtop.picture.session_changes import InFlight as InFlight
from clawtop.picture.session_changes import PendingInput as PendingInput
from clawtop.picture.session_changes import ProbeFailed as ProbeFailed
from clawtop.picture.session_changes import Row as Row
from clawtop.picture.session_changes import RowsListed as RowsListed
from clawtop.picture.session_changes import RunActivity as RunActivity
from clawtop.picture.session_changes import RunData as RunData
from clawtop.picture.session_changes import SessionChanged as SessionChanged
from clawtop.picture.session_changes import SessionMessage as SessionMessage
from clawtop.picture.session_changes import Wire as _Wire

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
    plugin_id: str | None = None


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


class Decided(Struct, gc=False):
    """A request that was decided, as the gateway's history keeps it (2026.9.6): no folder."""

    id: str
    kind: str
    command: str
    host: str | None
    node_id: str | None
    agent_id: str | None
    session_key: str | None
    created_at_ms: int | None
    decision: str


class ApprovalHistory(Struct):
    """The newest decided requests."""

    items: list[Decided]


class ApprovalResolved(_Wire):
    """``…approval.resolved``; expiry sends none on 2026.5.28."""

    id: str
    decision: str | None = None
    resolved_by: str | None = None
    ts: int | float | None = None


# -- the gateway as a whole


class HeartbeatAgent(Struct, rename="camel", frozen=True, gc=False):
    """How often an agent's heartbeat should run, and whether it waits for a route (2026.9.6)."""

    agent_id: str | None = None
    enabled: bool | None = None
    every_ms: int | float | None = None
    waiting_for_route: bool | None = None


class StatusRead(Struct):
    """What ``status`` tells of queued system events; texts of main sessions only. ``events`` is
    None where it tells nothing of them."""

    events: list[str] | None
    agent_ids: list[str]
    degraded: bool | None = None
    read_at_ms: int = 0
    heartbeats: tuple[HeartbeatAgent, ...] = ()


class HeartbeatSeen(_Wire):
    """``heartbeat`` (event) or the newest one (``last-heartbeat``). It names no agent."""

    ts: int | float | None = None
    status: str = ""
    reason: str | None = None
    channel: str | None = None
    duration_ms: int | float | None = None


class TaskRow(_Wire):
    """A task as ``tasks.list`` or the ``task`` event names it."""

    task_id: str | None = None
    id: str | None = None
    title: str | None = None
    runtime: str | None = None
    status: str | None = None
    agent_id: str | None = None
    session_key: str | None = None
    owner_key: str | None = None
    child_session_key: str | None = None
    run_id: str | None = None
    created_at: int | float | None = None
    updated_at: int | float | None = None
    started_at: int | float | None = None
    ended_at: int | float | None = None


class TasksRead(Struct):
    """The tasks listed now, the newest first."""

    tasks: list[TaskRow]


class TaskChanged(_Wire):
    """``task``: one task was made or changed (2026.9.6)."""

    action: str | None = None
    task: TaskRow | None = None


class PreflightRead(Struct):
    """``gateway.restart.preflight`` counts; None where this version does not count it."""

    embedded_runs: int | None
    pending_replies: int | None
    queue_size: int | None
    at_ms: int


class LaneRow(_Wire):
    lane: str
    active_count: int | None = None
    queued_count: int | None = None
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
    dropped: int | None = None


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


class QueueCount(_Wire):
    """One delivery queue as ``health`` counts it; which fields are there depends on its kind."""

    queue_name: str | None = None
    channel_id: str | None = None
    account_id: str | None = None
    count: int | None = None
    pending_count: int | None = None
    blocked_count: int | None = None
    oldest_failed_at: int | float | None = None
    oldest_received_at: int | float | None = None


class DeliveryQueues(_Wire):
    """Dead letters of both directions and channels that take in faster than they work off."""

    failed: list[QueueCount] | None = None
    ingress_failed: list[QueueCount] | None = None
    ingress_pressure: list[QueueCount] | None = None


class Health(_Wire):
    event_loop: EventLoop | None = None
    delivery_queues: DeliveryQueues | None = None


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


class Answered(Struct):
    """How long the gateway took to answer this method, in ms; None when no answer came in time."""

    method: str
    took_ms: int | None


class PartFailed(Struct):
    """A part of the picture could not be read: the coverage says why. ``method``: what was asked,
    where a part is read by more than one question."""

    part: str
    why: str
    method: str = ""


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
    | ApprovalHistory
    | StatusRead
    | TasksRead
    | TaskChanged
    | HeartbeatSeen
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
    | Answered
    | PartFailed
    | CompanionRead
    | PauseKnown
)

OURS = frozenset({LinkDown, AbortAsked, Answered, PartFailed, ProbeFailed, PauseKnown})
"""What clawtop itself notes: no sign of life of the gateway, and nothing gets fresher by it."""
