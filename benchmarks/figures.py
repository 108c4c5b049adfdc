"""A figure with its target, and how one is made of rounds that ran side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median

RATIO, SHARE = "x", "%"


@dataclass(frozen=True)
class Figure:
    """One measured figure in its ``unit``: a ratio, a share (1 is 100 %), or a unit of its own.

    ``spread`` is the lowest and highest of single rounds. Without a ``target`` it only informs.
    """

    name: str
    measured: float
    spread: tuple[float, float]
    target: float | None
    at_least: bool
    behind: str
    unit: str = RATIO

    @property
    def known(self) -> bool:
        """Whether it could be measured at all."""
        return not math.isnan(self.measured)

    @property
    def missed(self) -> bool:
        """Whether there is a target that is not reached."""
        if self.target is None or not self.known:
            return False
        return self.measured < self.target if self.at_least else self.measured > self.target

    def verdict(self) -> str:
        """``met``, or by how much it is missed, in the figure's own unit."""
        if not self.known:
            return "not measured"
        if self.target is None:
            return "no target"
        if not self.missed:
            return "met"
        by = abs(self.measured - self.target)
        points = f"{by * 100:.0f} points"
        return f"missed by {points if self.unit == SHARE else self._shown(by)}"

    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        sign = "≥" if self.at_least else "≤"
        low, high = self.spread
        return (
            self.name,
            "" if self.target is None else f"{sign} {self._shown(self.target)}",
            self._shown(self.measured) if self.known else "",
            f"{self._shown(low)} to {self._shown(high)}" if self.known else "",
            self.verdict(),
            self.behind,
        )

    def _shown(self, value: float) -> str:
        match self.unit:
            case "%":
                return f"{value * 100:.0f} %"
            case "x":
                return f"{value:.2f}x"
            case _ if 0 < abs(value) < 100:
                return f"{value:.1f} {self.unit}"
            case _:
                return f"{value:,.0f} {self.unit}"


def ratio(
    name: str,
    above: Sequence[float],
    below: Sequence[float],
    target: float | None,
    behind: str,
    *,
    at_least: bool = False,
    unit: str = RATIO,
) -> Figure:
    """Median against median; ``above`` and ``below`` are of the same rounds."""
    measured = median(above) / median(below)
    return Figure(name, measured, spread_of(above, below), target, at_least, behind, unit)


def amount(
    name: str, rounds: Sequence[float], target: float, unit: str, behind: str = ""
) -> Figure:
    """The median of an amount that has to stay below its target."""
    return _amount(name, median(rounds), rounds, target, unit, behind)


def most(name: str, rounds: Sequence[float], target: float, unit: str) -> Figure:
    """The worst round of an amount that may never exceed its target."""
    return _amount(name, max(rounds), rounds, target, unit, "the worst round")


def _amount(
    name: str, measured: float, rounds: Sequence[float], target: float, unit: str, behind: str
) -> Figure:
    spread = min(rounds), max(rounds)
    return Figure(name, measured, spread, target, False, behind, unit)


def tail(name: str, rounds: Sequence[Sequence[float]], target: float, behind: str = "") -> Figure:
    """The 99th percentile of all rounds together, in ms; the spread is of the single ones."""
    single = [percentile(values, 0.99) for values in rounds]
    spread = min(single), max(single)
    return Figure(name, percentile(pooled(rounds), 0.99), spread, target, False, behind, "ms")


def unmeasured(name: str, target: float, why: str) -> Figure:
    """A figure that cannot be had here."""
    return Figure(name, math.nan, (math.nan, math.nan), target, False, why)


def spread_of(above: Sequence[float], below: Sequence[float]) -> tuple[float, float]:
    """The lowest and highest ratio of rounds that ran side by side."""
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    return min(ratios), max(ratios)


def pooled(rounds: Sequence[Sequence[float]]) -> list[float]:
    """The values of all rounds."""
    return [*chain.from_iterable(rounds)]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]
