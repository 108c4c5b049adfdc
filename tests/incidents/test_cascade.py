"""I-01 and I-09: one intent that asks again and again, and sessions that wait for a person."""

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, logged, stuck_line
from tests.picture.builders import (
    KEY,
    approval,
    approvals,
    begins,
    later_row,
    listed,
    probe,
)

OTHER = "agent:main:slack:channel:c7"


def asked(*numbers: int, every: float = 5, **more: object) -> list[c.ApprovalRow]:
    return [approval(f"a{number}", created=number * every, **more) for number in numbers]


@pytest.mark.parametrize("generation", ["april", "september"])
def test_three_equal_requests_are_a_warning_and_two_are_nothing(generation: str) -> None:
    watch = Watch(generation).tell(approvals(*asked(0, 1)), at=6)
    assert watch.ids() == set()
    watch.tell(approvals(*asked(0, 1, 2)), at=11)
    found = watch.one("I-01")
    assert (found.severity, found.certainty) == ("warning", "likely")
    assert found.session_key == KEY
    assert found.since_ms == watch.store.backlog.get("a0").created_at_ms  # type: ignore[union-attr]
    assert "#69478" in found.references


def test_the_third_copy_is_named_at_once_from_the_event_alone() -> None:
    watch = Watch().tell(approvals(*asked(0, 1)), at=6)
    watch.tell(c.ApprovalRequested("exec", asked(2)[0]), at=10.1)
    assert watch.ids() == {"I-01"}


@pytest.mark.parametrize(
    "different",
    [
        {"command": "git push origin main --tags"},
        {"cwd": "/srv/other"},
        {"session_key": OTHER},
        {"agent_id": "ops"},
        {"host": "node"},
    ],
)
def test_lawful_work_with_one_thing_different_is_no_copy(different: dict[str, str]) -> None:
    watch = Watch().tell(approvals(*asked(0, 1), approval("b", created=10, **different)), at=12)
    assert watch.ids() == set()


def test_a_run_that_asks_again_after_each_denial_is_a_cascade_although_one_is_pending() -> None:
    watch = Watch()
    for number in range(4):
        watch.tell(c.ApprovalRequested("exec", asked(number)[0]), at=number * 5)
        watch.tell(c.ApprovalResolved(f"a{number}", "deny", "ada"), at=number * 5 + 2)
    found = watch.one("I-01")
    assert found.severity == "critical", "it grew after it had a name"
    assert "0 pending now, 4 denied before" in found.evidence


def test_requests_that_were_allowed_are_work_that_was_wanted() -> None:
    watch = Watch()
    for number in range(6):
        watch.tell(c.ApprovalRequested("exec", asked(number)[0]), at=number * 5)
        watch.tell(c.ApprovalResolved(f"a{number}", "allow-once", "ada"), at=number * 5 + 2)
    assert watch.ids() == set()


def test_equal_requests_far_apart_are_no_burst() -> None:
    watch = Watch().tell(approvals(*asked(0, 1, 2, every=500, lasts=9000)), at=1001)
    assert watch.ids() == set()


def test_ten_copies_are_critical_and_the_key_stays_the_same() -> None:
    watch = Watch().tell(approvals(*asked(0, 1, 2, every=2)), at=5)
    before = watch.one("I-01").key
    watch.wait_until(200).tell(approvals(*asked(*range(10), every=2)), at=201)
    found = watch.one("I-01")
    assert (found.severity, found.key) == ("critical", before)
    assert watch.changes[-1].what == "worse"


def test_it_calms_down_when_it_stops_growing() -> None:
    watch = Watch().tell(approvals(*asked(0, 1, 2, 3)), at=16)
    assert watch.one("I-01").severity == "critical"
    watch.wait_until(80)
    assert watch.one("I-01").severity == "warning"


@pytest.mark.parametrize(
    "line",
    [
        stuck_line(KEY, age_s=462),
        "embedded run failover decision: runId=run-1 stage=prompt decision=fallback_model"
        " reason=timeout from=a/m1 to=b/m1 profile=-",
    ],
)
def test_a_stuck_or_failover_line_of_its_session_proves_it(line: str) -> None:
    watch = Watch().tell(listed(later_row()), begins("run-1"), logged(line, at=9), at=9)
    watch.tell(approvals(*asked(0, 1, 2, run_id="run-1")), at=11)
    found = watch.one("I-01")
    assert (found.severity, found.certainty, found.run_id) == ("critical", "proved", "run-1")


def test_a_line_about_another_session_says_nothing() -> None:
    watch = Watch().tell(logged(stuck_line(OTHER, age_s=462), at=9), at=9)
    watch.tell(approvals(*asked(0, 1, 2)), at=11)
    assert watch.one("I-01").certainty == "likely"


def test_the_first_way_out_denies_copies_and_the_next_ends_the_run_that_asks() -> None:
    watch = Watch().tell(listed(later_row()), begins("run-1"), at=0)
    watch.tell(approvals(*asked(0, 1, 2, run_id="run-1")), at=11)
    ways = watch.remedies(watch.one("I-01"))
    assert [way.step for way in ways][:2] == ["deny", "abort-run"]
    assert all(way.available for way in ways[:2])
    assert ways[0].command == "clawtop deny --duplicates --keep a0"


def test_it_ends_when_the_copies_are_answered() -> None:
    watch = Watch().tell(approvals(*asked(0, 1, 2)), at=11)
    watch.tell(*(c.ApprovalResolved(f"a{n}", "deny", "ada") for n in range(3)), at=12)
    assert watch.ids() == {"I-01"}, "within ten minutes it may come back"
    watch.wait_until(620)
    assert watch.ids() == set()


# -- I-09


def waiting(watch: Watch) -> Watch:
    watch.tell(listed(later_row()), begins("run-1"), at=0)
    return watch.tell(approvals(approval("a0", created=1, run_id="run-1")), at=2)


def test_a_young_wait_for_an_answer_is_healthy() -> None:
    assert waiting(Watch()).wait_until(590).ids() == set()


def test_a_wait_that_nobody_answers_is_named_and_overrides_every_other_verdict() -> None:
    watch = waiting(Watch()).wait_until(602)
    found = watch.one("I-09")
    assert watch.ids() == {"I-09"}
    assert (found.severity, found.certainty, found.session_key) == ("warning", "proved", KEY)
    assert "openclaw approvals" in watch.remedies(found)[0].label


def test_a_line_that_calls_it_stuck_is_told_and_alarms_nobody_before_its_time() -> None:
    watch = waiting(Watch()).tell(logged(stuck_line(KEY, age_s=130), at=131), at=131)
    assert watch.ids() == {"I-09"}
    assert watch.one("I-09").severity == "info"
    assert watch.wait_until(602).one("I-09").severity == "warning"


def test_messages_behind_the_wait_make_it_worth_a_name() -> None:
    from tests.picture.builders import parked

    watch = waiting(Watch()).tell(probe(at=20, pending=[parked(at=15)]), at=20)
    assert watch.ids() == set()
    assert watch.wait_until(299).ids() == set()
    assert watch.wait_until(302).ids() == {"I-09"}


def test_a_cascade_is_not_named_twice() -> None:
    watch = Watch().tell(listed(later_row()), begins("run-1"), at=0)
    watch.tell(approvals(*asked(0, 1, 2, run_id="run-1")), at=11).wait_until(700)
    assert watch.ids() == {"I-01"}
