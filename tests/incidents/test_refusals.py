"""I-10, I-14 and I-15: refusals that look like something else."""

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, logged
from tests.picture.builders import KEY, begins, ends, listed, row

AUTHORITY = f"tool failed: Reply operation has no active tool authority snapshot sessionKey={KEY}"
ACTIVE = f"Error: Reply run already active for {KEY}"
STALE = "Dropping stale exec approval followup a-{}: session rebound before the approval resolved"
STOPPED = "Stopped observing accepted exec approval followup a-{} after its bounded wait window"
HEADLESS = "Headless runs cannot wait for interactive exec approval"
UNDELIVERED = "exec approvals: failed to deliver to telegram:42: Error: no route"


def told(*lines: str, every: float = 5, operators: list[c.Presence] | None = None) -> Watch:
    watch = Watch().tell(listed(row()), c.PresenceRead(operators or []))
    for number, line in enumerate(lines):
        watch.tell(logged(line, at=every * number), at=every * number)
    return watch


def test_a_tool_refused_after_its_run_was_over_is_info() -> None:
    watch = told(AUTHORITY)
    found = watch.one("I-14")
    assert (found.severity, found.certainty, found.session_key) == ("info", "proved", KEY)
    assert watch.wait_until(601).found("I-14") == []


def test_a_missing_permission_is_not_it() -> None:
    assert told("tool exec denied: missing permission for session").found("I-14") == []


def alternating(rounds: int, *, answers: bool = True) -> Watch:
    watch = Watch().tell(listed(row()))
    for number in range(rounds):
        at = 10.0 * number
        watch.tell(logged(ACTIVE, at=at), logged(ACTIVE, at=at + 0.1), at=at + 0.1)
        if answers:
            run = f"r{number}"
            watch.tell(begins(run, at=at + 2), at=at + 2).tell(ends(run, at=at + 5), at=at + 5)
    return watch


def test_a_call_refused_between_each_two_answers_is_info_and_no_leak() -> None:
    watch = alternating(3)
    found = watch.one("I-15")
    assert (found.severity, found.certainty, found.session_key) == ("info", "likely", KEY)
    assert "I-05" not in watch.ids()
    assert watch.wait_until(700).found("I-15") == []


@pytest.mark.parametrize("watch", [alternating(2), alternating(6, answers=False)])
def test_a_constant_failure_or_two_of_them_are_not_alternation(watch: Watch) -> None:
    assert watch.found("I-15") == []


@pytest.mark.parametrize("line", [STALE, STOPPED])
def test_followups_of_approvals_that_are_over_are_a_loop_from_three(line: str) -> None:
    assert told(*(line.format(one) for one in range(2))).found("I-10") == []
    watch = told(*(line.format(one) for one in range(3)))
    found = watch.one("I-10")
    assert (found.severity, found.certainty) == ("warning", "likely")
    assert watch.wait_until(700).found("I-10") == []


@pytest.mark.parametrize("line", [HEADLESS, UNDELIVERED])
def test_an_approval_that_nobody_was_shown_is_proved(line: str) -> None:
    found = told(line).one("I-10")
    assert (found.severity, found.certainty) == ("warning", "proved")
    assert "nobody to show it to" in found.summary


def test_that_nobody_could_answer_is_not_said_where_it_is_not_known() -> None:
    silent = c.Presence("desk", "ui")
    assert told(UNDELIVERED, operators=[silent]).found("I-10") == []
    nobody_listed = Watch().tell(listed(row()), logged(UNDELIVERED, at=0))
    assert nobody_listed.found("I-10") == []


def test_that_nobody_could_answer_is_not_said_where_clawtop_could() -> None:
    """Before 2026.8 whoever may approve is a way for approvals, and so is clawtop."""
    watch = Watch("april").tell(listed(row()), c.PresenceRead([]), logged(UNDELIVERED, at=0))
    assert watch.found("I-10") == []


def test_a_channel_that_failed_beside_an_operator_is_nothing() -> None:
    desk = c.Presence("desk", "ui", ["operator.approvals"])
    assert told(UNDELIVERED, operators=[desk]).found("I-10") == []
    assert told(HEADLESS, operators=[desk]).found("I-10")
