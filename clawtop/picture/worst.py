"""The worst fact in words, and the order in which locks need a person."""

from __future__ import annotations

from msgspec import Struct

from clawtop.picture.records import Lock, Verdict
from clawtop.picture.sessions import QUEUED
from clawtop.picture.store import Store
from clawtop.text import age, count, plain

NEED = (
    Verdict.LEAKED,
    Verdict.STALE,
    Verdict.ABORTING,
    Verdict.WAITING_APPROVAL,
    Verdict.QUIET,
    Verdict.WAITING_RETRY,
    Verdict.UNKNOWN,
    Verdict.WORKING,
    Verdict.GHOST,
)
RANK = {str(verdict): rank for rank, verdict in enumerate(NEED)}
MANY_COPIES = 3


def lock_order(lock: Lock) -> tuple[int, int, str]:
    """Who needs a person most comes first; then the oldest."""
    rank = RANK.get(str(lock.verdict), 5)
    if lock.phase == QUEUED:
        rank = RANK[str(Verdict.WORKING)]  # it waits for a slot: the lane is the trouble, if any
    return rank, lock.since_ms or 0, lock.session_key


class Fact(Struct, frozen=True):
    """One fact in words; ``urgent`` ones deserve a strong colour.

    ``session_key``: what it is about, where it is one session. ``incidents``: ids of the
    incidents that say the same, so that nobody has to read it twice.
    """

    text: str
    urgent: bool = False
    session_key: str | None = None
    incidents: tuple[str, ...] = ()


def worst_facts(store: Store) -> list[Fact]:
    """Everything that may need a person, worst first."""
    parts = (_locks, _aborting, _unnamed, _copies, _queue, _gateway)
    facts = [fact for part in parts for fact in part(store)]
    return sorted(facts, key=lambda fact: not fact.urgent)


def _locks(store: Store) -> list[Fact]:
    found = []
    bad = [store.held.locks[key] for key in store.held.stuck]
    for lock in sorted(bad, key=lock_order):
        since = lock.idle_since_ms or lock.since_ms
        passed = None if since is None else store.now_ms - since
        what = "leaked lock" if lock.verdict == Verdict.LEAKED else "stale lock"
        how_long = age(passed, at_least=True) if passed is not None else "since unknown"
        text = f"{what}  {plain(lock.session_key)}  {how_long}  {lock.proof}"
        found.append(Fact(text, urgent=True, session_key=lock.session_key))
    return found


def _aborting(store: Store) -> list[Fact]:
    """An abort is a wish: until the release is seen, something still holds the session."""
    if not store.held.verdicts[Verdict.ABORTING]:
        return []
    found = [lock for lock in store.held.locks.values() if lock.verdict == Verdict.ABORTING]
    return [
        Fact(
            f"abort asked, no release seen yet  {plain(lock.session_key)}",
            urgent=True,
            session_key=lock.session_key,
        )
        for lock in sorted(found, key=lock_order)
    ]


def _unnamed(store: Store) -> list[Fact]:
    number = store.held.anonymous.number()
    if not number:
        return []
    text = f"{count(number, 'lock')} held that no session can be named for"
    return [Fact(text, incidents=("I-05",))]


def _copies(store: Store) -> list[Fact]:
    found = []
    for size, first in store.backlog.sizes():
        if size >= MANY_COPIES:
            where = plain(first.session_key or "no session")
            text = f"the same approval {size} times  {where}"
            found.append(Fact(text, True, first.session_key, ("I-01",)))
    return found


def _queue(store: Store) -> list[Fact]:
    queue = store.queue.fullest
    if queue is None or not queue.at_cap:
        return []
    where = plain(queue.session_key or "main session")
    text = f"system events at the cap of {queue.count}: older ones may be gone  {where}"
    return [Fact(text, incidents=("I-27",))]


def _gateway(store: Store) -> list[Fact]:
    found = []
    if store.draining:
        found.append(Fact("the gateway is draining for a stop or restart", incidents=("I-19",)))
    for one in store.recoveries()[:20]:
        if one.verdict in ("failed", "lost", "no_effect"):
            word = one.verdict.replace("_", " ")
            where = plain(one.session_key or "session not named")
            found.append(Fact(f"recovery {word}  {where}", session_key=one.session_key))
            break
    if store.event_loop_degraded:
        text = "the gateway's event loop is degraded: everything may look slow"
        found.append(Fact(text, incidents=("I-18",)))
    return found
