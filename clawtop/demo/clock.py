"""Clocks of the scripted world: milliseconds since the epoch, real, sped up or set by hand."""

import time
from collections.abc import Callable

Clock = Callable[[], int]


class SystemClock:
    """Wall clock in ms that runs ``speed`` times as fast as real time, from now on."""

    def __init__(self, speed: float = 1.0) -> None:
        """Remember the starting point; ``speed`` is world ms per real ms."""
        self.speed = speed
        self._wall = time.time() * 1000
        self._mono = time.monotonic()

    def __call__(self) -> int:
        """Return the world's time in ms."""
        return int(self._wall + (time.monotonic() - self._mono) * 1000 * self.speed)


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: int = 1_795_000_000_000) -> None:
        """Start at ``start`` ms since the epoch."""
        self.ms = start

    def __call__(self) -> int:
        """Return the world's time in ms."""
        return self.ms

    def advance(self, ms: int) -> None:
        """Move forward by ``ms`` milliseconds."""
        self.ms += ms
