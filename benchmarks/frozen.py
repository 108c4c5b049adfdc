"""A terminal that takes nothing for 15 s at 2,000 events/s: whether the gateway is still read."""

from __future__ import annotations

import json
import time
from statistics import median

from benchmarks.emitting import Emitter, emitter
from benchmarks.figures import SHARE, Figure, most, ratio
from benchmarks.ingest import Client, client

RATE = 2_000
FROZEN_S = 15.0
REST_S = 3.0


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` times the same terminal stops."""
    with emitter("storm") as source, client("counted", source) as measured:
        found = [_round(source, measured) for _ in range(rounds)]
    read, sent, waiting = zip(*found, strict=True)
    behind = f"{median(read):,.0f} of {median(sent):,.0f} events in {FROZEN_S:.0f} s"
    name = f"terminal frozen, {RATE:,} events/s: read of what was sent (P14)"
    kept = f"terminal frozen, {RATE:,} events/s: most that waited in the server (P14)"
    return [
        ratio(name, read, sent, 0.95, behind, at_least=True, unit=SHARE),
        most(kept, waiting, 1024, "KiB"),
    ]


def _round(source: Emitter, measured: Client) -> tuple[float, float, float]:
    """Events read and sent while frozen, and the most KiB that waited in the server."""
    source.tell(f"pace {RATE}")
    time.sleep(REST_S)
    read, sent = _read(measured), source.tell("look").sent
    measured.drain.freeze(FROZEN_S)
    read, told = _read(measured) - read, source.tell("look")
    source.tell("pace 0")
    time.sleep(REST_S)
    return read, told.sent - sent, told.most / 1024


def _read(measured: Client) -> float:
    """Events that the client has read so far."""
    told = json.loads(measured.result.read_text(encoding="utf-8"))
    return float(told["events"])
