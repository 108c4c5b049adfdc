"""The gateway's clock, seen from here: monotonic seconds in, gateway milliseconds out.

Each frame with a server time is late by its travel; the largest offset seen lately is the one
that travelled least. Our wall clock is only compared with it, never trusted.
"""

from __future__ import annotations

import time
from collections import deque

SAMPLES = 16


class GatewayClock:
    """``now_ms()`` on the gateway's clock; before the first sample, on ours."""

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=SAMPLES)
        self._offset: float | None = None

    def sample(self, server_ms: int | float | None, monotonic_s: float) -> None:
        """A server time that arrived at ``monotonic_s``."""
        if server_ms is None or not 0 < server_ms < 1e15:
            return
        self._offsets.append(server_ms - monotonic_s * 1000)
        self._offset = max(self._offsets)

    def heard(self, server_ms: int | float | None) -> None:
        """A server time that arrived just now."""
        self.sample(server_ms, time.monotonic())

    def reset(self) -> None:
        """Another connection, perhaps to a gateway whose clock was set."""
        self._offsets.clear()

    def at(self, monotonic_s: float) -> int:
        """Gateway ms at a monotonic time of ours."""
        if self._offset is None:
            wall_minus_monotonic = time.time() - time.monotonic()
            return int((monotonic_s + wall_minus_monotonic) * 1000)
        return int(self._offset + monotonic_s * 1000)

    def now_ms(self) -> int:
        return self.at(time.monotonic())

    def offset_ms(self) -> int:
        """The gateway's clock minus this host's, in ms."""
        return round(self.now_ms() - time.time() * 1000)
