"""What the screen knows of incidents: the open ones, what is muted, the worst, what changed.

One engine stands behind it. Nothing here is computed again unless an incident or a mute changed,
or time has made a mute end. No Textual here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from clawtop.incidents.incident import Incident, Severity, order
from clawtop.picture.worst import Fact, worst_facts
from clawtop.screen.muting import Mutes
from clawtop.text import age

if TYPE_CHECKING:  # the detectors are loaded after the first frame
    from clawtop.incidents.engine import Change, Engine

WORDS = {Severity.CRITICAL: "CRITICAL", Severity.WARNING: "WARNING", Severity.INFO: "info"}
ALL_TOUCHED = frozenset({"*"})


class Standing:
    """The incidents of one engine as a person looks at them. ``mutes``: of an earlier one."""

    def __init__(self, engine: Engine, mutes: Mutes | None = None) -> None:
        self.engine, self.mutes = engine, mutes or Mutes()
        self.counts: Counter[str] = Counter()
        self.muted = 0
        self.facts: list[Fact] = []  # what may need a person and no incident says, urgent first
        self._heard: list[Incident] = []  # not muted, worst first
        self._covered: tuple[set[str], set[str]] = (set(), set())
        self._touched: set[str] = set(ALL_TOUCHED)

    def refresh(self, limit: int | None = None) -> list[Change]:
        """Look again; what became of each incident. The store has been refreshed.

        ``limit``: look at most at so many sessions now.
        """
        changes = self.engine.refresh(limit)
        fresh = [change.incident for change in changes if change.what != "gone"]
        freed = self.mutes.settle(fresh, self.engine.store.now_ms)
        if changes or freed:
            keys = {key for one in changes for key in _keys(one)}
            self._settle(keys | freed)
        self.facts = [fact for fact in worst_facts(self.engine.store) if not self._said(fact)]
        return changes

    def toggle_mute(self, incident: Incident) -> bool:
        """Mute it for an hour, or lift its mute; True when it is muted now."""
        if not self.mutes.lift(incident.key):
            self.mutes.mute(incident, self.engine.store.now_ms)
        self._settle({incident.key})
        return self.mutes.holds(incident.key)

    def take_touched(self) -> set[str]:
        """Keys whose row may look different since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    @property
    def worst(self) -> Incident | None:
        """The worst that is not muted."""
        return self._heard[0] if self._heard else None

    @property
    def heard(self) -> int:
        """How many are not muted."""
        return len(self._heard)

    def of_session(self, session_key: str | None) -> list[Incident]:
        """Open incidents of one session, muted ones too, worst first."""
        return [] if session_key is None else self.engine.of_session(session_key)

    def _said(self, fact: Fact) -> bool:
        sessions, ids = self._covered
        if fact.session_key is not None:
            return fact.session_key in sessions
        return not ids.isdisjoint(fact.incidents)

    def _settle(self, keys: Iterable[str]) -> None:
        self._touched.update(keys)
        found = sorted(self.engine.open.values(), key=order)
        self._heard = [one for one in found if not self.mutes.holds(one.key)]
        self.muted = len(found) - len(self._heard)
        self.counts = Counter(one.severity for one in found)
        telling = [one for one in found if one.severity != Severity.INFO]
        self._covered = (
            {one.session_key for one in telling if one.session_key is not None},
            {one.id for one in found},
        )


def _keys(change: Change) -> set[str]:
    before = {change.before.key} if change.before is not None else set()
    return before | {change.incident.key}


def since_text(incident: Incident, now_ms: int) -> str:
    """Its age, with ``≥`` where that is only a lower bound."""
    passed = None if incident.since_ms is None else now_ms - incident.since_ms
    return age(passed, at_least=incident.since_is == "at_least" and passed is not None)
