"""What a second look needs to know of the first: plain data out of a store, and back into one.

Only what was seen is remembered, never a text: system events as digests, approvals by the digest
of their group. It is believed only on the same boot of the same gateway, and only where nothing
shows that the session was free in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct, structs

from clawtop.picture.approvals import Ask
from clawtop.picture.exact import LOOKS
from clawtop.picture.lanes import Sample
from clawtop.picture.pause import SAME_START_MS
from clawtop.picture.records import Lock, SystemEvent, Verdict
from clawtop.picture.sessions import SessionFacts
from clawtop.picture.store import Store

SCHEMA = "clawtop.memory/1"
SESSIONS = 500
GROUPS = 200
TURNS = 500
EVENTS = 200
OLDEST_MS = 24 * 3_600_000
COUNT_GAP_MS = 3_600_000  # an anonymous count seen less often than this is two counts
LANE_GAP_MS = 90_000  # lane samples further apart say nothing of what lay between them


class Hold(Struct):
    """One held session as it was seen. Times are gateway ms."""

    session_id: str | None = None
    run_id: str | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    first_held_ms: int | None = None
    no_run_since_ms: int | None = None
    no_run_probes: int = 0
    token: str | None = None  # of the very operation, where the companion names it
    phase: str | None = None
    taskless_ms: int | None = None


class Memory(Struct):
    """The whole of it; ``started_ms`` names the boot where a gateway has no boot id."""

    schema: str
    url: str
    at_ms: int
    boot_id: str | None = None
    started_ms: int | None = None
    sessions: dict[str, Hold] = {}
    unnamed: int = 0
    unnamed_since_ms: int | None = None
    asks: dict[str, list[Ask]] = {}
    lanes: dict[str, list[Sample]] = {}
    turns: list[tuple[str, str, str, list[int]]] = []
    events: list[tuple[str, int]] = []


def memory_of(store: Store) -> dict[str, Any] | None:
    """What to keep of this look; None before a handshake."""
    facts = store.facts
    if facts is None:
        return None
    unnamed = store.held.anonymous.number() or 0
    memory = Memory(
        schema=SCHEMA,
        url=facts.url,
        at_ms=store.now_ms,
        boot_id=facts.boot_id,
        started_ms=store.started_ms,
        sessions=_sessions(store),
        unnamed=unnamed,
        unnamed_since_ms=store.held.anonymous.since_ms if unnamed else None,
        asks=_asks(store),
        lanes={lane: store.lane_book.samples(lane) for lane in store.lane_book.names()},
        turns=[(*place, times) for place, times in store.completions.all()][-TURNS:],
        events=[
            (_digest(event.text), event.seen_since_ms) for event in store.queue.events[:EVENTS]
        ],
    )
    builtins: dict[str, Any] = msgspec.to_builtins(memory)
    return builtins


def recall(store: Store, data: object) -> bool:
    """Add what an earlier look saw; False when it is of another boot, or unusable.

    Call it when this look has its own answers: what they contradict is not believed.
    """
    try:
        memory = msgspec.convert(data, type=Memory)
    except msgspec.ValidationError:
        return False
    if not _same_boot(store, memory):
        return False
    for key, hold in memory.sessions.items():
        _recall_hold(store, key, hold)
    _recall_count(store, memory)
    for group, asks in memory.asks.items():
        store.backlog.recall(group, [ask for ask in asks if ask.decision is not None])
    for lane, samples in memory.lanes.items():
        if samples and store.now_ms - samples[-1].at_ms <= LANE_GAP_MS:
            store.lane_book.recall(lane, samples)
    for key, exec_id, code, times in memory.turns:
        store.completions.recall((key, exec_id, code), times)
    if not store.queue.exact:
        store.queue.recall(_known_events(store.queue.events, memory.events))
    return True


def _same_boot(store: Store, memory: Memory) -> bool:
    facts = store.facts
    if facts is None or memory.schema != SCHEMA or memory.url != facts.url:
        return False
    if not -SAME_START_MS <= store.now_ms - memory.at_ms <= OLDEST_MS:
        return False
    if facts.boot_id or memory.boot_id:
        return facts.boot_id == memory.boot_id
    if store.started_ms is None or memory.started_ms is None:
        return False
    return abs(store.started_ms - memory.started_ms) <= SAME_START_MS


# -- sessions and the count of those that cannot be named


def _sessions(store: Store) -> dict[str, Hold]:
    held = store.held
    locks = [lock for lock in held.locks.values() if lock.verdict != Verdict.GHOST]
    oldest = sorted(locks, key=_held_since)[:SESSIONS]
    facts = [held.sessions[lock.session_key] for lock in oldest]
    return {one.key: _hold(one) for one in facts}


def _held_since(lock: Lock) -> tuple[int, str]:
    return lock.since_ms or 0, lock.session_key


def _hold(facts: SessionFacts) -> Hold:
    sight = facts.exact
    return Hold(
        token=sight.lock.token if sight is not None else None,
        phase=sight.lock.phase if sight is not None else None,
        taskless_ms=sight.taskless_ms if sight is not None else None,
        session_id=facts.session_id,
        run_id=facts.run.run_id if facts.run is not None else None,
        started_ms=facts.started_ms,
        ended_ms=facts.row_ended_ms,
        first_held_ms=facts.first_held_ms,
        no_run_since_ms=facts.no_run_since_ms,
        no_run_probes=facts.no_run_probes,
    )


def _recall_hold(store: Store, key: str, then: Hold) -> None:
    """The same hold as before: same ids, and no run began or ended in between.

    A row's start and end change with every run; that a message came to wait changes neither.
    """
    facts = store.held.sessions.get(key)
    if facts is None or key not in store.held.locks:
        return
    now = _hold(facts)
    if (now.session_id, now.run_id, now.started_ms, now.ended_ms) != (
        then.session_id,
        then.run_id,
        then.started_ms,
        then.ended_ms,
    ):
        return
    facts.first_held_ms = _earlier(facts.first_held_ms, then.first_held_ms)
    if now.no_run_since_ms is not None and then.no_run_since_ms is not None:
        facts.no_run_since_ms = _earlier(now.no_run_since_ms, then.no_run_since_ms)
        facts.no_run_probes += max(then.no_run_probes, 0)
    _recall_sight(facts, then)
    store.held.mark(key)


def _recall_sight(facts: SessionFacts, then: Hold) -> None:
    """The same operation in the same phase, with nothing at work for it at both looks; that no
    run began in between, the row's times have told."""
    sight = facts.exact
    if sight is None or sight.taskless_ms is None or then.taskless_ms is None:
        return
    if (sight.lock.token, sight.lock.phase) == (then.token, then.phase) and then.token:
        facts.exact = structs.replace(
            sight,
            taskless_ms=min(sight.taskless_ms, then.taskless_ms),
            first_ms=min(sight.first_ms, then.taskless_ms),
            looks=LOOKS,
        )


