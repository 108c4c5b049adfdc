"""From a key to its answer on the screen, while nothing comes and in two storms."""

from __future__ import annotations

import random
import time
from itertools import count

from benchmarks.emitting import Emitter, emitter
from benchmarks.figures import Figure, percentile, pooled, tail
from benchmarks.grid import Grid
from benchmarks.terminal import LARGE, Terminal, clawtop, in_terminal

RATES = (0, 2_000, 20_000)  # events/s
PROBES = 60  # of a round and a rate
STEPS = 4  # down, then as many up: the window does not scroll
DOWN, UP = b"\x1b[B", b"\x1b[A"
SETTLE_S = 1.5
CALM_S = 8.0  # after a storm 10,000 sessions fall quiet one by one, which is no rest
PAUSE_S = (0.03, 0.12)
MARK = "> "

Delays = dict[int, list[list[float]]]


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` interleaved rounds with one running dashboard."""
    delays: Delays = {rate: [] for rate in RATES}
    with emitter("storm") as source, in_terminal(clawtop(source.url), LARGE) as terminal:
        keyboard = Keyboard(source, terminal)
        for _ in range(rounds):
            for rate in RATES:
                delays[rate].append(keyboard.probe(rate))
    _, busy, storm = RATES
    return [
        _against_idle(delays, busy, 0.5, 1.5, "P9"),
        _against_idle(delays, busy, 0.99, 3.0, "P9"),
        tail(f"key to screen, p99 at {busy:,} events/s, 200x50 (P9)", delays[busy], 100),
        _against_idle(delays, storm, 0.99, 5.0, "P10"),
    ]


def _against_idle(delays: Delays, rate: int, share: float, target: float, gate: str) -> Figure:
    """All probes of all rounds together; the spread is of the single rounds."""
    ours, idle = delays[rate], delays[0]
    above, below = (percentile(pooled(some), share) for some in (ours, idle))
    pairs = zip(ours, idle, strict=True)
    ratios = [percentile(one, share) / percentile(other, share) for one, other in pairs]
    name = f"key to screen, p{share * 100:.0f} at {rate:,} events/s against none, 200x50 ({gate})"
    probes = sum(len(some) for some in ours)
    behind = f"{above:.1f} and {below:.1f} ms, {probes} keys each"
    return Figure(name, above / below, (min(ratios), max(ratios)), target, False, behind)


class Keyboard:
    """The dashboard, its screen, and somebody who moves the selection down and up again."""

    def __init__(self, source: Emitter, terminal: Terminal) -> None:
        self._source, self._terminal = source, terminal
        self._grid = Grid(LARGE)
        self._chance, self._presses = random.Random(7), count()
        terminal.feed(SETTLE_S, self._grid.take)
        source.tell("next")
        terminal.feed(SETTLE_S, self._grid.take)

    def probe(self, rate: int) -> list[float]:
        """Milliseconds of each key at that rate."""
        self._source.tell(f"pace {rate}")
        self._terminal.feed(SETTLE_S if rate else CALM_S, self._grid.take)
        return [self._press() * 1000 for _ in range(PROBES)]

    def _press(self) -> float:
        before = self._marked()
        key = DOWN if next(self._presses) // STEPS % 2 == 0 else UP
        pressed = time.monotonic()
        self._terminal.write(key)
        delay = self._terminal.read_until(lambda some: self._moved(some, before)) - pressed
        self._terminal.feed(self._chance.uniform(*PAUSE_S), self._grid.take)
        return delay

    def _moved(self, some: bytes, before: set[int]) -> bool:
        self._grid.take(some)
        return self._marked() != before

    def _marked(self) -> set[int]:
        """The lines with a selected row, one in each panel."""
        return {y for y, line in enumerate(self._grid.lines) if line.startswith(MARK)}
