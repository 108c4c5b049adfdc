"""What a session row means on each generation: the table of row flags, case by case."""

import pytest
from msgspec import UNSET

from clawtop.picture import changes as c
from clawtop.picture.locks import QUIET_MS, RETRY_MS, SETTLE_MS
from tests.picture.builders import (
    KEY,
    SECOND,
    T0,
    Picture,
    approval,
    approvals,
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
    running_row,
    works,
)

# -- 2026.5.28: the flag counts runs that an RPC started


def test_april_a_flagged_running_row_is_a_run_by_rpc() -> None:
    lock = Picture("april").tell(listed(running_row(active=True, started_at=T0))).lock()
    assert (lock.holder, lock.proof, lock.layer) == ("rpc", "proved", "lock")
    assert (lock.since_ms, lock.age_is) == (T0, "exact")


def test_april_a_running_row_without_flag_is_a_channel_run_where_the_count_has_room() -> None:
    picture = Picture("april").tell(
        listed(running_row(active=False, channel="telegram", started_at=T0)), counted(1)
    )
    assert (picture.lock().holder, picture.lock().proof) == ("channel", "likely")
    assert picture.verdict() == "working"


def test_april_a_running_row_that_the_count_denies_is_a_ghost() -> None:
    picture = Picture("april").tell(listed(running_row(active=False)), counted(0))
    assert picture.verdict() == "ghost"
    assert picture.lock().layer is None


def test_april_a_running_row_before_any_count_is_only_possible() -> None:
    picture = Picture("april").tell(listed(running_row(active=False)))
    assert picture.lock().proof == "possible"
    assert "nothing here can confirm it" in picture.lock().why[0]


def test_april_two_claims_and_room_for_one_are_both_possible() -> None:
    picture = Picture("april").tell(
        listed(
            running_row("agent:main:a", active=False), running_row("agent:main:b", active=False)
        ),
        counted(1),
    )
    for key in ("agent:main:a", "agent:main:b"):
        assert picture.lock(key).proof == "possible"
        assert "1 of 2" in picture.lock(key).why[0]


def test_april_a_run_seen_elsewhere_takes_its_place_in_the_count() -> None:
    picture = Picture("april").tell(
        listed(running_row("agent:main:rpc"), running_row(active=False)), counted(1)
    )
    assert picture.verdict() == "ghost", "the one counted run belongs to the flagged session"


def test_april_a_claim_becomes_a_ghost_when_the_count_falls() -> None:
    picture = Picture("april").tell(listed(running_row(active=False)), counted(1))
    assert picture.lock().proof == "likely"
    picture.tell(counted(0, at=5), at=5)
    assert picture.verdict() == "ghost"


def test_april_a_flag_on_a_finished_row_is_a_waiting_message_not_a_run() -> None:
    picture = Picture("april").tell(listed(row(status="done", has_active_run=True)))
    lock = picture.lock()
    assert (lock.proof, lock.holder, lock.verdict) == ("likely", "unknown", "unknown")
    assert lock.since_ms == T0
    assert lock.age_is == "at_least"


def test_april_a_leaked_lock_is_invisible_in_rows() -> None:
    picture = Picture("april").tell(listed(row(status="done", has_active_run=False)), counted(1))
    assert not picture.held()


def test_a_stored_row_without_any_flag_is_free() -> None:
    assert not Picture("april").tell(listed(row(status="done"))).held()
    assert not Picture().tell(listed(row())).held()


# -- 2026.9.6: rows flag every held session


def test_september_an_absent_run_list_with_the_flag_is_held_whoever_started_it() -> None:
    picture = Picture().tell(listed(later_row()))
    assert (picture.lock().proof, picture.lock().holder) == ("proved", "unknown")


def test_september_an_idle_row_that_says_running_and_that_nothing_counts_is_a_ghost() -> None:
    ghost = later_row(active=False, status="running")
    assert Picture().tell(listed(ghost), counted(0)).verdict() == "ghost"


