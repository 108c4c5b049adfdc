"""What kind of hold this can be, as far as the picture tells. Several may fit."""

from __future__ import annotations

from enum import Enum, auto

from clawtop.picture.coverage import is_september
from clawtop.picture.exact import PREPARING_MS, Sight
from clawtop.picture.records import Holder, Lock, Verdict
from clawtop.picture.sessions import SessionFacts, whole
from clawtop.picture.store import Store
from clawtop.remedies.holder import accepted_first, lock_began


class Kind(Enum):
    """Kinds that were told apart by what each remedy did to them on real gateways."""

    LIVE_RPC = auto()  # the owner is alive: a hung model, a tool; an RPC started it
    LIVE_OTHER = auto()  # the same, started by a channel, a heartbeat, cron
    HOOK = auto()  # the owner is stuck in a hook: lock and lane are taken
    ORPHAN = auto()  # a registry entry whose owner is gone
    OTHER_ID = auto()  # the same under another session id than the stored one; rows hide it
    UNDELIVERED = auto()  # the reply never leaves: the channel's delivery hangs
    LANE = auto()  # no lock any more, but a dead owner's task still has the session lane


LIVE = frozenset({Kind.LIVE_RPC, Kind.LIVE_OTHER})
DEAD = frozenset({Kind.HOOK, Kind.ORPHAN, Kind.UNDELIVERED})


def kinds_of(lock: Lock, store: Store) -> frozenset[Kind]:
    """The kinds that fit what is seen of this lock; exact knowledge leaves fewer of them."""
    if lock.verdict == Verdict.GHOST:
        return frozenset()
    facts = store.held.sessions.get(lock.session_key)
    later = store.facts is not None and is_september(store.facts)
    if facts is not None and facts.exact is not None and lock.token is not None:
        return _exactly(lock, facts, facts.exact, store)
    if lock.layer == "lane":
        return frozenset({Kind.LANE}) if lock.verdict == Verdict.LEAKED else LIVE | {Kind.LANE}
    if lock.layer == "delivery":
        return frozenset({Kind.UNDELIVERED, Kind.ORPHAN})
    live = _named_run(lock, facts)
    if live is not None:
        return live
    if facts is not None and facts.no_run_since_ms is not None:
        return DEAD
    if later:
        return DEAD | LIVE
    if lock.row_active:
        return LIVE
    return frozenset({Kind.LIVE_OTHER})


def _named_run(lock: Lock, facts: SessionFacts | None) -> frozenset[Kind] | None:
    """The kind of a hold whose run is named; None where none is."""
    run = facts.run if facts is not None else None
    if run is None:
        return None
    by_rpc = run.via == "agent" or (run.via == "probe" and not run.abortable)
    if lock.holder == Holder.HEARTBEAT:
        by_rpc = False
    return frozenset({Kind.LIVE_RPC if by_rpc else Kind.LIVE_OTHER})


def _exactly(lock: Lock, facts: SessionFacts, sight: Sight, store: Store) -> frozenset[Kind]:
    """The kinds of an entry of the gateway's own registry.

    ``taskless_ms`` says that neither a task of its lane nor a run belongs to it: then it is
    preparing, delivering, or nobody's.
    """
    later = store.facts is not None and is_september(store.facts)
    if sight.taskless_ms is None:
        return _at_work(lock, facts, sight, store)
    if lock.layer == "delivery":
        return frozenset({Kind.UNDELIVERED})
    dead = {Kind.OTHER_ID} if other_id(lock, facts) else {Kind.ORPHAN}
    if facts.session_id is None:
        dead.add(Kind.OTHER_ID)  # no row was listed that could tell
    if not later and Kind.ORPHAN in dead:
        dead.add(Kind.UNDELIVERED)  # such a gateway keeps no time of a lock that could tell
    if lock.verdict == Verdict.LEAKED or (later and dead == {Kind.OTHER_ID}):
        return frozenset(dead)
    if later:
        return frozenset({*dead, Kind.UNDELIVERED, *LIVE})
    # an April lock is set to running inside its lane: without a task there it prepares no more
    return frozenset({*dead, *LIVE}) if lock.phase == "queued" else frozenset(dead)


def other_id(lock: Lock, facts: SessionFacts) -> bool:
    """Whether the lock carries another session id than the stored session."""
    return bool(lock.session_id and facts.session_id and lock.session_id != facts.session_id)


def _at_work(lock: Lock, facts: SessionFacts, sight: Sight, store: Store) -> frozenset[Kind]:
    """Something of it has the lane, or that cannot be told: a run, or an owner stuck in a hook."""
    live = _named_run(lock, facts)
    if live is not None:
        return live
    if sight.lock.lane_task is None and sight.lock.embedded_run is not True:
        return DEAD | LIVE | {Kind.OTHER_ID}
    live = _live_kinds(facts, sight)
    # a run is registered before its model is asked, and after every hook that was seen to hang
    if sight.lock.embedded_run:
        return live
    stuck = frozenset({Kind.HOOK})
    return stuck if _prepares_no_more(lock, sight, store) else live | stuck


def _prepares_no_more(lock: Lock, sight: Sight, store: Store) -> bool:
    """At it for longer than any preparation takes, and not because a lane has no slot for it."""
    began = whole(sight.lock.started_at_ms) or sight.first_ms
    waits = any(lane.queued for lane in store.lanes.values())
    return lock.phase == "running" and not waits and store.now_ms - began >= PREPARING_MS


def _live_kinds(facts: SessionFacts, sight: Sight) -> frozenset[Kind]:
    """Who started it, from the runs that RPCs asked for."""
    if not sight.runs:
        return frozenset({Kind.LIVE_OTHER})
    if lock_began(facts, sight) is None:
        return LIVE
    first = accepted_first(facts, sight)
    return frozenset({Kind.LIVE_OTHER if first is None else Kind.LIVE_RPC})
