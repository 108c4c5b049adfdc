"""Looks for incidents where the picture changed, and nowhere else.

The cost of a refresh follows what was touched since the last one, not how much there is.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from msgspec import Struct

from clawtop.incidents.incident import Incident, order
from clawtop.incidents.registry import ALL
from clawtop.incidents.scene import Kind, Scene, Subject
from clawtop.picture.store import Store

Place = tuple[int, str]  # which kind (its place in the registry), which subject

WHOLE = (Subject.GATEWAY, Subject.QUEUE, Subject.HEARTBEATS)
PANEL_SUBJECTS = {
    "sessions": Subject.SESSION,
    "logs": Subject.SESSION,
    "waiting": Subject.SESSION,
    "approvals": Subject.GROUP,
    "lanes": Subject.LANE,
    "tasks": Subject.LANE,
    "system_events": Subject.QUEUE,
    "heartbeats": Subject.HEARTBEATS,
    "gateway": Subject.GATEWAY,
    "recoveries": Subject.GATEWAY,
}


class Change(Struct, frozen=True):
    """What became of one incident: ``new``, ``gone``, ``worse``, ``better`` or ``changed``."""

    what: str
    incident: Incident
    before: Incident | None = None


class Engine:
    """The open incidents of one picture."""

    def __init__(self, store: Store, kinds: Sequence[Kind] = ALL) -> None:
        self.store, self.kinds = store, kinds
        self.open: dict[str, Incident] = {}
        self._scene = Scene(store)
        self._follower = store.follow()
        self._at: dict[Place, str] = {}  # where an open incident was found
        self._open_of: Counter[str] = Counter()  # how many open incidents each subject has
        self._due: dict[Place, int] = {}
        self._stuck: set[str] = set()
        self._waiting: dict[str, None] = {}  # sessions still to be looked at, first come first
        self._deadlines: list[tuple[int, Place]] = []
        self._of = {
            subject: [place for place, kind in enumerate(kinds) if kind.subject is subject]
            for subject in Subject
        }

    def refresh(self, limit: int | None = None) -> list[Change]:
        """Look again where something changed or became due. The store is refreshed by others.

        ``limit``: look at most at so many sessions now; ``backlog_of_work`` tells the rest.
        """
        changes: list[Change] = []
        for place in sorted(self._places(limit)):
            changes += self._look(place)
        return changes

    @property
    def backlog_of_work(self) -> int:
        """Sessions still to be looked at after a limited ``refresh``."""
        return len(self._waiting)

    def incidents(self) -> list[Incident]:
        """Open incidents, worst first."""
        return sorted(self.open.values(), key=order)

    def of_session(self, session_key: str) -> list[Incident]:
        """Open incidents of one session, worst first."""
        return [one for one in self.incidents() if one.session_key == session_key]

    # -- where to look

    def _places(self, limit: int | None) -> set[Place]:
        now_ms = self.store.now_ms
        places: set[Place] = set()
        for panel, ids in self._follower.take().items():
            subject = PANEL_SUBJECTS.get(panel)
            if subject is Subject.SESSION:
                self._waiting.update(dict.fromkeys(self._subjects(subject, panel, ids)))
            elif subject is not None:
                for name in self._subjects(subject, panel, ids):
                    places.update((place, name) for place in self._of[subject])
            places.update(self._also(panel, ids))
        for name in [*islice(self._waiting, limit)]:
            del self._waiting[name]
            places.update((place, name) for place in self._of[Subject.SESSION])
        while self._deadlines and self._deadlines[0][0] <= now_ms:
            due, place = heapq.heappop(self._deadlines)
            if self._due.get(place) == due:
                del self._due[place]
                places.add(place)
        return places

    def _subjects(self, subject: Subject, panel: str, ids: set[str]) -> Iterable[str]:
        if subject in WHOLE:
            return ("",)
        if subject is Subject.LANE:
            return self.store.lane_names() | self._open_subjects(subject)
        if subject is Subject.GROUP and "*" in ids:
            return {group[0].group for group in self.store.backlog.groups()} | ids
        if subject is Subject.SESSION and "*" in ids:
            return set(self.store.held.sessions) | self._open_subjects(subject)
        if subject is Subject.SESSION and panel == "sessions":
            return [key for key in ids if not self._calm(key)]
        return ids

    def _open_subjects(self, subject: Subject) -> set[str]:
        return {name for place, name in self._at if self.kinds[place].subject is subject}

    def _calm(self, key: str) -> bool:
        """A session at work of which nothing else is known: nothing could be found there."""
        lock = self.store.held.locks.get(key)
        if lock is not None and lock.verdict != "working":
            return False
        if self.store.logbook.has(key) or (lock is not None and lock.waiting):
            return False
        facts = self.store.held.sessions.get(key)
        if facts is not None and facts.odd:
            return False
        return key not in self._open_of

    def _also(self, panel: str, ids: set[str]) -> Iterable[Place]:
        """Subjects that a part touches beside its own."""
        if panel == "sessions" and not ids.isdisjoint(self._stuck ^ self.store.held.stuck):
            # the head of a line may have changed
            self._stuck = set(self.store.held.stuck)
            names = self._open_subjects(Subject.LANE)
            yield from ((place, name) for place in self._of[Subject.LANE] for name in names)
        if panel == "locks":  # mere progress ends some incidents, and begins none
            names = ids & self._open_subjects(Subject.SESSION)
            yield from ((place, name) for place in self._of[Subject.SESSION] for name in names)
        if panel == "recoveries":
            for one in self.store.recoveries():
                if one.session_key:
                    yield from ((place, one.session_key) for place in self._of[Subject.SESSION])
        elif panel == "gateway":
            yield from ((place, "") for place in self._of[Subject.HEARTBEATS])
            yield from ((place, name) for place in self._of[Subject.LANE] for name in ("main",))

    # -- looking

    def _look(self, place: Place) -> Sequence[Change]:
        number, name = place
        kind = self.kinds[number]
        finding = kind.look(self._scene, name) if self.store.facts is not None else None
        self._remember(place, self._scene.take_again())
        if finding is None and place not in self._at:
            return ()
        found = self._scene.incident(kind, finding) if finding is not None else None
        return self._file(place, found)

    def _remember(self, place: Place, again: int | None) -> None:
        if again is None:
            return
        known = self._due.get(place)
        if known is None or again < known:
            self._due[place] = again
            heapq.heappush(self._deadlines, (again, place))

    def _file(self, place: Place, found: Incident | None) -> list[Change]:
        """Take the new state of one place; what changed by it."""
        key = self._at.get(place)
        before = self.open.get(key) if key is not None else None
        if before == found:
            return []
        changes = []
        if before is not None and (found is None or found.key != before.key):
            del self.open[before.key]
            self._leave(place)
            changes.append(Change("gone", before, before))
            before = None
        if found is not None:
            self._open_of[place[1]] += place not in self._at
            self._at[place] = found.key
            self.open[found.key] = found
            changes.append(Change(_what(before, found), found, before))
        return changes

    def _leave(self, place: Place) -> None:
        del self._at[place]
        self._open_of[place[1]] -= 1
        if not self._open_of[place[1]]:
            del self._open_of[place[1]]


def _what(before: Incident | None, found: Incident) -> str:
    if before is None:
        return "new"
    was, now = order(before)[:2], order(found)[:2]
    if was == now:
        return "changed"
    return "worse" if now < was else "better"
