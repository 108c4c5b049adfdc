"""I-05: a lock that nobody will give back, and everything that looks like it."""

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, logged, stuck_line
from tests.picture.builders import (
    KEY,
    MINUTE,
    T0,
    approval,
    approvals,
    at_ms,
    begins,
    counted,
    ends,
    later_row,
    listed,
    parked,
    probe,
    row,
    running_row,
    works,
)

SIBLING = "agent:main:telegram:dm:7"


def leaked(watch: Watch) -> Watch:
    watch.tell(listed(later_row()), at=0)
    watch.tell(probe(at=1), at=1)
    return watch.tell(probe(at=70), at=70)


def test_a_held_session_without_a_run_is_likely_leaked_and_names_its_threads() -> None:
    found = leaked(Watch()).one("I-05")
    assert (found.severity, found.certainty, found.session_key) == ("warning", "likely", KEY)
    assert {"#90535", "#84710"} <= set(found.references)
    assert any("long healthy run" in line for line in found.ruled_out)


def test_it_is_critical_once_past_stale_after_and_not_before() -> None:
    watch = leaked(Watch())
    assert watch.wait_until(599).one("I-05").severity == "warning"
    assert watch.wait_until(601).one("I-05").severity == "critical"
    assert watch.changes[-1].what == "worse"


def test_the_rows_own_times_prove_an_old_leak_on_the_first_look() -> None:
    """The row says running since 17 minutes, and two probes a moment apart name no run."""
    old = {"started_at": T0 - 17 * MINUTE, "ended_at": None, "updated_at": T0 - 17 * MINUTE}
    watch = Watch().tell(listed(later_row(**old)), at=0)
    watch.tell(probe(at=1), at=1).tell(probe(at=4), at=4)
    found = watch.one("I-05")
    assert (found.severity, found.since_ms) == ("critical", T0 - 17 * MINUTE)
    assert found.since_is == "exact"


def test_a_row_just_written_may_be_preparing() -> None:
    fresh = {"started_at": None, "updated_at": T0 - 5_000}
    watch = Watch().tell(listed(later_row(**fresh)), at=0)
    watch.tell(probe(at=1), at=1).tell(probe(at=30), at=30)
    assert watch.ids() == set()


def test_its_oldest_waiting_message_proves_its_age() -> None:
    watch = Watch().tell(listed(later_row(started_at=T0 - 900_000, ended_at=T0 - 890_000)), at=0)
    watch.tell(probe(at=1, pending=[parked(at=-1020)]), at=1)
    watch.tell(probe(at=70, pending=[parked(at=-1020)]), at=70)
    found = watch.one("I-05")
    assert (found.severity, found.since_ms) == ("critical", at_ms(-1020))


def test_a_message_that_came_after_the_last_run_and_still_waits_proves_it_at_a_first_look() -> None:
    over = {"started_at": T0 - 1_030_000, "ended_at": T0 - 1_025_000}
    watch = Watch().tell(listed(later_row(**over)), at=0)
    for second in (1, 3):
        watch.tell(probe(at=second, pending=[parked(at=-1000)]), at=second)
    found = watch.one("I-05")
    assert (found.severity, found.certainty) == ("critical", "likely")


def test_a_run_that_waits_for_a_slot_of_a_lane_is_no_leak() -> None:
    watch = Watch().tell(listed(later_row(status="queued")), at=0)
    for second in range(1, 900, 30):
        told = probe(at=second)
        told.row = later_row(status="queued", at=second)
        watch.tell(told, at=second)
    assert watch.found("I-05") == []


def test_a_reply_on_its_way_is_only_possibly_stuck_and_turns_likely_when_it_stays() -> None:
    watch = Watch().tell(listed(later_row(started_at=T0 - 9_000, ended_at=None)), at=0)
    over = {"started_at": T0 - 9_000, "ended_at": T0 + 1_000, "updated_at": T0 + 1_000}
    for second in range(2, 120, 5):
        watch.tell(listed(later_row(at=second, **over), at=second), at=second)
        if second == 27:
            found = watch.one("I-05")
            assert (found.certainty, watch.lock().layer) == ("possible", "delivery")
    assert (watch.one("I-05").certainty, watch.lock().layer) == ("likely", "lock")


