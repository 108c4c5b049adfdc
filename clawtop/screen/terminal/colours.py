"""Sixteen colours on a background that nobody knows.

On the terminal's own background, dark or light, only red and magenta are readable on both beside
the terminal's own foreground: yellow, green and cyan vanish on white, blue on black.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

YELLOW, RED, MAGENTA = 3, 1, 5
BRIGHT = 8  # the bright half has the same order
OWN = Style(color=RichColor.default())
INSTEAD = {
    RED: Style(color="red"),
    YELLOW: Style(color="magenta"),
    MAGENTA: Style(color="magenta"),
}


@lru_cache(maxsize=1024)
def readable(style: Style) -> Style:
    """The style in a colour that can be read on a dark and on a light terminal."""
    colour, behind = style.color, style.bgcolor
    if colour is None or colour.number is None or not (behind is None or behind.is_default):
        return style
    return style + INSTEAD.get(colour.number % BRIGHT, OWN)


class ReadableColours(LineFilter):
    """Every line that is painted, in readable colours; for the terminal's own sixteen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, readable(style) if style else style, control)
            for text, style, control in segments
        ]
