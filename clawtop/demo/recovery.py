"""The gateway's own diagnosis: every 30 s it judges sessions that do not move, and on April
it tries to recover them. Only a lively world does this by itself.

Thresholds are the defaults of both generations: a warning after 120 s without progress, a
recovery after 360 s, 15 s for the abort to settle. September logs ``stalled`` with
``recovery=none`` and never sees a leaked lock, because what waits there is parked (measured on
2026.9.6). April counts from the newest message that waits, tells the age of the leaked lock in
``lastProgressAge``, and says ``released=0`` even of a recovery that freed it; there
``forceCleared=true`` is the sign (measured on 2026.5.28).
"""

from typing import TYPE_CHECKING

from clawtop.demo import aborts, runs
from clawtop.demo.model import Lock, Session

if TYPE_CHECKING:
    from clawtop.demo.world import World

TICK_MS = 30_000
WARN_MS = 120_000
SECOND_WARN_MS = 300_000
ABORT_MS = 360_000
SETTLE_MS = 15_000


def tick(world: "World") -> None:
    """End what has settled; every 30 s look at every session."""
    now = world.now()
    for session in list(world.sessions.values()):
        if session.recovering is not None and now >= session.recovering + SETTLE_MS:
            settle(world, session)
    if now < world.next_diagnosis:
        return
    world.next_diagnosis = now + TICK_MS
    for session in list(world.sessions.values()):
        if session.lock is not None:
            _look(world, session, session.lock)
        else:
            session.warned = 0


def _look(world: "World", session: Session, lock: Lock) -> None:
    """Judge one held session."""
    run = session.run
    if run is not None and run.queued_at is not None:
        return
    if run is not None:
        age = world.now() - max(run.progress_at, run.started_at)
        if _asks(world, session):
            _stuck_on_approval(world, session, age)
        elif age >= WARN_MS:
            _quiet_run(world, session, age)
        else:
            session.warned = 0
    elif _april_sees(world, session, lock):
        _leaked(world, session, lock)


def _asks(world: "World", session: Session) -> bool:
    return any(record.session_key == session.key for record in world.approvals.values())


def _april_sees(world: "World", session: Session, lock: Lock) -> bool:
    """A leaked lock is seen on April only: running, with the stored id, a message waiting."""
    leaked = lock.holder in ("orphan", "hook") and lock.phase == "running" and session.id_match
    return leaked and not world.september and any(w.state == "queued" for w in session.waiting)


def _leaked(world: "World", session: Session, lock: Lock) -> None:
    """A leaked lock that messages wait for: stalled from 120 s on, recovered after 360 s."""
    age = world.now() - lock.last_wait_at
    if age < WARN_MS or session.recovering is not None:
        return
    if age >= ABORT_MS:
        start(world, session, age)
        return
    depth = sum(one.state == "queued" for one in session.waiting)
    body = {"outcome": "processing", "reason": "active_work_without_progress", "ageMs": age}
    world.record("session.stalled", **body, queueDepth=depth, activeWorkKind="embedded_run")
    world.log(leak_line(session, age, world.now() - lock.since), "WARN")


def leak_line(session: Session, age_ms: int, held_ms: int, does: str = "none") -> str:
    """April's line about a leaked lock: the wait of the newest message, and the lock's own age."""
    return (
        f"stalled session: {_names(session, age_ms)} reason=active_work_without_progress"
        f" classification=stalled_agent_run activeWorkKind=embedded_run"
        f" lastProgress=embedded_run:started lastProgressAge={held_ms // 1000}s recovery={does}"
    )


def _names(session: Session, age_ms: int) -> str:
    depth = sum(one.state == "queued" for one in session.waiting)
    return (
        f"sessionId={session.session_id} sessionKey={session.key} state=processing"
        f" age={age_ms // 1000}s queueDepth={depth}"
    )


def stuck_line(session: Session, age_ms: int) -> str:
    """The line about a session whose tool call waits for a person."""
    seconds = age_ms // 1000
    return (
        f"stuck session: {_names(session, age_ms)} reason=blocked_tool_call"
        f" classification=blocked_tool_call activeWorkKind=tool_call lastProgress=tool:started"
        f" lastProgressAge={seconds}s activeTool=exec activeToolAge={seconds}s recovery=none"
    )


def _stuck_on_approval(world: "World", session: Session, age_ms: int) -> None:
    if age_ms < WARN_MS:
        return
    body = {"outcome": "processing", "reason": "blocked_tool_call", "ageMs": age_ms}
    world.record("session.stuck", **body, queueDepth=0, activeWorkKind="tool_call")
    world.log(stuck_line(session, age_ms), "WARN")


def _quiet_run(world: "World", session: Session, age_ms: int) -> None:
    """A run without progress: long-running at first, then stalled; April then recovers."""
    if age_ms < ABORT_MS:
        level = SECOND_WARN_MS if age_ms >= SECOND_WARN_MS else WARN_MS
        if session.warned >= level:
            return
        session.warned = level
        _say(world, session, age_ms, "long-running", "active_work", "long_running", "none")
        return
    if not world.september and session.recovering is None:
        start(world, session, age_ms)
        return
    _say(
        world,
        session,
        age_ms,
        "stalled",
        "active_work_without_progress",
        "stalled_agent_run",
        "none",
    )


def _say(
    world: "World", session: Session, age_ms: int, head: str, reason: str, kind: str, does: str
) -> None:
    ring = "long_running" if head == "long-running" else head
    body = {"outcome": "processing", "reason": reason, "ageMs": age_ms, "queueDepth": 0}
    world.record(f"session.{ring}", **body, activeWorkKind="model_call")
    world.log(
        f"{head} session: {_names(session, age_ms)} reason={reason} classification={kind}"
        f" activeWorkKind=model_call lastProgress=model_call:started"
        f" lastProgressAge={age_ms // 1000}s recovery={does}",
        "WARN",
    )


def start(world: "World", session: Session, age_ms: int) -> None:
    """Begin a recovery: the request now, its outcome after the settle."""
    session.recovering, session.recovering_age = world.now(), age_ms // 1000
    world.recovery(session.key, "requested", age_s=session.recovering_age)


def settle(world: "World", session: Session) -> None:
    """End a recovery: the run is aborted, or the leaked lock cleared by force."""
    run, lock = session.run, session.lock
    session.recovering = None
    if lock is None:
        return
    drained = run is not None
    how = f"aborted=true drained={str(drained).lower()} forceCleared={str(not drained).lower()}"
    age_s = session.recovering_age
    world.log(
        f"stuck session recovery: sessionId={session.session_id} sessionKey={session.key}"
        f" age={age_s}s action=abort_embedded_run {how.rpartition(' ')[0]} released=0",
        "WARN",
    )
    world.recovery(session.key, "completed", age_s=age_s, how=how)
    if run is not None:
        aborts.stop_run(world, session, run)
    else:
        session.lock, session.lane_taken = None, False
    runs.advance(world, session)


def message_came(world: "World", session: Session) -> None:
    """A message during a recovery: April asks a second time, and that one is skipped at once.

    The phantom request of 2026.5.28; September records only the skipped completion.
    """
    if session.recovering is None:
        return
    age_s = session.recovering_age + (world.now() - session.recovering) // 1000
    if not world.september:
        world.recovery(session.key, "requested", age_s=age_s)
    world.recovery(
        session.key, "completed", "skipped", "none", age_s=age_s, outcome="already_in_flight"
    )
