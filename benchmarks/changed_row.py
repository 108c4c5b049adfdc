"""What one changed session costs the store when it knows a hundred, and when fifty thousand."""

from __future__ import annotations

import random
import time
from statistics import median

from benchmarks.figures import Figure, ratio
from clawtop.picture import changes as c
from clawtop.picture.store import Store

FEW, MANY = 100, 50_000
CHANGES = 4_000
START_MS = 1_795_000_000_000
STEP_MS = 50  # a session of the few comes again after 5 s: in both stores it went quiet before
NEVER_MS = 10**9  # no session goes stale, which would be judged at once for all of them


class Subject:
    """A store of ``size`` held sessions, and the cost of changing them one at a time."""

    def __init__(self, size: int) -> None:
        self._size, self._now_ms = size, START_MS
        self._store = Store(stale_after_ms=NEVER_MS)
        for number in range(size):
            self._store.apply(self._change(number), self._now_ms)
        self._look()

    def _change(self, number: int) -> c.SessionChanged:
        key = f"agent:main:bench-{number:05}"
        row = c.Row(
            key=key,
            session_id=f"id-{number:05}",
            status="running",
            has_active_run=True,
            active_run_ids=[f"run-{number:05}"],
            started_at=START_MS - 60_000,
            updated_at=self._now_ms,
            last_activity_at=self._now_ms,
            snapshot_at=self._now_ms,
        )
        return c.SessionChanged(session_key=key, reason="patch", ts=self._now_ms, row=row)

    def _look(self) -> None:
        self._store.refresh(self._now_ms)
        self._store.take_touched()

    def cost(self, seed: int) -> float:
        """Microseconds of CPU for one change and the look at it."""
        chance = random.Random(seed)
        numbers = [chance.randrange(self._size) for _ in range(CHANGES)]
        spent = 0.0
        for number in numbers:
            self._now_ms += STEP_MS
            change = self._change(number)
            began = time.thread_time()
            self._store.apply(change, self._now_ms)
            self._look()
            spent += time.thread_time() - began
        return spent / CHANGES * 1e6


def measure(rounds: int) -> list[Figure]:
    """The figure of ``rounds`` interleaved rounds, after one that warms up."""
    few, many = Subject(FEW), Subject(MANY)
    costs = [(few.cost(number), many.cost(number)) for number in range(rounds + 1)][1:]
    small, large = [one for one, _ in costs], [other for _, other in costs]
    behind = f"{median(large):.1f} and {median(small):.1f} µs a change"
    name = f"one changed session in the store, {MANY:,} against {FEW} sessions (P11)"
    return [ratio(name, large, small, 1.5, behind)]