def test_september_a_preparing_run_is_named_by_its_row() -> None:
    lock = Picture().tell(listed(later_row(active_run_ids=["run-9"], status=UNSET))).lock()
    assert (lock.run_id, lock.phase) == ("run-9", "preparing")


def test_september_a_run_list_naming_only_waiting_messages_names_no_holder() -> None:
    picture = Picture().tell(listed(later_row(active_run_ids=["waiting-1"])))
    picture.tell(probe(pending=[parked()], at=1), at=1)
    picture.tell(listed(later_row(active_run_ids=["waiting-1"], at=2), at=2), at=2)
    assert picture.lock().run_id is None


# -- a leak needs two looks and more than a minute


def test_held_without_a_run_over_a_minute_and_two_probes_is_leaked() -> None:
    picture = leaked()
    lock = picture.lock()
    assert (lock.verdict, lock.proof, lock.run_id) == ("leaked", "likely", None)
    assert lock.why[-1] == "that is longer than any preparation takes"


def test_one_probe_however_old_is_no_leak() -> None:
    picture = Picture().tell(listed(later_row()))
    picture.tell(probe(at=1), at=1).wait_until(300)
    assert picture.verdict() == "unknown"


def test_two_probes_within_a_minute_are_no_leak_yet() -> None:
    picture = Picture().tell(listed(later_row()))
    picture.tell(probe(at=1), at=1).tell(probe(at=11), at=11)
    assert picture.verdict() == "unknown"
    picture.wait_until(60.999)
    assert picture.verdict() == "unknown"
    picture.wait_until(61)
    assert picture.verdict() == "leaked", "the second probe was enough, only time was missing"


def test_a_waiting_message_in_place_of_the_holder_proves_nothing() -> None:
    victim = c.InFlight("waiting-1", started_at=T0)
    picture = Picture().tell(listed(later_row()))
    for at in (1, 40, 90):
        picture.tell(probe(at=at, flight=victim, pending=[parked()]), at=at)
    assert picture.verdict() != "leaked"
    assert picture.lock().run_id is None
    assert picture.lock().waiting == 1


def test_an_older_gateway_that_lists_no_waiting_messages_never_shows_a_leak() -> None:
    picture = Picture().tell(listed(later_row()))
    for at in (1, 40, 90, 200):
        picture.tell(probe(at=at, tells_pending=False), at=at)
    assert picture.verdict() != "leaked"


def test_a_run_named_later_clears_the_suspicion() -> None:
    picture = leaked()
    run = c.InFlight("run-1", started_at=at_ms(71), newest_event_at=at_ms(72))
    picture.tell(probe(at=73, flight=run), at=73)
    assert (picture.verdict(), picture.lock().run_id) == ("working", "run-1")
    picture.tell(probe(at=76), at=76)
    assert picture.verdict() == "unknown", "the clock of the suspicion began anew"


def test_a_leak_that_is_released_is_gone() -> None:
    picture = leaked()
    picture.tell(listed(later_row(active=False, at=80), at=80), at=80)
    assert not picture.held()


def test_the_previous_runs_time_is_never_the_age_of_a_leak() -> None:
    picture = Picture().tell(listed(later_row(started_at=T0 - 3_600_000, ended_at=T0 - 3_590_000)))
    picture.tell(probe(at=1), at=1).tell(probe(at=70), at=70)
    assert picture.verdict() == "leaked"
    assert picture.lock().since_ms == T0
    assert picture.lock().age_is == "at_least"


def test_a_leak_is_at_least_as_old_as_its_oldest_waiting_message() -> None:
    picture = leaked(pending=[parked("w2", at=-30), parked("w1", at=-300)])
    assert picture.lock().since_ms == at_ms(-300)
    assert picture.lock().age_is == "at_least"
    assert picture.lock().waiting == 2


