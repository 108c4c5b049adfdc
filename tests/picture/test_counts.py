"""Locks that nobody can name: believed only when the excess stays and is small enough."""

import pytest

from clawtop.picture import changes as c
from clawtop.picture.counts import Anonymous, Reading
from tests.picture.builders import (
    Picture,
    at_ms,
    begins,
    counted,
    ends,
    later_row,
    listed,
    running_row,
)


def after(*readings: tuple[float, int, int, int]) -> int | None:
    anonymous = Anonymous()
    for at, embedded, held, allowance in readings:
        anonymous.read(Reading(at_ms(at), embedded, held, allowance))
    return anonymous.number()


def test_nothing_read_is_not_known() -> None:
    assert after() is None


def test_a_count_within_what_is_known_needs_no_second_look() -> None:
    assert after((0, 2, 2, 0)) == 0
    assert after((0, 1, 2, 0)) == 0


def test_an_excess_needs_three_readings_over_a_second_and_a_half() -> None:
    assert after((0, 1, 0, 0)) is None
    assert after((0, 1, 0, 0), (1, 1, 0, 0)) is None
    assert after((0, 1, 0, 0), (0.7, 1, 0, 0), (1.4, 1, 0, 0)) is None
    assert after((0, 1, 0, 0), (0.7, 1, 0, 0), (1.5, 1, 0, 0)) == 1


def test_the_smallest_number_that_fits_all_readings_is_told() -> None:
    assert after((0, 5, 1, 0), (1, 3, 1, 0), (2, 6, 1, 0)) == 2


def test_an_excess_that_one_reading_explains_is_not_told_from_zero() -> None:
    assert after((0, 3, 1, 0), (1, 1, 1, 0), (2, 3, 1, 0)) is None


def test_what_may_be_counted_twice_is_allowed_for() -> None:
    assert after((0, 2, 1, 1), (1, 2, 1, 1), (2, 2, 1, 1)) is None
    assert after((0, 3, 1, 1), (1, 3, 1, 1), (2, 3, 1, 1)) == 1


def test_only_the_last_three_readings_speak() -> None:
    assert after((0, 1, 1, 0), (1, 3, 1, 0), (2, 3, 1, 0), (3, 3, 1, 0)) == 2


def count_thrice(picture: Picture, embedded: int) -> int | None:
    for at in (1, 2, 3):
        picture.tell(counted(embedded, at=at), at=at)
    return picture.store.held.anonymous.number()


@pytest.mark.parametrize(("generation", "expected"), [("april", None), ("september", 1)])
def test_the_first_turn_of_a_new_session_counts_twice_on_april_only(
    generation: str, expected: int | None
) -> None:
    rows = running_row() if generation == "april" else later_row()
    picture = Picture(generation).tell(listed(rows), begins())
    assert count_thrice(picture, 2) == expected


def test_a_session_with_an_earlier_turn_gets_no_allowance_on_april() -> None:
    picture = Picture("april").tell(listed(running_row(ended_at=at_ms(-60))), begins())
    assert count_thrice(picture, 2) == 1


def test_an_answer_inside_the_first_turn_is_no_earlier_turn() -> None:
    """Measured on 2026.5.28: a first turn with a tool call is counted twice until it ends."""
    picture = Picture("april").tell(listed(running_row()), begins())
    picture.tell(c.SessionMessage("agent:main:telegram:dm:42", "assistant", at_ms(0)))
    assert count_thrice(picture, 2) is None
    picture.tell(ends(at=4), begins("run-2", at=5), listed(running_row(), at=5), at=5)
    for at in (6, 7, 8):
        picture.tell(counted(2, at=at), at=at)
    assert picture.store.held.anonymous.number() == 1, "the second turn counts once"


def test_a_gateway_that_does_not_count_says_nothing() -> None:
    picture = Picture("april").tell(listed(running_row()))
    assert count_thrice(picture, 1) == 0
    picture.store.held.anonymous.clear()
    for at in (4, 5, 6):
        picture.tell(counted(None, at=at), at=at)
    assert picture.store.held.anonymous.number() is None


def test_a_ghost_is_no_explanation_for_a_counted_lock() -> None:
    picture = Picture("april").tell(listed(running_row(active=False)), counted(0))
    assert picture.verdict() == "ghost"
    assert picture.store.held.anonymous.number() == 0
