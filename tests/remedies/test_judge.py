"""Did it work? Release and movement, each from evidence in the picture and from nothing else."""

import pytest

from clawtop.picture import changes as c
from clawtop.remedies.judge import GRACE_MS, PARKED_MS, Baseline, Progress, ReleaseJudge
from clawtop.remedies.plan import plan_release
from tests.picture.builders import (
    KEY,
    SECOND,
    Picture,
    at_ms,
    begins,
    counted,
    ends,
    later_row,
    leaked,
    listed,
    parked,
    probe,
    row,
    works,
)
from tests.remedies.situations import SITUATIONS

OTHER = "agent:main:other"
SENT = 100.0


class Case:
    """One picture, a plan made from it, and a judge who looks on after the request."""

    def __init__(self, picture: Picture, step: str | None = None) -> None:
        self.picture = picture.wait_until(SENT)
        plan = plan_release(picture.store, KEY, step)
        assert plan is not None
        self.judge = ReleaseJudge(Baseline.of(plan, picture.store, at_ms(SENT)))

    def tell(self, *changes: c.Change, at: float) -> Progress:
        self.picture.tell(*changes, at=at)
        return self.judge.look(self.picture.store)

    def at_deadline(self, at: float) -> Progress:
        self.picture.wait_until(at)
        return self.judge.at_deadline(self.picture.store)


def rpc_case(generation: str = "september", step: str | None = None) -> Case:
    return Case(SITUATIONS["rpc"](generation).tell(works(at=99), at=99), step)


def leak_case(*waiting: c.PendingInput) -> Case:
    picture = leaked(pending=waiting)
    return Case(picture.tell(counted(1, at=98), at=98))


def free(at: float) -> c.RowsListed:
    return listed(later_row(active=False, at=at), at=at)


# -- released: never from an answer


def test_asking_alone_releases_nothing() -> None:
    case = leak_case()
    progress = case.tell(c.AbortAsked(KEY, at_ms(SENT + 1)), at=SENT + 1)
    assert progress.released is None
    progress = case.tell(free(SENT + 2), at=SENT + 2)
    assert progress.released is None, "the flag lies for up to 60 s after an abort"


def test_the_end_of_the_named_run_is_a_release() -> None:
    case = rpc_case()
    progress = case.tell(ends(at=SENT + 1), free(SENT + 1), at=SENT + 1)
    assert progress.released is True
    assert progress.evidence == "the gateway reported the end of run run-1"
    assert progress.released_at_ms == at_ms(SENT + 1)


def test_the_end_of_the_named_run_counts_even_if_the_row_is_still_flagged() -> None:
    assert rpc_case().tell(ends(at=SENT + 1), at=SENT + 1).released is True


def test_the_end_of_another_run_is_no_release_of_the_named_one() -> None:
    case = rpc_case()
    assert case.tell(ends("run-7", at=SENT + 1), at=SENT + 1).released is None


def test_an_end_before_the_request_is_no_release() -> None:
    picture = Picture().tell(listed(later_row())).tell(ends("run-0", at=50), at=50)
    case = Case(picture.tell(listed(later_row(at=60), at=60), at=60))
    assert case.tell(at=SENT + 1).released is None


def test_the_end_of_a_victim_is_no_release_of_the_holder() -> None:
    case = leak_case(parked("waiting-1"))
    assert case.tell(ends("waiting-1", at=SENT + 1), at=SENT + 1).released is None


def test_another_run_that_began_after_the_request_proves_the_release() -> None:
    case = leak_case()
    progress = case.tell(begins("run-5", at=SENT + 9), at=SENT + 9)
    assert progress.released is True
    assert progress.evidence.startswith("another run holds the session since")


def test_a_run_that_began_before_the_request_proves_nothing() -> None:
    case = leak_case()
    assert case.tell(begins("run-5", at=SENT - 1), at=SENT + 9).released is None


