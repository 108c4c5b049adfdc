"""The detail of the selected record, beside the panels, where the terminal is wide."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from clawtop.screen.line import Line
from clawtop.screen.pace import Pace
from clawtop.screen.page import Hanging

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
        self._text: Text | None = None
        self._pace = Pace()

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._body

    def show(self, about: object, page: Callable[[], Text]) -> None:
        """The page of ``about``: at once when that changed, else again after a while."""
        _, text = self._pace.read(about, page)
        if text is not None and text != self._text:
            self._text = text
            self._body.update(Hanging(text))