def test_cancelled_messages_do_not_wait() -> None:
    messages = [parked("w1"), parked("w2", state="cancelled"), parked("w3", state="interrupted")]
    assert leaked(pending=messages).lock().waiting == 1


def test_channel_messages_behind_a_lock_are_not_known_to_be_none() -> None:
    picture = Picture().tell(listed(later_row(channel="telegram")))
    picture.tell(probe(at=1), at=1)
    assert picture.lock().waiting is None


# -- an abort is a wish


def test_an_abort_shows_until_the_count_falls_whatever_the_flag_says() -> None:
    picture = leaked()
    picture.tell(c.AbortAsked(KEY, at_ms(80)), at=80)
    picture.tell(listed(later_row(active=False, at=81), at=81), at=81)
    assert (picture.verdict(), picture.lock().phase) == ("aborting", "aborting")
    picture.tell(counted(1, at=82), at=82)
    assert picture.verdict() == "aborting", "the gateway still counts a lock"
    picture.tell(counted(0, at=83), at=83)
    assert picture.verdict() == "aborting", "one count may have been read a moment too early"
    picture.tell(counted(0, at=84), at=84).tell(counted(0, at=85), at=85)
    assert not picture.held()


def test_one_wrong_count_among_right_ones_is_no_release() -> None:
    picture = leaked()
    picture.tell(c.AbortAsked(KEY, at_ms(80)), at=80)
    for at, embedded in ((82, 1), (83, 0), (84, 1), (85, 0), (86, 1)):
        picture.tell(counted(embedded, at=at), at=at)
        assert picture.verdict() == "aborting"


def test_an_abort_that_nothing_confirms_is_forgotten_after_the_settle() -> None:
    picture = leaked()
    picture.tell(c.AbortAsked(KEY, at_ms(80)), at=80)
    picture.tell(listed(later_row(active=False, at=81), at=81), at=81)
    picture.wait_until(80 + SETTLE_MS / SECOND)
    assert picture.verdict() == "aborting"
    picture.wait_until(81 + SETTLE_MS / SECOND)
    assert not picture.held()


def test_the_settle_is_longer_than_the_minute_a_gateway_takes_to_release() -> None:
    assert 60_000 < SETTLE_MS <= 120_000


def test_an_abort_seen_in_a_row_change_counts_as_asked() -> None:
    picture = Picture().tell(listed(later_row()))
    asked = c.SessionChanged(KEY, reason="abort", ts=at_ms(5), row=later_row(active=False, at=5))
    assert picture.tell(asked, at=5).verdict() == "aborting"


def test_a_run_that_ends_after_the_abort_is_free() -> None:
    picture = Picture("april").tell(listed(running_row()), begins())
    picture.tell(c.AbortAsked(KEY, at_ms(5)), at=5)
    assert picture.verdict() == "aborting"
    picture.tell(ends(at=6), listed(row(status="timeout", has_active_run=False), at=6), at=6)
    assert not picture.held()


def test_a_new_run_is_not_aborting_because_the_last_one_was() -> None:
    picture = Picture().tell(listed(later_row()), begins())
    picture.tell(c.AbortAsked(KEY, at_ms(5)), at=5)
    picture.tell(begins("run-2", at=8), at=8)
    assert (picture.verdict(), picture.lock().run_id) == ("working", "run-2")


# -- progress, idleness, staleness


def test_a_healthy_drip_is_never_stale() -> None:
    picture = Picture(stale_after_ms=60_000).tell(listed(later_row()), begins())
    for second in range(0, 3600, 30):
        picture.tell(works(at=second), at=second)
        assert picture.verdict() == "working"
    assert picture.lock().since_ms == T0


def test_a_watched_run_that_falls_silent_is_stale_exactly_at_the_limit() -> None:
    picture = Picture().tell(listed(later_row()), begins()).tell(works(at=10), at=10)
    picture.wait_until(609.999)
    assert picture.verdict() == "working"
    picture.wait_until(610)
    lock = picture.lock()
    assert (lock.verdict, lock.idle_is, lock.idle_since_ms) == ("stale", "exact", at_ms(10))


