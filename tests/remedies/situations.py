"""Sessions held in each way that can be told apart, on each generation, seen from outside and,
with a companion, from inside."""

from collections.abc import Callable
from typing import Any

from clawtop.picture import changes as c
from clawtop.picture.companion import ExactLock, RpcRun
from clawtop.picture.records import Lock
from clawtop.remedies.ladder import ladder
from clawtop.remedies.steps import Offer
from tests.picture.builders import (
    KEY,
    Picture,
    approval,
    approvals,
    at_ms,
    begins,
    counted,
    later_row,
    leaked,
    listed,
    row,
    running_row,
)
from tests.picture.inside import entry, lane, seeing, told, working

LATER = "september"


def rows_of(generation: str) -> c.RowsListed:
    return listed(later_row() if generation == LATER else running_row())


def rpc(generation: str) -> Picture:
    """A run that an RPC started and that was seen to begin."""
    return Picture(generation).tell(rows_of(generation), begins())


def rpc_unseen(generation: str) -> Picture:
    """Held since before we came: April flags only RPC runs, later gateways everything."""
    return Picture(generation).tell(rows_of(generation))


def channel(generation: str) -> Picture:
    held = later_row() if generation == LATER else running_row(active=False)
    start = c.SessionChanged(KEY, phase="start", run_id="run-1", ts=at_ms(0), row=held)
    return Picture(generation).tell(start)


def heartbeat(generation: str) -> Picture:
    return Picture(generation).tell(rows_of(generation), begins(is_heartbeat=True))


def orphan(generation: str) -> Picture:
    """No run where a lock is: an owner stuck in a hook, gone, or a reply never delivered."""
    if generation == LATER:
        return leaked()
    picture = Picture(generation).tell(listed(row(status="done", has_active_run=True)))
    return picture.tell(listed(row(status="done", has_active_run=True), at=70), at=70)


def ghost(generation: str) -> Picture:
    held = running_row(active=False)
    if generation == LATER:
        held = later_row(active=False, status="running")
    return Picture(generation).tell(listed(held), counted(0))


def waiting_approval(generation: str) -> Picture:
    return rpc(generation).tell(approvals(approval("a-1")))


# -- the same from inside, each held and looked at for long enough to be sure

HELD_S = 100.0


def began(generation: str, at: float) -> dict[str, Any]:
    """When the lock was taken, where that generation keeps it."""
    return {"began": at} if generation == LATER else {}


def seen(
    generation: str,
    lock: ExactLock | None,
    *before: c.Change,
    can_release: bool = True,
    for_s: float = HELD_S,
    **more: Any,
) -> Picture:
    """A lock as the companion read it several times until now."""
    picture = seeing(generation).tell(*before)
    locks = [lock] if lock is not None else []
    for at in (0.0, for_s / 2, for_s):
        picture.tell(told(*locks, at=at, can_release=can_release, **more), at=at)
    return picture


def _row(generation: str, *, status: str = "done", active: bool = True) -> c.RowsListed:
    told: dict[str, Any] = {"status": status, "started_at": at_ms(-20), "ended_at": at_ms(-10)}
    if generation == LATER:
        return listed(later_row(**told))
    return listed(row(has_active_run=active, **told))


def inside_rpc(generation: str, **how: Any) -> Picture:
    """A hung model call of a message that an RPC sent."""
    run = RpcRun("run-1", key=KEY, started_at_ms=at_ms(0))
    lock = working(**began(generation, 0), run_id="run-1")
    return seen(generation, lock, rows_of(generation), begins(), runs=[run], **how)


def inside_channel(generation: str, **how: Any) -> Picture:
    """A hung model call of a channel's message; its run was not seen to begin."""
    held = later_row() if generation == LATER else running_row(active=False, started_at=at_ms(0))
    return seen(generation, working(**began(generation, 0)), listed(held), **how)


def inside_hook(generation: str, **how: Any) -> Picture:
    """An owner that never gets to its model: a task in the lane, no run."""
    lock = working(**began(generation, 0), embedded_run=False, waiters=how.pop("waiters", 0))
    return seen(generation, lock, _row(generation), **how)


def inside_young_hook(generation: str, **how: Any) -> Picture:
    """The same, so lately that it may be a run that is being prepared."""
    return inside_hook(generation, for_s=20.0, **how)


def inside_hook_waited(generation: str, **how: Any) -> Picture:
    return inside_hook(generation, waiters=1, **how)


def inside_orphan(generation: str, phase: str = "running", **how: Any) -> Picture:
    lock = entry(**began(generation, 0), phase=phase, waiters=how.pop("waiters", 0))
    return seen(generation, lock, _row(generation), **how)


def inside_orphan_waited(generation: str, **how: Any) -> Picture:
    """The same with a message behind it."""
    return inside_orphan(generation, waiters=1, **how)


def inside_orphan_queued(generation: str, **how: Any) -> Picture:
    return inside_orphan(generation, "queued", **how)


def inside_orphan_aborted(generation: str, **how: Any) -> Picture:
    """Aborted longer ago than any gateway takes to release it."""
    return inside_orphan(generation, "aborted", **how)


def inside_other_id(generation: str, **how: Any) -> Picture:
    lock = entry(**began(generation, 0), session_id="another")
    return seen(generation, lock, _row(generation), **how)


def inside_undelivered(generation: str, **how: Any) -> Picture:
    """Its own run ended while the lock was seen, and the lock stayed."""
    lock = entry(**began(generation, 0), phase="queued" if generation != LATER else "running")
    picture = seeing(generation).tell(listed(running_row(active=False, started_at=at_ms(0))))
    can = how.get("can_release", True)
    for at in (0.0, 50.0):
        picture.tell(told(lock, at=at, can_release=can), at=at)
    ended = row(status="done", has_active_run=generation == LATER, ended_at=at_ms(60))
    picture.tell(listed(ended, at=61), at=61)
    picture.tell(listed(ended, at=HELD_S), told(lock, at=HELD_S, can_release=can), at=HELD_S)
    return picture


def inside_lane(generation: str, **how: Any) -> Picture:
    """No lock, and its lane is taken by nobody that is known."""
    return seen(generation, None, _row(generation, active=False), lanes=[lane(KEY)], **how)


INSIDE: dict[str, Callable[..., Picture]] = {
    "rpc": inside_rpc,
    "channel": inside_channel,
    "young hook": inside_young_hook,
    "hook": inside_hook,
    "hook waited for": inside_hook_waited,
    "orphan queued": inside_orphan_queued,
    "orphan": inside_orphan,
    "orphan waited for": inside_orphan_waited,
    "orphan aborted": inside_orphan_aborted,
    "other id": inside_other_id,
    "undelivered": inside_undelivered,
    "lane": inside_lane,
}

SITUATIONS = {
    "rpc": rpc,
    "rpc unseen": rpc_unseen,
    "channel": channel,
    "heartbeat": heartbeat,
    "orphan": orphan,
    "ghost": ghost,
    "waiting approval": waiting_approval,
}


def offers(picture: Picture, key: str = KEY) -> dict[str, Offer]:
    return {str(offer.step): offer for offer in ladder(picture.lock(key), picture.store)}


def offered(picture: Picture, key: str = KEY) -> list[str]:
    return [step for step, offer in offers(picture, key).items() if offer.available]


def lock_of(picture: Picture) -> Lock:
    return picture.lock(KEY)
