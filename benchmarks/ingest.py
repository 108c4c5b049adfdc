"""How much of the bare receive rate is left when the store, then the whole app, stand behind it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, spread_of
from benchmarks.terminal import LONGEST_S, ROOT, Drain, in_terminal

EVENTS = 120_000
SIZE = (200, 50)
MANNERS = ("floor", "store", "app")


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


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` interleaved rounds."""
    samples: dict[str, list[Sample]] = {manner: [] for manner in MANNERS}
    with _emitter() as url:
        for _ in range(rounds):
            for manner in MANNERS:
                samples[manner].append(_round(manner, url))
    return [
        _by_cost("running app, CPU per event, against the floor (P2)", "app", samples, 0.70),
        _by_rate("running app, events/s, against the floor (P2)", "app", samples, 0.70),
        _by_cost("link and store, no screen, CPU per event (P1)", "store", samples, 0.85),
    ]


def _by_cost(name: str, manner: str, samples: dict[str, list[Sample]], target: float) -> Figure:
    floor = [one.cost for one in samples["floor"]]
    ours = [one.cost for one in samples[manner]]
    behind = f"{median(floor):.2f} and {median(ours):.2f} µs of CPU an event"
    ratio = median(floor) / median(ours)
    return Figure(name, ratio, spread_of(floor, ours), target, True, behind, percent=True)


def _by_rate(name: str, manner: str, samples: dict[str, list[Sample]], target: float) -> Figure:
    floor = [one.rate for one in samples["floor"]]
    ours = [one.rate for one in samples[manner]]
    behind = f"{median(floor):,.0f} and {median(ours):,.0f} events/s"
    ratio = median(ours) / median(floor)
    return Figure(name, ratio, spread_of(ours, floor), target, True, behind, percent=True)


@contextmanager
def _emitter() -> Iterator[str]:
    """The emitter process; yields its address."""
    command = [sys.executable, "-m", "benchmarks.emitter", str(EVENTS)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _round(manner: str, url: str) -> Sample:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        arguments = ["-m", "benchmarks.client", manner, url, str(result)]
        with in_terminal(arguments, SIZE) as end:
            drain = Drain(end)
            drain.start()
            try:
                _wait_for(result, drain)
            finally:
                drain.stop()
        return Sample(**json.loads(result.read_text(encoding="utf-8")))


def _wait_for(result: Path, drain: Drain) -> None:
    """Raises TimeoutError, with its last words, when the client never came to the end."""
    until = time.monotonic() + LONGEST_S
    while not result.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"a client did not finish the storm: {drain.last!r}")
        time.sleep(0.05)