def test_a_run_that_begins_again_under_its_old_id_is_watched_like_any_other() -> None:
    picture = (
        Picture(stale_after_ms=60_000).tell(listed(later_row()), begins()).tell(ends(at=1), at=1)
    )
    picture.tell(begins(at=2), at=2)
    for at in range(30, 300, 30):
        assert picture.tell(works(at=at), at=at).verdict() == "working"


def test_a_run_that_began_before_we_watched_is_quiet_not_stale() -> None:
    old = later_row(started_at=T0 - 3_600_000)
    picture = Picture().tell(listed(old))
    assert picture.verdict() == "unknown"
    picture.wait_until(QUIET_MS / SECOND)
    lock = picture.lock()
    assert (lock.verdict, lock.idle_is, lock.idle_since_ms) == ("quiet", "at_least", T0)


def test_watching_long_enough_proves_it_stale() -> None:
    picture = Picture().tell(listed(later_row(started_at=T0 - 3_600_000))).wait_until(600)
    assert (picture.verdict(), picture.lock().idle_is) == ("stale", "at_least")


def test_a_channel_run_whose_progress_is_invisible_is_unknown_never_stale() -> None:
    changed = c.SessionChanged(KEY, phase="start", run_id="run-1", ts=T0, row=later_row())
    picture = Picture().tell(changed)
    picture.wait_until(3_600)
    assert picture.verdict() == "unknown"
    assert picture.lock().idle_since_ms is None


def test_the_log_proves_a_silent_channel_run_stale() -> None:
    changed = c.SessionChanged(KEY, phase="start", run_id="run-1", ts=T0, row=later_row())
    picture = Picture().tell(changed)
    text = f"stalled session: sessionKey={KEY} age=700s lastProgressAge=700s reason=active_work"
    picture.tell(c.LogRead([c.LogLine(at_ms(720), "WARN", text)]), at=720)
    lock = picture.lock()
    assert (lock.verdict, lock.idle_is, lock.idle_since_ms) == ("stale", "exact", at_ms(20))


def test_a_probe_dates_the_newest_event_of_a_run_that_began_before_us() -> None:
    picture = Picture().tell(listed(later_row(started_at=T0 - 7_200_000)))
    run = c.InFlight("run-1", started_at=T0 - 7_200_000, newest_event_at=T0 - 700_000)
    picture.tell(probe(at=1, flight=run), at=1)
    lock = picture.lock()
    assert (lock.verdict, lock.idle_is) == ("stale", "exact")
    assert lock.since_ms == T0 - 7_200_000


def test_a_probed_run_that_wrote_more_text_is_working() -> None:
    picture = Picture().tell(listed(later_row(started_at=T0 - 7_200_000)))
    for at, size in ((1, 10), (11, 20)):
        flight = c.InFlight("run-1", started_at=T0 - 7_200_000, text_size=size)
        picture.tell(probe(at=at, flight=flight), at=at)
    assert (picture.verdict(), picture.lock().idle_since_ms) == ("working", at_ms(11))


# -- what comes before any question of age


def test_a_pending_approval_comes_before_every_other_verdict() -> None:
    picture = leaked().tell(c.AbortAsked(KEY, at_ms(71)), at=71)
    assert picture.verdict() == "aborting"
    picture.tell(approvals(approval("a-1")), at=72)
    assert picture.verdict() == "waiting_approval"
    assert "a-1" in picture.lock().why[-1]
    picture.tell(approvals(), at=73)
    assert picture.verdict() == "aborting"


def test_a_pending_approval_does_not_bring_a_ghost_to_life() -> None:
    picture = Picture("april").tell(listed(running_row(active=False)), counted(0))
    assert picture.tell(approvals(approval("a-1"))).verdict() == "ghost"


