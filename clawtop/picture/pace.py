"""How fast the gateway answers: slow methods, a slow event loop, and silence. Gateway ms.

What a time is called changes only when it passes a step, so that nothing ticks on the screen.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

from clawtop.errors import ALIVE, NO_ANSWER, NO_FRAMES

SLOW_MS = 5_000  # a full list of a busy gateway takes two seconds (measured on 2026.9.6)
STEPS_MS = (5_000, 10_000, 20_000, 40_000)
IN_A_ROW = 2


class Slow(Struct, frozen=True, gc=False):
    """A method that answered slowly, or not at all, since ``since_ms``, so often in a row."""

    method: str
    since_ms: int
    times: int
    worst_ms: int


class Pace:
    """The newest answers of one gateway."""

    def __init__(self) -> None:
        self._slow: dict[str, Slow] = {}
        self.heard_ms: int | None = None
        self.degraded_since_ms: int | None = None
        self.mute_since_ms: int | None = None
        self._mute_times = 0

    def clear(self) -> None:
        """The gateway restarted, or the link is new."""
        self._slow.clear()
        self.degraded_since_ms = self.mute_since_ms = None
        self._mute_times = 0

    def answered(self, method: str, took_ms: int | None, now_ms: int) -> bool:
        """An answer after ``took_ms``, or None for one that never came. True when it tells."""
        if took_ms is not None:
            self.heard_ms = now_ms
            if took_ms < SLOW_MS:
                return self._slow.pop(method, None) is not None
        step = max((one for one in STEPS_MS if one <= (took_ms or STEPS_MS[1])), default=SLOW_MS)
        known = self._slow.get(method)
        since_ms = known.since_ms if known else now_ms - (took_ms or step)
        times = min(known.times + 1 if known else 1, IN_A_ROW)
        worst = max(step, known.worst_ms if known else 0)
        self._slow[method] = Slow(method, since_ms, times, worst)
        return self._slow[method] != known

    def slow(self) -> list[Slow]:
        """Methods that were slow more than once in a row, by name."""
        return sorted(
            (one for one in self._slow.values() if one.times >= IN_A_ROW),
            key=lambda one: one.method,
        )

    def loop(self, degraded: bool | None, now_ms: int) -> None:
        """What the gateway itself says of its event loop."""
        if not degraded:
            self.degraded_since_ms = None
        elif self.degraded_since_ms is None:
            self.degraded_since_ms = now_ms

    def down(self, why: str, now_ms: int) -> None:
        """The link ended, or could not be made: by silence, or by a word of somebody."""
        if ALIVE in why or (NO_FRAMES not in why and NO_ANSWER not in why):
            self.mute_since_ms, self._mute_times = None, 0
            return
        self._mute_times = min(self._mute_times + 1, IN_A_ROW)
        if self.mute_since_ms is None:
            self.mute_since_ms = self.heard_ms or now_ms

    @property
    def mute(self) -> bool:
        """Silent more than once in a row: one silence alone may be our own sleep."""
        return self.mute_since_ms is not None and self._mute_times >= IN_A_ROW


def is_local(url: str) -> bool:
    """Whether nothing but this host lies between the gateway and us."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host in ("localhost", "::1") or host.startswith("127.")