def test_a_count_that_fell_with_an_idle_row_is_a_release() -> None:
    case = leak_case()
    case.tell(c.AbortAsked(KEY, at_ms(SENT)), at=SENT)
    assert case.tell(free(SENT + 5), counted(1, at=SENT + 5), at=SENT + 5).released is None
    for second in (60, 61):
        told = case.tell(free(SENT + second), counted(0, at=SENT + second), at=SENT + second)
        assert told.released is None, "a count and the rows are read at different moments"
    progress = case.tell(free(SENT + 62), counted(0, at=SENT + 62), at=SENT + 62)
    assert progress.released is True
    assert progress.evidence == "the gateway counts no lock that could be this one"


def test_a_count_from_before_the_request_is_no_evidence() -> None:
    case = leak_case()
    case.tell(free(SENT + 2), counted(0, at=SENT), at=SENT + 2)
    assert case.judge.progress.released is None


def test_a_row_from_before_the_request_is_no_evidence() -> None:
    picture = Picture("april").tell(listed(row(status="done", has_active_run=True)))
    picture.tell(listed(row(status="done", has_active_run=True), at=70), at=70)
    case = Case(picture)
    case.picture.store.held.sessions[KEY].active = False
    case.picture.store.held.mark(KEY)
    assert case.tell(counted(0, at=SENT + 1), at=SENT + 1).released is None


def test_the_gateways_own_log_line_is_evidence() -> None:
    text = f"reply run terminal settle: forced release sessionKey={KEY} phase=running ageMs=60000"
    line = c.LogLine(at_ms(SENT + 60), "WARN", text)
    progress = leak_case().tell(c.LogRead([line]), at=SENT + 60)
    assert (progress.released, progress.evidence) == (True, "the gateway logged the forced release")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (f"reply run terminal settle: forced release sessionKey={KEY}7 phase=x", SENT + 60),
        (f"reply run stale takeover: retained sessionKey={KEY} phase=x", SENT + 60),
        (f"hello: forced release sessionKey={KEY} phase=x", SENT + 60),
        (f"reply run terminal settle: forced release sessionKey={KEY} phase=x", SENT - 1),
    ],
)
def test_other_log_lines_are_no_evidence(text: str, at: float) -> None:
    case = leak_case()
    progress = case.tell(c.LogRead([c.LogLine(at_ms(at), "WARN", text)]), at=SENT + 61)
    assert progress.released is None


# -- queue moving: a message answered by a run that began after the release


def released(*waiting: c.PendingInput, step: str = "abort-run") -> Case:
    picture = SITUATIONS["rpc"]("september").tell(works(at=99), at=99)
    flight = c.InFlight("run-1", started_at=at_ms(0), newest_event_at=at_ms(99))
    picture.tell(probe(at=99, flight=flight, pending=waiting), at=99)
    case = Case(picture, step)
    case.tell(ends(at=SENT + 1), free(SENT + 1), at=SENT + 1)
    assert case.judge.progress.released is True
    return case


def test_the_killed_runs_own_end_is_no_movement() -> None:
    case = released(parked("w1"))
    assert case.judge.progress.moving is None
    assert not case.judge.progress.settled


def test_an_answer_to_the_next_message_is_movement() -> None:
    case = released(parked("w1"))
    case.tell(begins("w1", at=SENT + 2), at=SENT + 2)
    assert case.judge.progress.moving is None, "it runs, it has not answered"
    progress = case.tell(ends("w1", at=SENT + 4), at=SENT + 4)
    assert (progress.moving, progress.settled) == (True, True)


def test_a_run_that_failed_answered_nothing() -> None:
    case = released(parked("w1"))
    case.tell(begins("w1", at=SENT + 2), at=SENT + 2)
    assert case.tell(ends("w1", at=SENT + 4, phase="error"), at=SENT + 4).moving is None


def test_a_final_with_a_body_is_an_answer_and_one_without_means_parked() -> None:
    case = released(parked("w1"))
    empty = c.ChatActivity("w1", KEY, "final")
    assert case.tell(empty, at=SENT + 3).moving is None
    full = c.ChatActivity("w1", KEY, "final", {"role": "assistant"})
    assert case.tell(full, at=SENT + 4).moving is True


