"""How much of the bare receive rate is left when the store, then the whole app, stand behind it."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.emitting import Emitter, emitter
from benchmarks.figures import SHARE, Figure, ratio
from benchmarks.terminal import LARGE, LONGEST_S, Drain, Terminal, drained, in_terminal

EVENTS = 120_000
MANNERS = ("floor", "store", "app", "stock")
FLOOR = "against the floor"
STOCK = "against a stock DataTable"

Samples = dict[str, list["Sample"]]


@dataclass(frozen=True)
class Sample:
    """One round of one manner."""

    events: int
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """Events per second of wall time."""
        return self.events / self.wall

    @property
    def cost(self) -> float:
        """Microseconds of CPU per event."""
        return self.cpu / self.events * 1e6


@dataclass(frozen=True)
class Client:
    """A measured client at work, and where it writes what it measured."""

    terminal: Terminal
    drain: Drain
    result: Path


@contextmanager
def client(manner: str, source: Emitter) -> Iterator[Client]:
    """A measured client that has seen all sessions and had a rest."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", "benchmarks.client", manner, source.url, str(result)]
        with in_terminal(command, LARGE) as terminal, drained(terminal) as drain:
            source.tell("next")
            yield Client(terminal, drain, result)


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` interleaved rounds."""
    samples: Samples = {manner: [] for manner in MANNERS}
    with emitter("storm") as source:
        for _ in range(rounds):
            for manner in MANNERS:
                samples[manner].append(_round(manner, source))
    return [
        _by_cost(f"running app, CPU per event, {FLOOR} (P2)", "app", "floor", samples, 0.70),
        _by_rate(f"running app, events/s, {FLOOR} (P2)", "app", "floor", samples, 0.70),
        _by_cost(f"running app, CPU per event, {STOCK}", "app", "stock", samples, None),
        _by_rate(f"running app, events/s, {STOCK}", "app", "stock", samples, None),
        _by_cost(f"link and store, no screen, CPU, {FLOOR} (P1)", "store", "floor", samples, 0.85),
    ]


def _by_cost(name: str, ours: str, other: str, samples: Samples, target: float | None) -> Figure:
    above, below = ([one.cost for one in samples[manner]] for manner in (other, ours))
    behind = f"{median(below):.2f} and {median(above):.2f} µs of CPU an event"
    return ratio(name, above, below, target, behind, at_least=True, unit=SHARE)


def _by_rate(name: str, ours: str, other: str, samples: Samples, target: float | None) -> Figure:
    above, below = ([one.rate for one in samples[manner]] for manner in (ours, other))
    behind = f"{median(above):,.0f} and {median(below):,.0f} events/s"
    return ratio(name, above, below, target, behind, at_least=True, unit=SHARE)


def _round(manner: str, source: Emitter) -> Sample:
    with client(manner, source) as measured:
        source.tell(f"flood {EVENTS}")
        _wait_for(measured)
        return Sample(**json.loads(measured.result.read_text(encoding="utf-8")))


def _wait_for(measured: Client) -> None:
    """Raises TimeoutError, with its last words, when the client never came to the end."""
    until = time.monotonic() + LONGEST_S
    while not measured.result.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"a client did not finish the storm: {measured.drain.last!r}")
        time.sleep(0.05)