def test_a_healthy_sibling_on_the_same_channel_is_evidence() -> None:
    watch = Watch().tell(
        listed(later_row(channel="telegram"), later_row(SIBLING, active=False, channel="telegram"))
    )
    watch.tell(begins("r7", SIBLING, at=5), ends("r7", SIBLING, at=9), at=9)
    watch.tell(probe(at=10), at=10).tell(probe(at=71), at=71)
    assert any(SIBLING in line for line in watch.one("I-05").evidence)


def test_a_release_ends_it() -> None:
    watch = leaked(Watch())
    watch.tell(listed(later_row(active=False, at=80), at=80), at=80)
    assert watch.ids() == set()
    assert watch.changes[-1].what == "gone"


def test_the_first_way_out_is_an_abort_on_later_gateways() -> None:
    watch = leaked(Watch())
    ways = watch.remedies(watch.one("I-05"))
    offered = [way for way in ways if way.available and way.calls]
    assert (offered[0].step, offered[0].calls) == ("abort-session", ("sessions.abort",))
    assert "--expect-session-id" in (offered[0].command or "")


# -- look-alikes


def test_a_long_healthy_run_raises_nothing() -> None:
    watch = Watch().tell(listed(later_row()), begins("run-1"), at=0)
    for second in range(0, 1500, 60):
        watch.tell(works("run-1", at=second), at=second)
        watch.tell(probe(at=second, flight=c.InFlight("run-1", at_ms(0))), at=second)
    assert watch.ids() == set()


def test_a_channel_run_that_the_gateway_names_raises_nothing() -> None:
    watch = Watch().tell(listed(later_row(channel="telegram", started_at=T0)), at=0)
    for second in range(5, 1500, 30):
        flight = c.InFlight("run-1", at_ms(0), abortable=True)
        watch.tell(probe(at=second, flight=flight), at=second)
    assert watch.ids() == set()


def test_a_wait_for_an_approval_is_no_leak() -> None:
    watch = leaked(Watch()).tell(approvals(approval("a0", created=60)), at=71)
    assert watch.found("I-05") == []


def test_a_message_that_stands_in_for_the_holder_proves_nothing() -> None:
    """Behind a healthy channel run the gateway names the waiting message instead."""
    waiting = [parked("w1", at=0)]
    flight = c.InFlight("w1", at_ms(0))
    watch = Watch().tell(listed(later_row(started_at=T0 - 1000, ended_at=None)), at=0)
    for second in range(1, 500, 20):
        watch.tell(probe(at=second, flight=flight, pending=waiting), at=second)
    assert watch.found("I-05") == []


# -- April: rows hide it


def hidden(watch: Watch, seconds: float, embedded: int = 1) -> Watch:
    second = watch.store.now_ms - T0
    begin = second / 1000
    while begin < seconds:
        begin += 5
        watch.tell(counted(embedded, at=begin), at=begin)
    return watch


def test_a_lock_that_fits_no_session_is_named_only_after_stale_after() -> None:
    watch = Watch("april").tell(listed(row(status="done", has_active_run=False)))
    hidden(watch, 595)
    assert watch.ids() == set()
    hidden(watch, 610)
    found = watch.one("I-05")
    assert (found.severity, found.certainty, found.session_key) == ("critical", "possible", None)


def test_a_count_that_is_explained_now_and_then_is_no_leak() -> None:
    watch = Watch("april").tell(listed(row(status="done", has_active_run=False)))
    for _ in range(4):
        hidden(watch, (watch.store.now_ms - T0) / 1000 + 200)
        hidden(watch, (watch.store.now_ms - T0) / 1000 + 5, embedded=0)
    assert watch.ids() == set()


def test_a_first_turn_that_is_counted_twice_is_no_leak() -> None:
    watch = Watch("april").tell(listed(running_row()), begins("run-1"), at=0)
    for second in range(5, 900, 5):
        watch.tell(works("run-1", at=second), counted(2, at=second), at=second)
    assert watch.ids() == set()


