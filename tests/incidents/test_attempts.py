"""I-06 and I-07: recovery that frees nothing, and recovery that ends healthy work."""

from typing import Any

import pytest

from tests.incidents.scenes import Watch, completed, logged, requested, ring, stuck_line
from tests.picture.builders import KEY, approval, approvals, begins, ends, listed, row, works

OWN_ID = f"id-of-{KEY}"


def outcome(status: str = "released", *, session_id: str = OWN_ID, **pairs: Any) -> str:
    told = {"action": "release_lane", "released": 0} | pairs
    words = " ".join(f"{name}={value}" for name, value in told.items())
    head = "stuck session recovery outcome"
    return f"{head}: status={status} sessionId={session_id} sessionKey={KEY} {words}"


def attempt(*, age_s: int, aborted: str = "true", action: str = "abort_embedded_run") -> str:
    head = f"stuck session recovery: sessionId=s-1 sessionKey={KEY} age={age_s}s"
    return f"{head} action={action} aborted={aborted} drained=true released=0"


def tried(*lines: str, every: float = 30, depth: int = 2) -> Watch:
    """Each line logged half a minute after the one before, the session still stuck after it."""
    watch = Watch().tell(listed(row()))
    for number, line in enumerate(lines):
        at = 400 + number * every
        watch.tell(logged(line, at=at), at=at)
        stuck = stuck_line(KEY, age_s=400 + round(number * every), queueDepth=depth)
        watch.tell(logged(stuck, at=at + 1), at=at + 1)
    return watch


@pytest.mark.parametrize(
    "lines",
    [
        [outcome(), outcome()],
        [outcome("aborted", action="abort_embedded_run", drained="false", forceCleared="false")]
        * 2,
    ],
)
def test_two_attempts_that_free_nothing_while_messages_wait_are_named(lines: list[str]) -> None:
    found = tried(*lines).one("I-06")
    assert (found.severity, found.certainty) == ("warning", "proved")
    assert found.session_key == KEY
    assert any("2 attempts, effect 0" in line for line in found.evidence)


def test_attempts_at_an_id_that_the_session_no_longer_has_are_likely() -> None:
    line = outcome(session_id="older-id", released=1)
    found = tried(line, line, depth=0).one("I-06")
    assert found.certainty == "likely"
    assert any("older-id" in one for one in found.evidence)


@pytest.mark.parametrize(
    "lines",
    [
        [outcome()],
        [outcome("skipped", reason="already_in_flight")] * 3,
        [outcome(released=1), outcome(released=2)],
        [outcome("aborted", drained="true"), outcome("aborted", drained="true")],
        ["stuck session: nothing to parse"] * 3,
    ],
    ids=["once", "skipped (I-04)", "released", "drained", "warnings only"],
)
def test_recovery_that_works_or_was_skipped_is_not_named(lines: list[str]) -> None:
    assert tried(*lines).found("I-06") == []


def test_an_empty_queue_waits_for_no_recovery() -> None:
    assert tried(outcome(), outcome(), depth=0).found("I-06") == []


def test_lines_of_one_tick_are_one_attempt() -> None:
    assert tried(outcome(), outcome(), every=2).found("I-06") == []


def test_a_session_that_answered_meanwhile_is_well() -> None:
    watch = tried(outcome(), outcome())
    assert watch.found("I-06")
    watch.tell(begins(at=440), works(at=441), ends(at=442), at=442)
    assert watch.found("I-06") == []


def test_a_wait_for_an_approval_is_no_failed_recovery() -> None:
    watch = tried(outcome())
    watch.tell(begins(at=425), approvals(approval("a", created=425)), at=425)
    watch.tell(logged(outcome(), at=430), logged(outcome(), at=460), at=460)
    assert watch.found("I-06") == []


def test_old_attempts_are_forgotten_by_time_alone() -> None:
    watch = tried(outcome(), outcome())
    assert watch.found("I-06")
    assert watch.wait_until(431 + 601).found("I-06") == []


def test_a_request_whose_outcome_never_came_is_possible_and_no_more() -> None:
    watch = Watch().tell(ring(requested(1, at=10)), at=11)
    assert watch.found("I-06") == []
    watch.tell(ring(requested(1, at=10)), at=80)
    found = watch.one("I-06")
    assert (found.severity, found.certainty) == ("warning", "possible")
    assert watch.wait_until(10 + 600).found("I-06") == []


