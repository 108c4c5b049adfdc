"""The gateway's own list of locks as the companion reads it, session by session."""

from __future__ import annotations

from collections.abc import Callable

from clawtop.picture.companion import CompanionRead, Followups, RpcRun
from clawtop.picture.exact import sighted
from clawtop.picture.sessions import SessionFacts


class Registry:
    """What the last reading held. ``read_ms`` is gateway time; None: nobody can read it now."""

    def __init__(self) -> None:
        self.read_ms: int | None = None
        self.held: set[str] = set()
        self.followups: dict[str, Followups] = {}
        self.lanes_read = False
        self._busy: dict[str, bool] = {}

    def in_lane(self, key: str) -> bool | None:
        """Whether a task of that session's own lane is at work; None: not known."""
        return self._busy.get(key, False) if self.lanes_read else None

    def read(
        self, change: CompanionRead, at_ms: int, facts_of: Callable[[str], SessionFacts]
    ) -> set[str]:
        """Take a reading made at ``at_ms``; the sessions of which anything differs now.

        ``facts_of`` gives the facts of a session, new ones for a session not known yet.
        """
        lanes = {lane.key: lane.active > 0 for lane in change.lanes.items if lane.key}
        moved = {key for key in lanes.keys() | self._busy if lanes.get(key) != self._busy.get(key)}
        runs: dict[str, list[RpcRun]] = {}
        for run in change.runs.items:
            if run.key:
                runs.setdefault(run.key, []).append(run)
        parked = {one.key: one for one in change.followups.items}
        moved |= {key for key in parked.keys() | self.followups if key not in self.held}
        tells_followups = change.followups.supported
        listed = set()
        for lock in change.locks.items:
            facts = facts_of(lock.key)
            behind = parked.get(lock.key)
            now = sighted(
                facts.exact,
                lock,
                at_ms,
                runs=tuple(runs.get(lock.key, ())),
                parked=tuple(behind.messages) if behind else (),
                depth=(behind.depth if behind else 0) if tells_followups else None,
            )
            if not now.same_but_time(facts.exact):
                moved.add(lock.key)
            facts.exact = now
            listed.add(lock.key)
        for key in self.held - listed:
            facts_of(key).exact = None
            moved.add(key)
        self.read_ms, self.held, self.followups = at_ms, listed, parked
        self.lanes_read, self._busy = change.lanes.supported, lanes
        return moved
