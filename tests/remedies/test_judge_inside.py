"""Did it work, where the companion shows the registry: proved by the operation itself."""

from typing import Any

import pytest

from clawtop.picture import changes as c
from clawtop.picture import companion as k
from clawtop.remedies.fate import Fate
from clawtop.remedies.judge import PARKED_MS, Baseline, Progress, ReleaseJudge
from clawtop.remedies.plan import plan_release
from tests.picture.builders import (
    KEY,
    SECOND,
    Picture,
    at_ms,
    begins,
    counted,
    ends,
    gateway,
    later_row,
    listed,
    parked,
    probe,
    row,
    running_row,
    works,
)
from tests.picture.inside import entry, lane, told, working
from tests.remedies.situations import INSIDE, SITUATIONS

SENT = 110.0


class Case:
    """A held session with a companion, one step, and the judge after the request."""

    def __init__(self, picture: Picture, step: str | None = None) -> None:
        self.picture = picture.wait_until(SENT)
        plan = plan_release(picture.store, KEY, step)
        assert plan is not None
        self.plan = plan
        self.judge = ReleaseJudge(Baseline.of(plan, picture.store, at_ms(SENT)))

    def tell(self, *changes: c.Change, at: float) -> Progress:
        self.picture.tell(*changes, at=at)
        return self.judge.look(self.picture.store)

    def at_deadline(self, at: float, *changes: c.Change) -> Progress:
        self.picture.tell(*changes, at=at)
        return self.judge.at_deadline(self.picture.store)

    @property
    def fates(self) -> list[tuple[int, Fate]]:
        return [(number, fate) for _, number, fate in self.judge.account.fates()]


def orphan(generation: str = "april", waiters: int = 0, step: str = "companion-release") -> Case:
    return Case(INSIDE["orphan"](generation, waiters=waiters), step)


def other(**more: Any) -> k.ExactLock:
    return working(token="token-of-the-next", **more)


# -- released


def test_the_release_is_proved_when_the_registry_lacks_the_operation() -> None:
    case = orphan()
    assert case.tell(counted(0, at=SENT + 1), at=SENT + 1).released is None
    progress = case.tell(told(at=SENT + 2), at=SENT + 2)
    assert progress.released is True
    assert progress.evidence == "the gateway's own registry lists no lock of it any more"


def test_another_operation_in_its_place_proves_it_as_well() -> None:
    progress = orphan(waiters=1).tell(told(other(), at=SENT + 1), at=SENT + 1)
    assert progress.released is True
    assert progress.evidence.startswith("another operation holds it")


def test_a_reading_from_before_the_request_proves_nothing() -> None:
    assert orphan().tell(told(at=SENT - 1), at=SENT + 1).released is None


def test_an_end_that_is_only_reported_proves_nothing_while_the_operation_is_listed() -> None:
    case = Case(INSIDE["rpc"]("september"))
    progress = case.tell(ends(at=SENT + 1), told(working(began=0), at=SENT + 1), at=SENT + 1)
    assert progress.released is None


def test_without_a_companion_any_more_evidence_from_outside_counts_again() -> None:
    case = Case(INSIDE["rpc"]("september"))
    bare = c.LinkUp(gateway("september"), at_ms(SENT + 1))
    idle = listed(later_row(active=False, at=SENT + 1), at=SENT + 1)
    progress = case.tell(bare, ends(at=SENT + 1), idle, at=SENT + 1)
    assert progress.evidence == "the gateway reported the end of run run-1"


# -- queue moving


def test_the_next_one_answered_is_movement() -> None:
    case = orphan(waiters=1)
    case.tell(told(other(), at=SENT + 1), begins("next", at=SENT + 1), at=SENT + 1)
    progress = case.tell(ends("next", at=SENT + 2), told(at=SENT + 2), at=SENT + 2)
    assert (progress.moving, progress.settled) == (True, True)
    assert progress.note == "1 waiting message was answered"


def test_an_answer_before_the_registry_is_read_again_counts_where_the_owner_was_gone() -> None:
    case = orphan(waiters=1)
    case.tell(begins("next", at=SENT + 0.2), ends("next", at=SENT + 0.5), at=SENT + 0.5)
    progress = case.tell(told(at=SENT + 2), at=SENT + 2)
    assert (progress.released, progress.moving) == (True, True)


def test_the_end_of_what_was_released_is_no_answer() -> None:
    case = Case(INSIDE["channel"]("april"), "companion-release")
    killed = c.SessionChanged(KEY, phase="end", run_id="old", ts=at_ms(SENT + 0.3))
    case.tell(told(at=SENT + 0.2), at=SENT + 0.2)
    assert case.tell(killed, at=SENT + 0.4).moving is None
    assert case.at_deadline(SENT + 30).moving is None


