"""I-11, I-12 and I-13: rows that say what is not so, and sessions that two owners pull at."""

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, logged
from tests.picture.builders import (
    KEY,
    at_ms,
    begins,
    counted,
    ends,
    later_row,
    listed,
    row,
    running_row,
    works,
)

CHANGED = f'Session "{KEY}" changed while starting work. Retry.'
CONFLICT = f"reply session initialization conflicted for {KEY}"


def ghostly(generation: str = "april", *, embedded: int | None = 0) -> Watch:
    """A row that says running since long ago, and a gateway that counts so many runs."""
    watch = Watch(generation)
    old = running_row(active=False, updated_at=at_ms(-900), started_at=at_ms(-905))
    return watch.tell(listed(old), counted(embedded), at=1)


@pytest.mark.parametrize("generation", ["april", "september"])
def test_a_running_row_without_any_run_is_a_proved_ghost(generation: str) -> None:
    found = ghostly(generation).one("I-11")
    assert (found.severity, found.certainty) == ("warning", "proved")
    assert found.since_ms == at_ms(-900)
    assert all(way.act == "advice" for way in found.ways)


def test_other_runs_make_it_likely_only() -> None:
    watch = Watch("april").tell(begins("r2", "agent:main:other", at=0), at=0)
    old = running_row(active=False, updated_at=at_ms(-900), started_at=at_ms(-905))
    watch.tell(listed(old), works("r2", "agent:main:other", at=1), counted(1, at=1), at=1)
    assert watch.one("I-11").certainty == "likely"


@pytest.mark.parametrize("embedded", [1, 2, None], ids=["its own", "two", "not counted"])
def test_a_channel_run_of_early_gateways_is_no_ghost(embedded: int | None) -> None:
    assert ghostly(embedded=embedded).found("I-11") == []


def test_a_row_that_was_written_lately_may_still_close() -> None:
    fresh = running_row(active=False, updated_at=at_ms(-30), started_at=at_ms(-905))
    watch = Watch("april").tell(listed(fresh), counted(0), at=1)
    assert watch.found("I-11") == []
    assert watch.wait_until(569).found("I-11") == []
    assert watch.wait_until(571).found("I-11")


def test_a_log_line_about_it_is_a_sign_of_life() -> None:
    line = f"long-running session: sessionId=s sessionKey={KEY} state=processing age=5s"
    watch = ghostly().tell(logged(line, at=2), at=2)
    assert watch.found("I-11") == []


def test_a_tombstone_is_named_and_is_no_ghost() -> None:
    marked = running_row(active=False, updated_at=at_ms(-900), restart_recovery_status="tombstoned")
    watch = Watch().tell(listed(marked), counted(0), at=1)
    assert watch.ids() == {"I-12"}
    found = watch.one("I-12")
    assert (found.severity, found.certainty) == ("warning", "proved")
    assert "sessions.recover" in found.ways[0].text


def test_a_recovered_session_loses_its_mark() -> None:
    watch = Watch().tell(listed(row(restart_recovery_status="tombstoned")), at=1)
    assert watch.found("I-12")
    cleared = c.SessionChanged(
        KEY, "patch", row=later_row(active=False, restart_recovery_status=None)
    )
    assert watch.tell(cleared, at=2).found("I-12") == []


def refused(watch: Watch, *times: float) -> Watch:
    for at in times:
        watch.tell(logged(CHANGED, at=at), at=at)
    return watch


def test_work_refused_on_every_try_is_likely() -> None:
    watch = refused(Watch().tell(listed(row())), 10, 70)
    found = watch.one("I-12")
    assert (found.severity, found.certainty, found.since_ms) == ("warning", "likely", at_ms(10))
    assert watch.wait_until(700).found("I-12") == []


@pytest.mark.parametrize("times", [(10,), (10, 12)], ids=["once", "one race"])
def test_a_start_that_met_a_change_once_is_nothing(times: tuple[float, ...]) -> None:
    assert refused(Watch().tell(listed(row())), *times).found("I-12") == []


def test_a_try_that_worked_in_between_ends_it() -> None:
    watch = refused(Watch().tell(listed(row())), 10)
    watch.tell(begins(at=30), at=30).tell(ends(at=40), at=40)
    assert refused(watch, 70).found("I-12") == []


@pytest.mark.parametrize(("times", "found"), [((5,), 0), ((5, 9), 1), ((5, 700), 0)])
def test_conflicts_that_come_again_mean_two_owners(times: tuple[float, ...], found: int) -> None:
    watch = Watch().tell(listed(row()))
    for at in times:
        watch.tell(logged(CONFLICT, at=at), at=at)
    assert len(watch.found("I-13")) == found
    for one in watch.found("I-13"):
        assert (one.severity, one.certainty, one.session_key) == ("warning", "likely", KEY)


def test_a_locked_file_is_no_second_owner() -> None:
    watch = Watch().tell(listed(row()))
    line = f"session file locked (timeout 60000ms): pid=7 /s/id-of-{KEY}.jsonl.lock"
    watch.tell(logged(line, at=5), logged(line, at=9), at=9)
    assert watch.found("I-13") == []
