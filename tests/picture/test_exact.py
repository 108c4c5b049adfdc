"""Exact mode: what the companion reads in the gateway's registry is what the panel says."""

import pytest

from clawtop.picture import changes as c
from clawtop.picture import companion as k
from clawtop.picture.exact import DELIVERING_MS, PREPARING_MS, SETTLE_MS
from clawtop.picture.sight import LAPSE_MS
from tests.picture.builders import (
    KEY,
    MINUTE,
    Picture,
    approval,
    approvals,
    at_ms,
    begins,
    counted,
    ends,
    gateway,
    later_row,
    listed,
    running_row,
    works,
)
from tests.picture.inside import entry, lane, queued, seeing, told, working

OTHER = "agent:main:other"
PREPARING_S, DELIVERING_S, SETTLE_S = PREPARING_MS / 1000, DELIVERING_MS / 1000, SETTLE_MS / 1000


def orphan_for(seconds: float, *, generation: str = "september", **more: object) -> Picture:
    """An orphan that was looked at first at 0 and again after so many seconds."""
    began = 0 if generation == "september" else None
    picture = seeing(generation)
    for at in (0, seconds / 2, seconds):
        picture.tell(told(entry(began=began, **more), at=at), at=at)
    return picture


# -- the list is the registry's


@pytest.mark.parametrize("generation", ["april", "september"])
def test_the_list_of_locks_is_the_registry(generation: str) -> None:
    picture = seeing(generation).tell(
        listed(running_row("agent:main:claims", active=False, started_at=at_ms(-60))),
        counted(3),
        told(working(OTHER), entry(KEY), at=1),
        at=1,
    )
    held = {key for key, lock in picture.store.held.locks.items() if lock.verdict != "ghost"}
    assert held == {OTHER, KEY}
    assert picture.store.held.anonymous.number() == 0
    assert picture.store.coverage()["locks"].level == "exact"


def test_a_row_that_says_running_without_an_entry_is_a_ghost_for_sure() -> None:
    picture = seeing("april").tell(
        listed(running_row(active=False, started_at=at_ms(-60))), counted(1), told(at=1), at=1
    )
    assert (picture.verdict(), picture.lock().proof) == ("ghost", "proved")
    assert "registry has no lock" in picture.lock().why[0]


def test_a_row_that_was_read_after_the_registry_is_no_ghost_yet() -> None:
    """A lock that is leaked just now makes a row say running that began long ago (2026.9.6)."""
    picture = seeing().tell(told(at=1), at=1)
    picture.tell(listed(running_row(active=False, started_at=at_ms(-600)), at=3), at=3)
    assert (picture.verdict() != "ghost", picture.lock().proof) == (True, "possible")
    picture.tell(told(entry(began=2), at=4), at=4)
    assert picture.verdict() != "ghost"
    assert picture.lock().proof == "proved"


def test_a_row_that_began_after_the_reading_is_no_ghost_yet() -> None:
    picture = seeing("april").tell(told(at=1), at=1)
    picture.tell(listed(running_row(active=False, started_at=at_ms(3)), at=3), at=3)
    assert (picture.verdict() != "ghost", picture.lock().proof) == (True, "possible")
    picture.tell(told(at=6), at=6)
    assert picture.verdict() == "ghost"


def test_a_run_that_began_after_the_reading_is_held_until_the_next_one_says_no() -> None:
    picture = seeing().tell(told(at=1), at=1).tell(begins(at=2), works(at=2.5), at=2.5)
    assert picture.verdict() == "working"
    picture.tell(told(at=4), at=4)
    assert not picture.held()


def test_a_lock_written_in_another_case_belongs_to_its_row() -> None:
    picture = seeing().tell(listed(later_row("agent:main:chat:dm")))
    behind = k.Followups("agent:main:Chat:DM", depth=1, messages=[k.ParkedMessage("hello")])
    picture.tell(told(entry("agent:main:Chat:DM", began=0), followups=[behind]))
    assert set(picture.store.held.locks) == {"agent:main:chat:dm"}
    assert picture.lock("agent:main:chat:dm").waiting == 1
    assert [one.session_key for one in picture.store.held.waiting()] == ["agent:main:chat:dm"]
    picture.tell(told(at=2), listed(later_row("agent:main:chat:dm", active=False), at=2), at=2)
    assert not picture.store.held.locks


