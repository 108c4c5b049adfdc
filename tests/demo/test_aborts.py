"""What each way to stop a session does, per generation and kind of hold."""

import asyncio

import pytest

from clawtop.demo import Generation, ScriptedGateway
from tests.demo.holds import KEY, locked, row_of, world_of
from tests.demo.wire import wire

# (generation, hold): (abort status, lock right after, lock after the settle time)
ABORTS = {
    ("april", "rpc"): ("aborted", False, False),
    ("april", "channel"): ("no-active-run", True, True),
    ("april", "heartbeat"): ("no-active-run", True, True),
    ("april", "orphan-queued"): ("no-active-run", True, True),
    ("april", "orphan"): ("no-active-run", True, True),
    ("april", "other-id"): ("no-active-run", True, True),
    ("april", "hook"): ("no-active-run", True, True),
    ("april", "ghost"): ("no-active-run", False, False),
    ("september", "rpc"): ("aborted", False, False),
    ("september", "channel"): ("aborted", False, False),
    ("september", "heartbeat"): ("aborted", False, False),
    ("september", "orphan-queued"): ("aborted", False, False),
    ("september", "orphan"): ("aborted", True, False),
    ("september", "other-id"): ("no-active-run", True, True),
    ("september", "hook"): ("aborted", True, False),
    ("september", "ghost"): ("no-active-run", False, False),
}


@pytest.mark.parametrize(("generation", "hold"), ABORTS)
def test_sessions_abort(generation: Generation, hold: str) -> None:
    async def scenario() -> None:
        status, held, held_later = ABORTS[generation, hold]
        world, clock = world_of(generation, hold)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            run = world.sessions[KEY].run
            answer = await client.ok("sessions.abort", {"key": KEY})
            assert answer["status"] == status
            named = run.run_id if run is not None and hold == "rpc" else None
            assert answer["abortedRunId"] == named
            assert locked(world) == held
            if held and held != held_later:
                assert (await row_of(client))["hasActiveRun"] is False
                again = await client.ok("sessions.abort", {"key": KEY})
                assert again["status"] == "no-active-run"
            clock.advance(59_000)
            world.tick()
            assert locked(world) == held
            clock.advance(2_000)
            world.tick()
            assert locked(world) == held_later

    asyncio.run(scenario())


# (generation, hold): (lock right after, lock after the settle time)
CHANNEL_STOPS = {
    ("april", "rpc"): (False, False),
    ("april", "channel"): (False, False),
    ("april", "orphan-queued"): (False, False),
    ("april", "orphan"): (True, True),
    ("april", "other-id"): (True, True),
    ("september", "channel"): (False, False),
    ("september", "orphan-queued"): (False, False),
    ("september", "orphan"): (True, False),
    ("september", "other-id"): (True, False),
    ("september", "hook"): (True, False),
}


@pytest.mark.parametrize(("generation", "hold"), CHANNEL_STOPS)
def test_channel_style_stop(generation: Generation, hold: str) -> None:
    async def scenario() -> None:
        held, held_later = CHANNEL_STOPS[generation, hold]
        world, clock = world_of(generation, hold)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            world.waits(KEY, "from a chat", "channel")
            answer = await client.ok(
                "chat.send",
                {"sessionKey": KEY, "message": "[clawtop] /stop", "idempotencyKey": "stop-1"},
            )
            assert answer == {"runId": "stop-1", "status": "started"}
            final = await client.event("chat", runId="stop-1")
            assert final["payload"]["state"] == "final"
            assert locked(world) == held
            assert world.sessions[KEY].waiting == []
            clock.advance(61_000)
            world.tick()
            assert locked(world) == held_later

    asyncio.run(scenario())


def test_channel_stop_leaves_a_ghost_row_on_april() -> None:
    world, _ = world_of("april", "channel")

    async def scenario() -> None:
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            await client.ok(
                "chat.send", {"sessionKey": KEY, "message": "[x] stop", "idempotencyKey": "s"}
            )
            assert (await row_of(client))["status"] == "running"
            assert not locked(world)

    asyncio.run(scenario())


@pytest.mark.parametrize("hold", ["channel", "orphan", "hook"])
@pytest.mark.parametrize("generation", ["april", "september"])
def test_plain_stop_words_reach_rpc_runs_only(generation: Generation, hold: str) -> None:
    async def scenario() -> None:
        world, _ = world_of(generation, hold)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            answer = await client.ok(
                "chat.send", {"sessionKey": KEY, "message": "/stop", "idempotencyKey": "s"}
            )
            assert answer == {"ok": True, "aborted": False, "runIds": []}
            answer = await client.ok("chat.abort", {"sessionKey": KEY})
            assert answer["aborted"] is False
            assert locked(world)

    asyncio.run(scenario())


