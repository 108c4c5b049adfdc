"""How a count moved, in a few characters. It moves only when the count does. Pure."""

from __future__ import annotations

from collections import deque

POINTS = 8
STEP_MS = 5_000  # changes closer together than this are one point: a storm must not flicker
HEIGHTS = "▁▂▃▄"  # half a line at most: it is there to be looked for, not to be looked at


class Trend:
    """The last few different values of one count. None, not known, breaks the line."""

    def __init__(self) -> None:
        self._points: deque[int] = deque(maxlen=POINTS)
        self._at_ms = 0
        self.text = ""

    def note(self, count: int | None, now_ms: int) -> None:
        """The count now."""
        if count is None:
            self._points.clear()
            self.text = ""
            return
        if self._points and self._points[-1] == count:
            return
        if len(self._points) > 1 and now_ms - self._at_ms < STEP_MS:
            self._points[-1] = count
        else:
            self._points.append(count)
            self._at_ms = now_ms
        self.text = "".join(map(self._height, self._points)) if len(self._points) > 1 else ""

    def _height(self, count: int) -> str:
        """From nought up: what barely moves looks flat. Only nought is the lowest."""
        steps = len(HEIGHTS) - 1
        return HEIGHTS[-(-count * steps // max(max(self._points), 1))]