def test_it_does_so_also_where_the_registry_was_read_before_the_rows() -> None:
    picture = seeing().tell(told(entry("agent:main:Chat:DM", began=0)))
    assert set(picture.store.held.locks) == {"agent:main:Chat:DM"}
    picture.tell(listed(later_row("agent:main:chat:dm"), at=1), at=1)
    picture.tell(told(entry("agent:main:Chat:DM", began=0), at=2), at=2)
    assert set(picture.store.held.locks) == {"agent:main:chat:dm"}


def test_two_locks_that_differ_only_in_case_stay_two() -> None:
    picture = seeing().tell(listed(later_row("agent:main:a")))
    picture.tell(told(entry("agent:main:a", began=0), entry("agent:main:A", began=0)))
    assert set(picture.store.held.locks) == {"agent:main:a", "agent:main:A"}


def test_a_lock_is_gone_with_the_reading_that_lacks_it() -> None:
    picture = seeing().tell(told(entry(began=0)), at=0)
    assert picture.held()
    assert not picture.tell(told(at=2), at=2).held()


def test_a_session_that_no_row_lists_is_shown() -> None:
    picture = seeing("april").tell(listed(), told(entry("agent:main:hidden")))
    assert picture.lock("agent:main:hidden").proof == "proved"
    picture.tell(listed(at=2), at=2)
    assert picture.held("agent:main:hidden"), "a complete listing must not take it away"


def test_phase_session_id_and_token_are_the_registry_s() -> None:
    lock = entry(session_id="another", phase="preflight_compacting", token="t-1", lane_task=True)
    picture = seeing().tell(listed(later_row()), told(lock))
    shown = picture.lock()
    assert (shown.session_id, shown.phase, shown.token) == (
        "another",
        "preflight_compacting",
        "t-1",
    )
    assert shown.in_lane is True


def test_the_kind_of_turn_names_the_holder() -> None:
    picture = seeing().tell(listed(later_row()), told(working(began=0, turn_kind="heartbeat")))
    assert picture.lock().holder == "heartbeat"
    picture.tell(told(working(began=0, turn_kind="visible"), at=2), at=2)
    assert picture.lock().holder == "unknown"


# -- ages


def test_september_the_age_is_the_gateway_s_own() -> None:
    picture = seeing().tell(told(working(began=-900), at=0))
    assert (picture.lock().since_ms, picture.lock().age_is) == (at_ms(-900), "exact")


def test_september_idle_is_the_gateway_s_own_unless_more_was_seen() -> None:
    picture = seeing().tell(told(working(began=-900, last_activity_at_ms=at_ms(-700)), at=0))
    assert (picture.lock().idle_since_ms, picture.lock().idle_is) == (at_ms(-700), "exact")
    assert picture.verdict() == "stale"
    picture.tell(begins(at=1), works(at=1), at=1)
    assert (picture.lock().idle_since_ms, picture.verdict()) == (at_ms(1), "working")


def test_april_an_orphan_s_age_is_at_least_since_it_was_seen_never_the_last_run_s() -> None:
    picture = seeing("april").tell(
        listed(running_row(status="done", active=False, started_at=at_ms(-5000))), told(entry())
    )
    picture.tell(told(entry(), at=30), at=30)
    assert (picture.lock().since_ms, picture.lock().age_is) == (at_ms(0), "at_least")


def test_april_the_run_s_own_start_is_the_lock_s_age() -> None:
    picture = seeing("april").tell(begins(at=5), at=5).tell(told(working(), at=6), at=6)
    assert (picture.lock().since_ms, picture.lock().age_is) == (at_ms(5), "exact")


def test_another_operation_is_another_lock() -> None:
    picture = orphan_for(PREPARING_S + 1, generation="april")
    assert picture.verdict() == "leaked"
    at = PREPARING_S + 3
    picture.tell(told(entry(token="another"), at=at), at=at)
    assert picture.verdict() == "unknown", "the next holder has not waited that long"


# -- who will never give it back


@pytest.mark.parametrize(
    ("generation", "phase", "needs"),
    [
        ("september", "running", PREPARING_S),
        ("september", "queued", PREPARING_S),
        ("april", "running", DELIVERING_S),
        ("april", "queued", PREPARING_S),
    ],
)
def test_an_entry_without_task_and_run_is_leaked_after_its_time(
    generation: str, phase: str, needs: float
) -> None:
    assert orphan_for(needs - 1, generation=generation, phase=phase).verdict() == "unknown"
    late = orphan_for(needs + 1, generation=generation, phase=phase)
    assert (late.verdict(), late.lock().proof) == ("leaked", "proved")


def test_september_an_old_orphan_is_named_at_the_second_look() -> None:
    picture = seeing().tell(told(entry(began=-1020), at=0))
    assert picture.verdict() == "unknown"
    assert picture.tell(told(entry(began=-1020), at=2), at=2).verdict() == "leaked"


