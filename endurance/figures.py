"""Tables of figures in docs/RELIABILITY.md, between two marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "RELIABILITY.md"


def table(figures: Mapping[str, str], made_with: str) -> str:
    """A table in Markdown, and what it was made with."""
    rows = [f"| {name} | {value} |" for name, value in figures.items()]
    return "\n".join(["| | |", "|---|---:|", *rows, "", f"Made with {made_with}."])


def write_figures(name: str, figures: Mapping[str, str], made_with: str, page: Path = PAGE) -> None:
    """Put a table between its marks. Raises ValueError where the page has no such marks."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = page.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not between.search(text):
        raise ValueError(f"{page} has no place for {name}")
    whole = f"{begin}\n{table(figures, made_with)}\n{end}"
    page.write_text(between.sub(lambda _: whole, text), encoding="utf-8")
