"""Lanes: how many runs may work at once, who waits for a slot, and slots lost to dead owners.

Measured on 2026.5.28 (4 slots in the main lane) and 2026.9.6 (8): a run beyond that has its
lock and waits; the line ``lane wait exceeded`` comes when it starts, not before.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from clawtop.demo.model import Generation, Lock, Obj, Run, Session

if TYPE_CHECKING:
    from clawtop.demo.world import World

MAIN_SLOTS: dict[Generation, int] = {"april": 4, "september": 8}
SUBAGENT_SLOTS = 8
WARN_MS = 2_000
SLOTS = (
    ("active-memory", 8),
    ("background", 3),
    ("cron", 8),
    ("cron-nested", 8),
    ("main", 8),
    ("nested", 1),
    ("subagent", 8),
    ("system-agent", 1),
    ("system-agent-inference", 1),
)


def lane_of(session: Session) -> str:
    """The lane whose slots the runs of this session take."""
    return "subagent" if ":subagent:" in session.key else "main"


def slots(world: "World", lane: str) -> int:
    """How many may work there at once."""
    if lane == "main":
        return world.main_slots or MAIN_SLOTS[world.generation]
    return SUBAGENT_SLOTS


def has_slot(session: Session) -> bool:
    """Whether a task of this session occupies a slot: a run at work, or a stuck owner.

    An orphaned lock has none, and neither has a reply that is not delivered.
    """
    if session.lane_taken:
        return True
    if session.run is not None:
        return session.run.queued_at is None
    return session.lock is not None and session.lock.holder == "hook"


def active(world: "World", lane: str) -> int:
    """Slots in use, those of dead owners included."""
    lost = world.lost_slots if lane == "main" else 0
    return lost + sum(lane_of(s) == lane and has_slot(s) for s in world.sessions.values())


def queued(world: "World", lane: str) -> list[Session]:
    """Sessions whose run waits for a slot, in their order."""
    found = [world.sessions[key] for key in world.lane_queue if key in world.sessions]
    return [one for one in found if lane_of(one) == lane and waits(one)]


def waits(session: Session) -> bool:
    """Whether its run waits for a slot."""
    return session.run is not None and session.run.queued_at is not None


def admits(world: "World", session: Session) -> bool:
    """Whether a run of this session could start now; nobody overtakes who waits."""
    lane = lane_of(session)
    return not queued(world, lane) and active(world, lane) < slots(world, lane)


def enqueue(world: "World", session: Session, run: Run) -> None:
    """Let a run wait for a slot of its lane; it has the lock already."""
    lane = lane_of(session)
    run.queued_at = world.now()
    run.ahead = (len(queued(world, lane)), active(world, lane))
    session.run = run
    session.lock = Lock("queued", session.session_id, run.holder, world.now())
    world.lane_queue.append(session.key)


def admitted(world: "World") -> Iterator[Session]:
    """Sessions whose turn has come, in order; each has its slot when it is handed out."""
    world.lane_queue = [
        key for key in world.lane_queue if key in world.sessions and waits(world.sessions[key])
    ]
    free: dict[str, int] = {}
    for key in list(world.lane_queue):
        session = world.sessions[key]
        lane = lane_of(session)
        if lane not in free:
            free[lane] = slots(world, lane) - active(world, lane)
        if free[lane] > 0 and session.run is not None:
            free[lane] -= 1
            world.lane_queue.remove(key)
            _admit(world, lane, session.run, slots(world, lane) - free[lane] - 1)
            yield session


def _admit(world: "World", lane: str, run: Run, now_active: int) -> None:
    """Give a run its slot; a long wait is logged only now."""
    waited, run.queued_at = world.now() - (run.queued_at or world.now()), None
    if waited < WARN_MS:
        return
    behind = len(queued(world, lane))
    world.log(
        f"lane wait exceeded: lane={lane} waitedMs={waited} queueAhead={run.ahead[0]}"
        f" activeAhead={run.ahead[1]} activeNow={now_active} queueBehind={behind}",
        "WARN",
    )


def answer(world: "World") -> Obj:
    """Answer ``diagnostics.lanes`` (September); session lanes appear only as a total."""
    busy = [s for s in world.sessions.values() if has_slot(s) or waits(s)]
    behind = [len(s.queued("channel")) for s in busy]
    dynamic = {
        "laneCount": len(busy),
        "activeCount": len(busy),
        "queuedCount": sum(behind),
        "queuedLaneCount": sum(1 for number in behind if number),
    }
    return {"ts": world.now(), "lanes": rows(world), "dynamic": dynamic if busy else None}


def rows(world: "World") -> list[Obj]:
    """The named lanes."""
    return [_row(world, name, size) for name, size in SLOTS]


def _row(world: "World", name: str, size: int) -> Obj:
    row: Obj = {
        "lane": name,
        "queuedCount": 0,
        "maxConcurrent": size,
        "draining": world.draining and name == "main",
        "activeCount": 0,
        "generation": 0,
        "blockedBy": None,
    }
    if name in ("main", "subagent"):
        row["maxConcurrent"] = slots(world, name)
        row["queuedCount"] = len(queued(world, name))
        row["activeCount"] = min(active(world, name), slots(world, name))
        row["blockedBy"] = "lane" if row["queuedCount"] else None
    return row
