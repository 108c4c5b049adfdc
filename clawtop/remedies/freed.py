"""What shows that a lock was released: the registry itself where it is read, else evidence."""

from __future__ import annotations

from collections.abc import Set
from typing import Protocol

from clawtop.picture.records import Lock, Verdict
from clawtop.picture.sessions import SessionFacts
from clawtop.picture.store import Store
from clawtop.text import utc

CLOCKS_MS = 500  # our estimate of the gateway's clock may be off by as much
AGREEING = 3  # a count and the sessions it is compared with are read at different moments


class Before(Protocol):
    """What of the moment before the request is compared with."""

    session_key: str
    run_id: str | None
    sent_at_ms: int
    unattributed: int
    waiting_run_ids: frozenset[str]
    token: str | None
    owner_gone: bool
    restarts: bool
    boots: int


class Freed:
    """One look. ``old_run`` becomes the id of the run that was released, once that is known;
    ``begun``: runs that were seen to begin after the request."""

    def __init__(self, base: Before, old_run: str | None, begun: Set[str] = frozenset()) -> None:
        self.base, self.old_run, self.begun = base, old_run, begun

    def evidence(self, store: Store) -> str | None:
        """What shows the release, in words; None while nothing does."""
        base = self.base
        lock = store.held.locks.get(base.session_key)
        if store.boots != base.boots:
            return self._after_boot(store, lock)
        if base.restarts:
            return None
        read_ms = store.held.registry.read_ms
        if base.token is not None and read_ms is not None:
            return self._unlisted(store, read_ms)
        return (
            self._ended(store, lock)
            or self._another_holds(store, lock)
            or self._not_counted(store, lock)
            or self._logged(store)
        )

    def _was(self, facts: SessionFacts | None) -> None:
        """The end of what was released is no answer. An owner that is gone has no run to end, and
        what began after the request was not released by it."""
        ended = facts.ended_run if facts is not None else None
        newer = (facts.started_ms or 0) >= self.base.sent_at_ms - CLOCKS_MS if facts else False
        waited = ended in self.base.waiting_run_ids or ended in self.begun
        if self.old_run is None and not (waited or newer or self.base.owner_gone):
            self.old_run = ended

    def _unlisted(self, store: Store, read_ms: int) -> str | None:
        """That very operation is not in the gateway's registry any more: proved."""
        if read_ms <= self.base.sent_at_ms:
            return None
        facts = store.held.sessions.get(self.base.session_key)
        sight = facts.exact if facts is not None else None
        if sight is not None and sight.lock.token == self.base.token:
            return None
        if facts is not None and (facts.ended_ms or 0) >= self.base.sent_at_ms:
            self._was(facts)
        if sight is None:
            return "the gateway's own registry lists no lock of it any more"
        return "another operation holds it in the gateway's own registry"

    def _after_boot(self, store: Store, lock: Lock | None) -> str | None:
        """The gateway was restarted, and the new one is known to hold it no more.

        2026.5.28 restarts inside its process, and an orphaned lock outlives that (measured).
        """
        if "rows" not in store.listed:
            return None
        exact = store.held.registry.read_ms is not None
        if self.base.token is not None and exact:
            facts = store.held.sessions.get(self.base.session_key)
            sight = facts.exact if facts is not None else None
            if sight is not None and sight.lock.token == self.base.token:
                return None
            return "the gateway was restarted and does not list that lock any more"
        if _still_held(lock) or not (exact or _nothing_hidden(store)):
            return None
        return "the gateway was restarted and holds the session no more"

    def _ended(self, store: Store, lock: Lock | None) -> str | None:
        facts = store.held.sessions.get(self.base.session_key)
        if facts is None or facts.ended_run is None:
            return None
        if (facts.ended_ms or 0) < self.base.sent_at_ms - 1_000:
            return None
        ended = facts.ended_run
        if self.base.run_id is not None:
            mine = ended == self.base.run_id
            still = lock is not None and lock.run_id == ended
            return f"the gateway reported the end of run {ended}" if mine and not still else None
        if ended in self.base.waiting_run_ids or _still_held(lock):
            return None
        self._was(facts)
        return f"the gateway reported the end of run {ended}"

    def _another_holds(self, store: Store, lock: Lock | None) -> str | None:
        """A run that began after the request: the lock must have been free in between."""
        facts = store.held.sessions.get(self.base.session_key)
        run = facts.run if facts is not None else None
        if lock is None or run is None or not run.seen_start or run.started_ms is None:
            return None
        if run.started_ms < self.base.sent_at_ms or run.run_id == self.base.run_id:
            return None
        self._was(facts)
        return f"another run holds the session since {utc(run.started_ms)}"

    def _not_counted(self, store: Store, lock: Lock | None) -> str | None:
        """The row is idle, and the anonymous count has no lock left that could be this one."""
        counts = store.held.anonymous.since(self.base.sent_at_ms)
        if _still_held(lock) or len(counts) < AGREEING:
            return None
        facts = store.held.sessions.get(self.base.session_key)
        if facts is not None and facts.row_at_ms <= self.base.sent_at_ms:
            return None
        if any(one.embedded - one.held > self.base.unattributed for one in counts):
            return None
        return "the gateway counts no lock that could be this one"

    def _logged(self, store: Store) -> str | None:
        for line in reversed(store.log):
            if (line.at_ms or 0) < self.base.sent_at_ms:
                return None
            forced = "forced release" in line.message and line.message.startswith("reply run")
            if forced and f"sessionKey={self.base.session_key} " in line.message + " ":
                return "the gateway logged the forced release"
        return None


def _nothing_hidden(store: Store) -> bool:
    """The gateway counted again, and every lock it counts is one that we see."""
    latest = store.held.anonymous.latest
    if "preflight" not in store.listed or latest is None:
        return False
    return latest.embedded <= latest.held + latest.allowance


def _still_held(lock: Lock | None) -> bool:
    return lock is not None and lock.verdict != Verdict.GHOST
