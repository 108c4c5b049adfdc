"""Did it work? Three separate facts, read from pictures after the request: accepted, released,
queue moving. Pure: the caller hands in the store and the gateway's time.

A release is never taken from the answer: on 2026.9.6 ``aborted`` means asked, and the row's
flag lies for up to 60 s after it. Queue moving means that a message was answered by a run that
began after the release, nothing less.
"""

from __future__ import annotations

from dataclasses import dataclass

from clawtop.picture.records import Lock, Verdict
from clawtop.picture.sessions import SessionFacts
from clawtop.picture.store import Store
from clawtop.remedies.became import Account
from clawtop.remedies.fate import Fate, number_of
from clawtop.remedies.freed import CLOCKS_MS, Freed
from clawtop.remedies.plan import ReleasePlan
from clawtop.remedies.steps import NO_RUN, Step
from clawtop.text import count

GRACE_MS = 4_000  # after a release with nothing known to wait: a waiting run would show by then
PARKED_MS = 8_000  # after a release with messages that nobody takes: they are parked
WORKS_MS = 20_000  # a next run that moved so lately is at work
BEHIND_THE_SAME = "the next one is stuck behind the same thing"
AT_WORK = "the next run holds the session and is working"
NOBODY_WAITS = "nobody waits there any more, and no answer was seen: look again"


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
    answered_before: int
    account: Account
    token: str | None = None
    layer: str | None = None
    owner_gone: bool = False
    restarts: bool = False
    boots: int = 0

    @classmethod
    def of(cls, plan: ReleasePlan, store: Store, sent_at_ms: int) -> Baseline:
        facts = store.held.sessions.get(plan.session_key)
        told = plan.offer.waiting
        ids = (one.message.run_id for one in told if one.message is not None)
        return cls(
            session_key=plan.session_key,
            session_id=plan.lock.session_id,
            run_id=plan.run_id,
            sent_at_ms=sent_at_ms,
            unattributed=store.held.anonymous.number() or 0,
            waiting=plan.lock.waiting,
            waiting_run_ids=frozenset(run_id for run_id in ids if run_id),
            answered_before=(facts.answered_ms or 0) if facts else 0,
            account=Account(plan.session_key, told),
            token=plan.lock.token,
            layer=plan.lock.layer,
            owner_gone=plan.offer.run == NO_RUN,
            restarts=plan.offer.step is Step.RESTART,
            boots=store.boots,
        )

    @property
    def survivors(self) -> int | None:
        """Messages that should outlive the step; None: not known. After a restart nobody owes an
        answer to what waited in memory."""
        told = self.account.told
        if self.restarts:
            return number_of(told, Fate.ANSWERED)
        if not told:
            return self.waiting
        return sum(one.number for one in told) - number_of(told, Fate.CANCELLED)


@dataclass
class Progress:
    """The facts so far. None: not known yet. ``layer``: what holds the next one, if it is held.

    ``unsure``: something had to be answered, and what took the session is still at it.
    ``next_step``: what helps, where that is not simply the step that follows.
    """

    released: bool | None = None
    released_at_ms: int | None = None
    evidence: str = ""
    moving: bool | None = None
    settled: bool = False
    note: str = ""
    old_run: str | None = None
    layer: str | None = None
    unsure: bool = False
    next_step: str | None = None


