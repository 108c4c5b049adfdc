"""A figure with its target, and the table they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
HEADS = ("figure", "target", "measured", "spread", "verdict", "behind it")


@dataclass(frozen=True)
class Figure:
    """One ratio of medians. ``spread`` is the lowest and highest ratio of single rounds."""

    name: str
    measured: float
    spread: tuple[float, float]
    target: float
    at_least: bool
    behind: str
    percent: bool = False

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    def verdict(self) -> str:
        """``met``, or by how much it is missed, in the figure's own unit."""
        if self.met:
            return "met"
        by = abs(self.measured - self.target)
        return f"missed by {by * 100:.0f} points" if self.percent else f"missed by {by:.2f}x"

    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        sign = "≥" if self.at_least else "≤"
        low, high = self.spread
        return (
            self.name,
            f"{sign} {self._shown(self.target)}",
            self._shown(self.measured),
            f"{self._shown(low)} to {self._shown(high)}",
            self.verdict(),
            self.behind,
        )

    def _shown(self, value: float) -> str:
        return f"{value * 100:.0f} %" if self.percent else f"{value:.2f}x"


def spread_of(above: list[float], below: list[float]) -> tuple[float, float]:
    """The lowest and highest ratio of rounds that ran side by side."""
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    return min(ratios), max(ratios)


def table(figures: list[Figure]) -> str:
    """A Markdown table that is also readable as it is."""
    rows = [HEADS, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join(cells)} |"


def rewrite_readme(text: str, path: Path = README) -> None:
    """Put ``text`` between the two markers. Raises ValueError when they are not there."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} has no {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
