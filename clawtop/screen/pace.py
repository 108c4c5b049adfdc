"""When a page that is costly to build is read again. It knows no widget."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.text import Text

EVERY_S = 5.0  # only its ages have moved then; a row tells those every second
SHARE = 50  # and in a storm a page, which may count thousands of locks, gets this part of the time


class Pace:
    """Reads a page at once where what it is about changed, else every ``every_s`` seconds."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._about: object = None
        self._due = 0.0
        self._read_at = time.monotonic()

    def read(self, about: object, page: Callable[[], Text | None]) -> tuple[bool, Text | None]:
        """Whether it was time for it, and what ``page`` says then: None, it is about nothing."""
        began = time.monotonic()
        if about == self._about and began < self._due:
            return False, None
        self._about, text = about, page()
        self._read_at = began
        self._due = began + max(self._every_s, SHARE * (time.monotonic() - began))
        return True, text

    def now(self) -> None:
        """Read it again with the next paint."""
        self._due = 0.0

    @property
    def age_s(self) -> float:
        """How long ago it was read."""
        return time.monotonic() - self._read_at
