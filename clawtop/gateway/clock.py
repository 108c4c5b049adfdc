"""The gateway's clock, seen from here: monotonic seconds in, gateway milliseconds out.

Each frame with a server time is late by its travel; the largest offset seen lately is the one
that travelled least. Our wall clock is only compared with it, never trusted.
"""

from __future__ import annotations

import time
from collections import deque

SAMPLES = 16
JUMP_MS = 60_000  # no frame travels that long on a link that lives: the clock was set back
NAP_S = 1.0


def slept_s() -> float:
    """How long this host has been asleep since it was started: ``time.monotonic`` of Linux leaves
    that out. 0 where it does not, or cannot be told."""
    awake_or_not = getattr(time, "CLOCK_BOOTTIME", None)
    if awake_or_not is None:
        return 0.0
    return time.clock_gettime(awake_or_not) - time.clock_gettime(time.CLOCK_MONOTONIC)


class GatewayClock:
    """``now_ms()`` on the gateway's clock; before the first sample, on ours."""

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=SAMPLES)
        self._offset: float | None = None
        self._slept_s = slept_s()

    def sample(self, server_ms: int | float | None, monotonic_s: float) -> None:
        """A server time that arrived at ``monotonic_s``."""
        if server_ms is None or not 0 < server_ms < 1e15:
            return
        offset = server_ms - monotonic_s * 1000
        if self._offset is not None and offset < self._offset - JUMP_MS:
            self._offsets.clear()
        self._offsets.append(offset)
        self._offset = max(self._offsets)

    def heard(self, server_ms: int | float | None) -> None:
        """A server time that arrived just now."""
        self.sample(server_ms, time.monotonic())

    def at(self, monotonic_s: float) -> int:
        """Gateway ms at a monotonic time of ours."""
        if self._offset is None:
            wall_minus_monotonic = time.time() - time.monotonic()
            return int((monotonic_s + wall_minus_monotonic) * 1000)
        return int(self._offset + monotonic_s * 1000)

    def now_ms(self) -> int:
        self._notice_sleep()
        return self.at(time.monotonic())

    def _notice_sleep(self) -> None:
        """While this host slept, the gateway's clock went on."""
        slept = slept_s()
        nap, self._slept_s = slept - self._slept_s, slept
        if nap >= NAP_S and self._offset is not None:
            self._offset += nap * 1000
            self._offsets = deque((one + nap * 1000 for one in self._offsets), maxlen=SAMPLES)

    def offset_ms(self) -> int:
        """The gateway's clock minus this host's, in ms."""
        return round(self.now_ms() - time.time() * 1000)
