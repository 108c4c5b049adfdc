"""The scripted frames have the fields of recorded real ones, and their types."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from clawtop.demo import Generation, ScriptedGateway
from tests.demo.wire import Wire, hello_params, raw_wire

DATA = Path(__file__).parent / "data"
GENERATIONS: list[Generation] = ["april", "september"]
KEY = "agent:main:held"

#: What the scripted gateway leaves out or adds on purpose, as path endings.
OMITTED = {
    "deviceFamily",
    "modelIdentifier",
    "instanceId",
    "modelPricing",
    "cpuBreakdown",
    "hostDesktop",
    "shutdownBudget",
    "workerPools",
    "unavailable",
    "hasMultipleSessionSharingIdentities",
    "activeModel",
    "activeModelProvider",
    "senderIsOwner",
    "activeLeafEntryId",
    "activitySummary",
    "placementMove",
    "modelOverrideSource",
    "runtimeSelectionLocked",
    "agentRuntime",
    "placement",
    "lastMessagePreview",
    "stopReason",
    "estimatedCostUsd",
    "totalTokens",
}
ADDED = {
    "isHeartbeat",
    "sessionId",
    "contextTokens",
    "model",
    "modelProvider",
    "startedAt",
    "status",
    "decision",
    "lastMessagePreview",
}
#: Objects whose inside is not compared.
OPAQUE = {
    "__openclaw",
    "contextBudgetStatus",
    "data",
    "byType",
    "participants",
    "expandedParticipants",
    "presence",
}


def kind(value: Any) -> str:
    """Json type, numbers being one."""
    return "number" if type(value) in (int, float) else type(value).__name__


def differences(real: Any, ours: Any, path: str = "") -> list[str]:
    """Where the field sets or types differ; null fits anything, lists compare first items."""
    if path.rpartition(".")[2] in OPAQUE or None in (real, ours):
        return []
    if kind(real) != kind(ours):
        return [f"{path}: {kind(real)} is {kind(ours)}"]
    if isinstance(real, list):
        return differences(real[0], ours[0], path + "[]") if real and ours else []
    if not isinstance(real, dict):
        return []
    found = [f"{path}.{name} missing" for name in set(real) - set(ours) - OMITTED]
    found += [f"{path}.{name} added" for name in set(ours) - set(real) - ADDED]
    for name in set(real) & set(ours):
        found += differences(real[name], ours[name], f"{path}.{name}")
    return found


class Book:
    """The recorded frames of one generation."""

    def __init__(self, generation: Generation) -> None:
        self.frames = json.loads((DATA / f"{generation}.json").read_text())
        self.compared: list[str] = []

    def same(self, name: str, ours: Any) -> None:
        """Compare one frame with the recorded one of that name."""
        self.compared.append(name)
        assert differences(self.frames[name], ours) == [], name


async def compare_hello(book: Book, client: Wire) -> None:
    book.same("challenge", await client.event("connect.challenge"))
    hello = await client.call("connect", hello_params(caps=["approvals"]))
    if book.frames["hello"]["payload"]["snapshot"]["health"] == {}:
        hello["payload"]["snapshot"]["health"] = {}
    book.same("hello", hello)
    await client.ok("sessions.subscribe")


async def compare_idle(book: Book, client: Wire) -> None:
    for name, method in (
        ("list", "sessions.list"),
        ("status", "status"),
        ("health", "health"),
        ("preflight_idle", "gateway.restart.preflight"),
        ("unknown_method", "no.such.method"),
    ):
        book.same(name, await client.call(method))
    missing = await client.call("exec.approval.resolve", {"id": "nope", "decision": "deny"})
    book.same("not_found", missing)


async def compare_running(book: Book, gateway: ScriptedGateway, client: Wire) -> None:
    gateway.world.start_run(KEY, new=True, progress=False)
    book.same("changed_start", await client.event("sessions.changed", phase="start"))
    book.same("agent_start", await client.event("agent", stream="lifecycle"))
    book.same("message_user", await client.event("session.message"))
    listed = await client.ok("sessions.list")
    book.same("row_rpc_running", listed["sessions"][0])
    book.same("describe", await client.call("sessions.describe", {"key": KEY}))
    book.same("history_running", await client.call("chat.history", {"sessionKey": KEY}))
    book.same("preflight_busy", await client.call("gateway.restart.preflight"))


async def compare_channel(book: Book, gateway: ScriptedGateway, client: Wire) -> None:
    gateway.world.start_run("agent:main:chan", "channel", new=True)
    book.same("row_channel_running", (await client.ok("sessions.list"))["sessions"][0])
    gateway.world.end_run("agent:main:chan")
    book.same("row_done", (await client.ok("sessions.list"))["sessions"][0])


async def compare_abort(book: Book, client: Wire) -> None:
    client.events.clear()
    await client.ok("sessions.abort", {"key": KEY})
    book.same("chat_aborted", await client.event("chat", state="aborted"))
    book.same("agent_cancelled", await client.event("agent"))
    book.same("changed_abort", await client.event("sessions.changed", reason="abort"))
    await client.ok(
        "chat.send", {"sessionKey": "agent:main:x", "message": "y", "idempotencyKey": "z"}
    )
    book.same("chat_final", await client.event("chat", runId="z", state="final"))


async def compare_approvals(book: Book, gateway: ScriptedGateway, client: Wire) -> None:
    ident = gateway.world.request_approval("touch x", "agent:main:x")
    book.same("approval_requested", await client.event("exec.approval.requested"))
    book.same("approval_row", await client.call("exec.approval.list"))
    book.same("approval_get", await client.call("exec.approval.get", {"id": ident}))
    await client.ok("exec.approval.resolve", {"id": ident, "decision": "deny"})
    book.same("approval_resolved", await client.event("exec.approval.resolved"))


async def compare_september(book: Book, gateway: ScriptedGateway, client: Wire) -> None:
    book.same("approval_history", await client.call("approval.history"))
    book.same("lanes_idle", await client.call("diagnostics.lanes"))
    gateway.world.start_run("agent:main:w", new=True)
    gateway.world.waits("agent:main:w", "hi")
    book.same("lanes_busy", await client.call("diagnostics.lanes"))
    waiting = await client.call("chat.history", {"sessionKey": "agent:main:w"})
    # recorded before the message was parked: until then it stood there itself, without events
    del waiting["payload"]["inFlightRun"]["events"]
    book.same("history_waiting", waiting)
    gateway.world.start_run("agent:main:leak", "channel")
    gateway.world.end_run("agent:main:leak")
    gateway.world.stick_in_hook("agent:main:leak")
    held = await client.call("chat.history", {"sessionKey": "agent:main:leak"})
    book.same("history_held", held)
    assert "inFlightRun" not in held["payload"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_frames_have_the_recorded_fields(generation: Generation) -> None:
    book = Book(generation)

    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, raw_wire(gateway) as client:
            await compare_hello(book, client)
            await compare_idle(book, client)
            await compare_running(book, gateway, client)
            await compare_channel(book, gateway, client)
            await compare_abort(book, client)
            await compare_approvals(book, gateway, client)
            if generation == "september":
                await compare_september(book, gateway, client)

    asyncio.run(scenario())
    left = set(book.frames) - set(book.compared) - {"missing_scope", "stability"}
    assert not left, f"recorded frames never compared: {left}"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_comparison_can_fail(generation: Generation) -> None:
    real = Book(generation).frames["row_rpc_running"]
    assert differences(real, real) == []
    assert differences(real, {k: v for k, v in real.items() if k != "hasActiveRun"})
    assert differences(real, real | {"hasActiveRun": "yes"})
    assert differences(real, real | {"surprise": 1})


@pytest.mark.parametrize("generation", GENERATIONS)
def test_recovery_records_look_like_the_recorded_ones(generation: Generation) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, raw_wire(gateway) as client:
            await client.event("connect.challenge")
            await client.ok("connect", hello_params())
            gateway.world.recovery(KEY, "requested", age_s=27)
            gateway.world.recovery(KEY, "completed", age_s=27)
            ring = await client.ok("diagnostics.stability", {"limit": 10})
            log = await client.ok("logs.tail", {"limit": 10})
        assert [set(r) for r in ring["events"]] == [
            {
                "seq",
                "ts",
                "type",
                "outcome",
                "action",
                "ageMs",
                "queueDepth",
                "activeWorkKind",
                "reason",
            },
            {"seq", "ts", "type", "outcome", "action", "ageMs", "queueDepth", "activeWorkKind"},
        ]
        assert KEY not in json.dumps(ring)
        lines = [json.loads(line) for line in log["lines"]]
        assert lines[0]["message"].startswith("stalled session: sessionId=")
        assert f"sessionKey={KEY}" in lines[1]["message"]
        assert lines[1]["_meta"]["logLevelName"] == "WARN"

    asyncio.run(scenario())
