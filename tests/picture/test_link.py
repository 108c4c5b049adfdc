"""What a lost link, a restart and missed frames do to what we believe."""

import pytest

from clawtop.picture import changes as c
from clawtop.picture.coverage import Wishes, coverage_of, grants, is_route
from clawtop.picture.failures import Failures
from clawtop.picture.records import PARTS
from clawtop.picture.store import Store
from tests.picture.builders import (
    KEY,
    T0,
    Picture,
    approval,
    approvals,
    at_ms,
    begins,
    counted,
    gateway,
    later_row,
    leaked,
    listed,
    running_row,
    works,
)


def full(generation: str = "september") -> Picture:
    rows = later_row() if generation == "september" else running_row()
    picture = Picture(generation).tell(listed(rows), begins(), approvals(approval("a")))
    return picture.tell(c.StatusRead(["one"], ["main"]), c.LanesRead([c.LaneRow("main", 1, 0)]))


def empty(picture: Picture) -> bool:
    store = picture.store
    return not (store.held.locks or len(store.backlog) or store.queue.events or store.lanes)


def test_a_new_boot_forgets_all_that_lived_in_the_gateways_memory() -> None:
    picture = full().tell(c.LinkDown("gone"), at=1)
    assert not empty(picture), "a lost link alone forgets nothing"
    picture.tell(c.LinkUp(gateway(boot_id="boot-2"), at_ms(5)), at=5)
    assert empty(picture)
    assert picture.store.held.sessions == {}


def test_the_same_boot_keeps_everything() -> None:
    picture = full().tell(c.LinkDown("gone"), at=1)
    picture.tell(c.LinkUp(gateway(uptime_ms=5), at_ms(5)), at=5)
    assert picture.held()
    assert len(picture.store.backlog) == 1


def test_without_a_boot_id_an_uptime_that_went_back_is_a_restart() -> None:
    picture = full("april").tell(c.LinkUp(gateway("april", uptime_ms=999_999), at_ms(5)), at=5)
    assert empty(picture)


def test_without_a_boot_id_an_uptime_that_went_on_is_the_same_boot() -> None:
    picture = full("april").tell(c.LinkUp(gateway("april", uptime_ms=1_000_001), at_ms(5)), at=5)
    assert picture.held()


def test_an_announced_shutdown_is_a_restart_although_the_uptime_went_on() -> None:
    picture = full("april").tell(c.Shutdown("restart"), at=1)
    assert picture.store.draining
    picture.tell(c.LinkUp(gateway("april", uptime_ms=1_005_000), at_ms(5)), at=5)
    assert empty(picture)
    assert not picture.store.draining


def test_a_restart_forgets_which_flags_can_be_trusted() -> None:
    picture = full()
    assert picture.store.held.true_flags
    picture.tell(c.LinkUp(gateway("april"), at_ms(5)), at=5)
    assert not picture.store.held.true_flags


def test_a_reconnect_starts_the_watch_anew_so_old_silence_is_only_a_lower_bound() -> None:
    picture = Picture().tell(listed(later_row(started_at=T0 - 10**7)))
    assert picture.wait_until(500).verdict() == "quiet"
    picture.tell(c.LinkDown("gone"), at=501)
    picture.tell(c.LinkUp(gateway(), at_ms(550)), at=550)
    lock = picture.wait_until(700).lock()
    assert (lock.verdict, lock.idle_since_ms, lock.idle_is) == ("quiet", at_ms(550), "at_least")


def test_missed_frames_start_the_watch_anew() -> None:
    picture = Picture().tell(listed(later_row()), begins()).tell(works(at=10), at=10)
    assert picture.wait_until(500).lock().idle_is == "exact"
    picture.tell(c.Missed(3), at=500)
    lock = picture.lock()
    assert (lock.idle_since_ms, lock.idle_is) == (at_ms(500), "at_least")
    assert picture.store.missed_frames == 3
    assert picture.wait_until(611).verdict() != "stale", "it may have worked while we missed it"


def test_missed_frames_throw_away_half_a_count() -> None:
    picture = Picture().tell(counted(1, at=1), counted(1, at=2), counted(1, at=3), at=3)
    assert picture.store.held.anonymous.number() == 1
    assert picture.tell(c.Missed(1), at=4).store.held.anonymous.number() is None


def test_the_age_of_the_data_stands_still_while_the_link_is_down() -> None:
    picture = full().tell(works(at=7), at=7).tell(c.LinkDown("gone"), at=8)
    picture.tell(c.Latency(1, 1), at=60)
    assert picture.store.fresh_at_ms == at_ms(7), "to hear that it is gone is no news of it"
    assert not picture.store.link_up
    assert picture.store.link_why == "gone"


def test_a_leak_survives_a_reconnect_to_the_same_boot() -> None:
    picture = leaked().tell(c.LinkDown("gone"), at=80)
    picture.tell(c.LinkUp(gateway(), at_ms(90)), at=90)
    assert picture.verdict() == "leaked"