def test_april_abort_kills_the_waiting_message() -> None:
    async def scenario() -> None:
        world, _ = world_of("april", "orphan")
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            await client.ok(
                "chat.send", {"sessionKey": KEY, "message": "victim", "idempotencyKey": "victim-1"}
            )
            assert (await row_of(client))["hasActiveRun"] is True
            answer = await client.ok("sessions.abort", {"key": KEY})
            assert answer == {"ok": True, "abortedRunId": "victim-1", "status": "aborted"}
            assert world.sessions[KEY].waiting == []
            assert locked(world)

    asyncio.run(scenario())


def test_september_abort_cancels_parked_and_answers_channel_messages() -> None:
    async def scenario() -> None:
        world, clock = world_of("september", "orphan")
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            parked = world.waits(KEY, "parked")
            world.waits(KEY, "from a chat", "channel")
            answer = await client.ok("sessions.abort", {"key": KEY})
            assert answer["abortedRunId"] == parked.run_id
            history = await client.ok("chat.history", {"sessionKey": KEY})
            assert history["pendingInputs"]["items"][0]["state"] == "cancelled"
            assert "inFlightRun" not in history
            await client.ok(
                "chat.send", {"sessionKey": KEY, "message": "in between", "idempotencyKey": "lost"}
            )
            clock.advance(60_000)
            await client.event("sessions.changed", phase="start")
            clock.advance(300)
            reply = await client.event("session.message", messageSeq=4)
            assert "from a chat" in str(reply["payload"]["message"])
            assert not locked(world)
            assert all(w.state != "queued" for w in world.sessions[KEY].waiting)

    asyncio.run(scenario())


def test_waiting_messages_are_answered_after_a_healthy_end() -> None:
    async def scenario() -> None:
        for generation in ("april", "september"):
            world, clock = world_of(generation, "rpc")
            async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
                item = world.waits(KEY, "next please")
                world.end_run(KEY)
                run = world.sessions[KEY].run
                assert run is not None
                assert (run.run_id == item.run_id) == (generation == "april")
                clock.advance(300)
                final = await client.event("chat", runId=run.run_id, state="final")
                assert final["payload"]["message"]["content"][0]["text"]

    asyncio.run(scenario())


def test_companion_release_and_the_lane() -> None:
    for renew, moves in ((False, False), (True, True)):
        world, clock = world_of("april", "hook")
        world.waits(KEY, "behind", "channel")
        world.release(KEY, renew_lane=renew)
        clock.advance(1_000)
        world.tick()
        assert locked(world) is not moves
    world, clock = world_of("september", "orphan")
    world.waits(KEY, "parked")
    world.release(KEY)
    assert not locked(world)
    world.send(KEY, "the next one")
    for _ in range(3):
        clock.advance(300)
        world.tick()
    texts = [m["content"] for m in world.sessions[KEY].messages if m["role"] == "user"]
    assert texts[-2:] == ["parked", "the next one"]


def test_april_recovers_a_leak_only_when_a_message_waits() -> None:
    world, clock = world_of("april", "orphan")
    clock.advance(3_600_000)
    world.tick()
    assert locked(world)
    world.waits(KEY, "anyone", "channel")
    clock.advance(200_000)
    world.waits(KEY, "still nobody", "channel")
    clock.advance(380_000)
    world.tick()
    assert not any(r["type"] == "session.recovery.requested" for r in world.stability.ring)
    clock.advance(10_000)
    world.tick()
    lock = world.sessions[KEY].lock
    assert lock is not None
    assert lock.holder == "channel"


@pytest.mark.parametrize(
    ("generation", "hold", "fails", "held"),
    [
        ("april", "orphan", True, True),
        ("april", "orphan-queued", False, False),
        ("april", "other-id", False, True),
        ("september", "orphan", False, False),
        ("september", "hook", True, True),
        ("september", "other-id", False, True),
    ],
)
def test_reset(generation: Generation, hold: str, fails: bool, held: bool) -> None:
    async def scenario() -> None:
        world, clock = world_of(generation, hold)
        world.enqueue_event(KEY, "line")
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            ident = await client.ask("sessions.reset", {"key": KEY})
            if fails:
                await client.ok("status")
                clock.advance(15_000)
            answer = await client.answer(ident)
            assert answer["ok"] is not fails
            assert locked(world) == held
            assert KEY not in world.system_events
            if fails:
                assert answer["error"]["code"] == "UNAVAILABLE"
                assert "still active" in answer["error"]["message"]

    asyncio.run(scenario())
