"""Words on the screen, on one line or on as few as they need; it repaints only what changed."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from clawtop.screen.rows import fit_text

MOST_LINES = 4


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
        return self._painted(fit_text(self._text, room) + self._tail)

    def _painted(self, text: str) -> Strip:
        line = Strip([Segment(text, Style.parse(self._style))])
        return line.apply_style(self.visual_style.rich_style)


class Words(Line):
    """Words for a person. What is told ``whole`` gets more lines where one is too short."""

    def __init__(self, text: str = "", style: str = "", *, id: str | None = None) -> None:
        super().__init__(text, style, id=id)
        self._whole = False
        self._lines = [""]

    def say(self, text: str, style: str = "", tail: str = "", *, whole: bool = False) -> None:
        """Show this from now on; ``tail`` stands at the right of the last line."""
        if (text, style, tail, whole) != (self._text, self._style, self._tail, self._whole):
            self._whole = whole
            super().say(text, style, tail)
            self._fold()

    def on_resize(self) -> None:
        self._fold()

    def render_line(self, y: int) -> Strip:
        """One of its lines; the first of them while a new height is not laid out yet."""
        last = y == len(self._lines) - 1
        tail = self._tail if last else ""
        text = self._lines[y] if y < len(self._lines) else ""
        room = max(self.size.width - cell_len(tail), 0)
        return self._painted(fit_text(text, room) + tail)

    def _fold(self) -> None:
        room = self.size.width - cell_len(self._tail)
        lines = folded(self._text, room) if self._whole and room > 0 else [self._text]
        if len(lines) != len(self._lines):
            self.styles.height = len(lines)
        if lines != self._lines:
            self._lines = lines
            self.refresh()


def folded(text: str, width: int, most: int = MOST_LINES) -> list[str]:
    """The words on lines of that many cells; what is more than ``most`` stays on the last."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(longer) <= width or not lines[-1] or len(lines) == most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
