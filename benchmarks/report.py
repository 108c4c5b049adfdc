"""The table in the README: written from figures, read back, and compared with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
HEADS = ("figure", "target", "measured", "spread", "verdict", "behind it")
MEASURED, SPREAD = HEADS.index("measured"), HEADS.index("spread")
NUMBER = re.compile(r"-?[\d,]*\.?\d+")

Row = tuple[str, ...]


def table(rows: Sequence[Row]) -> str:
    """A Markdown table that is also readable as it is."""
    rows = [HEADS, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _line(row: Row, widths: list[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join(cells)} |"


def standing(path: Path = README) -> dict[str, Row]:
    """The rows of the table in the README by the name of their figure."""
    lines = _parted(path)[1].splitlines()
    rows = [_cells(line) for line in lines if line.startswith("|")]
    return {row[0]: row for row in rows[2:] if len(row) == len(HEADS)}


def _cells(line: str) -> Row:
    return tuple(cell.strip() for cell in line[1:-1].split("|"))


def merged(before: dict[str, Row], figures: Sequence[Figure]) -> list[Row]:
    """The rows that stand, with those of these figures in their place; new ones come last."""
    return [*(before | {figure.name: figure.row() for figure in figures}).values()]


def rewrite(text: str, path: Path = README) -> None:
    """Put ``text`` between the two markers."""
    head, _, tail = _parted(path)
    path.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")


def _parted(path: Path) -> tuple[str, str, str]:
    """What is before, between and after the markers. Raises ValueError without them."""
    head, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    between, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} has no {BEGIN} and {END}")
    return head, between, tail


def misses(figures: Sequence[Figure]) -> list[str]:
    """A line for each missed target."""
    rows = [figure.row() for figure in figures if figure.missed]
    return [f"MISSED  {name}: {now}, target {target}" for name, target, now, *_ in rows]


def changes(before: dict[str, Row], figures: Sequence[Figure]) -> Iterator[tuple[bool, str]]:
    """Whether it is worse, and a line: for each figure whose spread does not meet the old one."""
    for figure in figures:
        old, new = before.get(figure.name), figure.row()
        was, now = _span(old), _span(new)
        if old is None or was is None or now is None or _unit(old) != _unit(new):
            continue
        if was[0] <= now[1] and now[0] <= was[1]:
            continue
        worse = (now[1] < was[0]) == figure.at_least
        word = "WORSE " if worse else "better"
        yield worse, f"{word}  {figure.name}: {old[MEASURED]} → {new[MEASURED]}"


def _span(row: Row | None) -> tuple[float, float] | None:
    found = NUMBER.findall(row[SPREAD]) if row is not None else []
    if len(found) != 2:
        return None
    low, high = (float(text.replace(",", "")) for text in found)
    return low, high


def _unit(row: Row) -> str:
    return NUMBER.sub("", row[MEASURED])