def test_a_next_run_whose_start_came_with_its_end_is_an_answer() -> None:
    """2026.9.6 tells of a channel's run only when it is over; by then it holds nothing."""
    case = Case(INSIDE["channel"]("september"), "abort-session")
    over = later_row(active=False, started_at=at_ms(SENT + 0.4), ended_at=at_ms(SENT + 0.6))
    old = c.SessionChanged(KEY, phase="error", run_id="old", ts=at_ms(SENT + 0.2))
    start = c.SessionChanged(KEY, phase="start", run_id="next", ts=at_ms(SENT + 0.6), row=over)
    end = c.SessionChanged(KEY, phase="end", run_id="next", ts=at_ms(SENT + 0.6), row=over)
    case.tell(old, start, end, at=SENT + 0.6)
    progress = case.tell(told(at=SENT + 1), at=SENT + 1)
    assert (progress.released, progress.moving) == (True, True)


def test_the_aborted_end_of_a_cancelled_message_is_no_answer() -> None:
    picture = INSIDE["channel"]("september")
    picture.tell(probe(at=105, pending=[parked("w1")]), at=105)
    case = Case(picture, "abort-session")
    data = c.RunData(phase="end", aborted=True)
    cancelled = c.RunActivity("w1", "lifecycle", at_ms(SENT + 1), KEY, data=data)
    gone = probe(at=SENT + 1, pending=[parked("w1", state="cancelled")], active=False)
    progress = case.tell(told(at=SENT + 1), cancelled, gone, at=SENT + 1)
    assert (progress.released, progress.moving) == (True, None)
    assert case.fates == [(1, Fate.CANCELLED)]
    assert case.tell(at=SENT + 10).note == "1 waiting message was cancelled"


def test_one_was_answered_and_one_was_cancelled() -> None:
    lock = entry(began=0, waiters=1)
    picture = INSIDE["orphan"]("september")
    picture.tell(probe(at=105, pending=[parked("w1")]), told(lock, at=105), at=105)
    case = Case(picture, "abort-session")
    gone = probe(at=SENT + 60, pending=[parked("w1", state="cancelled")], active=False)
    case.tell(told(other(), at=SENT + 60), begins("next", at=SENT + 60), gone, at=SENT + 60)
    progress = case.tell(ends("next", at=SENT + 61), told(at=SENT + 61), at=SENT + 61)
    assert progress.moving is True
    assert progress.note == "1 of 2 waiting messages was answered, 1 was cancelled"


def test_a_second_message_that_is_due_is_waited_for_and_then_told_as_it_is() -> None:
    case = orphan(waiters=2)
    case.tell(told(other(), at=SENT + 1), begins("n1", at=SENT + 1), at=SENT + 1)
    progress = case.tell(ends("n1", at=SENT + 2), at=SENT + 2)
    assert (progress.moving, progress.settled) == (True, False)
    progress = case.tell(at=SENT + 2 + PARKED_MS / SECOND)
    assert progress.settled
    assert progress.note == "1 of 2 waiting messages was answered, 1 was not seen again"


def test_a_parked_message_does_not_hold_back_the_end() -> None:
    picture = INSIDE["orphan"]("september")
    picture.tell(probe(at=105, pending=[parked("w1")]), at=105)
    case = Case(picture, "companion-release")
    case.tell(told(at=SENT + 1), at=SENT + 1)
    still = probe(at=SENT + 2, pending=[parked("w1")], active=False)
    progress = case.tell(still, told(at=SENT + 10), at=SENT + 10)
    assert (progress.settled, progress.moving) == (True, None)
    assert "parked by the gateway" in progress.note


# -- not moving


def test_the_next_one_stuck_behind_the_same_thing_is_no_success() -> None:
    case = orphan(waiters=1)
    case.tell(told(other(embedded_run=False), at=SENT + 1), at=SENT + 1)
    progress = case.at_deadline(SENT + 31, told(other(embedded_run=False), at=SENT + 31))
    assert (progress.released, progress.moving, progress.layer) == (True, False, "lane")
    assert progress.note.startswith("the next one is stuck behind the same thing")


def test_the_delivery_that_hangs_again_is_named() -> None:
    case = Case(INSIDE["undelivered"]("april"), "companion-release")
    hangs = entry(token="next", phase="queued")
    case.tell(told(hangs, at=SENT + 1), at=SENT + 1)
    progress = case.at_deadline(SENT + 31, told(hangs, at=SENT + 31))
    assert (progress.moving, progress.layer) == (False, "delivery")
    assert "stuck behind the same thing: the delivery of replies" in progress.note


