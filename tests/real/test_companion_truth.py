"""What the companion tells is what the gateway's memory holds, in every staged situation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from clawtop.picture.companion import CompanionRead

from .conftest import APRIL, LoneScene
from .inside import Inside
from .lab import CallError
from .scene import Scene, eventually

pytestmark = pytest.mark.real

MAIN = "agent:main:main"
AGE_MS = 1_000
QUICK = {"diagnostics": {"stuckSessionWarnMs": 1_000, "stuckSessionAbortMs": 2_000}}
QUICK_TICKS = Path(__file__).parent / "lab" / "quick_ticks.cjs"


def named(locks: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {lock["key"]: (lock["sessionId"], lock["phase"]) for lock in locks}


def same_as_memory(inside: Inside) -> dict[str, dict[str, Any]]:
    """The told locks by key, when they are what the registry holds; AssertionError else."""

    def both() -> tuple[dict[str, Any], dict[str, Any]] | None:
        before, told = inside.truth(), inside.look()
        return (before, told) if named(before["locks"]) == named(inside.truth()["locks"]) else None

    truth, told = eventually(both, "moment in which no lock moved")
    assert told["locks"]["supported"] is True
    assert named(told["locks"]["items"]) == named(truth["locks"])
    assert told["locks"]["total"] == len(truth["locks"])
    assert abs(told["at"] - truth["now"]) < AGE_MS
    times = {lock["key"]: lock for lock in truth["locks"]}
    for lock in told["locks"]["items"]:
        for field in ("startedAtMs", "lastActivityAtMs"):
            kept = times[lock["key"]][field]
            assert (lock[field] is None) == (kept is None) == (not inside.later)
            assert kept is None or abs(lock[field] - kept) < AGE_MS
    msgspec.convert(told, CompanionRead)
    return {lock["key"]: lock for lock in told["locks"]["items"]}


def test_every_kind_of_lock_at_once(inside: Inside) -> None:
    names = ("rpc", "channel", "queued", "running", "other", "aborted", "hook")
    rpc, channel, queued, running, other, aborted, hook = (inside.key(name) for name in names)
    inside.orphan(queued, phase="queued")
    inside.orphan(running)
    inside.orphan(other, session_id=f"somebody-{other}")
    inside.hooked(hook)
    inside.settled(channel)
    inside.settled(rpc)
    inside.channel(channel, "[[drip:60]]", "ada")
    run_id = inside.chat(rpc, "[[drip:60]]")
    inside.aborted(aborted)
    told = same_as_memory(inside)
    assert {told[key]["phase"] for key in (rpc, channel, running, other, hook)} == {"running"}
    assert (told[queued]["phase"], told[aborted]["phase"]) == ("queued", "aborted")
    assert told[other]["sessionId"] == f"somebody-{other}"
    at_work = {key for key, lock in told.items() if lock["laneTask"]}
    assert at_work == {rpc, channel, hook}, "nobody owns the others"
    assert {key for key, lock in told.items() if lock["embeddedRun"]} == {rpc, channel}
    assert (told[rpc]["runId"], told[channel]["runId"]) == (run_id, None)
    assert inside.look()["generation"] == ("september" if inside.later else "april")


def test_a_heartbeat_s_lock_is_told_like_any_other(inside: Inside) -> None:
    inside.settled(MAIN)
    inside.operator.call("wake", {"mode": "now", "text": "please think"})

    def seen() -> list[dict[str, Any]]:
        """Told, and still in memory a moment later: such a run may last a second only."""
        told, known = inside.told(MAIN), inside.locks().get(MAIN)
        return [told, known] if told and known and told["phase"] == known["phase"] else []

    try:
        told, known = eventually(seen, "lock of the heartbeat")
        assert told["sessionId"] == known["sessionId"]
        assert told["runId"] is None
        assert told["phase"] in ("queued", "running")
    finally:
        eventually(lambda: inside.provider.release_hangs() or not inside.told(MAIN), "its end")


def test_messages_that_wait_are_counted_at_the_lock(inside: Inside) -> None:
    """On September gateways only the first waits there; the others queue up behind it."""
    key = inside.key("behind")
    inside.orphan(key)
    inside.waiting(key, "ada")
    inside.message(key, "and me?", "bob")
    waiting = 1 if inside.later else 2
    eventually(lambda: (inside.told(key) or {}).get("waiters") == waiting, "waiters")
    assert same_as_memory(inside)[key]["laneQueued"] == 0


def test_a_turn_that_comes_and_goes_leaves_nothing(inside: Inside) -> None:
    key = inside.key("short")
    inside.settled(key)
    assert inside.told(key) is None
    lanes = inside.look()["lanes"]["items"]
    assert [lane for lane in lanes if lane["key"] == key] == []


def test_lanes_and_runs_are_those_of_the_gateway(inside: Inside) -> None:
    key = inside.key("busy")
    run_id = inside.chat(key, "[[hang]]")
    told = inside.look()
    busy = {
        lane["lane"]: (lane["active"], lane["queued"], lane["max"])
        for lane in inside.truth()["lanes"]
        if lane["active"] or lane["queued"]
    }
    lanes = told["lanes"]["items"]
    assert {lane["lane"]: (lane["active"], lane["queued"], lane["max"]) for lane in lanes} == busy
    assert f"session:{key}" in busy
    (run,) = [run for run in told["runs"]["items"] if run["key"] == key]
    assert run["runId"] == run_id
    assert abs(told["at"] - run["startedAtMs"]) < 60_000


def test_a_full_lane_tells_how_long_the_first_one_waits(inside: Inside) -> None:
    slots = 8 if inside.later else 4
    for number in range(slots + 2):
        inside.operator.call(
            "lab.channelMessage",
            {"key": inside.key("many"), "text": "[[hang]]", "from": f"ada {number}"},
        )

    def waits() -> dict[str, Any] | None:
        lanes = {lane["lane"]: lane for lane in inside.look()["lanes"]["items"]}
        main = lanes.get("main", {})
        return main if main.get("queued") and (main["oldestWaitMs"] or 0) > 500 else None

    main = eventually(waits, "message that waits in the main lane", 60)
    assert (main["active"], main["max"]) == (slots, slots)


# -- system events


def same_events(inside: Inside, key: str) -> list[dict[str, Any]]:
    """Told and kept events of that session agree; returns the told ones."""
    kept = {queue["key"]: queue["events"] for queue in inside.truth()["systemEvents"]}[key]
    told = inside.events(key)
    fields = ("text", "contextKey")
    assert [[one[name] for name in fields] for one in told] == [
        [one[name] for name in fields] for one in kept
    ]
    assert all(abs(one["at"] - was["ts"]) < AGE_MS for one, was in zip(told, kept, strict=True))
    return told


def enqueue(inside: Inside, key: str, text: str, context: str | None = None) -> None:
    params = {"key": key, "text": text, **({"contextKey": context} if context else {})}
    assert inside.operator.call("lab.enqueue", params)["queued"] is True


def test_system_events_of_any_session_with_their_copies_in_order(inside: Inside) -> None:
    key = inside.key("events")
    for text in ("Exec finished (node=n, id=7, code 0)", "between"):
        enqueue(inside, key, text)
    enqueue(inside, key, "Exec finished (node=n, id=7, code 0)")
    enqueue(inside, key, "seven is done", "exec:7")
    enqueue(inside, key, "seven is really done", "exec:7")
    told = same_events(inside, key)
    assert [event["text"] for event in told].count("Exec finished (node=n, id=7, code 0)") == 2
    assert [event["contextKey"] for event in told].count("exec:7") == 2
    assert len({event["token"] for event in told}) == 5
    assert [event["token"] for event in told] == [event["token"] for event in inside.events(key)]


def test_a_queue_at_its_cap_holds_twenty(inside: Inside) -> None:
    key = inside.key("cap")
    for number in range(24):
        enqueue(inside, key, f"line {number}")
    told = same_events(inside, key)
    assert [event["text"] for event in told] == [f"line {number}" for number in range(4, 24)]


# -- recoveries, scopes, the switch


@pytest.mark.parametrize("version", [APRIL])
def test_recovery_attempts_have_the_name_of_their_session(
    lone_scene: LoneScene, version: str
) -> None:
    ticks = {"NODE_OPTIONS": f"--require {QUICK_TICKS}"}
    scene = lone_scene(version, companion="looks", config_extra=QUICK, env_extra=ticks)
    inside = Inside(scene.gateway, scene.provider, scene.operator)
    key = inside.key("stuck")
    session_id = inside.orphan(key)
    inside.message(key, "are you there?", "bob")

    def attempt() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = inside.look()["recoveries"]["items"]
        mine = [one for one in items if one["key"] == key]
        return mine if any(one["action"] == "abort_embedded_run" for one in mine) else []

    told = eventually(attempt, "recovery that aborted", 90)
    assert told[0]["type"] == "session.recovery.requested"
    assert {one["sessionId"] for one in told} <= {session_id, None}, "not every event has one"
    done = next(one for one in told if one["action"] == "abort_embedded_run")
    assert (done["type"], done["status"]) == ("session.recovery.completed", "aborted")
    part = inside.look()
    later = inside.look(sinceSeq=part["recoveries"]["lastSeq"], instance=part["instance"])
    assert all(one["seq"] > part["recoveries"]["lastSeq"] for one in later["recoveries"]["items"])


def test_looking_needs_read_only_and_acting_needs_admin(inside: Inside) -> None:
    with inside.may_read_only() as reader:
        assert reader.call("clawtop.snapshot")["schema"] == "clawtop.companion/1"
        for method in ("clawtop.release", "clawtop.dropEvent"):
            with pytest.raises(CallError, match=r"operator\.admin"):
                reader.call(method, {"key": "k", "token": "t"})


def test_nothing_is_released_or_dropped_while_the_switch_is_off(
    lone_scene: LoneScene, version: str
) -> None:
    scene: Scene = lone_scene(version, companion="looks")
    inside = Inside(scene.gateway, scene.provider, scene.operator)
    key = inside.key("locked")
    inside.orphan(key)
    for text in ("twice", "between", "twice"):
        enqueue(inside, key, text)
    assert inside.look()["canRelease"] is False
    told = inside.events(key)
    for answer in (inside.release(key, inside.token(key)), inside.drop(key, told[0]["token"])):
        assert (answer["ok"], answer["code"]) == (False, "switched-off")
        assert "plugins.entries.clawtop-companion.config.allowRelease" in answer["why"]
    assert key in inside.locks()
    assert inside.events(key) == told
