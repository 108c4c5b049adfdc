"""A burst of 100,000 events: how late the latest was read, what was lost, what stayed in memory."""

from __future__ import annotations

import json
import time
from statistics import median

from benchmarks.emitting import Emitter, emitter
from benchmarks.figures import Figure, amount, most
from benchmarks.ingest import client
from benchmarks.terminal import EMPTY, LARGE, LONGEST_S, drained, in_terminal

EVENTS = 100_000
REST_S = 2.0  # to paint what came last


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` rounds."""
    with emitter("storm") as source:
        found = [_round(source) for _ in range(rounds)]
    memory, empty, lags, lost = zip(*found, strict=True)
    over = [one - other for one, other in zip(memory, empty, strict=True)]
    behind = f"{median(memory):.1f} and {median(empty):.1f} MB"
    name = f"memory over an empty Textual app, 10,000 held, {EVENTS:,} events seen (P13)"
    return [
        amount(name, over, 32, "MB", behind),
        amount(f"burst of {EVENTS:,} events: worst lag (P15)", lags, 500, "ms"),
        most(f"burst of {EVENTS:,} events: lost (P15)", lost, 0, "events"),
    ]


def _round(source: Emitter) -> tuple[float, float, float, float]:
    """MB of clawtop and of an empty app, the worst lag in ms, events lost."""
    with client("counted", source) as measured:
        source.tell(f"flood {EVENTS}")
        until = time.monotonic() + LONGEST_S
        read, lag = 0, 0.0
        while read < EVENTS and time.monotonic() < until:
            time.sleep(0.2)
            if measured.result.exists():
                told = json.loads(measured.result.read_text(encoding="utf-8"))
                read, lag = told["events"], told["lag"]
        time.sleep(REST_S)
        memory = measured.terminal.memory_mb()
    return memory, _empty_mb(), lag * 1000, EVENTS - read


def _empty_mb() -> float:
    with in_terminal(EMPTY, LARGE) as terminal, drained(terminal):
        time.sleep(REST_S)
        return terminal.memory_mb()
