"""I-21: two runs in one session, or more in a lane than it allows."""

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, lane
from tests.picture.builders import KEY, begins, ends, later_row, listed, parked, probe, works


def by_turns(*order: str, every: float = 2) -> Watch:
    """Two runs begin, then work in this order."""
    watch = Watch().tell(begins("a", at=0), begins("b", at=0.5), at=1)
    for number, run in enumerate(order, 1):
        watch.tell(works(run, at=number * every), at=number * every)
    return watch


def test_two_runs_at_work_by_turns_are_named() -> None:
    watch = by_turns("a", "b", "a", "b", "a")
    found = watch.one("I-21")
    assert (found.severity, found.certainty, found.session_key) == ("warning", "likely", KEY)
    assert "runs a, b" in found.evidence[0]
    assert watch.tell(ends("a", at=20), at=20).found("I-21") == []


@pytest.mark.parametrize("order", ["bbbbbb", "ab", "abbbbb"])
def test_one_run_after_the_other_is_no_overlap(order: str) -> None:
    assert by_turns(*order).found("I-21") == []


def test_events_that_overtake_each_other_are_no_overlap() -> None:
    watch = by_turns()
    for number in range(1, 6):
        watch.tell(works("b", at=10 + number), works("a", at=1), at=20 + number)
    assert watch.found("I-21") == []


def test_an_overlap_that_fell_silent_is_forgotten() -> None:
    watch = by_turns("a", "b", "a", "b", "a")
    assert watch.wait_until(700).found("I-21") == []


def test_a_child_works_under_a_key_of_its_own() -> None:
    watch = Watch().tell(begins("a", at=0), begins("b", f"{KEY}:subagent:x", at=0), at=1)
    for number in range(2, 12, 2):
        child = works("b", f"{KEY}:subagent:x", at=number)
        watch.tell(works("a", at=number), child, at=number)
    assert watch.found("I-21") == []


def both_listed(*, started: tuple[str, ...]) -> Watch:
    watch = Watch().tell(*(begins(run, at=0) for run in started), at=1)
    return watch.tell(listed(later_row(active_run_ids=["a", "b"], at=2)), at=2)


def test_two_listed_runs_that_both_started_are_proved() -> None:
    found = both_listed(started=("a", "b")).one("I-21")
    assert (found.severity, found.certainty) == ("warning", "proved")


def test_a_listed_run_that_nobody_saw_start_may_be_a_waiting_message() -> None:
    assert both_listed(started=("a",)).found("I-21") == []


def test_a_message_that_waits_is_no_second_run() -> None:
    watch = both_listed(started=("a", "b"))
    watch.tell(probe(at=3, pending=[parked("b")]), at=3)
    watch.tell(listed(later_row(active_run_ids=["a", "b"], at=4)), at=4)
    assert watch.found("I-21") == []


def looked(name: str, *actives: int, limit: int = 4) -> Watch:
    watch = Watch()
    for number, active in enumerate(actives):
        watch.tell(c.LanesRead([lane(name, active=active, queued=0, limit=limit)]), at=5 * number)
    return watch


def test_a_lane_beyond_its_limit_at_three_looks_is_named() -> None:
    found = looked("main", 5, 6, 5).one("I-21")
    assert (found.severity, found.certainty) == ("warning", "likely")


@pytest.mark.parametrize(
    ("name", "actives"),
    [("main", (4, 4, 4, 4)), ("main", (5, 5)), ("main", (5, 4, 5, 5)), ("background", (9, 9, 9))],
    ids=["full", "two looks", "not at every look", "no limit of its own"],
)
def test_a_lane_that_is_full_or_was_odd_once_is_not(name: str, actives: tuple[int, ...]) -> None:
    assert looked(name, *actives).found("I-21") == []
