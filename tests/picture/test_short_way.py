"""The cheap path for one more sign of life tells exactly what the plain path tells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, structs

from clawtop.picture import changes as c
from clawtop.picture.held import RUNS, HeldSessions
from clawtop.picture.sessions import SessionFacts
from tests.picture.builders import KEY, Picture, approvals, at_ms, begins, later_row, listed, works
from tests.picture.builders import approval as approval_row

OTHER = "agent:main:other"
NAMES = [*SessionFacts.__annotations__, *(n for n in SessionFacts.__slots__ if n != "__dict__")]
WHOSE = [  # a run is of one session; its later events may leave that out
    *(("run-1", KEY),) * 3,
    ("run-1", None),
    ("run-2", KEY),
    ("run-2", None),
    ("run-3", OTHER),
    ("run-3", None),
]

activities = st.builds(
    lambda stream, phase, whose, heartbeat, approval: (
        lambda now: c.RunActivity(
            whose[0],
            stream,
            at_ms(now),
            whose[1],
            heartbeat,
            c.RunData(phase=phase, approval_id=approval),
        )
    ),
    st.sampled_from(["assistant"] * 4 + ["tool", "item", "unheard-of", "lifecycle", "run_status"]),
    st.sampled_from([None, None, None, "start", "end", "waiting-approval", "approval-resolved"]),
    st.sampled_from(WHOSE),
    st.sampled_from([None, False, False, True]),
    st.sampled_from([None, "approval-1"]),
)
rows = st.builds(
    lambda active, status, ids, phase, run, reason, late: (
        lambda now: c.SessionChanged(
            KEY,
            reason,
            phase,
            run,
            at_ms(now - late),
            row=later_row(
                at=now - late,
                active=active,
                status=status,
                active_run_ids=ids,
                updated_at=at_ms(now),
                last_activity_at=at_ms(now - 1),
            ),
        )
    ),
    st.booleans(),
    st.sampled_from(["running", "done", "failed", "queued"]),
    st.sampled_from([UNSET, [], ["run-1"], ["run-1", "run-2"]]),
    st.sampled_from([None, None, "start", "end", "model"]),
    st.sampled_from([None, "run-1", "run-2"]),
    st.sampled_from(["patch", "patch", "abort", "delete"]),
    st.integers(0, 5),
)
stories = st.lists(
    st.tuples(st.one_of(activities, activities, rows), st.integers(0, 400), st.booleans()),
    max_size=25,
)


def facts_of(picture: Picture) -> dict[str, dict[str, Any]]:
    """Everything kept of every session but when it was last touched."""
    return {key: told_by(one) for key, one in picture.store.held.sessions.items()}


def told_by(facts: SessionFacts) -> dict[str, Any]:
    told = {name: getattr(facts, name) for name in NAMES}
    run = told.pop("run")
    del told["touched_ms"], told["first_held_ms"]
    return told | {"run": structs.asdict(run) if run is not None else None}


def never(*_: object) -> bool:
    return False


@settings(deadline=None, max_examples=200)
@given(stories)
def test_the_short_way_keeps_every_fact(story: list[tuple[Any, int, bool]]) -> None:
    short, plain = (Picture().tell(listed(later_row(), later_row(OTHER))) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        now = 1
        for change_at, pause, look in story:
            now += pause
            short.store.apply(change_at(now), at_ms(now))
            with patch.context() as only_plain:
                only_plain.setattr(HeldSessions, "_only_progress", never)
                plain.store.apply(change_at(now), at_ms(now))
            if look:
                short.wait_until(now)
                plain.wait_until(now)
    for picture in (short, plain):
        picture.wait_until(now + 1)
    assert facts_of(short) == facts_of(plain)
    assert short.store.held.locks == plain.store.held.locks


@settings(deadline=None, max_examples=200)
@given(stories)
def test_who_looks_after_each_change_knows_no_more(story: list[tuple[Any, int, bool]]) -> None:
    calm, nosy = (Picture().tell(listed(later_row(), later_row(OTHER))) for _ in range(2))
    now = 1
    for change_at, pause, _ in story:
        now += pause
        calm.store.apply(change_at(now), at_ms(now))
        nosy.tell(change_at(now), at=now)
    calm.wait_until(now + 1)
    nosy.wait_until(now + 1)
    assert facts_of(calm) == facts_of(nosy)


def test_a_sign_of_life_of_a_session_not_judged_yet_is_not_lost() -> None:
    picture = Picture().tell(listed(later_row()), begins())
    picture.store.apply(approvals(approval_row("a", session_key=KEY)), at_ms(1))
    for second in (2, 3):
        picture.store.apply(works(at=second), at_ms(second))
    picture.wait_until(3)
    assert picture.verdict() == "waiting_approval"
    assert picture.lock().idle_since_ms == at_ms(3)


def test_a_run_that_turns_out_to_be_a_heartbeat_is_known_as_one() -> None:
    picture = Picture().tell(listed(later_row()), begins(), works())
    beat = c.RunActivity("run-1", "assistant", at_ms(1), KEY, is_heartbeat=True)
    picture.tell(beat, at=1)
    assert picture.lock().holder == "heartbeat"


def test_a_run_that_prepared_runs_from_its_first_words_on() -> None:
    preparing = c.RunActivity(
        "run-1", "run_status", at_ms(1), KEY, data=c.RunData(phase="preparing_context")
    )
    picture = Picture().tell(listed(later_row()), begins()).tell(preparing, at=1)
    assert picture.lock().phase == "preparing"
    picture.tell(works(at=2), at=2)
    assert picture.lock().phase == "running"


def test_a_late_sign_of_life_does_not_take_time_back() -> None:
    picture = Picture().tell(listed(later_row()), begins(), works())
    picture.tell(works(at=9), works(at=3), at=10)
    assert picture.lock().idle_since_ms == at_ms(9)
    run = picture.store.held.sessions[KEY].run
    assert run is not None
    assert run.progress_ms == at_ms(9)


def test_runs_that_are_over_are_forgotten_and_those_at_work_are_not() -> None:
    picture = Picture().tell(listed(later_row(), later_row(OTHER)), begins("at-work", OTHER))
    held = picture.store.held
    for number in range(3 * RUNS):
        start = c.SessionChanged(KEY, phase="start", run_id=f"run-{number}", ts=at_ms(1))
        picture.store.apply(start, at_ms(1))
    assert held.key_of_run("run-0") is None
    assert held.key_of_run(f"run-{3 * RUNS - 1}") == KEY
    silent = c.RunActivity("at-work", "assistant", at_ms(2))
    picture.tell(silent, at=2)
    assert picture.lock(OTHER).idle_since_ms == at_ms(2)
    assert len(held._runs) <= 2 * RUNS
