"""What one changed row on the screen costs the table: with few rows, with many, and in Textual's
own DataTable."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic, sleep

from benchmarks.figures import Figure, ratio
from benchmarks.terminal import LARGE, LONGEST_S, drained, in_terminal

FEW, SOME, MANY = 100, 10_000, 50_000
CHANGES = {"ours": 200, "stock": 20}
SUBJECTS = (("ours", FEW), ("ours", SOME), ("ours", MANY), ("stock", SOME))


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` interleaved rounds."""
    costs: dict[tuple[str, int], list[float]] = {subject: [] for subject in SUBJECTS}
    for _ in range(rounds):
        for subject in SUBJECTS:
            costs[subject].append(_cost(*subject))
    few, some, many, stock = (costs[subject] for subject in SUBJECTS)
    name = "one changed row in the table, 200x50,"
    return [
        _figure(f"{name} {SOME:,} against {FEW} rows (P11)", some, few, 1.5),
        _figure(f"{name} {MANY:,} against {FEW} rows (P11)", many, few, 1.5),
        _figure(f"{name} {SOME:,} rows, against a stock DataTable", some, stock, None),
    ]


def _figure(name: str, ours: list[float], other: list[float], target: float | None) -> Figure:
    behind = f"{median(ours):.2f} and {median(other):.2f} ms of CPU a change"
    return ratio(name, ours, other, target, behind)


def _cost(kind: str, rows: int) -> float:
    """Milliseconds of CPU. Raises TimeoutError when the app did not come to its end."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result"
        how = [kind, str(rows), str(CHANGES[kind]), str(result)]
        command = [sys.executable, "-m", "benchmarks.table_app", *how]
        with in_terminal(command, LARGE) as terminal, drained(terminal) as drain:
            until = monotonic() + LONGEST_S
            while not (result.exists() and (text := result.read_text(encoding="utf-8"))):
                if monotonic() > until:
                    raise TimeoutError(f"the table did not come to its end: {drain.last!r}")
                sleep(0.05)
    return float(text)
