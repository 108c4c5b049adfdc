"""Recovery attempts: the gateway's ``session.recovery.requested`` paired with ``…completed``.

The diagnostics ring names no session. The companion hears the same events with their session;
without it pairs are made by order and age, and names come from log lines written within the same
second or two. On 2026.5.28 a request may be a phantom: a
second one while the first is under way. Counts therefore need not match, in either direction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from clawtop.picture.changes import StabilityEvent, StabilityRead
from clawtop.picture.companion import NamedRecovery, RecoveriesPart
from clawtop.picture.logs import OUTCOME_HEAD, STALL_HEADS, Note
from clawtop.picture.records import Recovery
from clawtop.picture.sessions import whole

FREEING = frozenset({"aborted", "released"})
IDLE = frozenset({"skipped", "noop"})  # what 2026.5.28 and 2026.9.6 call an end without an act
REQUESTED = "session.recovery.requested"
COMPLETED = "session.recovery.completed"
KEEP = 200  # attempts; a night of them
SAME_MS = 1_000
NEAR_MS = 2_000  # a log line and its ring record are written together
RUNNING_MS = 60_000  # an attempt settles within 15 s; a minute later its outcome is lost
AGAIN_MS = 90_000  # the next diagnostic ticks, 30 s apart


class Attempt(Struct):
    """One attempt while it is being put together."""

    id: str
    requested: StabilityEvent | None = None
    completed: StabilityEvent | None = None
    request_note: Note | None = None
    outcome_note: Note | None = None
    orphaned: bool = False
    request_name: NamedRecovery | None = None
    outcome_name: NamedRecovery | None = None

    @property
    def session_key(self) -> str | None:
        for name in (self.outcome_name, self.request_name):
            if name is not None and name.key:
                return name.key
        for note in (self.outcome_note, self.request_note):
            if note is not None and note.session_key:
                return note.session_key
        return None

    @property
    def at_ms(self) -> int:
        event = self.requested or self.completed
        return int(event.ts) if event is not None else 0


class Ledger:
    """The attempts seen since clawtop came, oldest first, bounded."""

    def __init__(self) -> None:
        self._attempts: deque[Attempt] = deque(maxlen=KEEP)
        self._notes: deque[Note] = deque(maxlen=KEEP)
        self._events: deque[StabilityEvent] = deque(maxlen=2 * KEEP)  # of this boot
        self._names: deque[NamedRecovery] = deque(maxlen=2 * KEEP)
        self.instance: str | None = None  # of the companion that told the names
        self.named_seq = 0
        self._epoch = 0
        self.last_seq = 0
        self.lost_history = False
        self.read_ms = 0  # when the ring was read last

    def __len__(self) -> int:
        return len(self._attempts)

    def restarted(self) -> None:
        """The gateway's ring begins anew; what was open will never be completed."""
        self._epoch += 1
        self.last_seq = 0
        self._events.clear()
        self._names.clear()
        for attempt in self._attempts:
            attempt.orphaned = attempt.orphaned or attempt.completed is None

    def read(self, change: StabilityRead) -> bool:
        """Take the ring's new records; True when there was one about a recovery."""
        if change.last_seq is not None and change.last_seq < self.last_seq:
            self.restarted()
        first = change.first_seq
        if self.last_seq and first is not None and first > self.last_seq + 1 and change.dropped:
            self.lost_history = True
        fresh = [event for event in change.events if event.seq > self.last_seq]
        seqs = [event.seq for event in change.events]
        self.last_seq = max([self.last_seq, change.last_seq or 0, *seqs])
        relevant = [event for event in fresh if event.type in (REQUESTED, COMPLETED)]
        for event in sorted(relevant, key=lambda one: one.seq):
            self._events.append(event)
            self._take(event)
        return bool(relevant)

    def named(self, instance: str | None, part: RecoveriesPart) -> bool:
        """Take what the companion heard; True when there was something new."""
        if instance != self.instance:
            self.instance, self.named_seq = instance, 0
            self._names.clear()
        fresh = [one for one in part.items if one.seq > self.named_seq]
        self.named_seq = max([self.named_seq, part.last_seq or 0, *(one.seq for one in fresh)])
        if not fresh:
            return False
        self._names.extend(sorted(fresh, key=lambda one: one.seq))
        self._pair_again()
        return True

    def _pair_again(self) -> None:
        """Names may come after their events: what order and age paired, they may pair better."""
        prefix = f"{self._epoch}."
        old = [one for one in self._attempts if not one.id.startswith(prefix)]
        self._attempts = deque(old, maxlen=KEEP)
        for event in self._events:
            self._take(event)

    def _take(self, event: StabilityEvent) -> None:
        name = self._name_of(event)
        if event.type == REQUESTED:
            attempt = Attempt(f"{self._epoch}.{event.seq}", event, request_name=name)
            self._attempts.append(self._noted(attempt))
            return
        found = self._open_for(event, name)
        if found is None:
            found = Attempt(f"{self._epoch}.{event.seq}")
            self._attempts.append(found)
        found.completed, found.outcome_name = event, name
        self._noted(found)

    def _name_of(self, event: StabilityEvent) -> NamedRecovery | None:
        """The same event as the companion heard it: written at the same time, of the same age."""
        near = [one for one in self._names if one.type == event.type and _together(event, one)]
        taken = {id(one.request_name) for one in self._attempts}
        taken |= {id(one.outcome_name) for one in self._attempts}
        free = [one for one in near if id(one) not in taken]
        return min(free, key=lambda one: abs((one.at or 0) - event.ts), default=None)

    def _open_for(self, event: StabilityEvent, name: NamedRecovery | None) -> Attempt | None:
        """The request that this completion answers: of the same session where both are named,
        else of the same age, else the nearest open one."""
        opened = [one for one in self._attempts if one.completed is None and not one.orphaned]
        if name is not None and name.key:
            opened = [
                one
                for one in opened
                if one.request_name is None or one.request_name.key == name.key
            ]
        near = [one for one in opened if 0 <= event.ts - one.at_ms <= RUNNING_MS]
        same = [one for one in near if one.requested and one.requested.age_ms == event.age_ms]
        return next(iter(same or near), None)

    def note(self, note: Note) -> bool:
        """Join a log line; True when it named or explained an attempt."""
        if note.head != OUTCOME_HEAD and note.head not in STALL_HEADS:
            return False
        self._notes.append(note)
        return any(_join(attempt, note) for attempt in reversed(self._attempts))

    def _noted(self, attempt: Attempt) -> Attempt:
        for note in self._notes:
            _join(attempt, note)
        return attempt

    def records(self, now_ms: int) -> list[Recovery]:
        """Every attempt as it reads at ``now_ms``, newest first."""
        attempts = list(self._attempts)
        return [_record(one, attempts, now_ms) for one in reversed(attempts)]


