"""Approval life, system events, logs, stability, tasks and the restart."""

import asyncio
import json

import pytest

from clawtop.demo import Generation, ManualClock, ScriptedGateway, World
from tests.demo.wire import wire

KEY = "agent:main:k"
GENERATIONS: list[Generation] = ["april", "september"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_expiry_is_silent_on_april(generation: Generation) -> None:
    async def scenario() -> None:
        clock = ManualClock()
        world = World(generation, clock)
        async with (
            ScriptedGateway(world=world) as gateway,
            wire(gateway, caps=["approvals"]) as client,
        ):
            world.request_approval("make", KEY, ttl_ms=1_000)
            clock.advance(1_000)
            world.tick()
            assert await client.ok("exec.approval.list") == []
            resolved = [e for e in client.events if e["event"] == "exec.approval.resolved"]
            if generation == "april":
                assert resolved == []
                return
            assert resolved[0]["payload"]["decision"] == "deny"
            assert resolved[0]["payload"]["resolvedBy"] is None
            history = await client.ok("approval.history")
            assert history["items"][0]["reason"] == "timeout"
            assert history["items"][0]["status"] == "expired"

    asyncio.run(scenario())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_aborted_run_leaves_its_approval_on_april(generation: Generation) -> None:
    async def scenario() -> None:
        world = World(generation)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            run = world.start_run(KEY)
            ident = world.request_approval("make", KEY)
            row = (await client.ok("exec.approval.list"))[0]
            assert row["request"].get("runId") == (
                run.run_id if generation == "september" else None
            )
            await client.ok("sessions.abort", {"runId": run.run_id})
            left = [r["id"] for r in await client.ok("exec.approval.list")]
            if generation == "april":
                assert left == [ident]
                return
            assert left == []
            record = (await client.ok("approval.get", {"id": ident}))["approval"]
            assert (record["status"], record["reason"]) == ("cancelled", "run-aborted")
            assert record["resolver"]["id"] == "approval-scope-closed"

    asyncio.run(scenario())


@pytest.mark.parametrize(("caps", "pending"), [([], 0), (["approvals"], 1)])
def test_a_cap_makes_a_route_on_september(caps: list[str], pending: int) -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway, caps=caps) as client:
            gateway.world.request_approval("make", KEY, needs_route=True)
            assert len(await client.ok("exec.approval.list")) == pending
            history = (await client.ok("approval.history"))["items"]
            assert [i["reason"] for i in history] == ["no-route"] * (1 - pending)

    asyncio.run(scenario())


def test_first_answer_wins_on_september() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            ident = gateway.world.request_approval("make", KEY)
            body = {"id": ident, "kind": "exec", "decision": "deny"}
            assert (await client.ok("approval.resolve", body))["applied"] is True
            late = await client.ok("approval.resolve", body | {"decision": "allow-once"})
            assert late["applied"] is False
            assert late["approval"]["decision"] == "deny"

    asyncio.run(scenario())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_system_events_show_the_main_session_and_keep_twenty(generation: Generation) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, wire(gateway) as client:
            gateway.world.enqueue_event(KEY, "hidden")
            for number in range(24):
                await client.ok("system-event", {"text": f"line {number}"})
            assert gateway.world.enqueue_event("agent:main:main", "line 23") is False
            await client.ok("wake", {"mode": "next-heartbeat", "text": "wake up"})
            queued = (await client.ok("status"))["queuedSystemEvents"]
            assert len(queued) == 20
            assert (queued[0], queued[-1]) == ("line 5", "wake up")

    asyncio.run(scenario())


def test_log_cursors_are_byte_offsets() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            world = gateway.world
            world.log("ünïcode", "WARN")
            first = await client.ok("logs.tail")
            assert json.loads(first["lines"][0])["message"] == "ünïcode"
            world.log_file.raw("not json")
            more = await client.ok("logs.tail", {"cursor": first["cursor"]})
            assert more["lines"] == ["not json"]
            assert more["cursor"] == len(world.log_file.data)
            for number in range(10):
                world.log(f"filler {number}")
            jump = await client.ok("logs.tail", {"cursor": 0, "maxBytes": 500})
            assert jump["reset"] is True
            assert jump["truncated"] is True
            assert json.loads(jump["lines"][-1])["message"] == "filler 9"
            world.log_file.rotate("/tmp/openclaw/next.log")
            fresh = await client.ok("logs.tail", {"cursor": more["cursor"]})
            assert (fresh["reset"], fresh["lines"]) == (True, [])

    asyncio.run(scenario())


def test_stability_ring_drops_and_filters() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            gateway.world.stability.capacity = 3
            for number in range(5):
                gateway.world.record("a" if number % 2 else "b", queueDepth=number)
            ring = await client.ok("diagnostics.stability")
            assert (ring["firstSeq"], ring["lastSeq"], ring["dropped"]) == (21, 23, 2)
            ring = await client.ok("diagnostics.stability", {"type": "a", "sinceSeq": 20})
            assert [r["queueDepth"] for r in ring["events"]] == [3]

    asyncio.run(scenario())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_tasks(generation: Generation) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, wire(gateway) as client:
            task = gateway.world.add_task({"title": "dig", "childSessionKey": KEY})
            assert (await client.ok("tasks.list"))["tasks"][0]["title"] == "dig"
            assert (await client.ok("status"))["tasks"]["active"] == 1
            done = await client.ok("tasks.cancel", {"taskId": task["taskId"]})
            assert (done["found"], done["cancelled"]) == (True, True)
            nope = await client.ok("tasks.cancel", {"taskId": "x"})
            assert nope["found"] is False
            assert ("task" in client.names()) == (generation == "september")

    asyncio.run(scenario())


def test_ticks_and_health_follow_the_world_clock() -> None:
    async def scenario() -> None:
        clock = ManualClock()
        world = World(now=clock)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            clock.advance(30_000)
            tick = await client.event("tick")
            assert tick["payload"] == {"ts": clock.ms}
            clock.advance(30_000)
            health = await client.event("health")
            assert health["stateVersion"]["health"] == 2

    asyncio.run(scenario())


def test_presence_lists_clients_and_announces_leaving_ones() -> None:
    async def scenario() -> None:
        async with ScriptedGateway("april") as gateway, wire(gateway) as client:
            async with wire(gateway):
                seen = await client.ok("system-presence")
                assert [p["mode"] for p in seen] == ["gateway", "backend", "backend"]
            told = await client.event("presence")
            assert len(told["payload"]["presence"]) == 2

    asyncio.run(scenario())


def test_heartbeats() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            assert await client.ok("last-heartbeat") is None
            gateway.world.heartbeat("skipped", reason="requests-in-flight")
            told = await client.event("heartbeat")
            assert await client.ok("last-heartbeat") == told["payload"]
            answer = await client.ok("set-heartbeats", {"enabled": False})
            assert answer == {"ok": True, "enabled": False}
            assert gateway.world.heartbeats_enabled is False

    asyncio.run(scenario())


def test_wrong_use_is_refused() -> None:
    world = World()
    with pytest.raises(ValueError, match="nothing holds"):
        world.waits(KEY, "hello")
    world = World()
    world.start_run(KEY)
    with pytest.raises(ValueError, match="already held"):
        world.start_run(KEY)
    with pytest.raises(ValueError, match="no run"):
        world.end_run("agent:main:other")
    with pytest.raises(AttributeError):
        world.session(KEY, colour="red")
