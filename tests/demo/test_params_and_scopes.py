"""Strict parameters, missing scopes, and approvals only for admins."""

import asyncio
from typing import Any

import pytest

from clawtop.demo import Generation, ScriptedGateway
from tests.demo.wire import wire

KEY = "agent:main:k"
GENERATIONS: list[Generation] = ["april", "september"]


@pytest.mark.parametrize(
    ("method", "params", "april", "september"),
    [
        ("sessions.list", {"activeOnly": True}, "unexpected property 'activeOnly'", None),
        (
            "sessions.list",
            {"nonsense": 1},
            "unexpected property 'nonsense'",
            "unexpected property 'nonsense'",
        ),
        (
            "sessions.abort",
            {"key": KEY, "clearQueued": True},
            "unexpected property 'clearQueued'",
            None,
        ),
        ("sessions.subscribe", {"nonsense": 1}, None, "unexpected property 'nonsense'"),
        (
            "wake",
            {"mode": "now", "text": "t", "nonsense": 1},
            None,
            "unexpected property 'nonsense'",
        ),
        (
            "chat.send",
            {"sessionKey": KEY, "message": "m"},
            "must have required property 'idempotencyKey'",
            "must have required property 'idempotencyKey'",
        ),
        (
            "chat.history",
            {"sessionKey": KEY, "limit": "5"},
            "at /limit: must be integer",
            "at /limit: must be integer",
        ),
        ("logs.tail", {"limit": True}, "at /limit: must be integer", "at /limit: must be integer"),
    ],
)
def test_strict_params(
    method: str, params: dict[str, Any], april: str | None, september: str | None
) -> None:
    async def scenario() -> None:
        for generation, text in zip(GENERATIONS, (april, september), strict=True):
            async with ScriptedGateway(generation) as gateway, wire(gateway) as client:
                if text is None:
                    await client.ok(method, params)
                    continue
                error = await client.fails(method, params)
                assert error["code"] == "INVALID_REQUEST"
                assert error["message"].startswith(f"invalid {method} params: ")
                assert error["message"].endswith(text)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("scopes", "method", "missing"),
    [
        (["operator.read"], "sessions.abort", "operator.write"),
        (["operator.read"], "exec.approval.list", "operator.approvals"),
        (["operator.write"], "exec.approval.list", "operator.approvals"),
        (["operator.approvals"], "sessions.list", "operator.read"),
        (["operator.write"], "sessions.reset", "operator.admin"),
        (["operator.write"], "no.such.method", "operator.admin"),
        ([], "status", "operator.read"),
    ],
)
def test_missing_scopes(scopes: list[str], method: str, missing: str) -> None:
    async def scenario() -> None:
        for generation in GENERATIONS:
            async with (
                ScriptedGateway(generation) as gateway,
                wire(gateway, subscribe=False, scopes=scopes) as client,
            ):
                error = await client.fails(method, {"key": KEY})
                assert error["message"] == f"missing scope: {missing}"
                if generation == "april":
                    assert error["code"] == "INVALID_REQUEST"
                else:
                    assert error["code"] == "FORBIDDEN"
                    assert error["details"]["missingScope"] == missing

    asyncio.run(scenario())


def test_methods_of_the_other_generation_are_unknown() -> None:
    async def scenario() -> None:
        async with ScriptedGateway("april") as gateway, wire(gateway) as client:
            for method in ("diagnostics.lanes", "sessions.recover", "approval.history"):
                error = await client.fails(method)
                assert error["message"] == f"unknown method: {method}"
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            assert (await client.fails("sessions.unsubscribe"))["message"].startswith("unknown")
            gateway.world.hidden_methods.add("diagnostics.lanes")
            assert (await client.fails("diagnostics.lanes"))["message"].startswith("unknown")

    asyncio.run(scenario())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_approvals_scope_alone_sees_an_empty_list(generation: Generation) -> None:
    async def scenario() -> None:
        async with (
            ScriptedGateway(generation) as gateway,
            wire(
                gateway, scopes=["operator.read", "operator.approvals"], caps=["approvals"]
            ) as client,
        ):
            ident = gateway.world.request_approval("rm -r build", KEY)
            assert await client.ok("exec.approval.list") == []
            error = await client.fails("exec.approval.resolve", {"id": ident, "decision": "deny"})
            assert error["details"]["reason"] == "APPROVAL_NOT_FOUND"
            assert not [n for n in client.names() if "approval" in n]
            own = await client.ok("exec.approval.request", {"command": "ls", "twoPhase": True})
            rows = await client.ok("exec.approval.list")
            assert [r["id"] for r in rows] == [own["id"]]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("generation", "caps", "told"),
    [("april", [], True), ("september", [], False), ("september", ["exec-approvals"], True)],
)
def test_approval_events_want_a_capability_on_september(
    generation: Generation, caps: list[str], told: bool
) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, wire(gateway, caps=caps) as client:
            ident = gateway.world.request_approval("make", KEY)
            rows = await client.ok("exec.approval.list")
            assert [r["id"] for r in rows] == [ident]
            assert ("exec.approval.requested" in client.names()) == told

    asyncio.run(scenario())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_answering_an_approval_twice(generation: Generation) -> None:
    async def scenario() -> None:
        async with (
            ScriptedGateway(generation) as gateway,
            wire(gateway, caps=["approvals"]) as client,
        ):
            ident = gateway.world.request_approval("make", KEY)
            same = {"id": ident[:8], "decision": "allow-once"}
            assert await client.ok("exec.approval.resolve", same) == {"ok": True}
            told = await client.event("exec.approval.resolved", id=ident)
            assert told["payload"]["resolvedBy"] == "tester"
            await client.ok("exec.approval.resolve", same | {"id": ident})
            error = await client.fails("exec.approval.resolve", {"id": ident, "decision": "deny"})
            assert error["details"]["reason"] == "APPROVAL_ALREADY_RESOLVED"
            other = gateway.world.request_approval("make", KEY)
            error = await client.fails("exec.approval.resolve", {"id": other, "decision": "no"})
            assert error["message"] == "invalid decision"

    asyncio.run(scenario())
