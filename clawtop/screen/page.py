"""A page of text to read: every text that goes into it is escaped here."""

from __future__ import annotations

from rich.text import Text

from clawtop.text import plain


class Page:
    """Lines under a title."""

    def __init__(self, title: str) -> None:
        self.text = Text(plain(title), "bold")

    def line(self, text: str = "", style: str = "") -> None:
        self.text.append("\n" + plain(text), style)

    def field(self, name: str, value: str | None, note: str = "") -> None:
        self.text.append(f"\n  {name:<12}", "dim")
        self.text.append("not known" if value is None else plain(value))
        if note:
            self.text.append(f"  {plain(note)}", "dim")

    def section(self, title: str) -> None:
        self.text.append(f"\n\n{title}", "bold")
