"""I-19 and I-20: a drain that never ends, and replies that a restart throws away."""

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, lane, logged
from tests.picture.builders import at_ms, begins, counted, works

REFUSED = "Gateway is draining for restart; new tasks are not accepted"
FORCED = "forced restart requested; skipping active work drain"


def blocked(name: str = "main", *, active: int = 0) -> str:
    return f"drainLane blocked: lane={name} draining=true active={active} queue=3"


def test_a_lane_that_drains_with_nothing_in_it_is_critical() -> None:
    watch = Watch().tell(logged(blocked(), at=0), at=1).tell(logged(blocked(), at=40), at=41)
    found = watch.one("I-19")
    assert (found.severity, found.certainty, found.since_ms) == ("critical", "proved", at_ms(0))
    assert watch.wait_until(700).found("I-19") == []


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        (blocked(), blocked(), 5),
        (blocked(), blocked("cron"), 40),
        (blocked(active=2), blocked(active=1), 40),
    ],
    ids=["a moment", "two lanes once each", "a real drain"],
)
def test_a_lane_that_drains_as_it_should_is_not(first: str, second: str, apart: float) -> None:
    watch = Watch().tell(logged(first, at=0), at=1).tell(logged(second, at=apart), at=apart + 1)
    assert watch.found("I-19") == []


def test_work_in_that_lane_in_between_ends_it() -> None:
    watch = Watch().tell(logged(blocked(), at=0), at=1)
    watch.tell(c.LanesRead([lane("main", active=2, queued=3)]), at=20)
    assert watch.tell(logged(blocked(), at=40), at=41).found("I-19") == []


def refusing(*, until: float, every: float = 60, embedded: int | None = 0) -> Watch:
    watch = Watch()
    at = 0.0
    while at <= until:
        watch.tell(logged(REFUSED, at=at), counted(embedded, at=at), at=at)
        at += every
    return watch


def test_refusals_of_one_drain_for_longer_than_stale_after_are_likely() -> None:
    watch = refusing(until=600)
    found = watch.one("I-19")
    assert (found.severity, found.certainty) == ("critical", "likely")
    assert "wait" in found.ways[0].text
    assert watch.wait_until(800).found("I-19") == []


def test_a_drain_within_its_budget_is_healthy() -> None:
    assert refusing(until=315).found("I-19") == []


def test_two_restarts_far_apart_are_not_one_drain() -> None:
    assert refusing(until=600, every=300).found("I-19") == []


@pytest.mark.parametrize("embedded", [1, None], ids=["a run is left", "nobody counts"])
def test_a_drain_that_may_wait_for_work_is_real(embedded: int | None) -> None:
    assert refusing(until=660, embedded=embedded).found("I-19") == []


def lost(words: str) -> str:
    return f"restart reply drain timed out after 0ms with {words} still active; continuing shutdown"


@pytest.mark.parametrize("words", ["2 pending reply(ies), 1 active run(s)", "3 queued turn(s)"])
def test_replies_thrown_away_by_a_restart_are_critical_for_half_an_hour(words: str) -> None:
    watch = Watch().tell(logged(lost(words), at=0), at=1)
    found = watch.one("I-20")
    assert (found.severity, found.certainty) == ("critical", "proved")
    assert words.split(" ")[0] in found.summary
    assert watch.wait_until(1_799).found("I-20")
    assert watch.wait_until(1_801).found("I-20") == []


def test_a_forced_restart_is_told_where_it_cost_something() -> None:
    watch = Watch().tell(logged(FORCED, at=0), logged(lost("1 pending reply(ies)"), at=1), at=2)
    assert any("forced" in line for line in watch.one("I-20").evidence)


@pytest.mark.parametrize(
    "line", [FORCED, lost("no pending reply work"), "restart reply drain completed"]
)
def test_a_restart_that_threw_nothing_away_is_none(line: str) -> None:
    watch = Watch().tell(begins(at=0), works(at=1), at=1).tell(logged(line, at=2), at=3)
    assert watch.found("I-20") == []


def test_waiting_is_advised_only_where_a_budget_may_still_end_it() -> None:
    lanes = Watch().tell(logged(blocked(), at=0), at=1).tell(logged(blocked(), at=40), at=41)
    assert [way.text.split(" ")[0] for way in lanes.one("I-19").ways] == ["a"]
    assert [way.text.split(" ")[0] for way in refusing(until=600).one("I-19").ways] == ["wait", "a"]


@pytest.mark.parametrize(("active", "found"), [(0, 1), (2, 0)])
def test_lanes_alone_tell_whether_something_is_left_to_wait_for(active: int, found: int) -> None:
    watch = Watch().tell(c.LanesRead([lane("main", active=active, queued=1)]), at=0)
    for at in range(0, 660, 60):
        watch.tell(logged(REFUSED, at=at), at=at)
    assert len(watch.found("I-19")) == found