def test_a_lane_that_stays_taken_without_a_lock_is_no_success() -> None:
    case = Case(INSIDE["hook"]("september"), "abort-session")
    taken = told(at=SENT + 60, lanes=[lane(KEY)])
    assert case.tell(taken, at=SENT + 60).released is True
    progress = case.at_deadline(SENT + 75, told(at=SENT + 75, lanes=[lane(KEY)]))
    assert (progress.moving, progress.layer) == (False, "lane")
    assert "only a restart helps" in progress.note
    assert progress.next_step == "restart"


def test_a_next_run_that_is_still_at_work_is_neither() -> None:
    case = orphan(waiters=1)
    case.tell(told(other(), at=SENT + 1), begins("next", at=SENT + 1), at=SENT + 1)
    case.tell(works("next", at=SENT + 25), at=SENT + 25)
    assert case.judge.next_works(case.picture.store)
    progress = case.at_deadline(SENT + 31)
    assert (progress.moving, progress.unsure) == (None, True)
    assert progress.note.endswith("it has not answered yet: look again")


def test_one_that_waited_and_is_gone_without_a_run_is_neither_stuck_nor_answered() -> None:
    """A turn whose run was over waits like a message, to hand out its answer (2026.5.28)."""
    case = orphan(waiters=1)
    case.tell(told(entry(token="its-tail", phase="queued"), at=SENT + 1), at=SENT + 1)
    case.tell(told(at=SENT + 2), at=SENT + 2)
    progress = case.at_deadline(SENT + 31, told(at=SENT + 30))
    assert (progress.released, progress.moving, progress.unsure) == (True, None, True)
    assert "no answer was seen: look again" in progress.note


def test_nobody_who_waits_is_only_said_of_a_reading_after_the_release() -> None:
    case = orphan(waiters=1)
    case.tell(told(at=SENT + 1), at=SENT + 1)
    progress = case.at_deadline(SENT + 31)
    assert (progress.moving, progress.unsure) == (False, False)


# -- a restart


def restarted(**more: Any) -> c.LinkUp:
    facts = gateway("september", boot_id="boot-2", uptime_ms=1_000, **more)
    return c.LinkUp(facts, at_ms(SENT + 20))


def test_a_restart_is_proved_by_the_new_boot_and_a_fresh_listing() -> None:
    case = Case(INSIDE["undelivered"]("september"), "restart")
    assert case.tell(restarted(), at=SENT + 20).released is None
    idle = listed(later_row(active=False, at=SENT + 21), at=SENT + 21)
    assert case.tell(idle, at=SENT + 21).released is None, "it is not counted yet"
    progress = case.tell(counted(0, at=SENT + 22), at=SENT + 22)
    assert progress.released is True
    assert progress.evidence == "the gateway was restarted and holds the session no more"


def test_a_restart_inside_the_process_that_kept_the_lock_is_no_release() -> None:
    case = Case(INSIDE["orphan"]("april"), "restart")
    case.tell(c.Shutdown(), c.LinkDown("restarting"), at=SENT + 2)
    methods = case.picture.store.facts.methods if case.picture.store.facts else frozenset()
    up = c.LinkUp(gateway("april", methods=methods), at_ms(SENT + 5))
    again = listed(row(status="done", has_active_run=False), at=SENT + 6)
    case.tell(up, at=SENT + 5)
    assert case.tell(again, told(entry(), at=SENT + 6), at=SENT + 6).released is None
    assert case.tell(told(at=SENT + 8), at=SENT + 8).released is True


def test_a_lock_that_only_the_count_knows_of_keeps_a_restart_from_being_a_release() -> None:
    """What an orphan that outlives a restart looks like without a companion (2026.5.28)."""
    case = Case(SITUATIONS["orphan"]("april"), "restart")
    case.tell(c.Shutdown(), c.LinkDown("restarting"), at=SENT + 2)
    again = listed(row(status="done", has_active_run=False), at=SENT + 6)
    case.tell(c.LinkUp(gateway("april"), at_ms(SENT + 5)), at=SENT + 5)
    assert case.tell(again, counted(1, at=SENT + 6), at=SENT + 6).released is None
    assert case.tell(counted(0, at=SENT + 9), at=SENT + 9).released is True


@pytest.mark.parametrize("generation", ["april", "september"])
def test_before_the_new_boot_nothing_is_a_release(generation: str) -> None:
    step = "restart"
    case = Case(INSIDE["hook"](generation), step)
    assert (
        case.tell(told(at=SENT + 2), listed(running_row(active=False)), at=SENT + 2).released
        is None
    )