def test_april_what_the_log_says_of_its_silence_counts_at_the_second_look() -> None:
    line = (
        f"stalled session: sessionKey={KEY} state=processing age=5s queueDepth=1"
        " reason=active_work_without_progress activeWorkKind=embedded_run"
        " lastProgress=embedded_run:started lastProgressAge=1000s"
    )
    picture = seeing("april").tell(listed(running_row(status="done", active=False)))
    picture.tell(c.LogRead([c.LogLine(at_ms(-1), "WARN", line)]), told(entry()))
    assert picture.verdict() == "unknown", "one look may have met it between two turns"
    picture.tell(told(entry(), at=2), at=2)
    assert picture.verdict() == "leaked"
    assert (picture.lock().since_ms, picture.lock().age_is) == (at_ms(-1001), "at_least")


def test_it_becomes_leaked_by_time_alone() -> None:
    picture = seeing().tell(told(entry(began=0), at=1), at=1)
    picture.tell(told(entry(began=0), at=PREPARING_S - 5), at=PREPARING_S - 5)
    assert picture.verdict() == "unknown"
    assert picture.wait_until(PREPARING_S + 1).verdict() == "leaked"


@pytest.mark.parametrize(
    "more",
    [
        {"lane_task": True},
        {"lane_task": None},
        {"embedded_run": True},
        {"phase": "waiting_for_global_lane"},
        {"phase": "memory_flushing"},
        {"phase": "a-phase-of-next-year"},
    ],
)
def test_what_may_still_be_at_work_is_not_leaked(more: dict[str, object]) -> None:
    assert orphan_for(5 * MINUTE / 1000, **more).verdict() != "leaked"


def test_a_run_seen_at_work_a_moment_ago_is_no_leak() -> None:
    picture = orphan_for(PREPARING_S + 1)
    picture.tell(begins(at=PREPARING_S + 2), works(at=PREPARING_S + 2), at=PREPARING_S + 2)
    assert picture.verdict() == "working"


def test_an_approval_of_its_own_comes_before_any_leak() -> None:
    picture = seeing().tell(approvals(approval("a-1")))
    for at in (0, 40, 80):
        picture.tell(told(entry(began=0), at=at), at=at)
    assert picture.verdict() == "waiting_approval"


def test_an_aborted_entry_is_aborting_until_the_gateway_would_have_freed_it() -> None:
    picture = seeing()
    picture.tell(told(entry(began=-100, phase="aborted"), at=0))
    picture.tell(told(entry(began=-100, phase="aborted"), at=2), at=2)
    assert (picture.verdict(), picture.lock().phase) == ("aborting", "aborted")
    late = SETTLE_S + 1
    picture.tell(told(entry(began=-100, phase="aborted"), at=late), at=late)
    assert picture.verdict() == "leaked"


# -- layers


def test_held_after_its_own_run_ended_is_the_delivery() -> None:
    picture = seeing().tell(told(working(began=0), at=1), begins(at=1), at=1)
    picture.tell(ends(at=5), at=5)
    for at in (6, 16, 5 + DELIVERING_S + 1):
        picture.tell(told(entry(began=0, last_activity_at_ms=at_ms(5)), at=at), at=at)
    assert (picture.lock().layer, picture.verdict()) == ("delivery", "leaked")
    assert "never delivered" in " ".join(picture.lock().why)


def test_a_reply_that_is_being_delivered_is_no_leak() -> None:
    picture = seeing().tell(told(working(began=0), at=1), begins(at=1), at=1)
    picture.tell(ends(at=100), at=100)
    for at in (101, 105, 110):
        picture.tell(told(entry(began=0, last_activity_at_ms=at_ms(100)), at=at), at=at)
    assert (picture.lock().layer, picture.verdict()) == ("lock", "unknown")


def test_an_orphan_s_layer_is_the_lock_though_an_earlier_run_ended() -> None:
    picture = seeing().tell(begins(at=-50), ends(at=-40))
    for at in (0, 40, 80):
        picture.tell(told(entry(began=-1), at=at), at=at)
    assert (picture.lock().layer, picture.verdict()) == ("lock", "leaked")


