"""At 1,000 events/s in a small terminal: how much is written, and how soon a change is seen."""

from __future__ import annotations

import random
import time
from itertools import count
from statistics import median

from benchmarks.emitting import Emitter, emitter
from benchmarks.figures import Figure, amount, pooled, tail
from benchmarks.grid import Grid
from benchmarks.terminal import SMALL, Terminal, clawtop, in_terminal

RATE = 1_000
SETTLE_S = 2.0
MARKS = 60  # of a round
PAUSE_S = (0.1, 0.3)


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` rounds with one running dashboard."""
    with emitter("storm") as source, in_terminal(clawtop(source.url), SMALL) as terminal:
        watched = Watched(source, terminal)
        found = [watched.round() for _ in range(rounds)]
    rates = [rate / 1024 for rate, _ in found]
    delays = [[delay * 1000 for delay in some] for _, some in found]
    behind = f"{MARKS * rounds} changes, p50 {median(pooled(delays)):.0f} ms"
    written = f"written at {RATE:,} events/s, 80x24 (P7)"
    seen = f"p99 from a visible change to its bytes, {RATE:,} events/s, 80x24 (P12)"
    return [
        amount(written, rates, 20, "KiB/s"),
        tail(seen, delays, 200, behind),
    ]


class Watched:
    """The dashboard in the storm, and what stands on its screen."""

    def __init__(self, source: Emitter, terminal: Terminal) -> None:
        self._source, self._terminal = source, terminal
        self._grid = Grid(SMALL)
        self._words = (f"seen-{number:05}" for number in count())
        self._chance = random.Random(7)
        terminal.feed(SETTLE_S, self._grid.take)
        source.tell("next")
        source.tell(f"pace {RATE}")
        terminal.feed(SETTLE_S, self._grid.take)

    def round(self) -> tuple[float, list[float]]:
        """Bytes a second, and the seconds until each change was seen."""
        began, taken = time.monotonic(), self._terminal.taken
        delays = [self._mark() for _ in range(MARKS)]
        return (self._terminal.taken - taken) / (time.monotonic() - began), delays

    def _mark(self) -> float:
        word = next(self._words)
        sent = self._source.tell(f"mark {word}").at

        def shown(some: bytes) -> bool:
            self._grid.take(some)
            return word in self._grid.text

        delay = self._terminal.read_until(shown) - sent
        self._terminal.feed(self._chance.uniform(*PAUSE_S), self._grid.take)
        return delay
