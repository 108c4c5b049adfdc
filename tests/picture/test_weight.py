"""What one of many sessions weighs: what is rarely known takes no room until it is."""

from __future__ import annotations

from clawtop.picture import changes as c
from tests.picture.builders import (
    KEY,
    Picture,
    at_ms,
    begins,
    ends,
    later_row,
    leaked,
    listed,
    works,
)

RUN = "run-1"


def facts(picture: Picture) -> dict[str, object]:
    """What of its session takes room of its own."""
    return vars(picture.store.held.sessions[KEY])


def test_a_session_that_works_and_ends_and_works_again_keeps_nothing_rare() -> None:
    picture = Picture().tell(listed(later_row()), begins(), works())
    row = later_row(at=2, restart_recovery_status=None, pending_final_delivery=None)
    picture.tell(c.SessionChanged(KEY, "patch", ts=at_ms(2), row=row), at=2)
    picture.tell(ends(at=3), begins("run-2", at=4), listed(later_row(at=5), at=5), at=5)
    assert facts(picture) == {}


def test_what_was_seen_of_a_lock_without_a_run_is_forgotten_with_the_next_run() -> None:
    picture = leaked()
    assert facts(picture)["no_run_probes"] == 2
    picture.tell(begins(at=80), at=80)
    assert (facts(picture)["no_run_since_ms"], facts(picture)["no_run_probes"]) == (None, 0)


def test_a_run_has_one_name_in_memory_whoever_told_it() -> None:
    told = later_row(active_run_ids=["".join(RUN)])
    picture = Picture().tell(listed(told), begins("-".join(("run", "1"))))
    held = picture.store.held
    run, (named,) = held.sessions[KEY].run, held.sessions[KEY].active_run_ids or ("",)
    assert run is not None
    assert run.run_id is named
    assert [one is named for one in held._runs] == [True]