def test_touched_ids_are_handed_out_once_and_counted() -> None:
    picture = Picture()
    picture.store.take_touched()
    version = picture.store.version
    picture.tell(listed(later_row()))
    assert picture.store.take_touched()["locks"] == {KEY}
    assert picture.store.take_touched() == {}
    assert picture.store.version == version + 1


# -- what this gateway lets us see


def test_before_any_handshake_nothing_is_covered() -> None:
    parts = Store().coverage()
    assert set(parts) == set(PARTS)
    assert {part.level for part in parts.values()} == {"none"}


@pytest.mark.parametrize(
    ("generation", "part", "level"),
    [
        ("april", "locks", "inferred"),
        ("september", "locks", "inferred"),
        ("april", "waiting", "none"),
        ("september", "waiting", "rpc-messages"),
        ("april", "lanes", "none"),
        ("september", "lanes", "all"),
        ("april", "approvals", "all"),
        ("september", "recoveries", "named"),
        ("september", "system_events", "main-sessions"),
        ("september", "heartbeats", "none"),
    ],
)
def test_each_generation_covers_its_parts(generation: str, part: str, level: str) -> None:
    assert coverage_of(gateway(generation), Wishes(), Failures())[part].level == level


def test_every_part_that_is_not_seen_says_why() -> None:
    for facts in (None, gateway("april", methods=frozenset()), gateway(scopes=())):
        for part in coverage_of(facts, Wishes(), Failures()).values():
            assert part.level != "none" or part.why


@pytest.mark.parametrize(
    ("scopes", "wishes", "level"),
    [
        (("operator.read", "operator.approvals"), Wishes(), "own"),
        (("operator.read",), Wishes(), "none"),
        (("operator.admin",), Wishes(read_only=True), "none"),
        (("operator.admin",), Wishes(approvals_why="left out"), "none"),
    ],
)
def test_approvals_are_all_seen_by_admin_alone(
    scopes: tuple[str, ...], wishes: Wishes, level: str
) -> None:
    part = coverage_of(gateway(scopes=scopes), wishes, Failures())["approvals"]
    assert part.level == level
    assert part.why


ROWS = "sessions.list"
IN_VAIN = c.PartFailed("locks", "it timed out", ROWS)


def locks_of(picture: Picture) -> tuple[str, str]:
    part = picture.store.coverage()["locks"]
    return part.level, part.why or ""


def test_a_part_that_was_never_read_is_not_covered_until_it_is() -> None:
    picture = Picture().tell(IN_VAIN)
    assert locks_of(picture) == ("none", "it timed out")
    picture.tell(c.Answered(ROWS, 20), at=5)
    level, why = locks_of(picture)
    assert (level, "timed out" in why) == ("inferred", False)


def test_one_question_in_vain_hides_nothing_and_is_said_and_two_hide_the_part() -> None:
    picture = Picture().tell(c.Answered(ROWS, 20), IN_VAIN)
    assert locks_of(picture) == ("inferred", "could not be read again just now: it timed out")
    picture.tell(IN_VAIN, at=5)
    assert locks_of(picture) == ("none", "it timed out")
    picture.tell(c.Answered(ROWS, None), at=6)
    assert locks_of(picture)[0] == "none", "no answer is none"
    picture.tell(c.Answered(ROWS, 20), at=7)
    assert locks_of(picture)[0] == "inferred"
    assert picture.store.failed == {}


def test_a_new_link_has_not_failed_yet() -> None:
    picture = Picture().tell(IN_VAIN)
    picture.tell(c.LinkUp(gateway(), at_ms(5)), at=5)
    assert locks_of(picture)[0] == "inferred"


@pytest.mark.parametrize("part", ["counts", "changes"])
def test_a_count_or_a_subscription_that_fails_hides_no_lock(part: str) -> None:
    picture = Picture().tell(c.PartFailed(part, "it timed out", "some.method"))
    level, why = locks_of(picture)
    assert level == "inferred"
    assert why.endswith("it timed out")


def test_without_log_lines_recoveries_stay_anonymous() -> None:
    facts = gateway(methods=frozenset({"diagnostics.stability"}))
    assert coverage_of(facts, Wishes(), Failures())["recoveries"].level == "anonymous"


def test_write_covers_read_and_admin_covers_all_and_approvals_covers_only_itself() -> None:
    assert grants(gateway(scopes=("operator.write",)), "operator.read")
    assert not grants(gateway(scopes=("operator.write",)), "operator.approvals")
    assert not grants(gateway(scopes=("operator.approvals",)), "operator.read")
    assert grants(gateway(scopes=("operator.admin",)), "operator.approvals")


@pytest.mark.parametrize(
    ("generation", "scopes", "route"),
    [
        ("april", ("operator.read",), False),
        ("april", ("operator.admin",), True),
        ("april", ("operator.approvals",), True),
        ("september", ("operator.admin", "operator.approvals"), False),
    ],
)
def test_seeing_approvals_makes_a_route_on_april_only(
    generation: str, scopes: tuple[str, ...], route: bool
) -> None:
    assert is_route(gateway(generation, scopes=scopes)) is route