def _join(attempt: Attempt, note: Note) -> bool:
    if note.head == OUTCOME_HEAD:
        event = attempt.completed
        if event is None or attempt.outcome_note is not None or not _near(event, note):
            return False
        if note.pairs.get("status") not in (None, event.outcome):
            return False
        attempt.outcome_note = note
        return True
    event = attempt.requested
    if event is None or attempt.request_note is not None or not _near(event, note):
        return False
    age_ms = note.seconds_ms("age")
    if age_ms is not None and event.age_ms is not None and abs(age_ms - event.age_ms) > NEAR_MS:
        return False
    attempt.request_note = note
    return True


def _together(event: StabilityEvent, name: NamedRecovery) -> bool:
    """One event, told twice: by the ring and by the companion."""
    if name.at is None or abs(name.at - event.ts) > SAME_MS:
        return False
    ages = (name.age_ms, event.age_ms)
    return None in ages or ages[0] == ages[1]


def _near(event: StabilityEvent, note: Note) -> bool:
    return abs(event.ts - note.at_ms) <= NEAR_MS


def _record(attempt: Attempt, all_attempts: Iterable[Attempt], now_ms: int) -> Recovery:
    done, asked, note = attempt.completed, attempt.requested, attempt.outcome_note
    name = attempt.outcome_name
    freed = name.released if name is not None else None
    return Recovery(
        id=attempt.id,
        session_key=attempt.session_key,
        requested_at_ms=whole(asked.ts) if asked else None,
        completed_at_ms=whole(done.ts) if done else None,
        status=done.outcome if done else None,
        action=done.action if done else None,
        reason=(note.pairs.get("reason") if note else None)
        or (done.reason if done else None)
        or (asked.reason if asked else None),
        released=freed if freed is not None else note.number("released") if note else None,
        verdict=_verdict(attempt, list(all_attempts), now_ms),
        queue_depth=asked.queue_depth if asked else (done.queue_depth if done else None),
    )


def _verdict(attempt: Attempt, attempts: list[Attempt], now_ms: int) -> str:
    done = attempt.completed
    if done is None:
        return _open_verdict(attempt, attempts, now_ms)
    if _in_flight_skip(attempt):
        return "phantom"
    if done.outcome == "failed":
        return "failed"
    if attempt.requested is None:
        return "unpaired"
    if done.outcome not in FREEING:
        return "no_effect" if done.outcome in IDLE else "unknown"
    return "no_effect" if _without_effect(attempt, attempts) else "effective"


def _open_verdict(attempt: Attempt, attempts: list[Attempt], now_ms: int) -> str:
    if attempt.orphaned:
        return "unpaired"
    if now_ms - attempt.at_ms <= RUNNING_MS:
        return "running"
    window = [one for one in attempts if abs(one.at_ms - attempt.at_ms) <= RUNNING_MS]
    return "phantom" if any(_in_flight_skip(one) for one in window) else "lost"


def _in_flight_skip(attempt: Attempt) -> bool:
    done, note = attempt.completed, attempt.outcome_note
    if done is None:
        return False
    reason = (note.pairs.get("reason") if note else None) or done.reason
    return done.outcome == "skipped" and reason == "already_in_flight"


def _without_effect(attempt: Attempt, attempts: list[Attempt]) -> bool:
    """Nothing was freed: the log says so, or the same session is stuck again at the next tick."""
    note = attempt.outcome_note
    if note is not None:
        released = note.number("released")
        freed = "true" in (note.pairs.get("drained"), note.pairs.get("forceCleared"))
        if released == 0 and not freed:
            return True
    return any(_again(attempt, other) for other in attempts)


def _again(attempt: Attempt, later: Attempt) -> bool:
    """The same named session, asked again soon after with a greater age."""
    if later.requested is None or attempt.requested is None or later is attempt:
        return False
    if _in_flight_skip(later):
        return False  # asked while this one was under way
    if attempt.session_key is None or later.session_key != attempt.session_key:
        return False
    older = (later.requested.age_ms or 0) > (attempt.requested.age_ms or 0)
    return older and 0 < later.at_ms - attempt.at_ms <= AGAIN_MS