class ReleaseJudge:
    """Watches one session after one request; ``look`` is called on each refreshed picture."""

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline
        self.progress = Progress(old_run=baseline.run_id)
        self._moved_ms: int | None = None
        self._begun: set[str] = set()  # runs that were seen to begin after the request
        self._probe_run: str | None = None

    @property
    def account(self) -> Account:
        return self.baseline.account

    def look(self, store: Store) -> Progress:
        """Read the picture again; ``settled`` once nothing more is to be expected."""
        progress = self.progress
        self._note_begun(store.held.sessions.get(self.baseline.session_key))
        self.account.look(store, self.baseline.sent_at_ms)
        if not progress.released:
            freed = Freed(self.baseline, progress.old_run, self._begun)
            evidence = freed.evidence(store)
            progress.old_run = freed.old_run
            if evidence:
                progress.released, progress.evidence = True, evidence
                progress.released_at_ms = store.now_ms
        if progress.released and not progress.settled:
            self._look_at_queue(store)
        return progress

    def expect_answer(self, run_id: str, sent_at_ms: int) -> None:
        """A probe message was sent: the queue moves when it is answered."""
        self._probe_run = run_id
        self.baseline.answered_before = max(self.baseline.answered_before, sent_at_ms)
        self.progress.settled, self.progress.note = False, ""

    def next_works(self, store: Store) -> bool:
        """The session was taken by another run since the release, and that one moves."""
        lock = store.held.locks.get(self.baseline.session_key)
        facts = store.held.sessions.get(self.baseline.session_key)
        run = facts.run if facts is not None else None
        if not self.progress.released or lock is None or run is None:
            return False
        began, moved = run.started_ms or run.accepted_ms, run.progress_ms
        if run.run_id == self.progress.old_run or began is None or moved is None:
            return False
        return moved > began and store.now_ms - moved < WORKS_MS

    def _note_begun(self, facts: SessionFacts | None) -> None:
        run = facts.run if facts is not None else None
        if run is not None and (run.started_ms or 0) >= self.baseline.sent_at_ms - CLOCKS_MS:
            self._begun.add(run.run_id)

    # -- queue moving

    def _look_at_queue(self, store: Store) -> None:
        progress, base = self.progress, self.baseline
        facts = store.held.sessions.get(base.session_key)
        since = store.now_ms - (progress.released_at_ms or store.now_ms)
        if facts is not None and self._answered(facts):
            progress.moving = True
            if facts.answered_run not in self.account.answered:
                self._moved_ms = store.now_ms
            self.account.note_answer(facts)
        if progress.moving:
            waited = store.now_ms - (self._moved_ms or store.now_ms)
            if self.account.settled() or waited >= PARKED_MS:
                self._settle(self.account.text())
            return
        if self._probe_run is not None or _still_held(store.held.locks.get(base.session_key)):
            return  # a probe, or somebody who took the lock: wait for the answer
        if not base.survivors and since >= GRACE_MS:
            self._settle(self.account.text())
        elif base.survivors and since >= PARKED_MS and self.account.parked():
            self._settle(self._parked_text())

    def _settle(self, note: str) -> None:
        self.progress.settled, self.progress.note = True, note

    def _parked_text(self) -> str:
        left = count(self.account.parked(), "message")
        return f"{left} parked by the gateway: it moves with the next one"

    def _answered(self, facts: SessionFacts) -> bool:
        """A run other than the released one reached its end after the request."""
        run_id, at_ms = facts.answered_run, facts.answered_ms
        if run_id is None or at_ms is None or run_id == self.progress.old_run:
            return False
        if self._probe_run is not None and run_id == self._probe_run:
            return True
        if at_ms <= max(self.baseline.sent_at_ms, self.baseline.answered_before):
            return False
        return self._is_new(run_id, facts)

    def _is_new(self, run_id: str, facts: SessionFacts) -> bool:
        """Not what was released: where its name was never known, its own end looks like an answer
        of the next (measured on 2026.5.28)."""
        base = self.baseline
        if base.owner_gone or self.progress.old_run is not None:
            return True
        if run_id in self._begun or run_id in base.waiting_run_ids:
            return True
        return facts.run is None and (facts.started_ms or 0) >= base.sent_at_ms - CLOCKS_MS

    def _nobody_waits(self, store: Store) -> bool:
        """Who waited was known by number only, and the gateway's own registry lists nobody now.

        On 2026.5.28 a turn whose run is over waits like a message does, to hand out its answer
        (measured): then no run begins after the release, and nothing is stuck either.
        """
        base, read_ms = self.baseline, store.held.registry.read_ms
        if base.token is None or self._probe_run is not None or self.account.listed():
            return False
        facts = store.held.sessions.get(base.session_key)
        free = facts is not None and facts.exact is None
        return free and (read_ms or 0) > (self.progress.released_at_ms or base.sent_at_ms)

    def at_deadline(self, store: Store) -> Progress:
        """No more time: what is not seen by now is said as it is."""
        progress = self.look(store)
        if progress.settled:
            return progress
        progress.settled = True
        if progress.released is None:
            progress.released = False
        elif progress.released and progress.moving:
            progress.note = self.account.text()
        elif progress.released:
            self._unanswered(store)
        return progress

    def _unanswered(self, store: Store) -> None:
        progress, base = self.progress, self.baseline
        lock = store.held.locks.get(base.session_key)
        lock = lock if _still_held(lock) else None
        owed = bool(base.survivors) or self._probe_run is not None
        works = lock is not None and lock.verdict == Verdict.WORKING and not owed
        if works or self.next_works(store):
            progress.unsure = owed
            progress.note = AT_WORK + ("; it has not answered yet: look again" if owed else "")
        elif owed and lock is None and self._nobody_waits(store):
            progress.unsure, progress.note = True, NOBODY_WAITS
        elif owed or lock is not None:
            progress.moving = False
            progress.layer, why = _why_stuck(lock, base, self._probe_run)
            if lock is not None and lock.token is None and lock.layer == "lane":
                progress.next_step = str(Step.RESTART)
            progress.note = "; ".join(part for part in (why, self.account.text()) if part)


def _why_stuck(lock: Lock | None, base: Baseline, probe: str | None) -> tuple[str, str]:
    """The layer that holds the next message, and the words for it."""
    if lock is not None and lock.token is None and lock.layer == "lane":
        return "lane", "its lane is still taken by the owner that is gone: only a restart helps"
    if lock is not None and lock.layer == "delivery":
        return "delivery", f"{BEHIND_THE_SAME}: its reply is not delivered either"
    if lock is not None and lock.in_lane is False and base.layer == "delivery":
        return "delivery", f"{BEHIND_THE_SAME}: the delivery of replies"
    if lock is not None:
        return "lane", f"{BEHIND_THE_SAME}: it holds the session and does not progress"
    layer = "delivery" if base.layer == "delivery" else "lane"
    what = "the probe message is" if probe else "what waited is"
    return layer, f"{what} not answered: it may be stuck behind the same thing"


def _still_held(lock: Lock | None) -> bool:
    return lock is not None and lock.verdict != Verdict.GHOST
