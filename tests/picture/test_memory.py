"""A second look knows what the first one saw, and believes it only while nothing contradicts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawtop.picture import changes as c
from clawtop.picture.memory import memory_of, recall
from clawtop.picture.records import Verdict
from tests.picture.builders import (
    KEY,
    MINUTE,
    T0,
    Picture,
    approval,
    approvals,
    at_ms,
    counted,
    gateway,
    later_row,
    listed,
    probe,
    running_row,
)
from tests.picture.inside import entry, seeing, told

LATER = 300.0  # seconds between the two looks


def look(at: float = 0, *, facts: c.GatewayFacts | None = None, **row: Any) -> Picture:
    """One short look at a session that is held without a run."""
    picture = Picture()
    picture.store.apply(c.LinkUp(facts or gateway(), at_ms(at)), at_ms(at))
    told = {"status": "done", "started_at": T0 - 60_000, "ended_at": T0 - 30_000} | row
    picture.tell(listed(later_row(at=at, **told), at=at), at=at)
    answer = probe(at=at + 1)
    answer.row = later_row(at=at + 1, **told)
    return picture.tell(answer, at=at + 1)


def remembered(picture: Picture) -> Any:
    return json.loads(json.dumps(memory_of(picture.store)))


def second(first: Picture, picture: Picture, at: float = LATER + 1) -> bool:
    known = recall(picture.store, remembered(first))
    picture.wait_until(at)
    return known


def test_a_leak_that_one_look_cannot_tell_is_told_by_two() -> None:
    first, now = look(), look(LATER)
    assert (first.verdict(), now.verdict()) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert second(first, now)
    assert now.verdict() == Verdict.LEAKED
    assert now.lock().since_ms == at_ms(0)
    assert now.lock().age_is == "at_least"


def inside_look(at: float = 0, **entry_fields: Any) -> Picture:
    """One look of three seconds at an April orphan, through the companion."""
    row_then = running_row(
        status="done", active=False, started_at=at_ms(-900), ended_at=at_ms(-800)
    )
    picture = seeing("april")
    picture.store.apply(c.LinkUp(inside_facts(at), at_ms(at)), at_ms(at))
    picture.tell(listed(row_then, at=at), at=at)
    for second_of in (at, at + 2):
        picture.tell(told(entry(**entry_fields), at=second_of), at=second_of)
    return picture


def inside_facts(at: float) -> c.GatewayFacts:
    """An April greeting: no boot id, and an uptime that goes on."""
    methods = gateway("april").methods | {"clawtop.snapshot"}
    return gateway("april", methods=methods, uptime_ms=1_000_000 + round(at * 1000))


def test_april_two_looks_through_the_companion_tell_a_leak() -> None:
    first, now = inside_look(), inside_look(LATER)
    assert (first.verdict(), now.verdict()) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert second(first, now, LATER + 3)
    assert now.verdict() == Verdict.LEAKED
    assert now.lock().proof == "proved"
    assert (now.lock().since_ms, now.lock().age_is) == (at_ms(0), "at_least")


@pytest.mark.parametrize(
    "other",
    [{"token": "another"}, {"phase": "queued"}, {"lane_task": True}, {"embedded_run": True}],
)
def test_another_operation_or_one_at_work_is_no_leak_at_a_second_look(
    other: dict[str, Any],
) -> None:
    now = inside_look(LATER, **other)
    second(inside_look(), now, LATER + 3)
    assert now.verdict() != Verdict.LEAKED


def test_memory_is_handed_on_from_look_to_look() -> None:
    first, middle, last = look(), look(60), look(120)
    second(first, middle, 61)
    second(middle, last, 121)
    assert last.lock().since_ms == at_ms(0)


@pytest.mark.parametrize(
    "change",
    [
        {"started_at": at_ms(100), "ended_at": at_ms(120)},
        {"session_id": "another"},
        {"ended_at": at_ms(100)},
    ],
    ids=["a run in between", "another session id", "an end in between"],
)
def test_what_shows_that_it_was_free_in_between_is_believed(change: dict[str, Any]) -> None:
    now = look(LATER, **change)
    assert second(look(), now)
    assert now.verdict() == Verdict.UNKNOWN


def test_a_session_that_is_free_now_stays_free() -> None:
    now = Picture().tell(listed(later_row(active=False, at=LATER), at=LATER), at=LATER)
    assert second(look(), now)
    assert not now.held()


@pytest.mark.parametrize(
    "facts",
    [
        gateway(boot_id="boot-2"),
        gateway(boot_id=None),
        gateway(url="ws://127.0.0.1:1"),
        gateway("april", uptime_ms=5_000),
    ],
    ids=["another boot", "no boot id", "another gateway", "another start"],
)
def test_another_boot_is_a_first_look(facts: c.GatewayFacts) -> None:
    now = look(LATER, facts=facts)
    assert not second(look(), now)
    assert now.verdict() == Verdict.UNKNOWN


@pytest.mark.parametrize(("off_ms", "same"), [(0, True), (4_000, True), (-6_000, False)])
def test_without_a_boot_id_the_start_time_tells_the_boot(off_ms: int, same: bool) -> None:
    first = look(facts=gateway("april", uptime_ms=1_000_000))
    later = gateway("april", uptime_ms=1_000_000 + round(LATER * 1000) + off_ms)
    assert second(first, look(LATER, facts=later)) is same


def test_an_old_memory_is_a_first_look() -> None:
    day = 25 * 3600
    assert not second(look(), look(day), day + 1)


def unnamed(at: float, embedded: int = 1) -> Picture:
    picture = Picture()
    picture.store.apply(c.LinkUp(gateway(), at_ms(at)), at_ms(at))
    picture.tell(listed(at=at), at=at)
    for step in (0, 1, 2):
        picture.tell(counted(embedded, at=at + step), at=at + step)
    return picture


@pytest.mark.parametrize(
    ("at", "embedded", "since"),
    [(LATER, 1, 0), (LATER, 2, LATER), (2 * 3600, 1, 2 * 3600)],
    ids=["the same number", "another number", "not looked at for too long"],
)
def test_locks_without_a_name_are_the_same_ones_only_in_the_same_number(
    at: float, embedded: int, since: float
) -> None:
    now = unnamed(at, embedded)
    assert second(unnamed(0), now, at + 3)
    assert now.store.held.anonymous.since_ms == at_ms(since)


def test_queued_events_keep_the_time_they_were_first_seen() -> None:
    first = Picture().tell(c.StatusRead(["a", "b", "c"], ["main"]))
    now = Picture().tell(c.StatusRead(["b", "c", "b"], ["main"]), at=LATER)
    assert second(first, now)
    seen = [event.seen_since_ms for event in now.store.queue.events]
    assert seen == [T0, T0, at_ms(LATER)]


def test_turns_read_in_two_looks_are_counted_together() -> None:
    def turn(at: float) -> Picture:
        message = c.SessionMessage(
            KEY, "user", at_ms(at), None, (c.Completion("x", "0", at_ms(at)),)
        )
        return Picture().tell(message, at=at)

    now = turn(LATER)
    assert second(turn(0), now)
    assert now.store.completions.repeated() == [((KEY, "x", "0"), [T0, at_ms(LATER)])]


@pytest.mark.parametrize(("at", "samples"), [(60, 2), (LATER, 1)])
def test_lane_samples_count_only_when_they_lie_close(at: float, samples: int) -> None:
    def full(at: float) -> Picture:
        return Picture().tell(c.LanesRead([c.LaneRow("main", 4, 3, 4)]), at=at)

    now = full(at)
    assert second(full(0), now, at)
    assert len(now.store.lane_book.samples("main")) == samples


def test_a_denial_seen_before_is_remembered_and_an_untold_end_is_not() -> None:
    first = Picture().tell(approvals(approval("denied"), approval("untold")))
    first.tell(c.ApprovalResolved("denied", "deny"), at=1)
    now = Picture().tell(approvals(approval("third", created=LATER)), at=LATER)
    assert second(first, now)
    (group,) = now.store.backlog.asked_groups()
    asks = now.store.backlog.asks(group)
    assert [(ask.id, ask.decision) for ask in asks] == [("denied", "deny"), ("third", None)]


def test_no_text_of_the_gateway_is_remembered() -> None:
    picture = look()
    picture.tell(
        c.StatusRead(["canary in an event"], ["main"]),
        approvals(approval("a", command="canary in a command")),
        c.ApprovalResolved("a", "deny"),
        at=2,
    )
    assert "canary" not in json.dumps(memory_of(picture.store))


def test_an_april_row_that_claims_to_run_is_no_news_twice() -> None:
    def claim(at: float) -> Picture:
        picture = Picture("april")
        row = running_row(active=None, started_at=T0)
        return picture.tell(listed(row, at=at), counted(0, at=at), at=at)

    now = claim(LATER)
    second(claim(0), now)
    assert now.verdict() == Verdict.GHOST


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(JSON)
def test_anything_else_in_the_file_is_a_first_look(data: Any) -> None:
    assert not recall(look(LATER).store, data)


@given(st.sampled_from(sorted(memory_of(look().store) or {})), JSON)
def test_one_wrong_field_never_raises(name: str, value: Any) -> None:
    now = look(LATER)
    recall(now.store, {**remembered(look()), name: value})
    now.wait_until(LATER + 2)
    assert now.held()


def test_before_a_handshake_there_is_nothing_to_remember() -> None:
    from clawtop.picture.store import Store

    assert memory_of(Store()) is None
    assert not recall(Store(), remembered(look()))


def test_times_in_the_future_do_not_make_anything_young() -> None:
    first = remembered(look())
    hold = first["sessions"][KEY]
    hold["first_held_ms"] = hold["no_run_since_ms"] = at_ms(LATER) + MINUTE
    now = look(LATER)
    assert recall(now.store, first)
    assert now.wait_until(LATER + 1).lock().since_ms == at_ms(LATER)
