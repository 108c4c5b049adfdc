"""A terminal in this process: it takes what the program writes and knows what is on its screen."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from typing import Any, ClassVar

import pyte
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

KITTY_KEYS = re.compile(r"\x1b\[[<>][0-9]*u")  # pyte would take these for text
GARBAGE = "\x1b[2J\x1b[H" + "#" * 10_000  # what a terminal may show after a change of its size


class Emulator:
    """A screen of cells and the bytes that made it."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self.sent = ""

    def feed(self, text: str) -> None:
        self.sent += text
        self._stream.feed(KITTY_KEYS.sub("", text))

    def feed_bytes(self, some: bytes) -> None:
        """What was read from the other end of a pseudo-terminal."""
        self.feed(self._decode(some))

    def resize(self, width: int, height: int) -> None:
        """Another size, and nothing left of what was shown."""
        self.screen.resize(height, width)
        self._stream.feed(GARBAGE)

    def cells(self) -> list[list[Any]]:
        """Every cell: its character, its colours and its attributes."""
        lines, columns = range(self.screen.lines), range(self.screen.columns)
        return [[self.screen.buffer[y][x] for x in columns] for y in lines]

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]


class EmulatorDriver(HeadlessDriver):
    """A driver whose terminal is the emulator."""

    terminal: ClassVar[Emulator]

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.terminal.feed(data)


def driver_of(terminal: Emulator) -> type[EmulatorDriver]:
    """A driver class for this terminal."""
    return type("EmulatorDriver", (EmulatorDriver,), {"terminal": terminal})


def repainted(app: App[Any]) -> list[list[Any]]:
    """The cells of a terminal that is sent the whole screen by Textual itself, now."""
    fresh = Emulator(*app.size)
    update = app.screen._compositor.render_full_update()
    fresh.feed(update.render_segments(app.console))
    return fresh.cells()
