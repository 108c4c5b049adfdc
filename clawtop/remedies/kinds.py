"""What kind of hold this can be, as far as the picture tells. Several may fit."""

from __future__ import annotations

from enum import Enum, auto

from clawtop.picture.coverage import is_september
from clawtop.picture.records import Holder, Lock, Verdict
from clawtop.picture.store import Store


class Kind(Enum):
    """Kinds that were told apart by what each remedy did to them on real gateways."""

    LIVE_RPC = auto()  # the owner is alive: a hung model, a tool; an RPC started it
    LIVE_OTHER = auto()  # the same, started by a channel, a heartbeat, cron
    HOOK = auto()  # the owner is stuck in a hook: lock and lane are taken
    ORPHAN = auto()  # a registry entry whose owner is gone
    OTHER_ID = auto()  # a lock under another session id than the stored one; rows hide it
    UNDELIVERED = auto()  # the reply never leaves: the channel's delivery hangs


DEAD = frozenset({Kind.HOOK, Kind.ORPHAN, Kind.UNDELIVERED})


def kinds_of(lock: Lock, store: Store) -> frozenset[Kind]:
    """The kinds that fit what is seen of this lock."""
    if lock.verdict == Verdict.GHOST:
        return frozenset()
    if lock.layer == "delivery":
        return frozenset({Kind.UNDELIVERED, Kind.ORPHAN})
    facts = store.held.sessions.get(lock.session_key)
    run = facts.run if facts is not None else None
    if run is not None:
        by_rpc = run.via == "agent" or (run.via == "probe" and not run.abortable)
        if lock.holder == Holder.HEARTBEAT:
            by_rpc = False
        return frozenset({Kind.LIVE_RPC if by_rpc else Kind.LIVE_OTHER})
    if facts is not None and facts.no_run_since_ms is not None:
        return DEAD
    if store.facts is not None and is_september(store.facts):
        return DEAD | {Kind.LIVE_RPC, Kind.LIVE_OTHER}
    if lock.row_active:
        return frozenset({Kind.LIVE_RPC, Kind.LIVE_OTHER})
    return frozenset({Kind.LIVE_OTHER})
