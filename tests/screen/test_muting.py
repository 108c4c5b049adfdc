"""Muting and what changed, as plain data."""

from __future__ import annotations

from clawtop.incidents.incident import Incident
from clawtop.screen.muting import HOUR_MS, Mutes
from clawtop.screen.since import Since
from tests.picture.builders import Picture, begins, ends, later_row, leaked, listed


def incident(key: str = "k", severity: str = "warning") -> Incident:
    return Incident("I-90", key, "made up", severity, "likely", "bad")


def test_a_mute_lasts_an_hour() -> None:
    mutes = Mutes()
    mutes.mute(incident(), 1_000)
    assert mutes.settle([], HOUR_MS + 999) == set()
    assert mutes.holds("k")
    assert mutes.left_ms("k", HOUR_MS + 999) == 1
    assert mutes.settle([], HOUR_MS + 1_000) == {"k"}
    assert not mutes.holds("k")
    assert mutes.left_ms("k", 0) is None


def test_only_a_higher_severity_ends_it_early() -> None:
    mutes = Mutes()
    mutes.mute(incident(), 0)
    assert mutes.settle(
        [incident(), incident(severity="info"), incident("other", "critical")], 1
    ) == (set())
    assert mutes.settle([incident(severity="critical")], 2) == {"k"}


def test_lifting_tells_whether_it_was_muted() -> None:
    mutes = Mutes()
    assert not mutes.lift("k")
    mutes.mute(incident(), 0)
    assert mutes.lift("k")
    assert not mutes.holds("k")


def test_healthy_locks_are_counted_and_not_listed() -> None:
    picture, since = Picture(), Since()
    picture.tell(listed(later_row("agent:main:a"), complete=False), begins("a", "agent:main:a"))
    since.begin(picture.store, ())
    picture.tell(ends("a", "agent:main:a", at=1), at=1)
    over = later_row("agent:main:a", active=False, at=2)
    picture.tell(listed(over, later_row("agent:main:b", at=2), complete=False), at=2)
    picture.tell(begins("b", "agent:main:b", at=2), at=2)
    changed = since.look(picture.store, ())
    assert changed.locks == []
    assert (changed.taken, changed.let_go) == (1, 1)


def test_a_lock_that_leaks_is_worse_and_one_that_was_there_is_no_news() -> None:
    picture, since = leaked(), Since()
    changed = since.look(picture.store, ())
    assert [(one.what, one.was) for one in changed.locks] == [("new", "")]
    since.begin(picture.store, ())
    assert since.look(picture.store, ()).locks == []


def test_nothing_piles_up_between_two_looks() -> None:
    from clawtop.incidents.engine import Change

    since, picture = Since(), Picture()
    since.begin(picture.store, ())
    for number in range(1_000):
        one = incident(f"k{number}")
        since.note([Change("new", one), Change("gone", one, one)])
    assert len(since.look(picture.store, ()).incidents) == 200