def test_a_lane_that_is_taken_without_a_lock_is_told_as_the_lane() -> None:
    picture = seeing("april").tell(told(lanes=[lane(KEY)]), listed(running_row()))
    assert (picture.lock().layer, picture.lock().token, picture.verdict()) == (
        "lane",
        None,
        "unknown",
    )
    for at in (30, PREPARING_S + 5):
        picture.tell(told(lanes=[lane(KEY)], at=at), at=at)
    assert picture.verdict() == "leaked"
    picture.tell(told(at=PREPARING_S + 7), listed(at=PREPARING_S + 7), at=PREPARING_S + 7)
    assert not picture.held()


# -- who waits


def test_waiting_counts_turns_and_parked_messages() -> None:
    behind = k.Followups(KEY, depth=2, messages=[k.ParkedMessage("first"), k.ParkedMessage("2nd")])
    picture = seeing().tell(told(entry(began=0, waiters=1), followups=[behind]))
    assert picture.lock().waiting == 3
    texts = [one.preview for one in picture.store.held.waiting()]
    assert texts == ["first", "2nd"]
    assert picture.store.coverage()["waiting"].level == "all"


def test_september_a_channel_s_waiters_are_a_lower_bound() -> None:
    one = seeing().tell(told(entry(began=0, waiters=1))).lock()
    assert (one.waiting, one.waiting_is) == (1, "at_least")
    assert seeing().tell(told(entry(began=0))).lock().waiting_is == "exact"
    assert seeing("april").tell(told(entry(waiters=2))).lock().waiting_is == "exact"


def test_nothing_waiting_is_a_zero_that_was_read() -> None:
    assert seeing().tell(told(entry(began=0))).lock().waiting == 0
    unread = entry(began=0, waiters=None)
    picture = seeing().tell(told(unread, cannot={"followups": "no such map"}))
    assert picture.lock().waiting is None


def test_april_accepted_runs_behind_an_orphan_are_waiting_messages() -> None:
    victim = k.RpcRun("run-9", key=KEY, started_at_ms=at_ms(3))
    picture = seeing("april").tell(told(entry(waiters=1), runs=[victim], at=4), at=4)
    (one,) = picture.store.held.waiting()
    assert (one.run_id, one.received_at_ms, one.state) == ("run-9", at_ms(3), "queued")
    assert picture.lock().run_id is None, "the victim is never taken for the holder"


def test_april_the_holder_s_own_run_does_not_wait() -> None:
    mine = k.RpcRun("run-1", key=KEY, started_at_ms=at_ms(1))
    picture = seeing("april").tell(begins("run-1", at=1), at=1)
    picture.tell(told(working(), runs=[mine], at=2), at=2)
    assert picture.store.held.waiting() == []
    assert picture.lock().run_id == "run-1"


# -- and without it


def test_a_companion_that_cannot_read_locks_leaves_them_inferred() -> None:
    picture = seeing().tell(
        listed(later_row()), told(cannot={"locks": "the registry has another shape"})
    )
    assert picture.lock().token is None
    part = picture.store.coverage()["locks"]
    assert part.level == "inferred"
    assert "the registry has another shape" in (part.why or "")


def test_a_list_that_is_not_whole_proves_nothing() -> None:
    picture = seeing().tell(listed(later_row()), told(entry(OTHER), total=5000))
    assert picture.held(KEY), "it may be among those that were not told"
    assert picture.store.coverage()["locks"].level == "inferred"


def test_an_old_answer_is_not_exact_any_more() -> None:
    picture = seeing().tell(listed(later_row()), told(entry(began=0)))
    assert picture.lock().token is not None
    picture.wait_until(LAPSE_MS / 1000 + 1)
    assert picture.lock().token is None
    assert picture.store.companion is None
    assert picture.store.coverage()["locks"].level == "inferred"


def test_a_lost_link_keeps_what_was_read_as_it_was() -> None:
    picture = seeing().tell(told(entry(began=0))).tell(c.LinkDown("gone"), at=1)
    picture.wait_until(LAPSE_MS / 1000 + 30)
    assert picture.lock().token is not None


def test_a_restart_forgets_it() -> None:
    picture = seeing().tell(told(entry(began=0), events=[queued(OTHER, "x")]))
    picture.tell(c.LinkUp(gateway("september", boot_id="boot-2"), at_ms(5)), at=5)
    assert not picture.store.held.locks
    assert picture.store.companion is None
    assert picture.store.queue.events == ()


def test_garbage_in_an_answer_never_raises() -> None:
    odd = k.ExactLock(
        "",
        session_id=None,
        phase=None,
        token=None,
        started_at_ms=float("nan"),
        last_activity_at_ms=-1,
        waiters=None,
        lane_task=None,
    )
    picture = seeing().tell(told(odd, odd, at=0))
    assert picture.store.coverage()["locks"].level == "exact"
