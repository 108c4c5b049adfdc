"""What the companion plugin would tell and do inside this gateway; see clawtop/companion/README.md.

Everything comes from the world's own truth. How a forced release ends was measured on 2026.5.28
and 2026.9.6 with a plugin that does the same.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clawtop.demo import aborts, lanes, runs, snapshot
from clawtop.demo.model import Lock, Obj, QueuedLine, Run, Session, Waiting

if TYPE_CHECKING:
    from clawtop.demo.world import World

SCHEMA = "clawtop.companion/1"
VERSION = "1.0.0"
TEXT_MOST = 500  # characters
ITEMS_MOST = 500  # of each part
DAY_MS = 86_400_000


def answer(world: "World", since: int | None, instance: str | None) -> Obj:
    """Answer ``clawtop.snapshot``; ``since`` counts only while ``instance`` is this one."""
    held = [session for session in world.sessions.values() if session.lock is not None]
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "gatewayVersion": snapshot.version(world),
        "instance": world.boot_id,
        "at": world.now(),
        "canRelease": world.allow_release,
        "generation": world.generation if held else None,
        "locks": _part([_lock(world, one, one.lock) for one in held if one.lock is not None]),
        "followups": _part([_parked(one) for one in world.sessions.values() if parked(world, one)]),
        "systemEvents": _events(world),
        "lanes": _part([*_named_lanes(world), *_session_lanes(world)]),
        "runs": _part([run for one in held for run in _rpc_runs(world, one)]),
        "recoveries": _recoveries(world, since if instance == world.boot_id else None),
    }


def _part(items: Sequence[Obj], total: int | None = None, **more: object) -> Obj:
    count = len(items) if total is None else total
    return {"supported": True, "total": count, **more, "items": items[:ITEMS_MOST]}


def _cut(text: str) -> Obj:
    return {"text": text[:TEXT_MOST], "cut": len(text) > TEXT_MOST}


# -- the parts


def in_lane(session: Session) -> bool:
    """Whether a task of this session sits in its lane: a run, a stuck owner, or a dead one."""
    return lanes.has_slot(session) or lanes.waits(session)


def _lane_queued(session: Session) -> int:
    """A message that took the lock of a session whose lane a dead owner still has."""
    return int(session.lane_taken and session.lock is not None)


def parked(world: "World", session: Session) -> list[Waiting]:
    """Messages set aside until the next one comes: those of RPC clients, on September."""
    return session.queued("rpc") if world.september else []


def _waiters(world: "World", session: Session) -> int:
    """Turns that wait for this very lock."""
    by_rpc = 0 if world.september else len(session.queued("rpc"))
    return len(session.queued("channel")) + by_rpc


def _rpc_runs(world: "World", session: Session) -> list[Obj]:
    """Runs started by RPC. On April a message that waits is one of them, also the first of its
    session where something else holds it (measured on 2026.5.28); a parked one is not."""
    run = session.run
    own = [(run.run_id, run.started_at)] if run is not None and run.holder == "rpc" else []
    behind = [] if world.september else session.queued("rpc")
    found = [*own, *((one.run_id, one.accepted_at) for one in behind)]
    return [
        {
            "runId": run_id,
            "key": session.key,
            "sessionId": session.session_id,
            "startedAtMs": began,
            "expiresAtMs": began + DAY_MS,
        }
        for run_id, began in found
    ]


def _lock(world: "World", session: Session, lock: Lock) -> Obj:
    """One entry of the registry; only September keeps times, turn and agent."""
    run, late = session.run, world.september
    turn = "heartbeat" if lock.holder == "heartbeat" else "visible"
    active = lock.since if run is None else max(lock.since, run.progress_at)
    named = next(iter(_rpc_runs(world, session)), None)
    return {
        "key": session.key,
        "sessionId": lock.session_id,
        "phase": lock.phase,
        "token": lock.token,
        "startedAtMs": lock.since if late else None,
        "lastActivityAtMs": active if late else None,
        "turnKind": turn if late else None,
        "agentId": session.agent_id if late else None,
        "waiters": _waiters(world, session),
        "laneTask": in_lane(session),
        "laneQueued": _lane_queued(session),
        "runId": named["runId"] if named is not None else None,
        "embeddedRun": _embedded(run),
    }


def _embedded(run: Run | None) -> bool:
    """Whether the run is registered: one that is prepared, or waits for a slot, is not yet."""
    return run is not None and not run.preparing and run.queued_at is None


def _parked(session: Session) -> Obj:
    waiting = session.queued("rpc")
    messages = [
        {"text": one.text[:TEXT_MOST], "at": one.accepted_at, "from": "demo", "channel": "webchat"}
        for one in waiting
    ]
    return {"key": session.key, "depth": len(waiting), "messages": messages}


def _events(world: "World") -> Obj:
    full = {key: lines for key, lines in world.queues.items() if lines}
    items = [
        {"key": key, "count": len(lines), "events": [_event(line) for line in lines]}
        for key, lines in full.items()
    ]
    return _part(items, sum(len(lines) for lines in full.values()), queues=len(items))


def _event(line: QueuedLine) -> Obj:
    names = {"token": line.token, "at": line.at, "contextKey": line.context_key, "channel": None}
    return {**_cut(line.text), **names}


def _named_lanes(world: "World") -> list[Obj]:
    rows = [row for row in lanes.rows(world) if row["activeCount"] or row["queuedCount"]]
    return [
        {
            "lane": row["lane"],
            "key": None,
            "active": row["activeCount"],
            "queued": row["queuedCount"],
            "max": row["maxConcurrent"],
            "draining": row["draining"],
            "oldestWaitMs": _oldest_wait(world, row["lane"]),
        }
        for row in rows
    ]


def _oldest_wait(world: "World", lane: str) -> int | None:
    since = [s.run.queued_at for s in lanes.queued(world, lane) if s.run and s.run.queued_at]
    return world.now() - min(since) if since else None


def _session_lanes(world: "World") -> list[Obj]:
    return [
        {
            "lane": f"session:{one.key}",
            "key": one.key,
            "active": 1,
            "queued": _lane_queued(one),
            "max": 1,
            "draining": False,
            "oldestWaitMs": world.now() - one.lock.since if one.lock and one.lane_taken else None,
        }
        for one in world.sessions.values()
        if in_lane(one)
    ]


def heard(session: Session, record: Obj) -> Obj:
    """A recovery event as a plugin hears it: the ring's record, and whom it is about."""
    done = record["type"].endswith("completed")
    return {
        "seq": record["seq"],
        "at": record["ts"],
        "type": record["type"],
        "key": session.key,
        "sessionId": session.session_id,
        "status": record["outcome"] if done else None,
        "action": record["action"] if done else None,
        "reason": record.get("reason"),
        "ageMs": record["ageMs"],
        "queueDepth": record["queueDepth"],
        "released": 0 if done else None,
    }


