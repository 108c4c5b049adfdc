"""Runs through a whole tape once: when each incident could first be named, and checkpoints.

Done in slices, so that a dashboard stays alive while the tape is read behind it.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct, structs

from clawtop.gateway.playback import Playback
from clawtop.gateway.tape_read import Tape
from clawtop.picture.store import Store
from clawtop.text import iso

APART_S = 0.15  # of our own time between two checkpoints: about what going back then costs
MOST = 48  # checkpoints; when there are more, every other one is dropped
MOST_BYTES = 96 << 20
SLICE_S = 0.02


class Nameable(Protocol):
    """What an incident says of itself."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def certainty(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def session_key(self) -> str | None: ...


class Namer(Protocol):
    """Whoever gives names to what a picture shows."""

    @property
    def open(self) -> Mapping[str, Nameable]: ...

    def refresh(self) -> Any: ...


MakeNamer = Callable[[Store], Namer]


class First(Struct, frozen=True):
    """An incident as it was when it could first be named, ``at_ms`` on the gateway's clock."""

    at_ms: int
    id: str
    key: str
    name: str
    severity: str
    certainty: str
    session_key: str | None
    summary: str

    def document(self) -> dict[str, Any]:
        """The JSON object."""
        return {"at": iso(self.at_ms), **structs.asdict(self)}


N = TypeVar("N", bound=Namer)


class Survey(Generic[N]):
    """One pass over a tape; ``firsts`` fills in order of time while it goes on.

    ``keeps``: make checkpoints, so that a place in the middle is reached soon.
    """

    def __init__(
        self, tape: Tape, make_namer: Callable[[Store], N], *, keeps: bool = False
    ) -> None:
        self.tape = tape
        self.playback = Playback(tape)
        self.firsts: list[First] = []
        self.done = False
        self.namer = make_namer(self.playback.store)
        self._seen: set[str] = set()
        self._keeps = keeps
        self._apart_s = APART_S
        self._spent_s = 0.0
        self._places: list[int] = []
        self._saved: list[bytes] = []
        self.playback.on_look = self._look

    def run(self, for_s: float = float("inf")) -> bool:
        """Go on for about ``for_s`` seconds; True when the whole tape was read."""
        until = time.monotonic() + for_s
        while not self.done and time.monotonic() < until:
            self.tape.scan(SLICE_S)
            self._go_on()
        return self.done

    def _go_on(self) -> None:
        began = time.monotonic()
        reached = self.playback.play_to(self.tape.ends_ms, SLICE_S)
        self._spent_s += time.monotonic() - began
        if self._keeps and self._spent_s >= self._apart_s:
            self._keep()
        if reached and self.tape.scanned:
            self.playback.finish()
            self.done = True

    @property
    def part(self) -> float:
        """How much of the tape was read, from 0 to 1, by its lines."""
        return 1.0 if self.done else self.tape.part(self.playback.index)

    def _look(self, now_ms: int) -> None:
        self.playback.store.take_touched()  # nobody shows this picture
        self.namer.refresh()
        for key, one in self.namer.open.items():
            if key not in self._seen:
                self._seen.add(key)
                self.firsts.append(_first(one, now_ms))

    # -- checkpoints

    def _keep(self) -> None:
        self._spent_s = 0.0
        self._places.append(self.playback.clock.now_ms())
        self._saved.append(self.playback.saved())
        if len(self._saved) > MOST or sum(map(len, self._saved)) > MOST_BYTES:
            del self._places[::2], self._saved[::2]
            self._apart_s *= 2

    @property
    def checkpoints(self) -> int:
        """How many there are now."""
        return len(self._saved)

    def nearest(self, at_ms: int) -> tuple[int, bytes] | None:
        """The last checkpoint at or before ``at_ms``, and its time; None: begin at the start."""
        found = bisect_right(self._places, at_ms) - 1
        return (self._places[found], self._saved[found]) if found >= 0 else None


def _first(one: Nameable, now_ms: int) -> First:
    return First(
        at_ms=now_ms,
        id=one.id,
        key=one.key,
        name=one.name,
        severity=str(one.severity),
        certainty=str(one.certainty),
        session_key=one.session_key,
        summary=one.summary,
    )
