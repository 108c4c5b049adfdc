"""Did it work? Three separate facts, read from pictures after the request: accepted, released,
queue moving. Pure: the caller hands in the store and the gateway's time.

A release is never taken from the answer: on 2026.9.6 ``aborted`` means asked, and the row's
flag lies for up to 60 s after it. Queue moving means that a message was answered by a run that
began after the release, nothing less.
"""

from __future__ import annotations

from dataclasses import dataclass

from clawtop.picture.records import Lock, Verdict
from clawtop.picture.store import Store
from clawtop.remedies.plan import ReleasePlan
from clawtop.remedies.steps import Step
from clawtop.text import count, utc

GRACE_MS = 4_000  # after a release with nothing known to wait: a waiting run would show by then
AGREEING = 3  # a count and the sessions it is compared with are read at different moments
PARKED_MS = 8_000  # after a release with messages that nobody takes: they are parked


@dataclass
class Baseline:
    """What was true just before the request. Times are gateway ms."""

    session_key: str
    session_id: str | None
    run_id: str | None
    sent_at_ms: int
    unattributed: int
    waiting: int | None
    waiting_run_ids: frozenset[str]
    cancels_waiting: bool
    answered_before: int

    @classmethod
    def of(cls, plan: ReleasePlan, store: Store, sent_at_ms: int) -> Baseline:
        facts = store.held.sessions.get(plan.session_key)
        queued = [item for item in (facts.pending if facts else ()) if item.state == "queued"]
        return cls(
            session_key=plan.session_key,
            session_id=plan.lock.session_id,
            run_id=plan.lock.run_id,
            sent_at_ms=sent_at_ms,
            unattributed=store.held.anonymous.number() or 0,
            waiting=plan.lock.waiting,
            waiting_run_ids=frozenset(item.run_id for item in queued if item.run_id),
            cancels_waiting=plan.offer.step in (Step.ABORT_SESSION, Step.CHANNEL_STOP),
            answered_before=(facts.answered_ms or 0) if facts else 0,
        )

    @property
    def survivors(self) -> int | None:
        """Messages that should be answered after the release; None: not known."""
        return 0 if self.cancels_waiting and self.waiting else self.waiting


@dataclass
class Progress:
    """The facts so far. None: not known yet."""

    released: bool | None = None
    released_at_ms: int | None = None
    evidence: str = ""
    moving: bool | None = None
    settled: bool = False
    note: str = ""
    old_run: str | None = None


