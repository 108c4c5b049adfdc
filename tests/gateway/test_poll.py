"""What is asked and how often: a budget that a slow gateway shrinks by itself."""

import pytest

from clawtop.gateway.poll import (
    APPROVAL_KINDS,
    QUESTIONS,
    SHARE,
    SLOWEST_S,
    Budget,
    may_ask,
)
from clawtop.picture.coverage import Wishes
from tests.picture.builders import gateway

ROWS = "rows"


def budget(generation: str = "september", *, wishes: Wishes | None = None) -> Budget:
    return Budget.for_gateway(gateway(generation), wishes or Wishes(), 100.0)


def due(one: Budget, now: float) -> set[str]:
    return {question.name for question in one.due(now)}


def test_everything_the_gateway_knows_is_asked_at_once() -> None:
    assert due(budget(), 100.0) == {
        "rows",
        "preflight",
        "approvals.exec",
        "approvals.plugin",
        "approvals.decided",
        "status",
        "stability",
        "logs",
        "lanes",
        "presence",
    }
    assert "lanes" not in due(budget("april"), 100.0)


def test_the_same_question_is_never_under_way_twice() -> None:
    one = budget()
    one.asked(ROWS)
    assert ROWS not in due(one, 500.0)
    one.answered(ROWS, 500.0, 0.01)
    assert ROWS not in due(one, 504.9)
    assert ROWS in due(one, 505.0)


def test_a_slow_answer_makes_a_long_pause() -> None:
    one = budget()
    one.asked(ROWS)
    one.answered(ROWS, 101.0, 1.0)
    assert ROWS not in due(one, 101.0 + SHARE - 0.1)
    assert ROWS in due(one, 101.0 + SHARE)


def test_a_very_slow_gateway_is_still_asked_every_minute() -> None:
    one = budget()
    one.asked(ROWS)
    one.answered(ROWS, 130.0, 30.0)
    assert one.slots[ROWS].interval_s() == SLOWEST_S


def test_one_hiccup_passes() -> None:
    one = budget()
    for took in (0.1, 4.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1):
        one.asked(ROWS)
        one.answered(ROWS, 100.0, took)
    assert one.slots[ROWS].interval_s() == one.slots[ROWS].question.every_s


def test_a_failure_is_remembered_until_the_next_answer() -> None:
    one = budget()
    one.asked(ROWS)
    one.answered(ROWS, 101.0, 0.1, "it timed out")
    assert one.slots[ROWS].failed == "it timed out"
    one.asked(ROWS)
    one.answered(ROWS, 110.0, 0.1)
    assert one.slots[ROWS].failed is None


def test_the_probe_waits_for_a_suspect_and_has_its_own_pace() -> None:
    one = budget()
    assert "probe" not in due(one, 100.0)
    assert one.probe_due(100.0)
    one.asked("probe")
    assert not one.probe_due(200.0)
    one.answered("probe", 200.0, 0.01)
    assert not one.probe_due(201.9)
    assert one.probe_due(202.0)


def test_asking_again_now_brings_everything_forward_but_asks_nothing_twice() -> None:
    one = budget()
    for name in list(one.slots):
        one.asked(name)
        if name != ROWS:
            one.answered(name, 100.0, 0.01)
    assert due(one, 100.5) == set()
    one.all_now(100.5)
    assert due(one, 100.5) == set(one.slots) - {ROWS, "probe"}


def test_the_next_due_time_leaves_out_what_is_under_way() -> None:
    one = budget()
    for name in one.slots:
        one.asked(name)
    assert one.next_due() is None
    one.answered("presence", 100.0, 0.01)
    one.answered("rows", 101.0, 0.01)
    assert one.next_due() == 106.0


def test_a_calm_gateway_is_asked_about_a_hundred_times_a_minute_and_a_slow_one_less() -> None:
    one = budget()
    calm = one.rate_per_minute()
    assert 60 < calm < 140
    for name in one.slots:
        one.asked(name)
        one.answered(name, 100.0, 2.0)
    assert one.rate_per_minute() < calm / 4


@pytest.mark.parametrize(
    ("scopes", "wishes", "asked"),
    [
        (("operator.read",), Wishes(), False),
        (("operator.read", "operator.approvals"), Wishes(), True),
        (("operator.admin",), Wishes(), True),
        (("operator.admin",), Wishes(approvals_why="left out"), False),
    ],
)
def test_approvals_are_asked_for_only_where_they_may_be_seen(
    scopes: tuple[str, ...], wishes: Wishes, asked: bool
) -> None:
    names = {
        question.name for question in QUESTIONS if may_ask(question, gateway(scopes=scopes), wishes)
    }
    assert (not names.isdisjoint(APPROVAL_KINDS)) is asked


def test_without_any_scope_nothing_is_asked() -> None:
    one = Budget.for_gateway(gateway(scopes=()), Wishes(), 0.0)
    assert one.slots == {}
    assert one.next_due() is None
