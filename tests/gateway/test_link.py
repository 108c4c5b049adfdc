"""The link on an embedded gateway that misbehaves on request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from clawtop.demo import ScriptedGateway
from clawtop.errors import (
    ClawtopError,
    ConnectError,
    GatewayError,
    LinkLostError,
    NoAnswerError,
    NotAllowedError,
    SignInError,
)
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.find import Target
from clawtop.gateway.health import explain
from clawtop.gateway.link import Link
from clawtop.gateway.methods import ACTING, READ_METHODS
from clawtop.gateway.secret import Secret
from clawtop.gateway.session import Pushed

CLIENT = Client("0.0", "linux", "clawtop (tester@desk)", "test")


def link_to(
    gateway: ScriptedGateway,
    *,
    secret: str | None = None,
    timeout_s: float = 3.0,
    on_push: Callable[[Pushed], None] | None = None,
    allow: frozenset[str] = READ_METHODS,
) -> Link:
    token = Secret("token", secret or gateway.token)
    target = Target(gateway.url, "edge-1", token, "a test", "a test")
    return Link(
        target,
        CLIENT,
        ("operator.read",),
        allow,
        clock=GatewayClock(),
        timeout_s=timeout_s,
        on_push=on_push,
    )


def play(scene: Callable[[ScriptedGateway], Any], **how: Any) -> None:
    async def run() -> None:
        async with asyncio.timeout(40), ScriptedGateway(**how) as gateway:
            await scene(gateway)

    asyncio.run(run())


@pytest.mark.parametrize("generation", ["april", "september"])
@pytest.mark.parametrize("protocol", [3, 4])
def test_signs_in_with_either_protocol_and_generation(generation: str, protocol: int) -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        link = link_to(gateway)
        hello = await link.open()
        assert hello.protocol == protocol
        assert hello.auth.scopes == ["operator.read"]
        assert "sessions.list" in hello.features.methods
        await link.close()

    play(scene, generation=generation, protocol=protocol)


def test_a_refusal_carries_the_gateways_words() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        gateway.faults.error_methods = {
            "status": {"code": "INVALID_REQUEST", "message": "no", "details": {"reason": "WHY"}}
        }
        link = link_to(gateway)
        await link.open()
        with pytest.raises(GatewayError) as caught:
            await link.call("status")
        assert (caught.value.gateway_code, caught.value.reason) == ("INVALID_REQUEST", "WHY")
        await link.close()

    play(scene)


@pytest.mark.parametrize("method", sorted(ACTING))
def test_the_watching_link_refuses_to_send_an_action(method: str) -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        link = link_to(gateway)
        await link.open()
        with pytest.raises(NotAllowedError):
            await link.call(method, {})
        await link.call("status")
        assert method not in [seen.method for seen in gateway.requests]
        await link.close()

    play(scene)


def test_silence_is_no_answer_and_was_sent() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        gateway.faults.silent_methods = {"status"}
        link = link_to(gateway)
        await link.open()
        with pytest.raises(NoAnswerError) as caught:
            await link.call("status", timeout_s=0.2)
        assert caught.value.sent
        assert await link.call("health")
        await link.close()

    play(scene)


def test_a_late_answer_is_nobodys() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        gateway.faults.late_methods = {"status": 0.4}
        link = link_to(gateway)
        await link.open()
        with pytest.raises(NoAnswerError):
            await link.call("status", timeout_s=0.1)
        gateway.faults.late_methods = {}
        for _ in range(3):
            assert await link.call("health")
        await link.close()

    play(scene)


def test_a_cut_between_request_and_answer_was_sent() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        gateway.faults.close_after_request = {"status": 1006}
        link = link_to(gateway)
        await link.open()
        with pytest.raises(LinkLostError) as caught:
            await link.call("status")
        assert caught.value.sent
        await link.closed()
        with pytest.raises(LinkLostError) as later:
            await link.call("health")
        assert not later.value.sent
        await link.close()

    play(scene)


def test_garbage_is_counted_and_survived() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        link = link_to(gateway)
        await link.open()
        for junk in (b"\xff\x00", "{", "[]", '{"type":7}', '{"type":"event","event":3}', "null"):
            gateway.send_raw(junk)
        assert await link.call("status")
        assert link.unreadable >= 4
        await link.close()

    play(scene)


def test_a_listener_that_fails_ends_the_link_and_hangs_nobody() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        told: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: told.append(context)
        )

        def fail(pushed: Pushed) -> None:
            raise ValueError(pushed.event)

        link = link_to(gateway, on_push=fail)
        await link.open()
        waiting = asyncio.create_task(link.call("status"))
        await gateway.emit("tick", {"ts": 1})
        async with asyncio.timeout(5):
            await link.closed()
        with contextlib.suppress(LinkLostError):
            await waiting
        assert not link.is_open
        assert [str(one["exception"]) for one in told] == ["tick"]
        await link.close()

    play(scene)


def test_a_gap_in_the_sequence_is_noticed() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        pushed: list[Pushed] = []
        link = link_to(gateway, on_push=pushed.append)
        await link.open()
        await gateway.emit("tick", {"ts": 1})
        gateway.faults.skip_seq_once = True
        await gateway.emit("tick", {"ts": 2})
        await gateway.emit("tick", {"ts": 3})
        await link.call("status")
        assert sum(one.missed for one in pushed) == 1
        await link.close()

    play(scene)


def test_a_link_without_frames_is_given_up() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        gateway.faults.frozen_ticks = True
        link = link_to(gateway)
        await link.open()
        async with asyncio.timeout(15):
            await link.closed()
        assert "nothing came" in link.close_reason
        await link.close()

    play(scene, tick_interval_ms=100)


REFUSALS: list[tuple[dict[str, Any], type[ClawtopError], str]] = [
    ({"starting": True}, ConnectError, "starting"),
    ({"html_only": True}, ConnectError, "not an OpenClaw gateway"),
    ({"refuse_upgrade_status": 503}, ConnectError, "draining"),
    ({"no_challenge": True}, ConnectError, "did not answer in time"),
    ({"bad_challenge": True}, ConnectError, ""),
]


@pytest.mark.parametrize(("faults", "kind", "words"), REFUSALS, ids=lambda value: str(value)[:24])
def test_a_failed_connection_says_why(
    faults: dict[str, Any], kind: type[ClawtopError], words: str
) -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        for name, value in faults.items():
            setattr(gateway.faults, name, value)
        link = link_to(gateway, timeout_s=0.8)
        with pytest.raises(kind) as caught:
            await link.open()
        assert isinstance(caught.value, ConnectError)
        explained = await explain(caught.value, link.target)
        assert words in f"{caught.value.message} {explained.message}"
        assert not isinstance(explained, SignInError)

    play(scene)


def test_a_wrong_secret_is_not_tried_again() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        link = link_to(gateway, secret="wrong-secret")
        with pytest.raises(SignInError) as caught:
            await link.open()
        assert "wrong-secret" not in caught.value.sentence()
        assert gateway.total_connections == 1

    play(scene)


def test_nobody_there_is_named_so() -> None:
    async def scene(gateway: ScriptedGateway) -> None:
        await gateway.stop_listening()
        link = link_to(gateway)
        with pytest.raises(ConnectError) as caught:
            await link.open()
        explained = await explain(caught.value, link.target)
        assert "nothing listens" in explained.message
        assert "Start the gateway" in explained.next_step
        await gateway.start_listening()

    play(scene)
