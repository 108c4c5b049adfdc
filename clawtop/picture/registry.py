"""The gateway's own list of locks as the companion reads it, session by session."""

from __future__ import annotations

from collections.abc import Callable, Container

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
        self,
        change: CompanionRead,
        at_ms: int,
        facts_of: Callable[[str], SessionFacts],
        has_row: Callable[[str], bool],
    ) -> set[str]:
        """Take a reading made at ``at_ms``; the sessions of which anything differs now.

        ``facts_of`` gives the facts of a session, new ones for a session not known yet;
        ``has_row`` says whether the gateway lists a session of that key.
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
        own = {lock.key for lock in change.locks.items}
        for lock in change.locks.items:
            key = _row_key(lock.key, has_row, own)
            facts = facts_of(key)
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
                moved.add(key)
            facts.exact = now
            listed.add(key)
            if behind is not None and key != lock.key:
                parked[key] = behind
        for key in self.held - listed:
            facts_of(key).exact = None
            moved.add(key)
        self.read_ms, self.held, self.followups = at_ms, listed, parked
        self.lanes_read, self._busy = change.lanes.supported, lanes
        return moved


def _row_key(key: str, has_row: Callable[[str], bool], own: Container[str]) -> str:
    """The session that a lock belongs to. Rows have lower-case keys, a lock keeps the key as its
    channel wrote it (measured on 2026.5.28 and 2026.9.6)."""
    lower = key.lower()
    return lower if lower not in own and not has_row(key) and has_row(lower) else key
