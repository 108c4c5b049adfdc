"""The arithmetic of the benchmarks: medians, spreads, verdicts."""

from __future__ import annotations

import pytest

from benchmarks.figures import SHARE, Figure, amount, most, percentile, ratio, tail, unmeasured


def test_a_ratio_is_of_medians_and_its_spread_of_single_rounds() -> None:
    figure = ratio("cost", [2.0, 6.0, 100.0], [1.0, 2.0, 10.0], 2.5, "")
    assert figure.measured == 3.0
    assert figure.spread == (2.0, 10.0)


@pytest.mark.parametrize(
    ("measured", "target", "at_least", "unit", "verdict"),
    [
        (1.5, 1.5, False, "x", "met"),
        (1.75, 1.5, False, "x", "missed by 0.25x"),
        (0.7, 0.7, True, SHARE, "met"),
        (0.36, 0.7, True, SHARE, "missed by 34 points"),
        (1300.0, 1200.0, False, "B/s", "missed by 100 B/s"),
        (2.0, 0.0, False, "events", "missed by 2.0 events"),
        (9.0, None, False, "x", "no target"),
    ],
)
def test_a_verdict_says_by_how_much_it_was_missed(
    measured: float, target: float | None, at_least: bool, unit: str, verdict: str
) -> None:
    figure = Figure("f", measured, (measured, measured), target, at_least, "", unit)
    assert figure.verdict() == verdict
    assert figure.missed == verdict.startswith("missed")


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    figure = unmeasured("idle CPU against htop", 2.0, "htop is not installed")
    assert not figure.missed
    assert figure.row() == (
        "idle CPU against htop",
        "≤ 2.00x",
        "",
        "",
        "not measured",
        "htop is not installed",
    )


def test_an_amount_is_shown_in_its_unit() -> None:
    row = amount("idle", [900.0, 1200.0, 1500.0], 1000, "B/s").row()
    assert row[1:5] == ("≤ 1,000 B/s", "1,200 B/s", "900 B/s to 1,500 B/s", "missed by 200 B/s")


def test_what_must_never_happen_is_judged_by_its_worst_round() -> None:
    figure = most("lost", [0.0, 0.0, 0.0, 0.0, 3.0], 0, "events")
    assert figure.missed
    assert figure.measured == 3.0


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(300, 0, -1)]
    assert percentile(values, 0.99) == 297
    assert percentile(values, 0.5) == 150
    assert percentile([5.0], 0.99) == 5


def test_a_tail_is_of_all_rounds_together() -> None:
    figure = tail("late", [[1.0] * 100, [1.0] * 98 + [90.0, 90.0]], 50)
    assert figure.measured == 1.0  # two late of 200 are no 99th percentile
    assert figure.spread == (1.0, 90.0)
    assert tail("late", [[1.0] * 97 + [70.0, 80.0, 90.0]], 50).measured == 80.0
