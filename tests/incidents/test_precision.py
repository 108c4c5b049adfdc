"""False alarms that lawful traffic has raised once, each in its smallest form."""

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, logged, stuck_line
from tests.picture.builders import (
    KEY,
    approval,
    approvals,
    at_ms,
    begins,
    counted,
    ends,
    later_row,
    listed,
    row,
    running_row,
)

OTHER = "agent:main:slack:channel:c7"


def channel_row(*, started: float) -> c.RowsListed:
    times = {"started_at": at_ms(started), "updated_at": at_ms(started)}
    return listed(running_row(active=None, channel="telegram", **times), at=started)


# -- silence (I-16)


def test_a_line_about_an_earlier_run_says_nothing_of_the_next_one() -> None:
    """A channel's runs on early gateways show no progress; such a line was all there was."""
    line = stuck_line(KEY, age_s=400, head="stalled session", lastProgressAge="400s")
    watch = Watch("april").tell(channel_row(started=0), counted(1), at=1)
    watch.tell(logged(line, at=420), at=420)
    ended = c.SessionChanged(KEY, phase="end", run_id="r1", ts=at_ms(430), row=row(status="done"))
    watch.tell(ended, listed(row(status="done", has_active_run=False), at=430), at=430)
    watch.tell(channel_row(started=700), counted(1, at=700), at=700).wait_until(1_100)
    assert watch.store.held.locks[KEY].verdict == "working"
    assert "I-16" not in watch.ids()


def test_what_the_gateway_calls_long_running_may_have_moved_on_since() -> None:
    line = stuck_line(KEY, age_s=300, head="long-running session", lastProgressAge="300s")
    watch = Watch("april").tell(channel_row(started=0), counted(1), logged(line, at=301), at=302)
    assert "I-16" not in watch.wait_until(2_000).ids()


def test_a_stalled_line_of_this_very_run_still_counts() -> None:
    line = stuck_line(KEY, age_s=300, head="stalled session", lastProgressAge="300s")
    watch = Watch("april").tell(channel_row(started=0), counted(1), logged(line, at=301), at=302)
    assert "I-16" in watch.wait_until(700).ids()


def test_a_wait_for_an_answer_is_no_silence_afterwards() -> None:
    watch = Watch().tell(listed(later_row()), begins("run-1"), at=0)
    watch.tell(approvals(approval("a0", created=1)), at=2).wait_until(900)
    watch.tell(c.ApprovalResolved("a0", "deny"), at=901)
    assert watch.ids() == set()
    assert watch.wait_until(1_450).ids() == set()
    assert watch.wait_until(1_502).ids() == {"I-16"}, "silence since the answer counts"


# -- approvals (I-01)


def test_a_newer_smaller_burst_takes_over_from_one_that_ran_out() -> None:
    old = [approval(f"a{n}", created=n, lasts=1_800) for n in range(5)]
    watch = Watch().tell(approvals(*old), at=5)
    new = [approval(f"b{n}", created=1_500 + n) for n in range(4)]
    watch.tell(approvals(*old, *new), at=1_505)
    assert watch.wait_until(2_200).ids() == {"I-01"}
    assert "gone" not in [change.what for change in watch.changes]


def test_a_cascade_is_over_a_minute_after_the_last_copy_was_denied() -> None:
    watch = Watch().tell(listed(later_row(active=False)), at=0)
    watch.tell(approvals(*(approval(f"a{n}", created=n) for n in range(3))), at=4)
    for number in range(3):
        watch.tell(c.ApprovalResolved(f"a{number}", "deny"), at=200)
    assert watch.wait_until(255).ids() == {"I-01"}, "it may ask again"
    assert watch.wait_until(261).ids() == set()


# -- locks that fit no session (I-05), on a gateway without lanes


def uncounted(watch: Watch, until: float) -> Watch:
    for second in range(0, round(until), 5):
        watch.tell(counted(3, at=second), at=second)
    return watch


def test_runs_that_wait_for_a_slot_are_not_leaked() -> None:
    rows = listed(*(row(f"agent:main:s{n}", status="done", has_active_run=False) for n in range(6)))
    wait = "lane wait exceeded: lane=main waitedMs=9000 queueAhead=2 activeAhead=4 activeNow=4"
    assert uncounted(Watch("april").tell(rows), 640).ids() == {"I-05"}
    watch = uncounted(Watch("april").tell(rows, logged(wait, at=300), at=300), 640)
    assert watch.ids() == set()


def test_a_message_behind_a_leaked_lock_does_not_wait_for_a_slot() -> None:
    rows = [running_row(f"agent:main:r{n}") for n in range(4)]
    line = stuck_line(
        KEY,
        age_s=150,
        head="stalled session",
        reason="active_work_without_progress",
        activeWorkKind="embedded_run",
    )
    watch = Watch("april").tell(logged(line, at=0))
    for second in range(0, 100, 5):
        all_rows = listed(*rows, row(has_active_run=True), at=second)
        watch.tell(all_rows, logged(line, at=second), counted(5, at=second), at=second)
    assert watch.found("I-03") == []


@pytest.mark.parametrize("ticks", [True, False])
def test_an_old_leak_keeps_its_age_once_it_is_known_in_two_ways(ticks: bool) -> None:
    """The row tells of a message, the log of the lock: the older of both is its age."""
    told = {"reason": "active_work_without_progress", "lastProgress": "embedded_run:started"}
    line = stuck_line(KEY, age_s=130, head="stalled session", lastProgressAge="1000s", **told)
    watch = Watch("april").tell(listed(row(has_active_run=True, status="done")), at=0)
    watch.tell(logged(line, at=1), at=1)
    for second in range(5, 150, 5):
        now = listed(row(has_active_run=True, status="done"), at=second)
        watch.tell(now, counted(1, at=second), at=second)
        if ticks and second % 30 == 0:
            watch.tell(logged(line, at=second), at=second)
    assert watch.one("I-05").severity == "critical"
    assert {change.what for change in watch.changes if change.incident.id == "I-05"} <= {
        "new",
        "changed",
    }


def test_a_lock_that_outlives_its_delivery_is_named_without_a_gap() -> None:
    watch = Watch().tell(listed(later_row()), begins("run-1"), at=0)
    watch.tell(ends("run-1", at=10), at=10)
    for second in range(60, 160, 2):  # clawtop comes late
        held = later_row(
            at=second, status="done", started_at=at_ms(0), ended_at=at_ms(10), updated_at=at_ms(10)
        )
        watch.tell(listed(held, at=second), at=second)
    assert [one.what for one in watch.changes if one.what in ("new", "gone")] == ["new"]
    assert watch.one("I-05").certainty == "likely"