def _earlier(now: int | None, then: int | None) -> int | None:
    known = [time for time in (now, then) if time is not None]
    return min(known, default=None)


def _recall_count(store: Store, memory: Memory) -> None:
    """Locks that no session can be named for: the same number of them, looked at often enough."""
    anonymous = store.held.anonymous
    if not memory.unnamed or memory.unnamed != anonymous.number():
        return
    if store.now_ms - memory.at_ms <= COUNT_GAP_MS:
        anonymous.since_ms = _earlier(anonymous.since_ms, memory.unnamed_since_ms)


# -- the rest


def _asks(store: Store) -> dict[str, list[Ask]]:
    """Requests whose end was seen. What became of the others between two looks is not known."""
    found = {}
    for group in store.backlog.asked_groups():
        asks = [ask for ask in store.backlog.asks(group) if ask.decision is not None]
        if asks:
            found[group] = asks
    return dict(list(found.items())[-GROUPS:])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _known_events(events: Iterable[SystemEvent], known: list[tuple[str, int]]) -> list[SystemEvent]:
    """The queue with the times at which its lines were first seen.

    A queue loses at its head and gains at its tail: the longest known tail that heads it stayed.
    """
    queued = list(events)
    digests = [_digest(event.text) for event in queued]
    for start in range(len(known) + 1):
        tail = known[start:]
        if [digest for digest, _ in tail] == digests[: len(tail)]:
            stayed = zip(queued, tail, strict=False)
            seen = [structs.replace(one, seen_since_ms=since) for one, (_, since) in stayed]
            return seen + queued[len(tail) :]
    return queued
