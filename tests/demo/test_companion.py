"""The embedded gateway's companion: it tells the world's truth, and ends exactly what was named."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import convert

from clawtop.demo import Generation, Lock, ManualClock, ScriptedGateway, World
from clawtop.demo.companion import answer, drop_event, release
from clawtop.demo.runs import HANG
from clawtop.picture.companion import CompanionRead
from tests.demo.holds import HOLDS, KEY
from tests.demo.stories import GENERATIONS, Played
from tests.demo.wire import wire

Body = dict[str, Any]
both = pytest.mark.parametrize("generation", GENERATIONS)
METHODS = ("clawtop.snapshot", "clawtop.release", "clawtop.dropEvent")


def inside(generation: Generation) -> World:
    return World(generation, ManualClock(), companion=True)


def ask(world: World, since: int | None = None, instance: str | None = None) -> Body:
    return answer(world, since, instance)


def only_lock(world: World) -> Body:
    found: list[Body] = ask(world)["locks"]["items"]
    assert len(found) == 1
    return found[0]


def held(world: World) -> Lock:
    lock = world.session(KEY).lock
    assert lock is not None
    return lock


# -- what it tells

# hold: phase, whether its lane has a task, whether an embedded run exists
TOLD = {
    "rpc": ("running", True, True),
    "channel": ("running", True, True),
    "heartbeat": ("running", True, True),
    "orphan-queued": ("queued", False, False),
    "orphan": ("running", False, False),
    "other-id": ("running", False, False),
    "hook": ("running", True, False),
    "undelivered": ("running", False, False),
}


def hold(world: World, kind: str) -> None:
    if kind == "undelivered":
        world.hold_delivery(KEY)
    else:
        HOLDS[kind](world)


@both
@pytest.mark.parametrize("kind", TOLD)
def test_a_lock_is_told_as_it_is(generation: Generation, kind: str) -> None:
    world = inside(generation)
    hold(world, kind)
    lock, told = held(world), only_lock(world)
    phase, *rest = TOLD[kind]
    if kind == "undelivered" and generation == "april":
        phase = "queued"  # the delivery takes a lock of its own there
    assert [told["phase"], told["laneTask"], told["embeddedRun"]] == [phase, *rest]
    assert (told["sessionId"], told["token"]) == (lock.session_id, lock.token)
    assert (told["sessionId"] == world.session(KEY).session_id) == (kind != "other-id")
    kept = (lock.since, "main") if generation == "september" else (None, None)
    assert (told["startedAtMs"], told["agentId"]) == kept
    run = world.session(KEY).run
    assert told["runId"] == (run.run_id if run and kind == "rpc" else None)


@both
def test_nothing_held_is_an_empty_list_and_no_generation(generation: Generation) -> None:
    world = inside(generation)
    world.ghost(KEY)
    told = ask(world)
    assert told["generation"] is None
    assert told["locks"] == {"supported": True, "total": 0, "items": []}
    world.leak(KEY)
    assert ask(world)["generation"] == generation


@both
def test_each_operation_has_a_token_of_its_own(generation: Generation) -> None:
    world = inside(generation)
    world.start_run(KEY)
    first = only_lock(world)["token"]
    assert only_lock(world)["token"] == first
    world.end_run(KEY)
    world.start_run(KEY)
    assert only_lock(world)["token"] != first


@pytest.mark.parametrize(
    ("generation", "waiters", "parked"), [("april", 2, []), ("september", 1, ["by rpc"])]
)
def test_who_waits_and_who_is_parked(
    generation: Generation, waiters: int, parked: list[str]
) -> None:
    world = inside(generation)
    world.leak(KEY)
    world.waits(KEY, "by rpc")
    world.waits(KEY, "by channel", "channel")
    assert only_lock(world)["waiters"] == waiters
    april = generation == "april"
    victim = world.session(KEY).queued("rpc")[0].run_id
    assert only_lock(world)["runId"] == (victim if april else None), "not the holder's"
    assert [one["runId"] for one in ask(world)["runs"]["items"]] == ([victim] if april else [])
    items = ask(world)["followups"]["items"]
    assert [one["text"] for item in items for one in item["messages"]] == parked


@both
def test_every_queue_is_told_with_times_context_keys_and_tokens(generation: Generation) -> None:
    clock = ManualClock()
    world = World(generation, clock, companion=True)
    times = []
    for text, context in (("done", "exec:1"), ("between", None), ("done", "exec:1")):
        times.append(clock())
        assert world.enqueue_event("agent:x:chat", text, context)
        clock.advance(500)
    assert not world.enqueue_event("agent:x:chat", "other words", "exec:1"), "the same end again"
    world.enqueue_event(world.main_key, "y" * 600)
    part = ask(world)["systemEvents"]
    assert (part["total"], part["queues"]) == (4, 2)
    first = part["items"][0]
    assert [one["at"] for one in first["events"]] == times
    assert [one["contextKey"] for one in first["events"]] == ["exec:1", None, "exec:1"]
    assert len({one["token"] for one in first["events"]}) == 3
    long = part["items"][1]["events"][0]
    assert (len(long["text"]), long["cut"]) == (500, True)


@both
def test_lanes_are_told_by_session_and_by_name(generation: Generation) -> None:
    clock = ManualClock()
    world = World(generation, clock, companion=True)
    world.main_slots = 1
    world.send(KEY, f"work {HANG}")
    world.send("agent:main:late", f"more {HANG}")
    world.leak("agent:main:orphan")
    clock.advance(3_000)
    told = {one["lane"]: one for one in ask(world)["lanes"]["items"]}
    assert set(told) == {"main", f"session:{KEY}", "session:agent:main:late"}
    main = told["main"]
    assert (main["key"], main["active"], main["queued"], main["max"]) == (None, 1, 1, 1)
    assert main["oldestWaitMs"] == 3_000
    assert told[f"session:{KEY}"]["key"] == KEY


@both
def test_recoveries_have_names_and_only_new_ones_are_told_again(generation: Generation) -> None:
    world = inside(generation)
    world.recovery(KEY, "requested")
    world.recovery(KEY, "completed", "skipped", "none", outcome="already_in_flight")
    first = ask(world)
    part = first["recoveries"]
    assert [one["key"] for one in part["items"]] == [KEY, KEY]
    assert [one["status"] for one in part["items"]] == [None, "skipped"]
    assert [one["seq"] for one in part["items"]] == [part["firstSeq"], part["lastSeq"]]
    since = part["items"][0]["seq"]
    again = ask(world, since, first["instance"])["recoveries"]
    assert [one["seq"] for one in again["items"]] == [part["lastSeq"]]
    assert again["total"] == 2
    assert len(ask(world, since, "another")["recoveries"]["items"]) == 2
    world.restart()
    assert ask(world)["instance"] != first["instance"]
    assert ask(world)["recoveries"]["items"] == []


def test_a_storm_does_not_make_megabytes() -> None:
    world = inside("september")
    for number in range(700):
        world.leak(f"agent:main:{number}")
        for line in range(20):
            world.enqueue_event(f"agent:main:{number}", f"{line} " + "x" * 2_000)
    told = ask(world)
    for part in ("locks", "systemEvents"):
        assert len(told[part]["items"]) < 700
    assert told["locks"]["total"] == 700
    assert told["systemEvents"]["total"] == 14_000


# -- what it does


def outcome(generation: Generation, kind: str) -> tuple[bool, bool, bool]:
    """Whether the lock was gone at once, the waiting message's answer written, a later one's."""
    clock = ManualClock()
    played = Played(World(generation, clock, companion=True), clock)
    world = played.world
    hold(world, kind)
    world.waits(KEY, "the waiting one", "channel")
    lock = held(world)
    release(world, KEY, lock.token)
    gone = world.session(KEY).lock is not lock
    played.go(1)
    waiting = "answer to: the waiting one" in played.answered(KEY)
    world.send(KEY, "the next one", "channel")
    played.go(2)
    return gone, waiting, "answer to: the next one" in played.answered(KEY)


MEASURED = {
    ("april", "hook"): (True, True, True),
    ("april", "orphan"): (True, True, True),
    ("april", "orphan-queued"): (True, True, True),
    ("april", "other-id"): (True, True, True),
    ("april", "undelivered"): (True, True, True),
    ("april", "channel"): (True, True, True),
    ("april", "rpc"): (True, True, True),
    ("september", "orphan"): (True, True, True),
    ("september", "other-id"): (True, True, True),
    ("september", "undelivered"): (True, True, False),  # written, and never delivered
    ("september", "hook"): (False, False, False),
    ("september", "channel"): (False, False, False),
}


@pytest.mark.parametrize(("generation", "kind"), MEASURED)
def test_a_release_ends_as_it_was_measured(generation: Generation, kind: str) -> None:
    assert outcome(generation, kind) == MEASURED[generation, kind]


def test_september_never_answered_reply_hangs_the_next_one_as_well() -> None:
    clock = ManualClock()
    played = Played(World("september", clock, companion=True), clock)
    world = played.world
    world.hold_delivery(KEY)
    world.waits(KEY, "the waiting one", "channel")
    first = held(world)
    assert release(world, KEY, first.token)["ok"]
    played.go(1)
    now = held(world)
    assert now.token != first.token
    assert now.holder == "delivery"


@both
def test_the_lane_is_renewed_only_where_its_task_was_the_owners(generation: Generation) -> None:
    world = inside(generation)
    world.stick_in_hook(KEY)
    told = release(world, KEY, held(world).token)
    if generation == "september":
        assert (told["ok"], told["code"]) == (False, "owner-in-lane")
        return
    assert (told["ok"], told["laneRenewed"]) == (True, True)
    assert ask(world)["lanes"]["items"][0]["lane"] == "main", "the dead owner keeps that slot"
    world.leak(KEY)
    assert release(world, KEY, held(world).token)["laneRenewed"] is False


@both
def test_a_failed_reset_leaves_what_only_the_companion_ends(generation: Generation) -> None:
    world = inside(generation)
    lock = world.leak(KEY)
    lock.phase = "aborted"
    told = release(world, KEY, lock.token)
    assert (told["ok"], told["phase"]) == (True, "aborted")
    assert world.session(KEY).lock is None


@both
def test_only_what_the_token_names_is_ended(generation: Generation) -> None:
    world = inside(generation)
    assert release(world, KEY, "any")["code"] == "gone"
    world.leak(KEY)
    assert release(world, KEY, "another")["code"] == "changed"
    token = held(world).token
    assert release(world, KEY, token)["ok"]
    assert release(world, KEY, token)["code"] == "gone", "the second operator is told"


def test_only_copies_can_be_dropped_and_the_last_one_stays() -> None:
    world = inside("september")
    for text in ("end", "between", "end"):
        world.enqueue_event(KEY, text)
    old, between, new = world.queues[KEY]
    assert drop_event(world, KEY, between.token)["code"] == "not-a-copy"
    assert drop_event(world, KEY, new.token) == {"ok": True, "key": KEY, "left": 2}
    assert drop_event(world, KEY, new.token)["code"] == "gone"
    assert drop_event(world, KEY, old.token)["code"] == "not-a-copy"
    assert world.system_events[KEY] == ["end", "between"]


# -- over the wire


def fields(value: object, path: str = "") -> set[str]:
    if isinstance(value, dict):
        return {p for name, one in value.items() for p in fields(one, f"{path}.{name}")}
    if isinstance(value, list):
        return {p for one in value for p in fields(one, f"{path}[]")}
    return {path}


@both
def test_it_answers_whole_over_the_wire(generation: Generation) -> None:
    async def story() -> None:
        world = World(generation, companion=True)
        world.leak(KEY)
        world.waits(KEY, "hello")
        world.start_run("agent:main:works")
        world.enqueue_event(KEY, "line")
        world.recovery(KEY, "requested")
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            told = await client.ok("clawtop.snapshot")
        assert told["schema"] == "clawtop.companion/1"
        for part in ("locks", "systemEvents", "lanes", "runs", "recoveries"):
            assert told[part]["supported"]
            assert told[part]["items"], part
        read = convert(told, CompanionRead)
        assert {lock.key: lock.token for lock in read.locks.items} == {
            key: session.lock.token for key, session in world.sessions.items() if session.lock
        }
        assert read.system_events.items[0].events[0].text == "line"


def test_the_switch_and_the_parameters_are_checked_first() -> None:
    async def story() -> None:
        world = World("september", companion=True, allow_release=False)
        world.leak(KEY)
        ask_for = {"key": KEY, "token": held(world).token}
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            assert (await client.ok("clawtop.snapshot"))["canRelease"] is False
            for method in METHODS[1:]:
                assert (await client.ok(method, ask_for))["code"] == "switched-off"
            world.allow_release = True
            for method in METHODS[1:]:
                for bad in ({}, {"key": KEY}, {"key": 1, "token": []}, {"key": "", "token": ""}):
                    assert (await client.ok(method, bad))["code"] == "bad-params"
            assert (await client.ok("clawtop.snapshot", {"sinceSeq": "x", "instance": 4}))["locks"]
            assert (await client.ok("clawtop.release", ask_for))["ok"]
        assert world.session(KEY).lock is None

    asyncio.run(story())


@both
def test_looking_needs_read_and_acting_needs_admin(generation: Generation) -> None:
    async def story() -> None:
        world = World(generation, companion=True)
        scopes = ["operator.read", "operator.write"]
        async with (
            ScriptedGateway(world=world) as gateway,
            wire(gateway, scopes=scopes, subscribe=False) as client,
        ):
            assert await client.ok("clawtop.snapshot")
            for method in METHODS[1:]:
                refused = await client.fails(method, {"key": KEY, "token": "x"})
                assert refused["message"] == "missing scope: operator.admin"

    asyncio.run(story())


@both
def test_without_it_the_gateway_knows_none_of_it(generation: Generation) -> None:
    async def story() -> None:
        async with ScriptedGateway(generation) as gateway, wire(gateway) as client:
            for method in METHODS:
                assert (await client.fails(method))["message"] == f"unknown method: {method}"

    asyncio.run(story())