def _recoveries(world: "World", since: int | None) -> Obj:
    kept = list(world.named_recoveries)
    seqs = [one["seq"] for one in kept]
    fresh = [one for one in kept if since is None or one["seq"] > since]
    ends = {"firstSeq": min(seqs, default=None), "lastSeq": max(seqs, default=None)}
    return _part(fresh, len(kept), **ends, dropped=0)


# -- acting


def refusal(code: str, why: str) -> Obj:
    """The answer of an act that was not done."""
    return {"ok": False, "code": code, "why": why}


def release(world: "World", key: str, token: str) -> Obj:
    """``clawtop.release``: end exactly that operation; April renews a dead owner's lane, too."""
    session = world.sessions.get(key)
    lock = session.lock if session is not None else None
    if session is None or lock is None:
        return refusal("gone", "nothing holds that session")
    if lock.token != token:
        return refusal("changed", "another operation holds it now")
    taken = in_lane(session)
    if world.september and taken:
        return refusal("owner-in-lane", "its owner still sits in the session lane")
    done = {"key": key, "sessionId": lock.session_id, "phase": lock.phase}
    run = session.run
    # A live run is aborted first and gives its lane back itself (measured on 2026.5.28).
    renewed = taken and not _embedded(run)
    if run is not None and run.holder == "rpc":
        aborts.stop_run(world, session, run)
    runs.release(world, session, renew_lane=True)
    return {"ok": True, **done, "laneRenewed": renewed}


def drop_event(world: "World", key: str, token: str) -> Obj:
    """``clawtop.dropEvent``: take one copy of a queued line out; the last one stays."""
    queue = world.queues.get(key, [])
    line = next((one for one in queue if one.token == token), None)
    if line is None:
        return refusal("gone", "that event is not queued any more")
    if not any(_copy(line, other) for other in queue):
        return refusal("not-a-copy", "no other queued event has the same context key or text")
    queue.remove(line)
    return {"ok": True, "key": key, "left": len(queue)}


def _copy(line: QueuedLine, other: QueuedLine) -> bool:
    same_key = line.context_key is not None and line.context_key == other.context_key
    return line is not other and (same_key or line.text == other.text)