def test_a_run_that_says_it_waits_for_an_approval_does() -> None:
    picture = Picture().tell(listed(later_row()), begins())
    data = c.RunData(phase="waiting-approval", approval_id="a-7")
    picture.tell(c.RunActivity("run-1", "lifecycle", at_ms(1), KEY, data=data), at=1)
    assert picture.verdict() == "waiting_approval"
    data = c.RunData(phase="approval-resolved")
    picture.tell(c.RunActivity("run-1", "lifecycle", at_ms(2), KEY, data=data), at=2)
    assert picture.verdict() == "working"


def test_a_provider_retry_wait_is_said_while_the_log_line_is_fresh() -> None:
    picture = Picture().tell(listed(later_row()), begins())
    text = f"long-running session: sessionKey={KEY} reason=provider_retry_wait age=150s"
    picture.tell(c.LogRead([c.LogLine(at_ms(150), "WARN", text)]), at=150)
    assert picture.verdict() == "waiting_retry"
    picture.tell(works(at=151 + RETRY_MS / SECOND), at=151 + RETRY_MS / SECOND)
    assert picture.verdict() == "working"


# -- holders


@pytest.mark.parametrize(
    ("key", "holder"),
    [
        ("agent:main:subagent:5f2c", "subagent"),
        ("agent:main:cron:nightly", "cron"),
        ("agent:maelcum:heartbeat", "heartbeat"),
        ("agent:main:main", "unknown"),
        ("cron", "unknown"),
        ("", "unknown"),
        ("agent:", "unknown"),
        ("agent::heartbeat", "heartbeat"),
    ],
)
def test_the_shape_of_a_key_tells_some_holders(key: str, holder: str) -> None:
    if key:
        assert Picture().tell(listed(later_row(key))).lock(key).holder == holder
    else:
        assert Picture().tell(listed(later_row(key))).store.held.locks == {}


def test_a_heartbeat_run_says_so_itself() -> None:
    picture = Picture().tell(listed(later_row()), begins(is_heartbeat=True))
    assert picture.lock().holder == "heartbeat"


@pytest.mark.parametrize(
    ("abortable", "channel", "holder"),
    [(False, "telegram", "rpc"), (True, "telegram", "channel"), (True, "webchat", "unknown")],
)
def test_a_probe_tells_an_rpc_run_from_a_channel_run(
    abortable: bool, channel: str, holder: str
) -> None:
    flight = c.InFlight("run-1", started_at=T0, abortable=abortable)
    picture = Picture().tell(listed(later_row(channel=channel)))
    assert picture.tell(probe(at=1, flight=flight), at=1).lock().holder == holder


def test_a_row_newer_than_the_last_sign_of_its_run_ends_a_run_whose_end_we_missed() -> None:
    picture = Picture().tell(listed(later_row()), begins())
    picture.tell(listed(later_row(active=False, at=30), at=30), at=30)
    assert not picture.held()


def test_an_older_listing_does_not_bring_back_a_run_that_ended() -> None:
    picture = Picture().tell(listed(later_row()), begins()).tell(ends(at=5), at=5)
    picture.tell(
        c.SessionChanged(
            KEY, phase="end", run_id="run-1", ts=at_ms(5), row=later_row(active=False)
        ),
        at=5,
    )
    picture.tell(listed(later_row(), at=4), at=6)
    assert not picture.held()


def test_a_complete_listing_drops_what_it_leaves_out_and_a_page_does_not() -> None:
    other = "agent:main:other"
    picture = Picture().tell(listed(later_row(), later_row(other)))
    picture.tell(listed(later_row(at=5), at=5, complete=False), at=5)
    assert picture.held(other)
    picture.tell(listed(later_row(at=6), at=6), at=6)
    assert not picture.held(other)
    assert picture.held()


def test_a_deleted_session_takes_its_lock_with_it() -> None:
    picture = Picture().tell(listed(later_row()))
    assert not picture.tell(c.SessionChanged(KEY, reason="delete", ts=at_ms(1)), at=1).held()
