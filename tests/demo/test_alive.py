"""What a lively world does by itself: it beats, diagnoses, recovers, and restarts when asked."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from clawtop.demo import Generation, ManualClock, ScriptedGateway, World, restarts
from clawtop.demo.heartbeats import wake
from clawtop.demo.runs import HANG
from tests.demo.stories import GENERATIONS, Played
from tests.demo.wire import wire

KEY = "agent:main:k"
both = pytest.mark.parametrize("generation", GENERATIONS)


def lively(generation: Generation, beat_s: int | None = None) -> Played:
    clock = ManualClock()
    world = World(generation, clock)
    world.lively = True
    world.heartbeat_ms = None if beat_s is None else beat_s * 1000
    return Played(world, clock)


# -- heartbeats


@both
def test_a_heartbeat_takes_what_is_queued_and_tells_its_end(generation: Generation) -> None:
    played = lively(generation, 60)
    world = played.world
    world.enqueue_event(world.main_key, "node n reconnected")
    played.go(22)
    assert world.session(world.main_key).run is not None
    assert world.system_events == {}
    played.go(5)
    assert [one["status"] for one in played.events("heartbeat")] == ["ok-token"]
    assert world.last_heartbeat == played.events("heartbeat")[-1]
    assert "System: node n reconnected" in world.session(world.main_key).messages[-1]["content"]


@pytest.mark.parametrize(("generation", "skips"), [("april", 1), ("september", 10)])
def test_a_busy_session_skips_and_september_tries_again_each_second(
    generation: Generation, skips: int
) -> None:
    played = lively(generation, 300)
    world = played.world
    world.start_run(world.main_key)
    world.enqueue_event(world.main_key, "line")
    played.go(30)
    told = played.events("heartbeat")
    assert abs(len(told) - skips) <= 1
    assert {(one["status"], one["reason"]) for one in told} == {("skipped", "requests-in-flight")}


@both
def test_paused_heartbeats_send_nothing_and_leave_the_queue(generation: Generation) -> None:
    played = lively(generation, 60)
    world = played.world
    world.heartbeats_enabled = False
    world.enqueue_event(world.main_key, "line")
    wake(world)
    played.go(300)
    assert played.events("heartbeat") == []
    assert world.system_events[world.main_key] == ["line"]
    world.heartbeats_enabled = True
    played.go(10)
    assert played.events("heartbeat")


@both
def test_a_wake_starts_one_at_once_but_not_within_thirty_seconds(generation: Generation) -> None:
    played = lively(generation, 3_600)
    played.go(1)
    wake(played.world)
    played.go(5)
    assert [one["reason"] for one in played.events("heartbeat")] == ["wake"]
    wake(played.world)
    played.go(20)
    assert len(played.events("heartbeat")) == 1
    played.go(15)
    assert len(played.events("heartbeat")) == 2


def test_a_still_world_has_no_heartbeat_and_no_diagnosis() -> None:
    clock = ManualClock()
    world = World("september", clock)
    world.heartbeat_ms = 1_000
    world.start_run(KEY, text=HANG)
    played = Played(world, clock)
    played.go(600)
    assert played.events("heartbeat") == played.lines() == []


# -- diagnosis and recovery


@pytest.mark.parametrize(
    ("generation", "says", "ended"),
    [("april", "recovery=checking", True), ("september", "recovery=none", False)],
)
def test_a_hung_run_is_called_stalled_and_april_aborts_it(
    generation: Generation, says: str, ended: bool
) -> None:
    played = lively(generation)
    run = played.world.start_run(KEY)
    played.go(345)
    assert len(played.lines("long-running session: ")) == 2
    assert played.lines("stalled") == []
    played.go(60)
    assert played.lines("stalled session: ")[0].endswith(says)
    assert (played.world.session(KEY).run is not run) is ended
    done = played.ring("session.recovery.completed")
    assert [one["outcome"] for one in done] == (["aborted"] if ended else [])


def test_april_frees_a_leak_only_when_a_message_waits_long_enough() -> None:
    played = lively("april")
    world = played.world
    world.leak(KEY)
    played.go(600)
    assert played.lines() == []
    world.waits(KEY, "first", "channel")
    played.go(200)
    world.waits(KEY, "second", "channel")
    played.go(355)
    assert played.ring("session.recovery.requested") == []
    stalled = played.lines("stalled session: ")
    assert all(one.endswith("recovery=none") for one in stalled)
    ages = [tuple(map(int, re.findall(r"(?: age|lastProgressAge)=(\d+)s", one))) for one in stalled]
    assert ages[0] == (120, 720), "the newest message's wait, and the age of the lock itself"
    assert len(ages) == 11
    played.go(60)
    assert len(played.ring("session.recovery.requested")) == 1
    said = played.lines("stuck session recovery outcome: status=aborted")[0]
    assert said.endswith(" drained=false forceCleared=true released=0"), "as it is, not as it reads"
    assert {"answer to: first", "answer to: second"} <= set(played.answered(KEY))


def test_september_never_sees_a_leaked_lock() -> None:
    played = lively("september")
    played.world.leak(KEY)
    played.world.waits(KEY, "parked")
    played.go(900)
    assert played.lines() == []
    assert played.world.session(KEY).lock is not None


@both
def test_a_run_that_waits_for_a_person_is_called_stuck_every_half_minute(
    generation: Generation,
) -> None:
    played = lively(generation)
    played.world.start_run(KEY)
    played.world.request_approval("make", KEY)
    played.go(250)
    ages = [int(one.split(" age=")[1].split("s ")[0]) for one in played.lines("stuck session: ")]
    assert ages == [120, 150, 180, 210, 240]
    assert all(one.endswith("recovery=none") for one in played.lines("stuck session: "))
    assert played.ring("session.recovery.requested") == []


# -- restart


@both
def test_an_ordinary_restart_waits_for_work_and_then_is_ready(generation: Generation) -> None:
    played = lively(generation)
    world = played.world
    world.start_run(KEY)
    assert restarts.request(world, skip=False, reason=None)["status"] == "deferred"
    assert restarts.request(world, skip=False, reason=None)["status"] == "coalesced"
    played.go(60)
    assert not world.draining
    world.end_run(KEY)
    played.go(1)
    assert world.restarting is not None
    assert world.restarting.ready
    phases = [one["phase"] for one in played.events("gateway.suspension")]
    assert phases == (["draining"] if generation == "september" else [])


# (generation, hold): seconds until an urgent restart is ready
URGENT = {
    ("april", "leak"): 0,
    ("april", "start_run"): 300,
    ("september", "leak"): 315,
    ("september", "start_run"): 315,
}


@pytest.mark.parametrize(("generation", "hold"), URGENT)
def test_an_urgent_restart_drains_as_long_as_was_measured(
    generation: Generation, hold: str
) -> None:
    played = lively(generation)
    world = played.world
    getattr(world, hold)(KEY)
    assert restarts.request(world, skip=True, reason=None)["status"] == "scheduled"
    assert world.draining
    wait = URGENT[generation, hold]
    if wait:
        played.go(wait - 2)
        assert world.restarting is not None
        assert not world.restarting.ready
    played.go(3)
    assert world.restarting is not None
    assert world.restarting.ready


@both
def test_a_restart_asked_for_over_the_wire_really_comes(generation: Generation) -> None:
    async def scenario() -> None:
        world = World(generation)
        world.lively = True
        world.session(KEY)
        world.enqueue_event(world.main_key, "gone with the memory")
        async with ScriptedGateway(world=world) as gateway:
            async with wire(gateway) as client:
                boot = world.boot_id
                answer = await client.ok("gateway.restart.request", {"skipDeferral": True})
                assert answer["status"] == "scheduled"
                told = await client.event("shutdown")
                assert told["payload"]["reason"] == "gateway restarting"
                assert await client.drained() == 1012
            await back(gateway)
            async with wire(gateway) as client:
                assert world.boot_id != boot
                assert world.system_events == {}
                assert [row["key"] for row in (await client.ok("sessions.list"))["sessions"]] == [
                    KEY
                ]

    asyncio.run(scenario())


async def back(gateway: ScriptedGateway) -> None:
    """Until the port answers again."""
    address = f"http://127.0.0.1:{gateway.port}/healthz"
    async with asyncio.timeout(10), httpx.AsyncClient() as http:
        while True:
            try:
                await http.get(address)
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


@both
def test_a_draining_gateway_refuses_new_work(generation: Generation) -> None:
    async def scenario() -> None:
        world = World(generation, ManualClock())
        world.lively = True
        world.start_run(KEY)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            await client.ok("gateway.restart.request", {"skipDeferral": True})
            send = {"sessionKey": "agent:main:x", "message": "hi", "idempotencyKey": "i"}
            error = await client.fails("chat.send", send)
            assert error["code"] == "UNAVAILABLE"
            assert "draining" in error["message"]
            async with httpx.AsyncClient() as http:
                ready = await http.get(f"http://127.0.0.1:{gateway.port}/readyz")
            assert (ready.status_code, ready.json()["failing"]) == (503, ["gateway-draining"])
            if generation == "april":
                async with wire(gateway):
                    return
            with pytest.raises(InvalidStatus):
                async with wire(gateway):
                    pass

    asyncio.run(scenario())


# -- tasks


@both
def test_cancelling_a_task_ends_the_run_that_does_it(generation: Generation) -> None:
    played = lively(generation)
    world = played.world
    run = world.start_run(KEY)
    task = world.add_task({"title": "dig", "childSessionKey": KEY, "runId": run.run_id})
    other = world.add_task({"title": "dig", "childSessionKey": KEY, "runId": "another"})
    assert world.cancel_task(other["taskId"])["cancelled"]
    assert world.session(KEY).run is run
    assert world.cancel_task(task["taskId"])["task"]["status"] == "cancelled"
    assert world.session(KEY).run is None
    assert world.cancel_task(task["taskId"])["cancelled"] is False
    nobody = world.cancel_task("nobody")
    assert (nobody["found"], nobody["cancelled"]) == (False, False)
