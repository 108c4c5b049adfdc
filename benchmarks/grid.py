"""What stands on a terminal after what was written to it: as much of one as Textual writes for."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

TOKEN = re.compile(
    r"\x1b\[(?P<args>[\d;:?<>=]*)[ !\"$']?(?P<final>[@-~])"
    r"|\x1b[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b(?![\[\]P_^])[ -/]*[0-~]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f])"
    r"|(?P<text>[^\x00-\x1f]+)"
)
LONGEST = 4096  # an unfinished sequence longer than this is none
BLANK = " "


class Grid:
    """The characters of the screen. Colours are not kept; every character takes one cell."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self._lines = [BLANK * self.width] * self.height
        self._x = self._y = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The screen, line by line."""
        return tuple(self._lines)

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self._lines)

    def take(self, data: bytes) -> None:
        """The program wrote this. A sequence may be cut anywhere."""
        text = self._rest + self._decode(data)
        place = 0
        while found := TOKEN.match(text, place):
            place = found.end()
            if found["text"]:
                self._put(found["text"])
            elif found["final"]:
                self._control(found["final"], found["args"])
            elif found["control"]:
                self._move_by(found["control"])
        self._rest = text[place:][:LONGEST]

    def _put(self, text: str) -> None:
        line = self._lines[self._y]
        text = text[: self.width - self._x]
        end = self._x + len(text)
        self._lines[self._y] = line[: self._x] + text + line[end:]
        self._x = end

    def _move_by(self, control: str) -> None:
        if control == "\r":
            self._x = 0
        elif control == "\n":
            self._to(0, self._y + 1)
        elif control == "\b":
            self._to(self._x - 1, self._y)

    def _to(self, x: int, y: int) -> None:
        self._x = min(max(x, 0), self.width)
        self._y = min(max(y, 0), self.height - 1)

    def _control(self, final: str, args: str) -> None:
        if args[:1] in ("?", "<", ">", "="):
            return
        numbers = [int(part) if part.isdigit() else 0 for part in args.split(";")]
        first = numbers[0]
        if final in "Hf":
            column = numbers[1] if len(numbers) > 1 else 1
            self._to(max(column, 1) - 1, max(first, 1) - 1)
        elif final in "ABCDGd":
            self._to(*self._moved(final, max(first, 1)))
        elif final in "JKX":
            self._erase(final, first)

    def _moved(self, final: str, by: int) -> tuple[int, int]:
        x, y = self._x, self._y
        moves: dict[str, Callable[[], tuple[int, int]]] = {
            "A": lambda: (x, y - by),
            "B": lambda: (x, y + by),
            "C": lambda: (x + by, y),
            "D": lambda: (x - by, y),
            "G": lambda: (by - 1, y),
            "d": lambda: (x, by - 1),
        }
        return moves[final]()

    def _erase(self, final: str, how: int) -> None:
        """The whole screen, the line (its end, its start, all of it), or some characters."""
        if final == "J":
            self._lines = [BLANK * self.width] * self.height
            return
        begin, end = self._x, self.width
        if final == "X":
            end = min(begin + max(how, 1), self.width)
        elif how:
            begin, end = 0, self.width if how == 2 else self._x + 1
        line = self._lines[self._y]
        self._lines[self._y] = line[:begin] + BLANK * (end - begin) + line[end:]
