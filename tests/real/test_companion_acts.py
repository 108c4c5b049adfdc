"""What the companion releases on real gateways, what then moves, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import APRIL, SEPTEMBER
from .inside import ANSWERED, CHANNEL_STOP, Inside
from .lab.trouble import send
from .scene import eventually

pytestmark = pytest.mark.real

ABORTED_RUN_S = 90.0  # one cut off in its first moments keeps its lane 60 s (5.28, measured)


def answers_again(inside: Inside, key: str, sender: str = "cy") -> None:
    """The session takes and answers a message that comes now."""
    inside.await_answer(key, inside.message(key, f"and now? {ANSWERED}", sender))


def lane_of(inside: Inside, key: str) -> list[dict[str, Any]]:
    """The session's lane as long as anything is in it."""
    return [lane for lane in inside.look()["lanes"]["items"] if lane["key"] == key]


def test_an_orphan_is_released_and_what_waited_is_answered(inside: Inside) -> None:
    key, beside = inside.key("orphan"), inside.key("beside")
    session_id = inside.orphan(key)
    inside.orphan(beside)
    waiter = inside.waiting(key)
    answer = inside.release(key, inside.token(key))
    assert answer == {
        "ok": True,
        "key": key,
        "sessionId": session_id,
        "phase": "running",
        "laneRenewed": False,
    }
    inside.await_answer(key, waiter)
    answers_again(inside, key)
    assert beside in inside.locks()


def test_a_lock_with_another_session_id_is_released_too(inside: Inside) -> None:
    key = inside.key("other")
    inside.orphan(key, session_id=f"somebody-{key}")
    waiter = inside.waiting(key)
    assert inside.release(key, inside.token(key))["ok"] is True
    inside.await_answer(key, waiter)


def test_a_queued_orphan_and_an_aborted_one_are_released(inside: Inside) -> None:
    queued, aborted = inside.key("queued"), inside.key("aborted")
    inside.orphan(queued, phase="queued")
    inside.aborted(aborted)
    for key, phase in ((queued, "queued"), (aborted, "aborted")):
        answer = inside.release(key, inside.token(key))
        assert (answer["ok"], answer["phase"]) == (True, phase)
        assert key not in inside.locks()
        answers_again(inside, key)


@pytest.mark.parametrize("version", [APRIL])
def test_april_gives_the_lane_of_a_dead_owner_back(inside: Inside) -> None:
    key = inside.key("hook")
    inside.hooked(key)
    waiter = inside.waiting(key)
    answer = inside.release(key, inside.token(key))
    assert (answer["ok"], answer["laneRenewed"]) == (True, True)
    inside.await_answer(key, waiter)
    answers_again(inside, key)


@pytest.mark.parametrize("version", [APRIL])
def test_april_starts_what_waits_in_the_lane_itself(inside: Inside) -> None:
    """A stop passes the lock to the next message, which then waits behind the dead owner's task."""
    key = inside.key("victim")
    inside.hooked(key)
    inside.waiting(key)
    send(inside.operator, key, CHANNEL_STOP)
    eventually(lambda: (inside.told(key) or {}).get("laneQueued"), "a task that waits in the lane")
    assert inside.release(key, inside.token(key))["laneRenewed"] is True
    eventually(lambda: not lane_of(inside, key), "end of what waited in the lane", 10)
    assert key not in inside.locks()
    answers_again(inside, key)


@pytest.mark.parametrize("version", [APRIL])
def test_april_ends_a_model_call_that_hangs(inside: Inside) -> None:
    key = inside.key("hung")
    inside.hung(key)
    waiter = inside.waiting(key)
    assert inside.release(key, inside.token(key))["ok"] is True
    inside.await_answer(key, waiter, ABORTED_RUN_S)
    answers_again(inside, key)
    main = [lane for lane in inside.look()["lanes"]["items"] if lane["lane"] == "main"]
    assert main == [], "its slot of the main lane is free again"


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_september_leaves_an_owner_in_its_lane_to_an_abort(inside: Inside) -> None:
    stuck, hung = inside.key("hook"), inside.key("hung")
    inside.hooked(stuck)
    inside.hung(hung)
    for key in (stuck, hung):
        token = inside.token(key)
        answer = inside.release(key, token)
        assert (answer["ok"], answer["code"]) == (False, "owner-in-lane")
        assert inside.token(key) == token, "untouched"


@pytest.mark.parametrize("version", [APRIL])
def test_a_reply_that_is_never_delivered_is_let_go(inside: Inside) -> None:
    key = inside.key("mute")
    inside.undelivered(key)
    waiter = inside.waiting(key)
    try:
        assert inside.release(key, inside.token(key))["ok"] is True
        inside.await_answer(key, waiter)
    finally:
        inside.operator.call("lab.unstick", {"deliveries": True})


# -- whom it must not touch


def test_a_token_of_an_earlier_holder_releases_nothing(inside: Inside) -> None:
    key = inside.key("stale")
    inside.orphan(key)
    token = inside.token(key)
    inside.operator.call("lab.unleak", {"key": key})
    assert inside.release(key, token)["code"] == "gone"
    inside.orphan(key)
    assert inside.release(key, token)["code"] == "changed"
    assert key in inside.locks()


def test_of_two_operators_one_releases_and_one_is_told(inside: Inside) -> None:
    key = inside.key("race")
    inside.orphan(key)
    params = {"key": key, "token": inside.token(key)}
    with inside.operator.another() as second:
        asked = [one.request("clawtop.release", params) for one in (inside.operator, second)]
        answers = [pending.next() for pending in asked]
    assert sorted(answer.get("code", "ok") for answer in answers) == ["gone", "ok"]
    answers_again(inside, key)


def test_one_copy_of_an_event_is_dropped_and_never_the_last(inside: Inside) -> None:
    key = inside.key("copies")
    done = "Exec finished (node=n, id=7, code 0)"
    for text in (done, "between", done):
        inside.operator.call("lab.enqueue", {"key": key, "text": text})
    first, between, last = (event["token"] for event in inside.events(key))
    assert inside.drop(key, between)["code"] == "not-a-copy"
    assert inside.drop(key, last) == {"ok": True, "key": key, "left": 2}
    assert inside.event_texts(key) == [done, "between"]
    assert inside.drop(key, last)["code"] == "gone"
    assert inside.drop(key, first)["code"] == "not-a-copy"
    inside.operator.call("lab.enqueue", {"key": key, "text": "afterwards"})
    assert inside.event_texts(key) == [done, "between", "afterwards"], "the queue still works"
