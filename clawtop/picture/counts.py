"""Locks that nobody can name: the gateway's anonymous count against the sessions we know.

``gateway.restart.preflight`` counts distinct session ids among embedded runs and locks, in
every generation, whatever the rows say. Older gateways count the first turn of a new session
twice (measured on 2026.5.28 and 2026.6.11), so the excess is believed only beyond that
allowance, and only when it stays.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

READS = 3
SPAN_MS = 1_500


class Reading(Struct, frozen=True):
    """One count with what we knew at that moment."""

    at_ms: int
    embedded: int
    held: int
    allowance: int


class Anonymous:
    """How many locks fit no session, as the smallest number that fits the last readings."""

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque(maxlen=READS)
        self.since_ms: int | None = None  # since when every count exceeded what we can name
        self.exact = False  # the registry itself is read: no lock is without a name

    def clear(self) -> None:
        self._readings.clear()
        self.since_ms = None

    def read(self, reading: Reading) -> None:
        self._readings.append(reading)
        if reading.embedded <= reading.held + reading.allowance:
            self.since_ms = None
        elif self.since_ms is None:
            self.since_ms = reading.at_ms

    @property
    def latest(self) -> Reading | None:
        return self._readings[-1] if self._readings else None

    @property
    def counted(self) -> bool:
        """Whether anybody tells how many locks there are: the gateway's count, or its registry."""
        return self.exact or self.latest is not None

    def since(self, at_ms: int) -> list[Reading]:
        """The newest readings, those after that time."""
        return [one for one in self._readings if one.at_ms > at_ms]

    @property
    def doubtful(self) -> bool:
        """The newest count exceeds what we can explain, and more looks would tell."""
        latest = self.latest
        if latest is None or self.full or self.exact:
            return False
        return latest.embedded > latest.held + latest.allowance

    @property
    def full(self) -> bool:
        """Enough readings over enough time; one more would not change the answer much."""
        if len(self._readings) < READS:
            return False
        return self._readings[-1].at_ms - self._readings[0].at_ms >= SPAN_MS

    def number(self) -> int | None:
        """The smallest number of unattributed locks; None when it cannot be told from 0."""
        if self.exact:
            return 0
        latest = self.latest
        if latest is None:
            return None
        if latest.embedded <= latest.held:
            return 0
        smallest = min(one.embedded - one.held - one.allowance for one in self._readings)
        return smallest if smallest > 0 and self.full else None
