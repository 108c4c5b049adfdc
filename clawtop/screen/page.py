"""A page of text to read: every text that goes into it is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions
from rich.text import Text

from clawtop.text import plain

_NAMED = re.compile(r" *(?:\S+ )?\S+ {2,}")  # a name, and where the words about it begin
MOST_HANGING = 24


class Page:
    """Lines under a title."""

    def __init__(self, title: str) -> None:
        self.text = Text()
        self.text.append(plain(title), "bold")

    def line(self, text: str = "", style: str = "") -> None:
        self.text.append("\n" + plain(text), style)

    def field(self, name: str, value: str | None, note: str = "") -> None:
        self.text.append(f"\n  {name:<12}", "dim")
        self.text.append("not known" if value is None else plain(value))
        if note:
            self.text.append(f"  {plain(note)}", "dim")

    def section(self, title: str) -> None:
        self.text.append(f"\n\n{title}", "bold")


class Hanging:
    """A text whose long lines go on under their own words, not under the names at the left."""

    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in self._text.split("\n", allow_blank=True):
            yield from _wrapped(line, console, options.max_width)


def _wrapped(line: Text, console: Console, width: int) -> Iterator[Text]:
    if line.cell_len <= width:
        yield line
        return
    indent = _indent(line.plain)
    if indent > width // 2:
        indent = 0
    head, rest = line.divide([indent])
    for part in rest.wrap(console, width - indent):
        part.rstrip()
        yield Text.assemble(head, part)
        head = Text(" " * indent)


def _indent(line: str) -> int:
    """Where the second line of a long one begins."""
    named = _NAMED.match(line)
    if named is not None and named.end() <= MOST_HANGING:
        return named.end()
    return len(line) - len(line.lstrip()) + 2