class ReleaseJudge:
    """Watches one session after one request; ``look`` is called on each refreshed picture."""

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline
        self.progress = Progress(old_run=baseline.run_id)

    def look(self, store: Store) -> Progress:
        """Read the picture again; ``settled`` once nothing more is to be expected."""
        progress = self.progress
        if not progress.released:
            evidence = self._released(store)
            if evidence:
                progress.released, progress.evidence = True, evidence
                progress.released_at_ms = store.now_ms
        if progress.released and not progress.settled:
            self._look_at_queue(store)
        return progress

    # -- released

    def _released(self, store: Store) -> str | None:
        """What shows the release, in words; None while nothing does."""
        base = self.baseline
        lock = store.held.locks.get(base.session_key)
        return (
            self._ended(store, lock)
            or self._another_holds(store, lock)
            or self._not_counted(store, lock)
            or self._logged(store)
        )

    def _ended(self, store: Store, lock: Lock | None) -> str | None:
        facts = store.held.sessions.get(self.baseline.session_key)
        if facts is None or facts.ended_run is None:
            return None
        if (facts.ended_ms or 0) < self.baseline.sent_at_ms - 1_000:
            return None
        ended = facts.ended_run
        if self.baseline.run_id is not None:
            mine = ended == self.baseline.run_id
            still = lock is not None and lock.run_id == ended
            return f"the gateway reported the end of run {ended}" if mine and not still else None
        if ended in self.baseline.waiting_run_ids or _still_held(lock):
            return None
        self.progress.old_run = ended
        return f"the gateway reported the end of run {ended}"

    def _another_holds(self, store: Store, lock: Lock | None) -> str | None:
        """A run that began after the request: the lock must have been free in between."""
        facts = store.held.sessions.get(self.baseline.session_key)
        run = facts.run if facts is not None else None
        if lock is None or run is None or not run.seen_start or run.started_ms is None:
            return None
        if run.started_ms < self.baseline.sent_at_ms or run.run_id == self.baseline.run_id:
            return None
        ended = facts.ended_run if facts is not None else None
        if self.progress.old_run is None and ended not in self.baseline.waiting_run_ids:
            self.progress.old_run = ended  # the end of what was killed is no answer
        return f"another run holds the session since {utc(run.started_ms)}"

    def _not_counted(self, store: Store, lock: Lock | None) -> str | None:
        """The row is idle, and the anonymous count has no lock left that could be this one."""
        counts = store.held.anonymous.since(self.baseline.sent_at_ms)
        if _still_held(lock) or len(counts) < AGREEING:
            return None
        facts = store.held.sessions.get(self.baseline.session_key)
        if facts is not None and facts.row_at_ms <= self.baseline.sent_at_ms:
            return None
        if any(one.embedded - one.held > self.baseline.unattributed for one in counts):
            return None
        return "the gateway counts no lock that could be this one"

    def _logged(self, store: Store) -> str | None:
        for line in reversed(store.log):
            if (line.at_ms or 0) < self.baseline.sent_at_ms:
                return None
            forced = "forced release" in line.message and line.message.startswith("reply run")
            if forced and f"sessionKey={self.baseline.session_key} " in line.message + " ":
                return "the gateway logged the forced release"
        return None

    # -- queue moving

    def _look_at_queue(self, store: Store) -> None:
        progress, base = self.progress, self.baseline
        facts = store.held.sessions.get(base.session_key)
        since = store.now_ms - (progress.released_at_ms or store.now_ms)
        if facts is not None and self._answered(facts.answered_run, facts.answered_ms):
            progress.moving, progress.settled = True, True
            return
        lock = store.held.locks.get(base.session_key)
        running = lock is not None and lock.verdict != Verdict.GHOST
        if running:
            return  # somebody took the lock: wait for the answer
        left = self._still_queued(facts)
        if not base.survivors and since >= GRACE_MS:
            progress.settled = True
            progress.note = self._cancelled_note()
        elif base.survivors and since >= PARKED_MS and left:
            progress.settled = True
            progress.note = (
                f"{count(left, 'message')} parked by the gateway: it moves with the next one"
            )

    def _answered(self, run_id: str | None, at_ms: int | None) -> bool:
        """A run other than the released one reached its end after the request."""
        if run_id is None or at_ms is None or run_id == self.progress.old_run:
            return False
        return at_ms > max(self.baseline.sent_at_ms, self.baseline.answered_before)

    def _still_queued(self, facts: object) -> int:
        pending = getattr(facts, "pending", ())
        return sum(1 for item in pending if item.state == "queued")

    def _cancelled_note(self) -> str:
        base = self.baseline
        if base.cancels_waiting and base.waiting:
            return f"{count(base.waiting, 'waiting message')} cancelled with it"
        return ""

    def at_deadline(self, store: Store) -> Progress:
        """No more time: what is not seen by now is said as it is."""
        progress = self.look(store)
        if progress.settled:
            return progress
        progress.settled = True
        if progress.released is None:
            progress.released = False
        elif progress.released:
            self._unanswered(store)
        return progress

    def _unanswered(self, store: Store) -> None:
        lock = store.held.locks.get(self.baseline.session_key)
        if lock is not None and lock.verdict == Verdict.WORKING and not self.baseline.survivors:
            self.progress.note = "the next run holds the session and is working"
            return
        if self.baseline.survivors or lock is not None:
            self.progress.moving = False
            self.progress.note = "the next one is not answered: it may be stuck behind the same"


def _still_held(lock: Lock | None) -> bool:
    return lock is not None and lock.verdict != Verdict.GHOST
