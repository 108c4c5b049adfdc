"""One lock as the companion reads it out of the gateway's own registry, and what follows.

That a session is held is then proved, and so are phase and session id. Whether the owner will
ever end it is told by what the owner leaves behind: a lock whose session lane has no task at work
and whose session has no embedded run belongs to a turn that is being prepared, to a reply that is
being delivered, or to nobody. The first two take seconds, at worst tens of them.
"""

from __future__ import annotations

from msgspec import Struct, structs

from clawtop.picture.companion import ExactLock, ParkedMessage, RpcRun
from clawtop.picture.hold import Context, Hold
from clawtop.picture.records import Exactness, Proof, Verdict
from clawtop.picture.sessions import SessionFacts, whole
from clawtop.text import utc

ABORTED = "aborted"
RUNNING = "running"
LAWFUL = frozenset(
    {"queued", RUNNING, ABORTED, "completed", "failed"}
)  # all others take their time
PREPARING_MS = 60_000
DELIVERING_MS = 20_000
SETTLE_MS = 90_000
RECENT_MS = 10_000
LOOKS = 2
OVERLAP_MS = 2_000


class Sight(Struct, frozen=True):
    """The registry's entry of one session as it was read last. Times are gateway ms.

    ``first_ms``: when clawtop first saw this very operation. ``taskless_ms``: since when, in
    ``looks`` readings in a row (counted up to ``LOOKS``), nothing was at work for it.
    ``aborted_ms``: since when it is aborted.
    """

    lock: ExactLock
    read_ms: int
    first_ms: int
    taskless_ms: int | None = None
    looks: int = 0
    aborted_ms: int | None = None
    runs: tuple[RpcRun, ...] = ()
    parked: tuple[ParkedMessage, ...] = ()
    depth: int | None = None

    def same_but_time(self, other: Sight | None) -> bool:
        """Nothing that a row shows differs from the other reading."""
        return other is not None and structs.replace(other, read_ms=self.read_ms) == self


def sighted(
    old: Sight | None,
    lock: ExactLock,
    at_ms: int,
    *,
    runs: tuple[RpcRun, ...] = (),
    parked: tuple[ParkedMessage, ...] = (),
    depth: int | None = None,
) -> Sight:
    """The next reading of a session's entry; ``old`` counts where it is the same operation."""
    if old is not None and old.lock.token != lock.token:
        old = None
    taskless = lock.lane_task is False and lock.embedded_run is not True
    aborted = lock.phase == ABORTED
    return Sight(
        lock=lock,
        read_ms=at_ms,
        first_ms=old.first_ms if old else at_ms,
        taskless_ms=((old.taskless_ms if old else None) or at_ms) if taskless else None,
        looks=min((old.looks if old else 0) + 1, LOOKS) if taskless else 0,
        aborted_ms=((old.aborted_ms if old else None) or at_ms) if aborted else None,
        runs=runs,
        parked=parked,
        depth=depth,
    )


def hold_exactly(facts: SessionFacts, ctx: Context) -> Hold | None:
    """How the session is held by the gateway's own registry; None: it is free."""
    sight = facts.exact
    if sight is None:
        return _unlisted(facts, ctx)
    phase = sight.lock.phase or "unknown"
    why = [f"the gateway's own registry lists it, phase {phase}"]
    if _aborting(facts, sight, ctx):
        return Hold(Proof.PROVED, (*why, "an abort was asked"), aborting=True)
    if sight.taskless_ms is None or _works(facts, ctx):
        if sight.lock.lane_task:
            why.append("its session lane has a task at work")
        return Hold(Proof.PROVED, tuple(why))
    why.append(f"nothing was at work for it since {utc(sight.taskless_ms)} at the latest")
    return Hold(Proof.PROVED, tuple(why), no_run=True)


def _aborting(facts: SessionFacts, sight: Sight, ctx: Context) -> bool:
    """September gateways release an aborted lock within 60 s; longer than that it is a leak."""
    if sight.aborted_ms is not None:
        return ctx.now_ms - sight.aborted_ms <= SETTLE_MS
    asked = facts.abort_asked_ms
    return asked is not None and asked > sight.read_ms


def _works(facts: SessionFacts, ctx: Context) -> bool:
    """Its run was seen at work a moment ago: its end is on the way, or its start just came."""
    run = facts.run
    return run is not None and ctx.now_ms - (run.progress_ms or run.started_ms or 0) < RECENT_MS


def _unlisted(facts: SessionFacts, ctx: Context) -> Hold | None:
    """No lock at the last reading. Something may have begun since, or hold it without a lock."""
    read_ms = ctx.registry_ms or 0
    run = facts.run
    if run is not None and max(run.progress_ms or 0, run.started_ms or 0) > read_ms:
        return Hold(Proof.PROVED, ("its run was seen at work after the registry was read",))
    if ctx.in_lane:
        why = ("the registry has no lock of it, but a task is at work in its session lane",)
        return Hold(Proof.PROVED, why, lane_only=True)
    if facts.status != RUNNING:
        return None
    seen_ms = facts.first_held_ms or facts.touched_ms  # a leak takes a row that began long ago
    if (facts.started_ms or 0) + OVERLAP_MS > read_ms or seen_ms > read_ms:
        return Hold(Proof.POSSIBLE, ("its row says running; the registry was read before that",))
    why = ("its row says running, but the gateway's own registry has no lock of it",)
    return Hold(Proof.PROVED, why, ghost=True)


