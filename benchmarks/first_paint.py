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
    ours, empty = [], []
    for number in range(rounds + 1):
        pair = time_to(WORD, EMPTY, SIZE), time_to(WORD, OURS, SIZE)
        if number:
            empty.append(pair[0])
            ours.append(pair[1])
    behind = f"{median(ours) * 1000:.0f} and {median(empty) * 1000:.0f} ms"
    ratio = median(ours) / median(empty)
    name = "first painted frame against an empty Textual app, 80x24 (P8)"
    return [Figure(name, ratio, spread_of(ours, empty), 1.3, False, behind)]
