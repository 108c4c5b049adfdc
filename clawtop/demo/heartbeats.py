"""Heartbeats of the main session: timed turns that take what is queued for it.

Only a lively world has them. Nothing tells whether they are paused, and no event comes while
they are. A busy session makes one skip; with lines queued September tries again every second
(measured on 2026.9.6).
"""

from typing import TYPE_CHECKING

from clawtop.demo import lanes, runs
from clawtop.demo.model import Run, Session, new_id

if TYPE_CHECKING:
    from clawtop.demo.world import World

AGAIN_MS = 1_000
SPACING_MS = 30_000
TAKES_MS = 3_000


def tick(world: "World") -> None:
    """Start one when it is due, and report one that ended."""
    _report(world)
    if world.heartbeat_ms is None or not world.heartbeats_enabled or world.draining:
        return
    if world.now() >= world.next_heartbeat:
        beat(world)


def wake(world: "World", reason: str = "wake") -> None:
    """Let the next one come now, 30 s after the last one at the soonest."""
    world.wake_reason = reason
    last = world.beat_started or 0
    world.next_heartbeat = min(world.next_heartbeat, max(world.now(), last + SPACING_MS))


def beat(world: "World") -> None:
    """Run one, or skip it."""
    session = world.session(world.main_key)
    pending = bool(world.queues.get(session.key))
    if session.lock is not None or not lanes.admits(world, session):
        soon = pending and world.september
        world.next_heartbeat = world.now() + (AGAIN_MS if soon else world.heartbeat_ms or 0)
        world.heartbeat("skipped", reason="requests-in-flight")
        return
    world.next_heartbeat = world.now() + (world.heartbeat_ms or 0)
    _run(world, session)


def _run(world: "World", session: Session) -> None:
    """One heartbeat turn: it takes every queued line with it."""
    lines = world.take_events(session.key)
    if any("Exec finished" in line for line in lines):
        world.wake_reason = "exec-event"
    text = "\n".join(["Heartbeat.", *(f"System: {line}" for line in lines)])
    run = Run(new_id(), "heartbeat", world.now(), takes_ms=TAKES_MS)
    world.beat_started, world.beat_run = world.now(), run.run_id
    runs.start(world, session, run, text)


def _report(world: "World") -> None:
    """Tell the end of the running one."""
    session = world.sessions.get(world.main_key)
    live = session.run.run_id if session is not None and session.run is not None else None
    if world.beat_run is None or live == world.beat_run:
        return
    world.beat_run = None
    failed = session is not None and session.status != "done"
    reason, world.wake_reason = world.wake_reason, "interval"
    took = world.now() - (world.beat_started or world.now())
    status = "failed" if failed else "ok-token"
    world.heartbeat(status, reason=reason, durationMs=took, silent=True, hasMedia=False)
