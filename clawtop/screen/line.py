"""One line of words on the screen; it repaints only when they change, and never wraps."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from clawtop.screen.rows import fit_text


class Line(Widget):
    """A single line, cut with an ellipsis where it does not fit."""

    DEFAULT_CSS = "Line { height: 1; } Line.hidden { display: none; }"

    def __init__(self, text: str = "", style: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text, self._style = text, style

    def say(self, text: str, style: str = "") -> None:
        """Show this from now on."""
        if (text, style) != (self._text, self._style):
            self._text, self._style = text, style
            self.refresh()

    @property
    def text(self) -> str:
        """What it says, uncut."""
        return self._text

    def render(self) -> Text:
        return Text(fit_text(self._text, self.size.width), self._style)