def test_the_log_names_the_session_that_the_rows_hide() -> None:
    watch = Watch("april").tell(listed(row(status="done", has_active_run=False)))
    hidden(watch, 20)
    line = stuck_line(KEY, age_s=1020, reason="queued_work_without_active_run")
    watch.tell(logged(line, at=21), at=21)
    found = watch.one("I-05")
    assert (found.severity, found.certainty, found.session_key) == ("critical", "likely", KEY)
    assert found.since_ms == at_ms(21 - 1020)
    hidden(watch, 115)
    for second in range(20, 700, 30):
        watch.tell(
            logged(
                stuck_line(KEY, age_s=1020 + second, reason="stale_session_state"), at=21 + second
            ),
            at=115 + second,
        )
        watch.tell(counted(1, at=115 + second), at=115 + second)
    assert [one.session_key for one in watch.found("I-05")] == [KEY], "it is not named twice"


def test_an_orphan_is_logged_by_april_as_a_run_that_only_started() -> None:
    """Each new message sets the session's age back; the silence of the "run" is the lock's age."""
    watch = Watch("april").tell(listed(row(status="done", has_active_run=False)))
    hidden(watch, 20)
    line = stuck_line(
        KEY,
        head="stalled session",
        age_s=130,
        reason="active_work_without_progress",
        activeWorkKind="embedded_run",
        lastProgress="embedded_run:started",
        lastProgressAge="1020s",
    )
    watch.tell(logged(line, at=21), at=21)
    found = watch.one("I-05")
    assert (found.session_key, found.since_ms) == (KEY, at_ms(21 - 1020))


def test_a_waiting_message_does_not_hide_the_orphan_that_april_logs() -> None:
    """The flag is about the message; the lock behind which it waits is in the log."""
    watch = Watch("april").tell(listed(row(status="done", has_active_run=True)), counted(1))
    assert watch.ids() == set()
    line = stuck_line(
        KEY,
        head="stalled session",
        age_s=130,
        reason="active_work_without_progress",
        lastProgress="embedded_run:started",
        lastProgressAge="1020s",
    )
    watch.tell(logged(line, at=2), at=2)
    assert watch.one("I-05").session_key == KEY


def test_a_hung_run_whose_row_runs_is_not_called_a_leak() -> None:
    watch = Watch("april").tell(listed(running_row(active=False), running_row("agent:x:y")))
    hidden(watch, 20, embedded=3)
    line = stuck_line(
        KEY,
        head="stalled session",
        age_s=130,
        reason="active_work_without_progress",
        lastProgress="embedded_run:started",
        lastProgressAge="1020s",
    )
    watch.tell(logged(line, at=21), at=21)
    assert [one for one in watch.found("I-05") if one.session_key == KEY] == []


def test_a_stuck_line_alone_is_no_leak() -> None:
    watch = Watch("april").tell(listed(row(status="done", has_active_run=False)), counted(0))
    line = stuck_line(KEY, age_s=1020, reason="queued_work_without_active_run")
    watch.tell(logged(line, at=2), at=2)
    assert watch.found("I-05") == []


# -- proved


REFUSED = [
    f"Error: Reply run already active for {KEY}",
    f"dispatch-from-config: skipped reply operation admission for {KEY}; reason=active-run",
]


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("generation", ["april", "september"])
def test_two_refusals_two_minutes_apart_prove_it(generation: str, text: str) -> None:
    watch = Watch(generation).tell(listed(row(status="done", has_active_run=False)))
    watch.tell(logged(text, at=1), at=1)
    watch.tell(logged(text, at=100), at=100)
    assert watch.ids() == set(), "a race may be refused, too"
    watch.tell(logged(text, at=122), at=122)
    found = watch.one("I-05")
    assert (found.certainty, found.since_ms) == ("proved", at_ms(1))


def test_refusals_before_an_answer_are_history() -> None:
    watch = Watch("april").tell(listed(row(status="done", has_active_run=False)))
    watch.tell(logged(REFUSED[0], at=1), at=1).tell(logged(REFUSED[0], at=130), at=130)
    watch.tell(begins("r", at=131), ends("r", at=140), at=140)
    assert watch.ids() == set()