def leak_shows_exactly(sight: Sight, facts: SessionFacts, ctx: Context) -> bool:
    """Nothing is at work for it for longer than preparing or delivering takes.

    On September gateways the lock's own times reach back before our first look. On earlier ones
    a running phase is set inside the lane, so that a lock that is running without a task has no
    more to prepare; a queued one may have.
    """
    if sight.taskless_ms is None or sight.looks < LOOKS or sight.lock.phase not in LAWFUL:
        return False
    began = whole(sight.lock.started_at_ms)
    silent = max(whole(sight.lock.last_activity_at_ms) or 0, began or 0) or min(
        sight.taskless_ms, _logged_silent(facts) or sight.taskless_ms
    )
    if began is not None and delivery_hangs(sight, facts, ctx):
        return True
    needs = DELIVERING_MS if began is None and sight.lock.phase == RUNNING else PREPARING_MS
    return ctx.now_ms - silent >= needs


def _logged_silent(facts: SessionFacts) -> int | None:
    """Since when the gateway's own log calls it silent; of an orphan that is the lock's age
    (measured on 2026.5.28). None: it does not, or of an earlier run."""
    stall = facts.stall
    if stall is None or stall.at_ms <= max(facts.ended_ms or 0, facts.waited_ms):
        return None
    return stall.progress_ms


def delivery_hangs(sight: Sight, facts: SessionFacts, ctx: Context) -> bool:
    """Its own run has ended, and it is still held: the reply is not delivered."""
    ended = max(facts.row_ended_ms or 0, facts.ended_ms or 0)
    began = whole(sight.lock.started_at_ms) or sight.first_ms
    return sight.taskless_ms is not None and began < ended <= ctx.now_ms - DELIVERING_MS


def since_exactly(sight: Sight, facts: SessionFacts) -> tuple[int | None, Exactness]:
    """When the lock was taken: the gateway's own time, else the run's, else when it was seen."""
    began = whole(sight.lock.started_at_ms)
    if began is not None:
        return began, "exact"
    run = facts.run
    if run is not None and run.started_ms is not None:
        return run.started_ms, "exact"
    running = facts.status == RUNNING and sight.taskless_ms is None
    if running and facts.started_ms and (facts.row_ended_ms or 0) < facts.started_ms:
        return facts.started_ms, "exact"
    told = _logged_silent(facts) if sight.taskless_ms is not None else None
    known = [at for at in (facts.first_held_ms, told, sight.first_ms) if at is not None]
    return min(known), "at_least"


def why_leaked_exactly(sight: Sight, facts: SessionFacts, ctx: Context) -> str:
    """The reason in words."""
    if delivery_hangs(sight, facts, ctx):
        ended = max(facts.row_ended_ms or 0, facts.ended_ms or 0)
        return f"its run ended at {utc(ended)}: the reply was never delivered"
    return "no task and no run belongs to it: nobody will give it back"


def waiting_exactly(sight: Sight, queued: int) -> int | None:
    """How many messages wait behind it. ``queued``: parked ones that the gateway lists itself."""
    if sight.lock.waiters is None and sight.depth is None:
        return queued or None
    return (sight.lock.waiters or 0) + max(sight.depth or 0, queued)


def waiting_is(sight: Sight) -> Exactness:
    """On September gateways only the first of the channel messages that wait for a lock can be
    counted, the others stand in line behind it (measured on 2026.9.6)."""
    september = whole(sight.lock.started_at_ms) is not None
    return "at_least" if september and sight.lock.waiters else "exact"


def lane_verdict(facts: SessionFacts, ctx: Context) -> Verdict | None:
    """A lane that is taken although nothing holds the lock: at work, or a leftover of a release."""
    run = facts.run
    if run is not None:
        return None
    began = facts.first_held_ms or ctx.now_ms
    return Verdict.LEAKED if ctx.now_ms - began >= PREPARING_MS else Verdict.UNKNOWN


def next_exactly(sight: Sight, facts: SessionFacts) -> list[int]:
    """When the row could read differently although nothing happens."""
    ended = max(facts.row_ended_ms or 0, facts.ended_ms or 0)
    times = [ended + DELIVERING_MS] if ended else []
    if sight.taskless_ms is not None:
        known = (sight.lock.last_activity_at_ms, sight.lock.started_at_ms, sight.taskless_ms)
        for at in known:
            since = whole(at) or 0
            times += [since + DELIVERING_MS, since + PREPARING_MS]
        times.append(sight.taskless_ms + RECENT_MS)
    if sight.aborted_ms is not None:
        times.append(sight.aborted_ms + SETTLE_MS + 1)
    return times
