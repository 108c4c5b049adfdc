"""What looking for incidents costs: for one changed row in a small and in a large picture, and
for everything at once."""

from __future__ import annotations

import random
import time
from statistics import median

from benchmarks.figures import Figure, ratio
from clawtop.incidents.engine import Engine
from clawtop.picture import changes as c
from clawtop.picture.store import Store

START_MS = 1_795_000_000_000
STEP_MS = 50
CHANGES = 1_500
FEW = (100, 20, 500)  # sessions, approvals, log lines
MANY = (10_000, 2_000, 50_000)
NEVER_MS = 10**9
METHODS = frozenset({"sessions.list", "sessions.recover", "diagnostics.lanes", "approval.history"})


class Subject:
    """A picture of some size with its engine, and the cost of changing one row at a time."""

    def __init__(self, size: tuple[int, int, int]) -> None:
        self._sessions, approvals, lines = size
        self._now_ms = START_MS
        self._store = Store(stale_after_ms=NEVER_MS)
        facts = c.GatewayFacts("bench", "ws://bench", methods=METHODS)
        self._store.apply(c.LinkUp(facts, START_MS), START_MS)
        for number in range(self._sessions):
            self._store.apply(self._changed(number, held=number % 2 == 0), START_MS)
        rows = [self._approval(number) for number in range(approvals)]
        self._store.apply(c.ApprovalsListed("exec", rows), START_MS)
        self._store.apply(c.LogRead([self._line(number) for number in range(lines)]), START_MS)
        self.engine = Engine(self._store)
        self._look()

    def _key(self, number: int) -> str:
        return f"agent:main:bench-{number % self._sessions:05}"

    def _changed(self, number: int, *, held: bool) -> c.SessionChanged:
        """Held with no run named, so that no detector can pass it by."""
        row = c.Row(
            key=self._key(number),
            session_id=f"id-{number:05}",
            status="running" if held else "done",
            has_active_run=held,
            started_at=START_MS - 60_000,
            ended_at=None if held else START_MS - 1_000,
            updated_at=self._now_ms,
            snapshot_at=self._now_ms,
        )
        return c.SessionChanged(session_key=self._key(number), ts=self._now_ms, row=row)

    def _approval(self, number: int) -> c.ApprovalRow:
        """Four equal requests in each twenty."""
        same = number % 20 < 4
        command = f"make deploy-{number // 20}" if same else f"make step-{number}"
        request = c.ApprovalRequest(command=command, session_key=self._key(number // 20))
        return c.ApprovalRow(f"a{number}", request, START_MS - number, START_MS + NEVER_MS)

    def _line(self, number: int) -> c.LogLine:
        """One line in ten is about a session."""
        text = f"http request {number} served in 12 ms"
        if number % 10 == 0:
            key = self._key(number)
            text = f"stalled session: sessionId=s sessionKey={key} age=130s reason=active_work"
        return c.LogLine(START_MS - 50_000 + number, "WARN", text)

    def _look(self) -> None:
        self._store.refresh(self._now_ms)
        self.engine.refresh()

    def cost(self, seed: int) -> float:
        """Microseconds of CPU for looking after one change; the store's own work is left out."""
        chance = random.Random(seed)
        spent = 0.0
        for _ in range(CHANGES):
            self._now_ms += STEP_MS
            number = chance.randrange(self._sessions)
            change = self._changed(number, held=chance.random() < 0.5)
            self._store.apply(change, self._now_ms)
            self._store.refresh(self._now_ms)
            began = time.thread_time()
            self.engine.refresh()
            spent += time.thread_time() - began
        return spent / CHANGES * 1e6

    def everything(self) -> float:
        """Milliseconds of CPU for a first look at the whole picture."""
        engine = Engine(self._store)
        began = time.thread_time()
        engine.refresh()
        return (time.thread_time() - began) * 1e3


def measure(rounds: int) -> list[Figure]:
    """The figure of ``rounds`` interleaved rounds, after one that warms up."""
    few, many = Subject(FEW), Subject(MANY)
    costs = [(few.cost(number), many.cost(number)) for number in range(rounds + 1)][1:]
    small, large = [one for one, _ in costs], [other for _, other in costs]
    whole = median(many.everything() for _ in range(rounds))
    behind = (
        f"{median(large):.1f} and {median(small):.1f} µs a change;"
        f" a first look at all {whole:.0f} ms, {len(many.engine.open)} open"
    )
    sizes = " / ".join(f"{size:,}" for size in MANY)
    name = f"incidents after one change: {sizes} sessions, approvals, log lines against 1 %"
    return [ratio(name, large, small, 1.5, behind)]
