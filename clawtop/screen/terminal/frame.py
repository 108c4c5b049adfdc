"""A frame as Textual would write it, turned into the changes that it makes on the terminal.

This is the one place that knows the inside of Textual's updates. Where Textual is another version
than those whose frames were compared, or an update looks different, Textual writes it itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol, cast

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from clawtop.screen.terminal.pen import Pen
from clawtop.screen.terminal.shadow import Shadow, is_one_by_one

COMPARED = ((8, 2, 5), (8, 2, 8))  # first and last Textual whose frames a test compared


class Chops(Protocol):
    """Parts of some lines: for each line its strips by column, and where each of them ends."""

    chops: Sequence[Mapping[int, Strip | None]]
    chop_ends: Sequence[Sequence[int]]
    spans: Sequence[tuple[int, int, int]]


class Whole(Protocol):
    """All lines of a region."""

    strips: Sequence[Iterable[Strip]]
    region: Region


Part = tuple[int, int, Strip]  # line, column, what is there


def can_be_compared(version: str) -> bool:
    """Whether the updates of this Textual are understood."""
    numbers = version.split(".")
    if not all(number.isdecimal() for number in numbers) or not hasattr(Strip, "render_ansi"):
        return False
    return COMPARED[0] <= tuple(map(int, numbers)) <= COMPARED[1]


class Frames:
    """The frames of one terminal, one after the other."""

    def __init__(self) -> None:
        self._shadow = Shadow(0, 0)

    def forget(self) -> None:
        """Nothing is known of the terminal: whatever is painted next is sent whole."""
        self._shadow = Shadow(0, 0)

    def changes(self, update: object, console: Console) -> str | None:
        """What the terminal has to be sent; empty for nothing, None for an unknown update."""
        names = getattr(update, "__dict__", {}).keys()
        if names == {"chops", "spans", "chop_ends"}:
            chops = cast(Chops, update)
            size, parts = _size(chops), _spanned(chops)
        elif names == {"strips", "region"}:
            whole = cast(Whole, update)
            size, parts = whole.region.size, _all(whole)
        else:
            return None
        if size != self._shadow.size:
            self._shadow = Shadow(*size)
        return self._draw(parts, console)

    def _draw(self, parts: Iterable[Part], console: Console) -> str:
        pen, colours = Pen(), console._color_system or ColorSystem.TRUECOLOR
        for y, x, strip in parts:
            if not all(_plain(segment) for segment in strip):
                # A terminal may see another width than we do: the line counts as unknown.
                pen.write_raw(x, y, strip.render(console))
                self._shadow.forget_line(y)
                continue
            for text, style, _ in strip:
                self._shadow.put(pen, x, y, text, _sgr(style, colours))
                x += len(text)
        return pen.finish()


def _size(update: Chops) -> tuple[int, int]:
    return (update.chop_ends[0][-1] if update.chop_ends else 0), len(update.chops)


def _spanned(update: Chops) -> Iterator[Part]:
    """Only what a span touches: beyond them a strip may be that of a widget underneath."""
    for y, first, last in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < last and end > first:
                yield y, x, strip


def _all(update: Whole) -> Iterator[Part]:
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in strips:
            yield y, x, strip
            x += strip.cell_length


def _plain(segment: Segment) -> bool:
    return is_one_by_one(segment.text) and not (segment.style and segment.style.link)


@lru_cache(maxsize=4096)
def _sgr(style: Style | None, colours: ColorSystem) -> str:
    """The colours and attributes as the numbers of an escape sequence."""
    return "" if style is None else Strip.render_ansi(style, colours)