def test_without_a_later_look_at_the_ring_nothing_is_lost() -> None:
    assert Watch().tell(ring(requested(1, at=10)), at=11).wait_until(200).found("I-06") == []


def test_a_ring_that_dropped_records_proves_no_loss() -> None:
    watch = Watch().tell(ring(requested(1, at=10)), at=11)
    later = ring(requested(900, at=70))
    later.first_seq, later.dropped = 800, 700
    assert watch.tell(later, at=80).found("I-06") == []


def test_a_phantom_is_no_lost_outcome() -> None:
    skipped = completed(3, at=11, outcome="skipped", age_s=361, reason="already_in_flight")
    watch = Watch().tell(ring(requested(1, at=10), requested(2, at=10.5), skipped), at=12)
    watch.tell(ring(skipped), at=100)
    assert watch.found("I-06") == []


HEALTHY = {
    "recent progress": stuck_line(KEY, age_s=390, head="stalled session", lastProgressAge="5s"),
    "a wait on purpose": stuck_line(KEY, age_s=390, reason="runtime_owned_wait"),
    "called long-running": stuck_line(KEY, age_s=390, head="long-running session"),
}


@pytest.mark.parametrize("line", HEALTHY.values(), ids=HEALTHY.keys())
def test_an_abort_of_a_run_that_was_at_work_is_named(line: str) -> None:
    watch = Watch().tell(listed(row()))
    watch.tell(logged(line, at=395), at=395).tell(logged(attempt(age_s=395), at=400), at=400)
    found = watch.one("I-07")
    assert (found.severity, found.certainty, found.session_key) == ("warning", "likely", KEY)
    assert all(way.act == "advice" for way in found.ways)
    assert watch.wait_until(1_001).found("I-07") == []


def test_work_that_clawtop_itself_saw_makes_the_run_healthy() -> None:
    watch = Watch().tell(begins(at=0), at=0)
    watch.tell(works(at=395), at=395).tell(ends(at=400, phase="error"), at=400)
    watch.tell(logged(attempt(age_s=400), at=400), at=402)
    assert "at work at" in watch.one("I-07").evidence[1]


HUNG = stuck_line(KEY, age_s=390, head="stalled session", lastProgressAge="390s")


@pytest.mark.parametrize(
    ("before", "line"),
    [
        (HUNG, attempt(age_s=395)),
        (HEALTHY["recent progress"], attempt(age_s=395, aborted="false")),
        (HEALTHY["recent progress"], attempt(age_s=395, action="release_lane")),
        (HUNG.replace("390s", "27s"), attempt(age_s=27)),
    ],
    ids=["it hung", "nothing was aborted", "a lane was released", "it hung, short limits"],
)
def test_an_abort_of_a_run_that_hung_is_as_it_should_be(before: str, line: str) -> None:
    watch = Watch().tell(listed(row()))
    watch.tell(logged(before, at=395), at=395).tell(logged(line, at=400), at=400)
    assert watch.found("I-07") == []


def test_the_start_of_a_run_that_then_hung_is_no_work_before_its_abort() -> None:
    watch = Watch().tell(begins(at=373), at=373).tell(ends(at=400, phase="error"), at=400)
    assert watch.tell(logged(attempt(age_s=27), at=400), at=402).found("I-07") == []


def test_the_evidence_names_both_ids_and_the_queue() -> None:
    line = outcome(session_id="older-id", released=1)
    evidence = tried(line, line).one("I-06").evidence
    assert any("aims at session id older-id" in one and OWN_ID in one for one in evidence)
    assert any("a queue of 2" in one for one in evidence)


def test_progress_long_before_the_abort_does_not_make_it_healthy() -> None:
    watch = Watch().tell(listed(row()))
    watch.tell(logged(HEALTHY["recent progress"], at=300), at=300)
    assert watch.tell(logged(attempt(age_s=500), at=400), at=400).found("I-07") == []
    worked = Watch().tell(begins(at=0), works(at=360), at=360)
    worked.tell(ends(at=400, phase="error"), logged(attempt(age_s=400), at=400), at=402)
    assert worked.found("I-07") == []
