"""Lanes over time: is one full, and does its queue grow? A few samples of each, bounded.

``diagnostics.lanes`` has no history, and earlier gateways do not have it at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from clawtop.picture.changes import LanesRead
from clawtop.picture.records import Lane

SAMPLES = 40
APART_MS = 1_000


class Sample(Struct, frozen=True, gc=False):
    """One look at one lane. Times are gateway ms."""

    at_ms: int
    active: int
    queued: int
    max: int | None

    @property
    def full(self) -> bool:
        return self.max is not None and self.max > 0 and self.active >= self.max


def lanes_of(change: LanesRead) -> dict[str, Lane]:
    """The lanes as they are listed, by name; one without its counts tells nothing."""
    return {
        row.lane: Lane(
            lane=row.lane,
            active=row.active_count,
            queued=row.queued_count,
            max=row.max_concurrent,
            draining=row.draining,
            blocked_by=row.blocked_by,
        )
        for row in change.lanes
        if row.active_count is not None and row.queued_count is not None
    }


class LaneBook:
    """The newest samples of every lane that was ever busy."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[Sample]] = {}

    def clear(self) -> None:
        self._samples.clear()

    def names(self) -> Iterable[str]:
        return self._samples.keys()

    def read(self, now_ms: int, lanes: Iterable[Lane]) -> bool:
        """A look at every lane; True when one of them is full or was so lately."""
        busy = False
        for lane in lanes:
            known = lane.lane in self._samples
            if known or lane.queued or lane.active > (lane.max or lane.active):
                sample = Sample(now_ms, lane.active, lane.queued, lane.max)
                busy |= self._add(lane.lane, sample)
        return busy

    def derived(self, now_ms: int, running: int, waiting: int) -> bool:
        """The main lane of a gateway that does not list its lanes, from sessions at work and
        sessions whose accepted message has not started: such a wait means that it is full."""
        if "main" not in self._samples and not waiting:
            return False
        limit = running if waiting else None
        return self._add("main", Sample(now_ms, running, waiting, limit))

    def _add(self, lane: str, sample: Sample) -> bool:
        samples = self._samples.setdefault(lane, deque(maxlen=SAMPLES))
        if samples and sample.at_ms - samples[-1].at_ms < APART_MS:
            return False
        samples.append(sample)
        return True

    def recall(self, lane: str, earlier: list[Sample]) -> None:
        """Samples of an earlier look, before those of this one."""
        mine = self.samples(lane)
        before = [one for one in earlier if not mine or one.at_ms < mine[0].at_ms]
        self._samples[lane] = deque([*before, *mine], maxlen=SAMPLES)

    def samples(self, lane: str) -> list[Sample]:
        """The newest samples of a lane, oldest first."""
        return list(self._samples.get(lane, ()))
