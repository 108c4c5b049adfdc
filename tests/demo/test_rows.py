"""Row flags, chat history and counters, per generation and kind of hold."""

import asyncio

import pytest

from clawtop.demo import Generation, ScriptedGateway, World
from tests.demo.holds import KEY, locked, row_of, world_of
from tests.demo.wire import wire

ABSENT = "absent"
# hold: (april status, april flag, september status, september flag, september activeRunIds)
ROWS = {
    "rpc": ("running", True, "running", True, ABSENT),
    "channel": ("running", False, "running", True, ABSENT),
    "heartbeat": ("running", False, "running", True, ABSENT),
    "orphan-queued": ("done", False, "running", True, ABSENT),
    "orphan": ("done", False, "running", True, ABSENT),
    "other-id": ("done", False, "done", False, []),
    "hook": ("done", False, "running", True, ABSENT),
    "ghost": ("running", False, "running", False, []),
    "free": ("done", False, "done", False, []),
}


@pytest.mark.parametrize("hold", ROWS)
def test_row_flags(hold: str) -> None:
    async def scenario() -> None:
        april_status, april_flag, late_status, late_flag, late_ids = ROWS[hold]
        world, _ = world_of("april", hold)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            row = await row_of(client)
            assert (row["status"], row["hasActiveRun"]) == (april_status, april_flag)
            assert "activeRunIds" not in row
        world, _ = world_of("september", hold)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            row = await row_of(client)
            assert (row["status"], row["hasActiveRun"]) == (late_status, late_flag)
            assert row.get("activeRunIds", ABSENT) == late_ids
            described = (await client.ok("sessions.describe", {"key": KEY}))["session"]
            assert "hasActiveRun" not in described

    asyncio.run(scenario())


def test_a_preparing_run_is_named_on_september() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            run = gateway.world.start_run(KEY, preparing=True)
            row = await row_of(client)
            assert row["activeRunIds"] == [run.run_id]
            assert "startedAt" not in row
            gateway.world.begin_run(KEY)
            assert "activeRunIds" not in await row_of(client)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("hold", "flight"),
    [
        ("rpc", {"runId", "text", "startedAt", "events"}),
        ("channel", {"runId", "text", "startedAt", "sessionAbortable"}),
        ("heartbeat", {"runId", "text", "startedAt", "sessionAbortable"}),
        ("orphan", None),
        ("other-id", None),
        ("hook", None),
        ("ghost", None),
        ("free", None),
    ],
)
def test_in_flight_run_of_september(hold: str, flight: set[str] | None) -> None:
    async def scenario() -> None:
        world, _ = world_of("september", hold)
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            before = await client.ok("chat.history", {"sessionKey": KEY, "limit": 50})
            assert set(before.get("inFlightRun", ())) == (flight or set())
            if not locked(world):
                return
            item = world.waits(KEY, "behind")
            after = await client.ok("chat.history", {"sessionKey": KEY})
            assert after.get("inFlightRun") == before.get("inFlightRun")
            assert after["pendingInputs"]["total"] == 1
            assert after["pendingInputs"]["items"][0]["state"] == "queued"
            parked = await client.event("chat", runId=item.run_id)
            assert "message" not in parked["payload"]

    asyncio.run(scenario())


def test_april_history_has_none_of_it() -> None:
    async def scenario() -> None:
        world, _ = world_of("april", "rpc")
        async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
            world.waits(KEY, "behind")
            answer = await client.ok("chat.history", {"sessionKey": KEY})
            assert set(answer) == {"sessionKey", "sessionId", "messages", "thinkingLevel"}

    asyncio.run(scenario())


def test_preflight_counts_locks_and_over_counts_on_april() -> None:
    async def scenario() -> None:
        expected: dict[Generation, int] = {"april": 2, "september": 1}
        for generation, first in expected.items():
            world = World(generation)
            async with ScriptedGateway(world=world) as gateway, wire(gateway) as client:
                world.start_run(KEY, new=True)
                plan = await client.ok("gateway.restart.preflight")
                assert plan["counts"]["embeddedRuns"] == first
                world.leak("agent:main:z", same_session_id=False)
                plan = await client.ok("gateway.restart.preflight")
                assert plan["counts"]["embeddedRuns"] == first + 1
                assert plan["counts"]["queueSize"] == 2
                assert plan["safe"] is False

    asyncio.run(scenario())


def test_channel_runs_send_no_agent_events() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            gateway.world.start_run(KEY, "channel")
            gateway.world.end_run(KEY)
            await client.event("sessions.changed", phase="end")
            assert "agent" not in client.names()
            assert "session.message" in client.names()

    asyncio.run(scenario())


@pytest.mark.parametrize(("generation", "numbered"), [("april", False), ("september", True)])
def test_targeted_frames_are_numbered_on_september_only(
    generation: Generation, numbered: bool
) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, wire(gateway) as client:
            gateway.world.start_run(KEY)
            changed = await client.event("sessions.changed")
            agent = await client.event("agent", stream="assistant")
            assert ("seq" in changed) == numbered
            assert "seq" in agent

    asyncio.run(scenario())
