"""Connect: who gets in, with which scopes, and how the others are sent away."""

import asyncio
import json
from typing import Any

import pytest

from clawtop.demo import Generation, ScriptedGateway, World
from tests.demo.wire import ALL, hello_params, raw_wire, wire

GENERATIONS: list[Generation] = ["april", "september"]


def client_of(**changes: Any) -> dict[str, Any]:
    return dict(hello_params()["client"]) | changes


async def refused(gateway: ScriptedGateway, params: dict[str, Any]) -> tuple[Any, int | None]:
    """Error and close code of a refused connect."""
    async with raw_wire(gateway) as client:
        await client.event("connect.challenge")
        error = await client.fails("connect", params)
        return error, await client.drained()


@pytest.mark.parametrize("generation", GENERATIONS)
def test_hello_tells_generation_and_scopes(generation: Generation) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, raw_wire(gateway) as client:
            challenge = await client.event("connect.challenge")
            hello = await client.ok("connect", hello_params(scopes=["operator.read", "odd"]))
            late = generation == "september"
            assert "seq" not in challenge
            assert ("capabilities" in challenge["payload"]) == late
            assert hello["protocol"] == 4
            assert hello["auth"]["scopes"] == ["operator.read", "odd"]
            assert "configPath" not in hello["snapshot"]
            assert ("bootId" in hello["server"]) == late
            assert ("capabilities" in hello["features"]) == late
            for name in ("sessions.recover", "diagnostics.lanes", "approval.history"):
                assert (name in hello["features"]["methods"]) == late
            assert gateway.connections == gateway.total_connections == 1
            assert gateway.requests[0].method == "connect"

    asyncio.run(scenario())


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    ("changes", "code", "detail", "close"),
    [
        ({"auth": {"token": "wrong"}}, "INVALID_REQUEST", "AUTH_TOKEN_MISMATCH", 1008),
        ({"auth": {}}, "NOT_PAIRED", "DEVICE_IDENTITY_REQUIRED", 1008),
        ({"minProtocol": 3, "maxProtocol": 3}, "INVALID_REQUEST", "PROTOCOL_MISMATCH", 1002),
        ({"minProtocol": 5, "maxProtocol": 6}, "INVALID_REQUEST", "PROTOCOL_MISMATCH", 1002),
        (
            {"client": client_of(id="openclaw-tui")},
            "INVALID_REQUEST",
            "CONTROL_UI_DEVICE_IDENTITY_REQUIRED",
            1008,
        ),
        ({"client": client_of(id="clawtop")}, "INVALID_REQUEST", None, 1008),
        ({"client": client_of(mode="operator")}, "INVALID_REQUEST", None, 1008),
        ({"client": client_of(colour="red")}, "INVALID_REQUEST", None, 1008),
        ({"surprise": 1}, "INVALID_REQUEST", None, 1008),
        ({"maxProtocol": "4"}, "INVALID_REQUEST", None, 1008),
    ],
)
def test_refusals(
    generation: Generation, changes: dict[str, Any], code: str, detail: str | None, close: int
) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway:
            error, closed = await refused(gateway, hello_params(**changes))
            assert error["code"] == code
            assert error.get("details", {}).get("code") == detail
            assert closed == close
            assert gateway.connections == 0

    asyncio.run(scenario())


def test_a_password_in_token_mode() -> None:
    async def scenario() -> None:
        async with ScriptedGateway("april") as gateway:
            error, _ = await refused(gateway, hello_params(auth={"password": "demo"}))
            assert error["details"]["code"] == "AUTH_TOKEN_MISSING"
        async with (
            ScriptedGateway("september") as gateway,
            wire(gateway, auth={"password": "demo"}),
        ):
            assert gateway.connections == 1

    asyncio.run(scenario())


def test_auth_modes_password_and_none() -> None:
    async def scenario() -> None:
        async with (
            ScriptedGateway(auth_mode="password") as gateway,
            wire(gateway, auth={"password": "demo"}),
        ):
            error, _ = await refused(gateway, hello_params(auth={"password": "no"}))
            assert error["details"]["code"] == "AUTH_PASSWORD_MISMATCH"
        async with ScriptedGateway(auth_mode="none") as gateway, wire(gateway, auth={}):
            assert gateway.connections == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(("generation", "kept"), [("april", []), ("september", ALL)])
def test_cli_identity_loses_its_scopes_on_april(generation: Generation, kept: list[str]) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, raw_wire(gateway) as client:
            await client.event("connect.challenge")
            hello = await client.ok("connect", hello_params(client=client_of(id="cli", mode="cli")))
            assert hello["auth"]["scopes"] == kept

    asyncio.run(scenario())


def test_old_protocol_and_cut_scopes() -> None:
    async def scenario() -> None:
        async with ScriptedGateway(
            "april", protocol=3, scopes_granted=("operator.read",)
        ) as gateway:
            error, _ = await refused(gateway, hello_params())
            assert error["details"]["expectedProtocol"] == 3
            async with raw_wire(gateway) as client:
                await client.event("connect.challenge")
                hello = await client.ok("connect", hello_params(minProtocol=3))
                assert hello["protocol"] == 3
                assert hello["auth"]["scopes"] == ["operator.read"]

    asyncio.run(scenario())


def test_silence_and_wrong_first_frame_are_closed() -> None:
    async def scenario() -> None:
        async with ScriptedGateway(handshake_timeout=0.05) as gateway, raw_wire(gateway) as idle:
            await idle.event("connect.challenge")
            assert await idle.drained() == 1008
        async with ScriptedGateway() as gateway, raw_wire(gateway) as rude:
            await rude.event("connect.challenge")
            await rude.ask("status")
            assert await rude.drained() == 1008
        async with ScriptedGateway() as gateway, raw_wire(gateway) as big:
            await big.event("connect.challenge")
            await big.ws.send(json.dumps({"x": "y" * 70_000}))
            assert await big.drained() == 1009

    asyncio.run(scenario())


def test_restart_changes_boot_id_and_forgets_runs() -> None:
    async def scenario() -> None:
        world = World("september")
        async with ScriptedGateway(world=world) as gateway:
            port = gateway.port
            async with wire(gateway) as client:
                world.start_run("agent:main:a")
                boot = world.boot_id
                await gateway.restart()
                await client.event("shutdown")
                assert await client.drained() == 1012
            assert (gateway.port, gateway.connections) == (port, 0)
            assert world.boot_id != boot
            async with wire(gateway) as client:
                counts = (await client.ok("gateway.restart.preflight"))["counts"]
                assert counts["embeddedRuns"] == 0

    asyncio.run(scenario())


def test_the_gateway_can_be_down_for_a_while() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway:
            await gateway.stop_listening()
            with pytest.raises(OSError, match="onnect"):
                async with raw_wire(gateway):
                    pass
            await gateway.start_listening()
            async with wire(gateway) as client:
                assert await client.ok("status")

    asyncio.run(scenario())
