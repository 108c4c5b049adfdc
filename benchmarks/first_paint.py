"""From the start of the process to the first painted frame, against an empty Textual app."""

from __future__ import annotations

from statistics import median

from benchmarks.figures import Figure, ratio
from benchmarks.terminal import EMPTY, SMALL, clawtop, time_to

WORD = b"clawtop"
OURS = clawtop("ws://127.0.0.1:9")  # nothing listens there: painting is first


def measure(rounds: int) -> list[Figure]:
    """The figure of ``rounds`` interleaved rounds, after one that warms the bytecode."""
    pairs = [(time_to(WORD, OURS, SMALL), time_to(WORD, EMPTY, SMALL)) for _ in range(rounds + 1)]
    ours, our_cpu = zip(*(one for one, _ in pairs[1:]), strict=True)
    empty, empty_cpu = zip(*(other for _, other in pairs[1:]), strict=True)
    behind = f"{_ms(ours)} and {_ms(empty)} ms, CPU {_ms(our_cpu)} and {_ms(empty_cpu)} ms"
    name = "first painted frame against an empty Textual app, 80x24 (P8)"
    return [ratio(name, ours, empty, 1.3, behind)]


def _ms(seconds: tuple[float, ...]) -> str:
    return f"{median(seconds) * 1000:.0f}"
