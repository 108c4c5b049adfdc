"""How a count moved: it moves only when the count does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clawtop.screen.trend import HEIGHTS, POINTS, STEP_MS, Trend


def test_one_value_is_no_line() -> None:
    trend = Trend()
    for at_ms in range(0, 100_000, 1_000):
        trend.note(7, at_ms)
    assert trend.text == ""


def test_values_are_drawn_from_nought_up() -> None:
    trend = Trend()
    for step, count in enumerate((0, 7, 14)):
        trend.note(count, step * STEP_MS)
    assert trend.text == "▁▃▄"


def test_changes_close_together_are_one_point() -> None:
    trend = Trend()
    for at_ms, count in ((0, 0), (10, 1), (20, 2), (30, 4)):
        trend.note(count, at_ms)
    assert trend.text == "▁▄"


def test_what_is_not_known_ends_the_line() -> None:
    trend = Trend()
    trend.note(1, 0)
    trend.note(2, STEP_MS)
    trend.note(None, 2 * STEP_MS)
    assert trend.text == ""
    trend.note(2, 3 * STEP_MS)
    assert trend.text == ""


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 20_000)), max_size=40))
def test_it_is_short_and_only_a_new_count_moves_it(steps: list[tuple[int, int]]) -> None:
    trend, now_ms = Trend(), 0
    for count, passed in steps:
        now_ms += passed
        trend.note(count, now_ms)
        before = trend.text
        trend.note(count, now_ms + 10**6)
        assert trend.text == before
        assert len(before) <= POINTS
        assert set(before) <= set(HEIGHTS)
        if before and count == 0:
            assert before[-1] == HEIGHTS[0]
