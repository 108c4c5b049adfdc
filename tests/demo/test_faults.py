"""Every fault does what it says, and nothing when off."""

import asyncio
from itertools import pairwise

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from clawtop.demo import Faults, Generation, ScriptedGateway
from tests.demo.wire import hello_params, raw_wire, wire

KEY = "agent:main:k"


def test_everything_is_off_by_default() -> None:
    faults = Faults()
    faults.starting, faults.slow_drip = True, 3.0
    faults.silent_methods.add("status")
    faults.clear()
    assert faults == Faults()
    assert not any(vars(faults)[name] for name in vars(faults) if name != "refuse_upgrade_text")


def test_silent_late_and_error_methods() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            gateway.faults.silent_methods.add("set-heartbeats")
            silent = await client.ask("set-heartbeats", {"enabled": False})
            gateway.faults.late_methods["status"] = 0.05
            late = await client.ask("status")
            assert (await client.call("health"))["ok"]
            assert (await client.answer(late))["ok"]
            assert gateway.world.heartbeats_enabled is False
            assert silent not in [f.get("id") for f in client.odd]
            gateway.faults.error_methods["wake"] = {
                "code": "UNAVAILABLE",
                "message": "busy",
                "retryable": True,
            }
            error = await client.fails("wake", {"mode": "now", "text": "t"})
            assert error["message"] == "busy"
            assert gateway.world.system_events == {}

    asyncio.run(scenario())


@pytest.mark.parametrize("code", [1012, 1006])
def test_cut_after_the_effect(code: int) -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            gateway.world.start_run(KEY)
            gateway.faults.close_after_request["sessions.abort"] = code
            ident = await client.ask("sessions.abort", {"key": KEY})
            assert await client.drained() == code
            assert ident not in [f.get("id") for f in client.odd]
            assert gateway.world.sessions[KEY].status == "killed"
            assert len(gateway.seen("sessions.abort")) == 1

    asyncio.run(scenario())


def test_cut_before_the_effect() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            gateway.world.start_run(KEY)
            gateway.faults.close_before_effect.add("sessions.abort")
            await client.ask("sessions.abort", {"key": KEY})
            assert await client.drained() == 1012
            assert gateway.world.sessions[KEY].status == "running"

    asyncio.run(scenario())


def test_a_gap_in_the_numbers_happens_once() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            await gateway.emit("tick", {"ts": 1})
            gateway.faults.skip_seq_once = True
            await gateway.emit("tick", {"ts": 2})
            await gateway.emit("tick", {"ts": 3})
            numbers = [(await client.event("tick"))["seq"] for _ in range(3)]
            assert [b - a for a, b in pairwise(numbers)] == [2, 1]

    asyncio.run(scenario())


def test_challenge_faults() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway:
            gateway.faults.bad_challenge = True
            async with raw_wire(gateway) as client:
                assert (await client.event("connect.challenge"))["payload"] == {"nonce": 7}
            gateway.faults.no_challenge = True
            async with raw_wire(gateway) as client:
                assert (await client.call("connect", hello_params()))["ok"]
                assert client.events == []

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [503, 401])
def test_refused_upgrade(status: int) -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway:
            gateway.faults.refuse_upgrade_status = status
            with pytest.raises(InvalidStatus) as caught:
                async with raw_wire(gateway):
                    pass
            assert caught.value.response.status_code == status
            assert b"admission closed" in caught.value.response.body
            assert gateway.total_connections == 0

    asyncio.run(scenario())


def test_a_web_server_that_is_no_gateway() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway:
            gateway.faults.html_only = True
            with pytest.raises(InvalidStatus) as caught:
                async with raw_wire(gateway):
                    pass
            assert caught.value.response.status_code == 200

    asyncio.run(scenario())


def test_starting() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, raw_wire(gateway) as client:
            gateway.faults.starting = True
            await client.event("connect.challenge")
            error = await client.fails("connect", hello_params())
            assert (error["code"], error["retryAfterMs"]) == ("UNAVAILABLE", 500)
            assert error["details"] == {"reason": "startup-sidecars"}
            assert await client.drained() == 1013

    asyncio.run(scenario())


def test_garbage_does_not_stop_the_real_answers() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            gateway.faults.garbage_frames = True
            await client.ok("status")
            await client.ok("status")
            assert any(f.get("type") == "garbage" for f in client.odd)
            assert any(isinstance(f.get("raw"), bytes) for f in client.odd)
            assert "unheard.of" in client.names()

    asyncio.run(scenario())


def test_slow_drip_keeps_the_order() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            gateway.faults.slow_drip = 0.01
            idents = [await client.ask("status") for _ in range(3)]
            assert [(await client.next())["id"] for _ in range(3)] == idents

    asyncio.run(scenario())


def test_frozen_ticks() -> None:
    async def scenario() -> None:
        async with ScriptedGateway(tick_interval_ms=1) as gateway:
            gateway.faults.frozen_ticks = True
            async with wire(gateway) as client:
                for _ in range(20):
                    await client.ok("status")
                assert "tick" not in client.names()
                gateway.faults.frozen_ticks = False
                await client.event("tick")

    asyncio.run(scenario())


def test_drop_all_and_invalid_frames() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway:
            async with wire(gateway) as client:
                await gateway.drop_all(4001, "auth changed")
                assert await client.drained() == 4001
                assert client.ws.close_reason == "auth changed"
            async with wire(gateway) as client:
                await client.ws.send("{not json")
                assert await client.drained() == 1008

    asyncio.run(scenario())


def test_a_crash_in_a_handler_is_not_hidden() -> None:
    async def scenario() -> None:
        async with ScriptedGateway() as gateway, wire(gateway) as client:
            await client.ok("status")
            gateway.world.sessions["broken"] = None  # type: ignore[assignment]
            await client.ask("sessions.list")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.next(), 0.2)

    with pytest.raises(AttributeError):
        asyncio.run(scenario())


@pytest.mark.parametrize(("generation", "startup"), [("april", False), ("september", True)])
def test_http_pages(generation: Generation, startup: bool) -> None:
    async def scenario() -> None:
        async with ScriptedGateway(generation) as gateway, httpx.AsyncClient() as web:
            base = f"http://127.0.0.1:{gateway.port}"
            for path in ("/health", "/healthz"):
                assert (await web.get(base + path)).json() == {"ok": True, "status": "live"}
            assert (await web.get(base + "/readyz")).json()["ready"] is True
            page = await web.get(base + "/startupz")
            assert page.status_code == 200
            if startup:
                assert page.json()["version"] == "2026.9.6"
            else:
                assert "text/html" in page.headers["content-type"]
            assert "text/html" in (await web.get(base + "/metrics")).headers["content-type"]
            assert gateway.total_connections == 0

    asyncio.run(scenario())
