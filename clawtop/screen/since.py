"""What changed between two looks: incidents and locks, new, gone, worse, better. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from clawtop.incidents.incident import Incident, order
from clawtop.picture.records import Lock, Verdict
from clawtop.picture.store import Store
from clawtop.picture.worst import RANK, lock_order

if TYPE_CHECKING:
    from clawtop.incidents.engine import Change

MOST_PASSING = 200
WORDS = ("new", "worse", "better", "gone", "came and went")
UNHEALTHY = frozenset(RANK) - {Verdict.WORKING, Verdict.UNKNOWN, Verdict.GHOST}


class Moved(Struct, frozen=True):
    """One record that changed; ``was`` says how it was before, where that is of use."""

    what: str
    record: Incident | Lock
    was: str = ""


class Changed(Struct, frozen=True):
    """Everything that changed. ``taken``, ``let_go``: healthy locks nobody has to read about."""

    since_ms: int
    incidents: list[Moved]
    locks: list[Moved]
    taken: int
    let_go: int


class Since:
    """Remembers how things stood at the last look."""

    def __init__(self) -> None:
        self.since_ms: int | None = None
        self._incidents: dict[str, Incident] = {}
        self._verdicts: dict[str, str] = {}  # of every lock that there was
        self._unhealthy: dict[str, Lock] = {}  # only these whole, for there may be many locks
        self._passing: dict[str, Incident] = {}  # came after the last look, and is gone again

    def begin(self, store: Store, incidents: Iterable[Incident]) -> None:
        """From here on."""
        self.since_ms = store.now_ms
        self._incidents = {one.key: one for one in incidents}
        locks = store.held.locks
        self._verdicts = {key: lock.verdict for key, lock in locks.items()}
        self._unhealthy = {key: one for key, one in locks.items() if one.verdict in UNHEALTHY}
        self._passing = {}

    def note(self, changes: Sequence[Change]) -> None:
        """Remember incidents that do not stay until the next look."""
        for change in changes:
            key = change.incident.key
            if change.what != "gone":
                self._passing.pop(key, None)
            elif key not in self._incidents and len(self._passing) < MOST_PASSING:
                self._passing[key] = change.incident

    def look(self, store: Store, incidents: Sequence[Incident]) -> Changed:
        """What is different from the last look."""
        locks = store.held.locks
        moved = [_lock_moved(self._verdicts.get(key), lock) for key, lock in locks.items()]
        moved += [_lock_gone(lock) for key, lock in self._unhealthy.items() if key not in locks]
        fresh = [one for one in locks.values() if one.session_key not in self._verdicts]
        gone = self._verdicts.keys() - locks.keys() - self._unhealthy.keys()
        return Changed(
            self.since_ms or store.now_ms,
            self._incidents_moved(incidents),
            sorted((one for one in moved if one is not None), key=_place),
            sum(1 for one in fresh if one.verdict not in UNHEALTHY),
            len(gone),
        )

    def _incidents_moved(self, incidents: Sequence[Incident]) -> list[Moved]:
        now = {one.key: one for one in incidents}
        found = [_incident_moved(self._incidents.get(one.key), one) for one in incidents]
        moved = [one for one in found if one is not None]
        moved += [Moved("gone", one) for key, one in self._incidents.items() if key not in now]
        moved += [Moved("came and went", one) for one in self._passing.values()]
        return sorted(moved, key=lambda one: WORDS.index(one.what))


def _incident_moved(before: Incident | None, now: Incident) -> Moved | None:
    if before is None:
        return Moved("new", now)
    was, is_now = order(before)[:2], order(now)[:2]
    if was == is_now:
        return None
    said = f"{before.severity}, {before.certainty}"
    return Moved("worse" if is_now < was else "better", now, said)


def _lock_moved(before: str | None, now: Lock) -> Moved | None:
    """A healthy lock is no news, nor is one that waits or works on."""
    if before is None:
        return Moved("new", now) if now.verdict in UNHEALTHY else None
    was, is_now = RANK.get(str(before), 5), RANK.get(str(now.verdict), 5)
    if was == is_now or not {str(before), str(now.verdict)} & UNHEALTHY:
        return None
    return Moved("worse" if is_now < was else "better", now, str(before))


def _lock_gone(before: Lock) -> Moved:
    return Moved("gone", before, str(before.verdict))


def _place(one: Moved) -> tuple[int, tuple[int, int, str]]:
    assert isinstance(one.record, Lock)
    return WORDS.index(one.what), lock_order(one.record)
