"""Exact sight: the companion's answer into the parts of the picture, each part for itself.

A part that the companion could not read stays what it was: inferred. An answer that is old, or a
companion that is gone, takes exactness away again; nothing is exact for longer than it was read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from clawtop.picture.changes import GatewayFacts
from clawtop.picture.companion import Companion, CompanionRead, ExactLane
from clawtop.picture.companion import Part as Answered
from clawtop.picture.events import EventQueue
from clawtop.picture.held import HeldSessions
from clawtop.picture.lanes import LaneBook
from clawtop.picture.records import Lane
from clawtop.picture.recoveries import Ledger
from clawtop.picture.sessions import whole

LAPSE_MS = 20_000  # asked every two seconds; so long without an answer is no hiccup
NOT_SAID = "it does not say why"


class Parts(Protocol):
    """What of the store the companion's answer goes into."""

    now_ms: int
    facts: GatewayFacts | None
    companion: Companion | None
    held: HeldSessions
    queue: EventQueue
    ledger: Ledger
    lanes: dict[str, Lane]
    lane_book: LaneBook


Touch = Callable[..., None]


def take(store: Parts, change: CompanionRead, touch: Touch) -> bool:
    """Take one answer; True when recovery attempts got names or new readings."""
    at_ms = whole(change.at) or store.now_ms
    parts: dict[str, Answered] = {
        "locks": change.locks,
        "waiting": change.followups,
        "system_events": change.system_events,
        "lanes": change.lanes,
        "runs": change.runs,
        "recoveries": change.recoveries,
    }
    why = {name: part.why or NOT_SAID for name, part in parts.items() if not part.supported}
    if change.locks.supported and len(change.locks.items) < (change.locks.total or 0):
        why["locks"] = f"there are {change.locks.total} locks, more than it tells at once"
    store.companion = Companion(
        version=change.version,
        can_release=change.can_release,
        instance=change.instance,
        at_ms=at_ms,
        generation=change.generation,
        why=why,
    )
    store.held.read_registry(change)
    touch("waiting", "*")
    if change.system_events.supported:
        if store.queue.read_exactly(change.system_events, store.now_ms):
            touch("system_events", "*")
    else:
        store.queue.inexact()
    if change.lanes.supported and not _lists_lanes(store):
        _take_lanes(store, change, touch)
    touch("gateway")
    return change.recoveries.supported and store.ledger.named(change.instance, change.recoveries)


def _lists_lanes(store: Parts) -> bool:
    return store.facts is not None and "diagnostics.lanes" in store.facts.methods


def _take_lanes(store: Parts, change: CompanionRead, touch: Touch) -> None:
    """Named lanes of a gateway that does not list them itself; the idle ones are left out."""
    lanes = {one.lane: _lane(one) for one in change.lanes.items if one.key is None}
    moved = store.lane_book.read(store.now_ms, lanes.values())
    if lanes != store.lanes or moved:
        store.lanes = lanes
        touch("lanes", "*")


def _lane(one: ExactLane) -> Lane:
    return Lane(
        lane=one.lane,
        active=one.active,
        queued=one.queued,
        max=one.max,
        draining=one.draining,
        blocked_by=None,
        oldest_wait_ms=whole(one.oldest_wait_ms),
    )


def lapse(store: Parts, touch: Touch) -> None:
    """No answer for too long: what it told is not exact any more."""
    known = store.companion
    if known is None or store.now_ms - known.at_ms <= LAPSE_MS:
        return
    lose(store, touch)


def lose(store: Parts, touch: Touch) -> None:
    """The companion is gone, or the gateway that it told of."""
    if store.companion is None:
        return
    store.companion = None
    store.held.lose_registry()
    store.queue.inexact()
    for panel in ("system_events", "waiting", "recoveries"):
        touch(panel, "*")
    touch("gateway")
