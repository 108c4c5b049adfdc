"""From the start of the process to the first painted frame, against an empty Textual app."""

from __future__ import annotations

from statistics import median

from benchmarks.figures import Figure, spread_of
from benchmarks.terminal import time_to

SIZE = (80, 24)
WORD = b"clawtop"
OURS = ["-m", "clawtop", "--url", "ws://127.0.0.1:9"]  # nothing listens there: painting is first
EMPTY = ["-m", "benchmarks.empty_app"]


def measure(rounds: int) -> list[Figure]:
    """The figure of ``rounds`` interleaved rounds, after one that warms the bytecode."""
    pairs = [(time_to(WORD, OURS, SIZE), time_to(WORD, EMPTY, SIZE)) for _ in range(rounds + 1)]
    ours, our_cpu = zip(*(one for one, _ in pairs[1:]), strict=True)
    empty, empty_cpu = zip(*(other for _, other in pairs[1:]), strict=True)
    behind = f"{_ms(ours)} and {_ms(empty)} ms, CPU {_ms(our_cpu)} and {_ms(empty_cpu)} ms"
    ratio = median(ours) / median(empty)
    name = "first painted frame against an empty Textual app, 80x24 (P8)"
    return [Figure(name, ratio, spread_of([*ours], [*empty]), 1.3, False, behind)]


def _ms(seconds: tuple[float, ...]) -> str:
    return f"{median(seconds) * 1000:.0f}"
