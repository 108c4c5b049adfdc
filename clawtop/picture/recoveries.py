"""Recovery attempts: the gateway's ``session.recovery.requested`` paired with ``…completed``.

The diagnostics ring names no session, so pairs are made by order and age, and names come from
log lines written within the same second or two. On 2026.5.28 a request may be a phantom: a
second one while the first is under way. Counts therefore need not match, in either direction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from clawtop.picture.changes import StabilityEvent, StabilityRead
from clawtop.picture.logs import OUTCOME_HEAD, STALL_HEADS, Note
from clawtop.picture.records import Recovery
from clawtop.picture.sessions import whole

REQUESTED = "session.recovery.requested"
COMPLETED = "session.recovery.completed"
KEEP = 200  # attempts; a night of them
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

    @property
    def session_key(self) -> str | None:
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
            self._take(event)
        return bool(relevant)

    def _take(self, event: StabilityEvent) -> None:
        if event.type == REQUESTED:
            self._attempts.append(self._named(Attempt(f"{self._epoch}.{event.seq}", event)))
            return
        attempt = self._open_for(event)
        if attempt is None:
            attempt = Attempt(f"{self._epoch}.{event.seq}")
            self._attempts.append(attempt)
        attempt.completed = event
        self._named(attempt)

    def _open_for(self, event: StabilityEvent) -> Attempt | None:
        """The request that this completion answers: the same age, else the nearest open one."""
        opened = [one for one in self._attempts if one.completed is None and not one.orphaned]
        near = [one for one in opened if 0 <= event.ts - one.at_ms <= RUNNING_MS]
        same = [one for one in near if one.requested and one.requested.age_ms == event.age_ms]
        return next(iter(same or near), None)

    def note(self, note: Note) -> bool:
        """Join a log line; True when it named or explained an attempt."""
        if note.head != OUTCOME_HEAD and note.head not in STALL_HEADS:
            return False
        self._notes.append(note)
        return any(_join(attempt, note) for attempt in reversed(self._attempts))

    def _named(self, attempt: Attempt) -> Attempt:
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


def _near(event: StabilityEvent, note: Note) -> bool:
    return abs(event.ts - note.at_ms) <= NEAR_MS


def _record(attempt: Attempt, all_attempts: Iterable[Attempt], now_ms: int) -> Recovery:
    done, asked, note = attempt.completed, attempt.requested, attempt.outcome_note
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
        released=note.number("released") if note else None,
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
    if done.outcome not in ("aborted", "released"):
        return "no_effect"
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
