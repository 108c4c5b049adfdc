"""A tape in the place of a gateway: what the dashboard uses of a watcher, and a way through time.

run ──▶ the clock goes on ──▶ lines are played ──▶ the picture changes
         ▲ pause, speed         ▲ seek: from the nearest checkpoint, behind the picture
survey: reads the whole tape meanwhile, in slices, for checkpoints and first namings
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from msgspec import structs

from clawtop.gateway.playback import Playback, TapeClock
from clawtop.gateway.survey import First, MakeNamer, Survey
from clawtop.gateway.tape_read import Tape
from clawtop.picture.store import Store
from clawtop.text import iso, plain, utc

FRAME_S = 0.05  # at most so long without moving on
SLICE_S = 0.015  # of work, before the screen may do its own
AT_MOST = float("inf")  # the speed "max"
PAST = "this is a replay: nothing can be asked or done any more"


class Player:
    """Plays one tape. Times are gateway ms; ``speed`` is a multiple of real time."""

    past = PAST
    todo = ""

    def __init__(
        self,
        tape: Tape,
        make_namer: MakeNamer,
        *,
        speed: float = 1.0,
    ) -> None:
        self.tape, self.speed = tape, speed
        self.manner = structs.replace(tape.header.manner, read_only=True)
        self.survey = Survey(tape, make_namer, keeps=True)
        self.playback = Playback(tape)
        self.paused = False
        self.seeking_ms: int | None = None
        self.retry_at: float | None = None
        self.link = None
        self.named: frozenset[str] = frozenset()
        self._next: Playback | None = None
        self.on_dirty: Callable[[], None] | None = None
        self._moved_at: float | None = None
        self._wake = asyncio.Event()

    # -- what a watcher has

    def attached(self, on_dirty: Callable[[], None]) -> Any:
        """This player, for whoever makes a watcher; ``on_dirty`` is called after changes."""
        self.on_dirty = on_dirty
        return self

    @property
    def store(self) -> Store:
        """The picture to show now; another object after a seek."""
        return self.playback.store

    @property
    def clock(self) -> TapeClock:
        return self.playback.clock

    @property
    def banner(self) -> str:
        """For the header: that this is the past, when, and how it goes on."""
        if self.seeking_ms is not None:
            return f"REPLAY {_moment(self.now_ms)} going to {utc(self.seeking_ms)}"
        return f"REPLAY {_moment(self.now_ms)} {self._pace()}"

    def _pace(self) -> str:
        if self.at_end:
            return "end"
        if self.paused:
            return "paused"
        return "max speed" if self.speed == AT_MOST else f"x{self.speed:g}"

    def ask_all_now(self) -> None:
        """Nobody to ask."""

    def reconnect_now(self) -> None:
        """Nothing to connect to."""

    async def run(self) -> None:
        """Play until cancelled; at the end of the tape it waits for a seek."""
        while True:
            self._read_on()
            self.move()
            if self.on_dirty is not None and not self._resting:
                self.on_dirty()
            await self._sleep()

    async def close(self) -> None:
        """Close the file. Never raises."""
        self.tape.close()

    # -- the way through time

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    @property
    def at_end(self) -> bool:
        """Whether everything on the tape was played."""
        return self.tape.scanned and self.now_ms >= self.tape.ends_ms

    @property
    def _resting(self) -> bool:
        return self.seeking_ms is None and (self.paused or self.at_end)

    def pause(self) -> None:
        """Hold, or go on."""
        self.paused = not self.paused
        self._moved_at = None
        self._wake.set()

    def seek(self, at_ms: int) -> None:
        """Show the picture of that time, as soon as it is worked out."""
        if at_ms > self.tape.ends_ms:
            self.tape.scan()
        self.seeking_ms = min(max(at_ms, self.tape.begins_ms), self.tape.ends_ms)
        self._next = self._start_for(self.seeking_ms)
        self._wake.set()

    def scrub(self, by_ms: int) -> None:
        """So much later, or earlier; several in a row add up."""
        from_ms = self.seeking_ms if self.seeking_ms is not None else self.now_ms
        self.seek(from_ms + by_ms)

    def jump(self, delta: int) -> str:
        """To where the next (1) or the previous (-1) incident could first be named; in words."""
        here_ms = self.seeking_ms if self.seeking_ms is not None else self.now_ms
        firsts = self.survey.firsts
        if delta > 0:
            found = next((one for one in firsts if one.at_ms > here_ms), None)
        else:
            found = next((one for one in reversed(firsts) if one.at_ms < here_ms), None)
        if found is None:
            return self._none_there(delta)
        self.seek(found.at_ms)
        return first_text(found)

    def _none_there(self, delta: int) -> str:
        if delta > 0 and not self.survey.done:
            return f"no later one known yet: {self.survey.part:.0%} of the recording is read"
        return f"no {'later' if delta > 0 else 'earlier'} incident in this recording"

    # -- work

    def _start_for(self, at_ms: int) -> Playback:
        """The playback from which that time is reached soonest."""
        found = self.survey.nearest(at_ms)
        ahead = at_ms >= self.now_ms
        if ahead and (found is None or found[0] <= self.now_ms):
            return self.playback
        if found is None:
            return Playback(self.tape)
        return Playback.restored(self.tape, found[1])

    def _read_on(self) -> None:
        if not self.survey.done:
            self.survey.run(SLICE_S)

    def move(self) -> None:
        """Play what is due, or a slice of the way to where we are going."""
        now = time.monotonic()
        moved_s, self._moved_at = now - (self._moved_at or now), now
        if self.seeking_ms is not None and self._next is not None:
            if self._next.play_to(self.seeking_ms, SLICE_S):
                self.playback, self._next, self.seeking_ms = self._next, None, None
        elif not self.paused:
            self.playback.play_to(self._due_ms(moved_s), SLICE_S)

    def _due_ms(self, moved_s: float) -> int:
        """Up to when to play, ``moved_s`` seconds later. Never beyond what is indexed."""
        if self.speed == AT_MOST:
            return self.tape.ends_ms
        return min(self.now_ms + round(moved_s * 1000 * self.speed), self.tape.ends_ms)

    async def _sleep(self) -> None:
        """Give way to the screen; long when there is nothing to do."""
        self._wake.clear()
        busy = not self.survey.done or self.seeking_ms is not None or self.speed == AT_MOST
        pause = 0.001 if busy and not (self._resting and self.survey.done) else FRAME_S
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return


def _moment(at_ms: int) -> str:
    """Day and time, short enough for a header."""
    return f"{iso(at_ms)[5:10]} {utc(at_ms)}"


def first_text(first: First) -> str:
    """One first naming in a line."""
    return f"{utc(first.at_ms)}  {first.id} {first.name}  {plain(first.summary)}"
