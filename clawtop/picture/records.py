"""The picture's records: frozen, by id, what a panel row or a JSON object is made of.

``*_ms`` are milliseconds since the epoch on the gateway's clock. None is *not known*, which is
never the same as zero or empty. Ages are not stored: they are taken from start times when a
row is shown.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

Exactness = Literal["exact", "at_least"]


class Verdict(StrEnum):
    """What a lock's row says, the first that fits."""

    WAITING_APPROVAL = "waiting_approval"
    WAITING_RETRY = "waiting_retry"
    ABORTING = "aborting"
    GHOST = "ghost"
    LEAKED = "leaked"
    STALE = "stale"
    QUIET = "quiet"
    WORKING = "working"
    UNKNOWN = "unknown"


class Proof(StrEnum):
    """How sure the row is: the gateway shows it, the evidence fits only this, or it could be."""

    PROVED = "proved"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Holder(StrEnum):
    """Who started the run that holds a session."""

    RPC = "rpc"
    CHANNEL = "channel"
    HEARTBEAT = "heartbeat"
    CRON = "cron"
    SUBAGENT = "subagent"
    UNKNOWN = "unknown"


class Record(Struct, frozen=True, gc=False):
    """A record of the picture; equal content is an equal record."""


class Lock(Record, frozen=True, gc=False):
    """One held session (or a row that only claims to be: verdict ``ghost``)."""

    session_key: str
    session_id: str | None
    run_id: str | None
    agent_id: str | None
    holder: str
    phase: str | None
    layer: str | None
    since_ms: int | None
    age_is: Exactness
    idle_since_ms: int | None
    idle_is: Exactness
    waiting: int | None
    children: tuple[str, ...] | None
    verdict: str
    proof: str
    why: tuple[str, ...]
    row_running: bool = False
    row_active: bool | None = None
    token: str | None = None  # names this very operation; only the companion knows it
    in_lane: bool | None = None  # its owner has a task at work in the session's lane
    waiting_is: Exactness = "exact"


class Waiting(Record, frozen=True, gc=False):
    """A message that no turn has taken yet."""

    id: str
    session_key: str
    run_id: str | None
    sender: str | None
    channel: str | None
    received_at_ms: int | None
    state: str
    preview: str


class Approval(Record, frozen=True, gc=False):
    """A pending approval; ``group`` is the digest of everything that makes two of them equal."""

    id: str
    kind: str
    command: str
    cwd: str | None
    host: str | None
    node_id: str | None
    agent_id: str | None
    session_key: str | None
    run_id: str | None
    created_at_ms: int | None
    expires_at_ms: int | None
    group: str
    copies: int = 1
    copy_of: str | None = None
    description: str | None = None  # what a plugin tells beside its title

    @property
    def wanted(self) -> str:
        """What is asked for, in one line."""
        told = self.command or "it does not say what for"
        return f"{told}: {self.description}" if self.description else told


class SystemEvent(Record, frozen=True, gc=False):
    """A line queued in gateway memory for the next turn of a session."""

    id: str
    session_key: str | None
    agent_id: str | None
    text: str
    context_key: str | None
    queued_at_ms: int | None
    seen_since_ms: int
    position: int
    copies: int = 1
    copy_of: int | None = None
    token: str | None = None  # names this very event; only the companion knows it


class SystemEventQueue(Record, frozen=True, gc=False):
    """How full one queue is; ``at_cap`` None where several queues arrive joined."""

    session_key: str | None
    count: int
    at_cap: bool | None
    lost_seen: int = 0


class Recovery(Record, frozen=True, gc=False):
    """One recovery attempt: requested paired with completed."""

    id: str
    session_key: str | None
    requested_at_ms: int | None
    completed_at_ms: int | None
    status: str | None
    action: str | None
    reason: str | None
    released: int | None
    verdict: str
    queue_depth: int | None = None


class Lane(Record, frozen=True, gc=False):
    lane: str
    active: int
    queued: int
    max: int | None
    draining: bool | None
    blocked_by: str | None
    oldest_wait_ms: int | None = None


class Operator(Record, frozen=True, gc=False):
    """Another client of the gateway, and whether it could answer an approval. None: not told."""

    host: str | None
    mode: str | None
    scopes: tuple[str, ...] | None
    can_answer_approvals: bool | None


class Part(Record, frozen=True, gc=False):
    """How much of one part of the picture this gateway lets us see, and why not more."""

    level: str
    why: str | None = None


PARTS = (
    "system_events",
    "locks",
    "approvals",
    "recoveries",
    "waiting",
    "lanes",
    "tasks",
    "logs",
    "heartbeats",
)
