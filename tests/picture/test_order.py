"""Changes arrive in any order and any shape: the same facts make the same locks, never a crash."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, json, structs

from clawtop.gateway import frames
from clawtop.gateway.answers import Reader
from clawtop.picture import changes as c
from clawtop.picture.document import document
from clawtop.picture.store import Store
from tests.picture.builders import (
    KEY,
    T0,
    Picture,
    at_ms,
    begins,
    counted,
    ends,
    gateway,
    later_row,
    listed,
    probe,
    works,
)

OTHER = "agent:main:other"

STORY: list[c.Change] = [
    listed(later_row(at=0), later_row(OTHER, at=0, active=False), at=0),
    begins("run-1", at=10),
    works("run-1", at=12),
    ends("run-1", at=20),
    begins("run-9", OTHER, at=15),
    works("run-9", OTHER, at=31),
    listed(later_row(at=30, active=False), later_row(OTHER, at=30), at=30),
]


def locks_after(
    changes: list[c.Change], generation: str = "september"
) -> dict[str, tuple[Any, ...]]:
    picture = Picture(generation)
    for change in changes:
        picture.store.apply(change, at_ms(40))
    picture.wait_until(40)
    return {
        key: (lock.verdict, lock.run_id, lock.holder, lock.since_ms, lock.idle_since_ms)
        for key, lock in picture.store.held.locks.items()
    }


@settings(deadline=None, max_examples=60)
@given(st.permutations(STORY))
def test_the_same_dated_changes_in_any_order_make_the_same_locks(story: list[c.Change]) -> None:
    assert locks_after(story) == locks_after(STORY)


signs = st.lists(
    st.tuples(
        st.sampled_from(["start", "", "end", "waiting-approval", "approval-resolved"]),
        st.sampled_from(["lifecycle", "assistant", "tool", "run_status"]),
        st.sampled_from(["run-1", "run-2"]),
        st.integers(0, 700),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(signs, st.lists(st.booleans(), min_size=12, max_size=12))
def test_looking_in_between_changes_nothing(
    told: list[tuple[str, str, str, int]], looks: list[bool]
) -> None:
    """Whoever refreshes more often sees the same locks in the end: no shortcut loses a fact."""
    calm, nosy = Picture().tell(listed(later_row())), Picture().tell(listed(later_row()))
    now = 0
    for (phase, stream, run, pause), look in zip(told, looks, strict=False):
        now += pause
        change = c.RunActivity(run, stream, at_ms(now), KEY, data=c.RunData(phase=phase or None))
        for picture in (calm, nosy):
            picture.store.apply(change, at_ms(now))
        if look:
            nosy.wait_until(now)
    for picture in (calm, nosy):
        picture.wait_until(now + 1)
    assert {
        key: structs.replace(one, since_ms=0) for key, one in nosy.store.held.locks.items()
    } == {key: structs.replace(one, since_ms=0) for key, one in calm.store.held.locks.items()}


def test_the_story_ends_with_one_session_free_and_one_working() -> None:
    assert {key: row[:2] for key, row in locks_after(STORY).items()} == {
        OTHER: ("working", "run-9")
    }


def test_two_changes_of_one_moment_do_not_make_two_locks_of_one_session() -> None:
    picture = Picture().tell(begins("run-1"), begins("run-2"), listed(later_row()))
    assert picture.lock().run_id == "run-2"
    assert len(picture.store.held.locks) == 1


@pytest.mark.parametrize("ts", [T0 + 10**9, 1e300, -5, 0, None, True, float("nan"), float("inf")])
def test_a_bad_clock_in_a_listing_does_not_freeze_a_row(ts: Any) -> None:
    picture = Picture().tell(c.RowsListed([later_row()], ts), at=1)
    assert picture.held()
    picture.tell(listed(later_row(active=False, at=5), at=5), at=5)
    assert not picture.held(), "the later listing must win"


@pytest.mark.parametrize("ts", [T0 + 10**9, float("nan"), float("inf"), -1, None])
def test_a_bad_clock_in_an_event_does_not_make_a_run_immortal(ts: Any) -> None:
    picture = Picture().tell(listed(later_row()))
    picture.tell(c.RunActivity("run-1", "assistant", ts, KEY, data=None), at=1)
    picture.wait_until(601)
    assert picture.verdict() == "stale"


def test_time_never_runs_backwards_in_the_store() -> None:
    store = Picture().tell(at=100).store
    store.apply(listed(later_row()), at_ms(50))
    store.refresh(at_ms(50))
    assert store.now_ms == at_ms(100)


# -- hostile payloads

numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
words = st.one_of(
    st.text(max_size=8), st.sampled_from(["\ud800", "\u202e", "", "run-1", KEY, "end", "start"])
)
leaves = st.one_of(st.none(), st.booleans(), numbers, words)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "sessionKey sessionId key status hasActiveRun activeRunIds startedAt endedAt updatedAt ts phase"
    " reason runId stream data session snapshotAt seq state message id request createdAtMs"
    " expiresAtMs decision payload channel childSessions parentSessionKey presence eventLoop"
)
payloads = st.one_of(values, st.dictionaries(st.sampled_from(FIELDS.split()), values, max_size=8))
EVENTS = [
    "agent",
    "chat",
    "sessions.changed",
    "session.message",
    "exec.approval.requested",
    "plugin.approval.requested",
    "exec.approval.resolved",
    "health",
    "presence",
    "tick",
    "shutdown",
    "gateway.suspension",
    "no.such.event",
]


def raw_of(value: Any) -> Raw:
    import json as plain_json

    return Raw(plain_json.dumps(value).encode())


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(EVENTS), payloads)
def test_no_event_however_odd_breaks_the_picture(event: str, payload: Any) -> None:
    picture = Picture().tell(listed(later_row()))
    try:
        change = frames.event_change(event, raw_of(payload))
    except (*frames.UNREADABLE, KeyError):
        return
    if change is not None:
        picture.tell(change, at=1)
    document(picture.store)


@settings(deadline=None, max_examples=120)
@given(st.sampled_from(["sessions", "status", "lanes", "stability", "logs", "history"]), payloads)
def test_no_answer_however_odd_breaks_the_picture(kind: str, payload: Any) -> None:
    reader, picture = Reader(), Picture().tell(listed(later_row()))
    names = ("sessions", "events", "lanes", "lines", "queuedSystemEvents")
    body = {name: [payload] for name in names}
    body |= payload if isinstance(payload, dict) else {}
    raw = raw_of(body)
    try:
        match kind:
            case "sessions":
                change: c.Change = reader.sessions(raw, all_asked=True)
            case "status":
                change = reader.status(raw)
            case "lanes":
                change = reader.lanes(raw)
            case "stability":
                change = reader.stability(raw)
            case "logs":
                change = reader.logs(raw)[0]
            case _:
                change = reader.history(raw, KEY, T0)
    except frames.UNREADABLE:
        return
    picture.tell(change, at=1)
    document(picture.store)


def test_unknown_fields_and_words_are_ignored() -> None:
    body = {
        "sessionKey": KEY,
        "reason": "invented-in-2027",
        "ts": T0,
        "session": {"key": KEY, "status": "dreaming", "hasActiveRun": True, "newThing": {"a": [1]}},
    }
    change = frames.event_change("sessions.changed", Raw(json.encode(body)))
    assert change is not None
    assert Picture().tell(change).held()


def test_every_word_of_a_future_gateway_only_makes_a_row_be_read_again() -> None:
    for status in ("dreaming", "", None):
        picture = Picture().tell(listed(later_row(active=False, status=status)))
        assert not picture.held()


def test_a_flood_of_shuffled_changes_over_many_sessions_agrees_with_the_ordered_one() -> None:
    story: list[c.Change] = []
    for number in range(40):
        key = f"agent:main:s{number}"
        story += [begins(f"r{number}", key, at=number / 10), works(f"r{number}", key, at=9)]
        if number % 3 == 0:
            story.append(ends(f"r{number}", key, at=10))
    expected = locks_after(story)
    assert len(expected) == 26
    shuffled = list(story)
    random.Random(7).shuffle(shuffled)
    assert locks_after(shuffled) == expected


def test_a_store_without_a_gateway_takes_changes_too() -> None:
    store = Store()
    store.apply(listed(later_row()), T0)
    store.apply(counted(3), T0)
    store.apply(probe(), T0)
    store.refresh(T0)
    assert KEY in store.held.locks
    assert document(store)["gateway"] is None
    store.apply(c.LinkUp(gateway(), T0), T0)
    assert document(store)["gateway"] is not None
