"""The detail of the selected record, beside the panels, where the terminal is wide."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from clawtop.screen.line import Line
from clawtop.screen.page import Hanging

LEAST = (160, 36)
EVERY_S = 5.0  # only its ages have moved then; the row beside it tells them every second
SHARE = 50  # and in a storm a page, which may count thousands of locks, gets this part of the time
TITLE = "─ DETAIL  Enter: the whole page, and its keys "


class Beside(Vertical):
    """Shows pages; it has no keys, and is cut at its lower end."""

    DEFAULT_CSS = """
    Beside { dock: right; width: 40%; padding: 0 0 0 1; overflow: hidden; }
    Beside Static { width: 1fr; height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = Line(TITLE, "dim"), Static()
        self._about: object = None
        self._text: Text | None = None
        self._due = 0.0

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._body

    def show(self, about: object, page: Callable[[], Text]) -> None:
        """The page of ``about``: at once when that changed, else again after a while."""
        began = time.monotonic()
        if about == self._about and began < self._due:
            return
        self._about, text = about, page()
        self._due = began + max(EVERY_S, SHARE * (time.monotonic() - began))
        if text != self._text:
            self._text = text
            self._body.update(Hanging(text))
