"""What nobody told is unknown, and never zero, empty or the nearest word we know."""

import pytest

from clawtop.picture import changes as c
from tests.picture.builders import Picture, at_ms, begins, later_row, listed, parked, probe
from tests.picture.test_recoveries import asked, attempts, done, ring

HOUR_S = 3_600.0


def held(*pending: c.PendingInput, total: int | None = None) -> Picture:
    told = probe(pending=pending, at=1)
    told.pending_total = len(pending) if total is None else total
    return Picture().tell(listed(later_row(at=1)), begins(at=1), told, at=1)


def test_from_outside_no_listed_message_does_not_mean_that_none_waits() -> None:
    """Those of a channel are listed nowhere, also in a session that had none before."""
    assert held().lock().waiting is None
    one = held(parked(at=1)).lock()
    assert (one.waiting, one.waiting_is) == (1, "at_least")


def test_messages_beyond_the_page_that_was_read_are_counted() -> None:
    assert held(parked(at=1), total=7).lock().waiting == 7
    assert held(total=7).lock().waiting == 7


@pytest.mark.parametrize("field", ["started_at", "updated_at", "last_activity_at"])
def test_a_time_ahead_of_the_gateway_s_own_clock_is_no_time(field: str) -> None:
    ahead = later_row(at=1, **{field: at_ms(HOUR_S)})
    lock = Picture().tell(listed(ahead, at=1), at=1).wait_until(5).lock()
    assert (lock.since_ms or 0) <= at_ms(5)
    assert (lock.idle_since_ms or 0) <= at_ms(5)
    assert lock.age_is == "at_least"


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    row = later_row(at=1, started_at=at_ms(2))
    assert Picture().tell(listed(row, at=1), at=1).lock().since_ms == at_ms(2)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [("skipped", "no_effect"), ("noop", "no_effect"), ("vanished", "unknown")],
)
def test_an_outcome_that_is_not_known_is_not_called_without_effect(
    outcome: str, verdict: str
) -> None:
    (one,) = attempts(ring(asked(1, at=0), done(2, at=5, outcome=outcome)))
    assert one.verdict == verdict


def test_a_lane_without_its_counts_is_not_an_idle_one() -> None:
    rows = [c.LaneRow("main", 0, 0), c.LaneRow("cron", 2), c.LaneRow("new")]
    assert list(Picture().tell(c.LanesRead(rows)).store.lanes) == ["main"]