def test_the_end_of_a_killed_run_whose_id_was_not_known_is_no_answer() -> None:
    case = Case(SITUATIONS["rpc unseen"]("april"), "abort-session")
    case.tell(ends("killed", at=SENT + 1), begins("w1", at=SENT + 1.1), at=SENT + 2)
    assert case.judge.progress.released is True
    assert case.judge.progress.moving is None, "nobody was answered yet"
    assert case.tell(ends("w1", at=SENT + 3), at=SENT + 3).moving is True


def test_an_answer_in_another_session_moves_nothing_here() -> None:
    case = released(parked("w1"))
    case.tell(begins("x", OTHER, at=SENT + 2), ends("x", OTHER, at=SENT + 3), at=SENT + 3)
    assert case.judge.progress.moving is None


def test_with_nothing_waiting_it_settles_after_a_short_grace() -> None:
    case = released()
    assert not case.tell(at=SENT + 1 + GRACE_MS / SECOND - 0.001).settled
    progress = case.tell(at=SENT + 1 + GRACE_MS / SECOND)
    assert (progress.settled, progress.moving, progress.note) == (True, None, "")


def test_a_cancelled_message_is_not_waited_for_and_is_said() -> None:
    case = released(parked("w1"), parked("w2"), step="abort-session")
    progress = case.tell(at=SENT + 6)
    assert (progress.settled, progress.moving) == (True, None)
    assert progress.note == "2 waiting messages were cancelled"


def test_parked_messages_do_not_hold_back_the_end_and_are_said() -> None:
    case = released(parked("w1"))
    assert not case.tell(at=SENT + 1 + PARKED_MS / SECOND - 0.001).settled
    progress = case.tell(at=SENT + 1 + PARKED_MS / SECOND)
    assert (progress.settled, progress.moving) == (True, None)
    assert progress.note == "1 message parked by the gateway: it moves with the next one"


def test_a_session_held_again_is_watched_until_it_answers() -> None:
    case = released()
    case.tell(begins("run-2", at=SENT + 2), at=SENT + 2)
    assert not case.tell(works("run-2", at=SENT + 30), at=SENT + 30).settled
    assert case.tell(ends("run-2", at=SENT + 31), at=SENT + 31).moving is True


# -- no more time


def test_what_is_still_held_at_the_deadline_is_not_released() -> None:
    progress = leak_case().at_deadline(SENT + 75)
    assert (progress.released, progress.moving, progress.settled) == (False, None, True)


def test_a_waiter_stuck_behind_the_same_is_said_not_to_move() -> None:
    case = released(parked("w1"))
    case.tell(begins("w1", at=SENT + 2), at=SENT + 2)
    progress = case.at_deadline(SENT + 75)
    assert (progress.released, progress.moving) == (True, False)
    assert "stuck behind the same" in progress.note


def test_a_new_run_that_is_working_when_nothing_was_waiting_is_no_failure() -> None:
    case = released()
    case.tell(begins("run-2", at=SENT + 70), at=SENT + 70)
    progress = case.at_deadline(SENT + 75)
    assert (progress.released, progress.moving) == (True, None)
    assert progress.note == "the next run holds the session and is working"


def test_the_deadline_looks_once_more() -> None:
    case = rpc_case()
    case.picture.tell(ends(at=SENT + 74), free(SENT + 74), at=SENT + 74)
    assert case.at_deadline(SENT + 75).released is True


def test_a_settled_case_is_not_judged_again_at_the_deadline() -> None:
    case = released()
    case.tell(at=SENT + 6)
    case.tell(begins("later", at=SENT + 20), at=SENT + 20)
    progress = case.at_deadline(SENT + 75)
    assert (progress.moving, progress.note) == (None, "")


# -- what the request is expected to do to what waits


@pytest.mark.parametrize(
    ("step", "survivors"), [("abort-run", 1), ("abort-session", 0)], ids=["by run", "by key"]
)
def test_only_an_abort_by_key_takes_the_waiting_messages_with_it(step: str, survivors: int) -> None:
    case = released(parked("w1"), step=step)
    assert case.judge.baseline.survivors == survivors
    assert case.judge.baseline.waiting_run_ids == frozenset({"w1"})


def test_what_waits_is_unknown_where_the_gateway_does_not_list_it() -> None:
    assert rpc_case("april").judge.baseline.survivors is None
