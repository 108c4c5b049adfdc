"""What the companion plugin tells from inside the gateway: its answer, typed.

The names are those of ``clawtop/companion/README.md``. Every part says for itself whether the
companion could read it on this gateway; a part that it could not read falls back to inference.
Times are ms since the epoch on the gateway's clock.
"""

from __future__ import annotations

from msgspec import Struct, field

from clawtop.picture.session_changes import Wire

Number = int | float | None


class Part(Wire):
    """Whether a part could be read, why not, and how many there are in all."""

    supported: bool = False
    why: str | None = None
    total: int | None = None


class ExactLock(Wire):
    """One entry of the gateway's own registry."""

    key: str
    session_id: str | None = None
    phase: str | None = None
    token: str | None = None
    started_at_ms: Number = None
    last_activity_at_ms: Number = None
    turn_kind: str | None = None
    agent_id: str | None = None
    waiters: int | None = None
    lane_task: bool | None = None
    lane_queued: int | None = None
    run_id: str | None = None
    embedded_run: bool | None = None


class Locks(Part):
    items: list[ExactLock] = field(default_factory=list)


class ParkedMessage(Wire):
    text: str = ""
    at: Number = None
    sender: str | None = field(default=None, name="from")
    channel: str | None = None


class Followups(Wire):
    """Messages parked behind one session, oldest first; ``depth`` counts them all."""

    key: str
    depth: int = 0
    messages: list[ParkedMessage] = field(default_factory=list)


class FollowupsPart(Part):
    items: list[Followups] = field(default_factory=list)


class QueuedEvent(Wire):
    token: str | None = None
    text: str = ""
    cut: bool = False
    at: Number = None
    context_key: str | None = None
    channel: str | None = None


class EventsOf(Wire):
    """The system events queued for one session, oldest first; ``count`` counts them all."""

    key: str
    count: int = 0
    events: list[QueuedEvent] = field(default_factory=list)


class EventsPart(Part):
    queues: int | None = None
    items: list[EventsOf] = field(default_factory=list)


class ExactLane(Wire):
    lane: str
    key: str | None = None
    active: int = 0
    queued: int = 0
    max: int | None = None
    draining: bool | None = None
    oldest_wait_ms: Number = None


class LanesPart(Part):
    items: list[ExactLane] = field(default_factory=list)


class RpcRun(Wire):
    run_id: str
    key: str | None = None
    session_id: str | None = None
    started_at_ms: Number = None
    expires_at_ms: Number = None


class RunsPart(Part):
    items: list[RpcRun] = field(default_factory=list)


class NamedRecovery(Wire):
    """One recovery event with the session it is about."""

    seq: int
    at: Number = None
    type: str = ""
    key: str | None = None
    session_id: str | None = None
    status: str | None = None
    action: str | None = None
    reason: str | None = None
    age_ms: Number = None
    queue_depth: int | None = None
    released: int | None = None


class RecoveriesPart(Part):
    first_seq: int | None = None
    last_seq: int | None = None
    dropped: int = 0
    items: list[NamedRecovery] = field(default_factory=list)


class CompanionRead(Wire):
    """``clawtop.snapshot``."""

    version: str | None = None
    gateway_version: str | None = None
    instance: str | None = None
    at: Number = None
    can_release: bool = False
    generation: str | None = None
    locks: Locks = field(default_factory=Locks)
    followups: FollowupsPart = field(default_factory=FollowupsPart)
    system_events: EventsPart = field(default_factory=EventsPart)
    lanes: LanesPart = field(default_factory=LanesPart)
    runs: RunsPart = field(default_factory=RunsPart)
    recoveries: RecoveriesPart = field(default_factory=RecoveriesPart)


class Companion(Struct, frozen=True):
    """The companion of this gateway as far as the last answer told. ``why``: by part, for each
    part that it could not read."""

    version: str | None
    can_release: bool
    instance: str | None
    at_ms: int
    generation: str | None
    why: dict[str, str]

    def reads(self, part: str) -> bool:
        """Whether that part of the last answer is exact."""
        return part not in self.why


def companion_word(companion: Companion | None) -> str:
    """For headers: whether there is one, and whether it may act."""
    if companion is None:
        return "no companion"
    return "companion" if companion.can_release else "companion (looks only)"
