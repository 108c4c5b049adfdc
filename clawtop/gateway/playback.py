"""A picture at one place of a tape, moved forward line by line through the ordinary feed."""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Callable

from clawtop.errors import ClawtopError
from clawtop.gateway import frames
from clawtop.gateway.feed import Feed, Line
from clawtop.gateway.tape_read import Tape
from clawtop.picture.store import Store

QUICK_MS = 250  # how soon after something was heard the picture is looked at
CALM_MS = 1000  # and how often while nothing is
LOOKS_A_GAP = 5_000  # a recording that slept for a week is not looked at every second of it
LINES_A_CHECK = 64  # between two looks at our own clock


class TapeClock:
    """The gateway's clock as the tape tells it. It stands still until it is set."""

    def __init__(self, now_ms: int, offset_ms: int) -> None:
        self._now_ms, self._offset_ms = now_ms, offset_ms

    def set(self, now_ms: int, offset_ms: int | None = None) -> None:
        self._now_ms = max(now_ms, self._now_ms)
        if offset_ms is not None:
            self._offset_ms = offset_ms

    def now_ms(self) -> int:
        return self._now_ms

    def offset_ms(self) -> int:
        return self._offset_ms

    def heard(self, server_ms: int | float | None) -> None:
        """Nothing to learn from: each line has its own time."""


class Playback:
    """The picture after the first ``index`` lines. ``skipped`` counts lines without sense."""

    def __init__(self, tape: Tape) -> None:
        header = tape.header
        self.tape, self.index, self.skipped = tape, 0, 0
        self.clock = TapeClock(tape.begins_ms, header.offset_ms)
        self.store = Store(stale_after_ms=header.stale_after_ms)
        self.store.our_instance = header.instance
        self.on_look: Callable[[int], None] | None = None
        gateway = (header.gateway.name, header.gateway.url)
        self.feed = Feed(self.store, self.clock, header.manner, gateway)
        self._looked_ms = tape.begins_ms
        self._heard = False

    # -- forward

    def play_to(self, at_ms: int, for_s: float = float("inf")) -> bool:
        """Go on up to that time, for about ``for_s`` seconds; True when it is reached.

        Only lines indexed by now are played.
        """
        until = time.monotonic() + for_s
        last = self.tape.place(at_ms)
        while self.index < last:
            self.step()
            if self.index % LINES_A_CHECK == 0 and time.monotonic() >= until:
                return False
        self._pass(at_ms)
        self.clock.set(at_ms)
        return True

    def step(self) -> None:
        """Take the next line: time passes up to it, then it is applied."""
        at_ms = self.tape.time(self.index)
        line = self.tape.line(self.index)
        self.index += 1
        self._pass(at_ms)
        self.clock.set(at_ms, line.offset if line is not None else None)
        if line is None or not self._apply(line):
            self.skipped += 1
        self._heard = True

    def _apply(self, line: Line) -> bool:
        feed, params = self.feed, line.params or {}
        match line.what:
            case "event":
                feed.event(line.event, line.payload, line.missed)
            case "answer":
                with contextlib.suppress(ClawtopError):  # the picture says what was not understood
                    feed.answer(line.id, line.method, params, line.payload, line.took_ms or 0)
            case "failed":
                feed.failed(line.id, line.method, params, line.why)
            case "down":
                feed.down(line.why)
            case "up":
                return self._up(line)
            case what:
                return what == "ask"
        return True

    def _up(self, line: Line) -> bool:
        try:
            hello = frames.decode_hello(line.payload)
        except frames.UNREADABLE:
            return False
        self.feed.up(hello, line.asked_scopes)
        return True

    def _pass(self, to_ms: int) -> None:
        """Let time pass and look at the picture as often as a screen would."""
        least = (to_ms - self._looked_ms) // LOOKS_A_GAP
        while True:
            step = max(QUICK_MS if self._heard else CALM_MS, least)
            if self._looked_ms + step > to_ms:
                return
            self.look(self._looked_ms + step)

    def look(self, at_ms: int) -> None:
        """Bring the picture up to ``at_ms``, and tell whoever wants to look at it."""
        self._looked_ms, self._heard = at_ms, False
        self.clock.set(at_ms)
        self.store.refresh(at_ms)
        if self.on_look is not None:
            self.on_look(at_ms)

    def finish(self) -> None:
        """A last look, at the time of the last line."""
        self.look(max(self.clock.now_ms(), self._looked_ms))

    # -- checkpoints

    def saved(self) -> bytes:
        """This place, to come back to. Kept in memory and never read from a file."""
        state = (self.store, self.feed, self.index, self.skipped, self._looked_ms, self._heard)
        return pickle.dumps(state, pickle.HIGHEST_PROTOCOL)

    @classmethod
    def restored(cls, tape: Tape, saved: bytes) -> Playback:
        """The same place again: a picture of its own, that nobody follows yet."""
        self = cls.__new__(cls)
        self.tape, self.on_look = tape, None
        state = pickle.loads(saved)
        self.store, self.feed, self.index, self.skipped, self._looked_ms, self._heard = state
        self.store.unfollow()
        clock = self.feed.clock
        assert isinstance(clock, TapeClock)
        self.clock = clock
        return self
