"""One line of words on the screen; it repaints only when they change, and never wraps."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from clawtop.screen.rows import fit_text


class Line(Widget):
    """A single line, cut with an ellipsis where it does not fit."""

    DEFAULT_CSS = "Line { height: 1; } Line.hidden { display: none; }"

    def __init__(self, text: str = "", style: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text, self._style, self._tail = text, style, ""

    def say(self, text: str, style: str = "", tail: str = "") -> None:
        """Show this from now on; ``tail`` stands at the right and is never cut."""
        if (text, style, tail) != (self._text, self._style, self._tail):
            self._text, self._style, self._tail = text, style, tail
            self.refresh()

    @property
    def text(self) -> str:
        """What it says, uncut."""
        return self._text + self._tail

    def render_line(self, y: int) -> Strip:
        """Painted directly: as a Rich text it would be laid out anew for every change."""
        room = max(self.size.width - cell_len(self._tail), 0)
        text = fit_text(self._text, room) + self._tail
        line = Strip([Segment(text, Style.parse(self._style))])
        return line.apply_style(self.visual_style.rich_style)
