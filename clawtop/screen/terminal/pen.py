"""Text for a terminal with no move and no colour code that is not needed. Pure."""

from __future__ import annotations

RESET = "\x1b[m"


class Pen:
    """One frame. It begins and ends with plain attributes, wherever the cursor is."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._x = self._y = -1
        self._sgr = ""

    def write(self, x: int, y: int, text: str, sgr: str) -> None:
        """Put the text there, one cell a character; ``sgr``: its colours, as numbers."""
        self._move(x, y)
        if sgr != self._sgr:
            self._sgr = sgr
            self._parts.append(f"\x1b[0;{sgr}m" if sgr else RESET)
        self._parts.append(text)
        self._x = x + len(text)

    def write_raw(self, x: int, y: int, codes: str) -> None:
        """Put text there that has its own colours and may be of any width."""
        self._move(x, y)
        self._plain()
        self._parts.append(codes)
        self._x = self._y = -1

    def finish(self) -> str:
        """The frame; empty where nothing was written."""
        self._plain()
        return "".join(self._parts)

    def _plain(self) -> None:
        if self._sgr:
            self._sgr = ""
            self._parts.append(RESET)

    def _move(self, x: int, y: int) -> None:
        if y != self._y or x < self._x:
            self._parts.append(f"\x1b[{y + 1};{x + 1}H")
        elif x > self._x:
            gap = x - self._x
            self._parts.append(f"\x1b[{gap}C" if gap > 1 else "\x1b[C")
        self._x, self._y = x, y
