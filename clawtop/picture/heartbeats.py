"""Heartbeats as they are seen: when one ran, was skipped or failed, and how often one should.

No gateway tells whether heartbeats are paused, and the event names no agent. What clawtop itself
paused is remembered here, too (``pause.py``).
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from clawtop.picture.changes import GatewayFacts, HeartbeatAgent, HeartbeatSeen, PauseKnown
from clawtop.picture.pause import Act, Pause, Switch, switch_of
from clawtop.picture.sessions import whole

KEEP = 200
SKIPPED = "skipped"
RAN = frozenset({"sent", "ok-empty", "ok-token"})


class Beat(Struct, frozen=True, gc=False):
    """One heartbeat: its time (gateway ms), what became of it, and why; how long it took."""

    at_ms: int
    status: str
    reason: str | None
    took_ms: int | None = None

    @property
    def ran(self) -> bool:
        return self.status in RAN

    @property
    def began_ms(self) -> int | None:
        """When its turn began; None for one that may have begun long before it was told.

        A skip is decided at once, also where it took a turn first: then it tells how long.
        """
        if self.took_ms is None and self.status != SKIPPED:
            return None
        return self.at_ms - (self.took_ms or 0)


class Heartbeats:
    """The newest heartbeats, and what is configured. Of equal skips in a row the first and the
    newest are kept: a blocked gateway tries once a second (measured on 2026.9.6)."""

    def __init__(self) -> None:
        self.agents: tuple[HeartbeatAgent, ...] = ()
        self.beats: deque[Beat] = deque(maxlen=KEEP)
        self.told = False  # whether the gateway was asked for its last one
        self.ours = PauseKnown(None)  # outlives ``clear``: a restart inside the process keeps it

    def clear(self) -> None:
        self.beats.clear()
        self.told = False

    def know(self, ours: PauseKnown) -> bool:
        """What clawtop on this host did; False when that was known."""
        changed = ours != self.ours
        self.ours = ours
        return changed

    def switch(self, facts: GatewayFacts | None, started_ms: int | None) -> Switch:
        """Whether they are paused by clawtop; ``started_ms`` of the process that answers."""
        return switch_of(self.ours, facts, started_ms, self.beats)

    def resumed_ms(self) -> int | None:
        """When clawtop let them run again; silence before that means nothing."""
        pause: Pause | None = self.ours.pause
        return pause.at_ms if pause is not None and pause.act is Act.RESUMED else None

    def configured(self, agents: tuple[HeartbeatAgent, ...]) -> bool:
        changed = agents != self.agents
        self.agents = agents
        return changed

    def seen(self, change: HeartbeatSeen, now_ms: int) -> bool:
        """One heartbeat, live or read back; False when it was known."""
        self.told = True
        at_ms = whole(change.ts)
        if at_ms is None or not change.status:
            return False
        took_ms = whole(change.duration_ms)
        beat = Beat(min(at_ms, now_ms), change.status, change.reason, took_ms)
        if any(known == beat for known in self.beats):
            return False
        if self._repeats(beat):
            self.beats.pop()
        self.beats.append(beat)
        return True

    def _repeats(self, beat: Beat) -> bool:
        """The two before it were the same skip, for the same reason."""
        if beat.status != SKIPPED or len(self.beats) < 2:
            return False
        return all((one.status, one.reason) == (SKIPPED, beat.reason) for one in self._newest(2))

    def _newest(self, number: int) -> list[Beat]:
        return [self.beats[-one] for one in range(1, number + 1)]

    def skips(self) -> list[Beat]:
        """The skips since anything ran, oldest first."""
        found: list[Beat] = []
        for beat in sorted(self.beats, key=lambda one: one.at_ms):
            found = [*found, beat] if beat.status == SKIPPED else []
        return found

    @property
    def last(self) -> Beat | None:
        return max(self.beats, key=lambda beat: beat.at_ms, default=None)

    def since(self, at_ms: int) -> list[Beat]:
        """Heartbeats after that time, oldest first."""
        found = [beat for beat in self.beats if beat.at_ms >= at_ms]
        return sorted(found, key=lambda beat: beat.at_ms)
