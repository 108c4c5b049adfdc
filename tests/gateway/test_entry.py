"""Signing in with the least that opens it, on an embedded gateway that wants approved devices."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from clawtop.demo import ScriptedGateway
from clawtop.demo.pairing import Pairing
from clawtop.errors import FindError, PairingError, SignInError
from clawtop.gateway.act import acting_link
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.entry import Errand, enter
from clawtop.gateway.find import Target
from clawtop.gateway.keyring import Keyring
from clawtop.gateway.manner import Manner
from clawtop.gateway.methods import READ_METHODS
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store

READ = ("operator.read",)
MORE = ("operator.read", "operator.approvals", "operator.admin")
GENERATIONS = ("september", "april")


class Door:
    """Clawtop before an embedded gateway: what it showed there, attempt by attempt."""

    def __init__(self, gateway: ScriptedGateway) -> None:
        self.gateway = gateway
        self.keys = Keyring(os.environ)
        self.secret: Secret | None = Secret("token", gateway.token)

    @property
    def client(self) -> Client:
        return Client("0.0", "linux", "clawtop (tester@desk)", "test", keys=self.keys)

    @property
    def target(self) -> Target:
        return Target(self.gateway.url, "edge-1", self.secret, "a test", "a test")

    async def scopes(self, asked: tuple[str, ...] = READ, *, may_ask: bool = True) -> set[str]:
        """Enter; what was granted."""
        errand = Errand(self.target, self.client, asked, READ_METHODS, GatewayClock(), 3.0)
        link, hello = await enter(errand, may_ask=may_ask)
        await link.close()
        return set(hello.auth.scopes)

    def shown(self) -> list[list[str]]:
        """What each attempt so far came with; forgets them."""
        found = []
        for seen in self.gateway.requests:
            names = list(seen.params.get("auth", {}))
            found.append(names + ["device"] * ("device" in seen.params))
        self.gateway.requests.clear()
        return found


Scene = Callable[[Door, Pairing], Awaitable[None]]


def play(scene: Scene, generation: str = "september", *, afar: bool = True) -> None:
    async def run() -> None:
        async with asyncio.timeout(30), ScriptedGateway(generation) as gateway:  # type: ignore[arg-type]
            pairing = Pairing()
            gateway.pairing = pairing if afar else None
            await scene(Door(gateway), pairing)

    asyncio.run(run())


async def pair(door: Door, pairing: Pairing, scopes: tuple[str, ...] = READ) -> None:
    with pytest.raises(PairingError):
        await door.scopes(scopes)
    pairing.approve()
    await door.scopes(scopes)
    door.shown()


def test_on_this_host_the_secret_is_enough_and_no_key_is_made() -> None:
    async def scene(door: Door, _: Pairing) -> None:
        assert await door.scopes(MORE) == set(MORE)
        assert door.shown() == [["token"]]
        assert not door.keys.path.exists()

    play(scene, afar=False)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_where_the_secret_alone_is_granted_nothing_the_device_asks(generation: str) -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        with pytest.raises(PairingError) as told:
            await door.scopes()
        assert door.shown() == [["token"], ["token", "device"]]
        request = next(iter(pairing.pending.values()))[0]
        assert told.value.request_id == request
        assert told.value.next_step == f"On its host: openclaw devices approve {request}"
        with pytest.raises(PairingError, match=r"approve this device for operator\.read") as again:
            await door.scopes()
        assert (again.value.request_id, pairing.asked) == (request, 1)

    play(scene, generation)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_once_approved_the_secret_does_not_travel_any_more(generation: str) -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        assert await door.scopes() == set(READ)
        assert door.shown() == [["deviceToken", "device"]]
        door.secret = None
        assert await door.scopes() == set(READ)

    play(scene, generation)


def test_an_older_gateway_grants_a_device_all_it_was_approved_for() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing, MORE)
        assert await door.scopes(READ) == {*MORE, "operator.write"}

    play(scene, "april")


def test_more_scopes_are_asked_for_with_the_secret_and_only_where_that_is_wanted() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        with pytest.raises(SignInError, match=r"less than operator\.read, operator\.approvals"):
            await door.scopes(MORE, may_ask=False)
        assert (door.shown(), pairing.asked) == ([["deviceToken", "device"]], 1)
        with pytest.raises(PairingError, match="has approved this device for less than") as told:
            await door.scopes(MORE)
        assert told.value.next_step.endswith("; or look with --read-only")
        assert await door.scopes(READ) == set(READ)
        pairing.approve()
        assert await door.scopes(MORE) == set(MORE)
        door.shown()
        assert await door.scopes(MORE) == set(MORE)
        assert door.shown() == [["deviceToken", "device"]]

    play(scene)


def test_a_token_that_was_replaced_is_fetched_again_with_the_secret() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        (one,) = pairing.paired.values()
        one.token = "another"
        assert await door.scopes() == set(READ)
        assert door.shown() == [["deviceToken", "device"], ["token", "device"]]
        assert await door.scopes() == set(READ)
        assert door.shown() == [["deviceToken", "device"]]

    play(scene)


def test_a_removed_device_without_the_secret_is_told_what_to_do() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        pairing.paired.clear()
        door.secret = None
        with pytest.raises(SignInError, match="does not take this device's token any more") as told:
            await door.scopes()
        assert "--token-file" in told.value.next_step
        assert len(door.shown()) == 1
        assert (pairing.asked, list(door.keys.path.parent.glob("devices/*"))) == (1, [])

    play(scene)


def test_a_refused_secret_is_not_tried_twice() -> None:
    async def scene(door: Door, _: Pairing) -> None:
        door.secret = Secret("token", "wrong")
        with pytest.raises(SignInError, match="refused the secret"):
            await door.scopes()
        assert door.shown() == [["token"]]

    play(scene)


@pytest.mark.parametrize("given", ["$(reboot)", "a b", "", "x" * 65, "-rf", 7, None, "a\n"])
def test_a_request_id_that_is_no_word_is_not_put_into_a_command(given: object) -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        device = door.keys.device().id
        pairing.pending[device] = (given, set(READ))  # type: ignore[assignment]
        with pytest.raises(PairingError) as told:
            await door.scopes()
        assert told.value.next_step == "On its host: openclaw devices list"

    play(scene)


def test_nothing_of_a_token_is_in_what_is_recorded_of_a_greeting() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        (one,) = pairing.paired.values()
        errand = Errand(door.target, door.client, READ, READ_METHODS, GatewayClock(), 3.0)
        link, hello = await enter(errand)
        await link.close()
        assert link.device_token == one.token
        assert one.token not in repr(hello) + repr(errand)

    play(scene)


def watcher_of(door: Door, *, one_shot: bool = False) -> Watcher:
    return Watcher(door.target, door.client, Store(), Manner(one_shot=one_shot, timeout_s=3))


def test_one_look_with_a_device_approved_for_less_asks_nobody_for_more() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        watcher = watcher_of(door, one_shot=True)
        await watcher.connect()
        await watcher.close()
        assert watcher.store.facts is not None
        assert watcher.store.facts.scopes == READ
        assert (pairing.asked, pairing.pending) == (1, {})

    play(scene)


async def ended(task: asyncio.Task[None], seen: Callable[[], bool]) -> None:
    """Wait until ``seen()`` or the task's end."""
    deadline = time.monotonic() + 10
    while not (seen() or task.done()):
        assert time.monotonic() < deadline, "neither came"
        await asyncio.sleep(0.01)


def test_a_watcher_stops_asking_when_nobody_approves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawtop.gateway.pairing.ASK_EVERY_S", 0.02)

    async def scene(door: Door, pairing: Pairing) -> None:
        watcher = watcher_of(door)
        running = asyncio.create_task(watcher.run())
        for number in (1, 2, 3):
            await ended(running, lambda number=number: pairing.asked == number)  # type: ignore[misc]
            door.shown()
            await ended(running, lambda: len(door.gateway.requests) >= 4)  # it asks, but no more
            assert (pairing.asked, running.done()) == (number, False)
            pairing.reject()
        with pytest.raises(SignInError, match="nobody approved this device"):
            await running
        assert pairing.asked == 4
        await watcher.close()

    play(scene)


def test_a_key_that_cannot_be_used_ends_the_watch(tmp_path: Path) -> None:
    async def scene(door: Door, _: Pairing) -> None:
        door.keys.path.parent.mkdir(parents=True)
        door.keys.path.write_text("{")
        watcher = watcher_of(door)
        with pytest.raises(FindError, match=r"device\.json"):
            await watcher.run()
        assert "device.json" in watcher.store.link_why
        await watcher.close()

    play(scene)


@pytest.mark.parametrize(
    ("method", "scope"),
    [("sessions.abort", "operator.write"), ("sessions.reset", "operator.admin")],
)
def test_an_action_names_the_scope_that_is_missing_and_the_command(method: str, scope: str) -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        watcher = Watcher(door.target, door.client, Store(), Manner(approvals="off", timeout_s=3))
        await watcher.connect()
        with pytest.raises(PairingError, match=rf"less than [a-z., ]*{scope}") as told:
            await acting_link(watcher, (method,))
        assert "openclaw devices approve" in told.value.next_step
        pairing.approve()
        link = await acting_link(watcher, (method,))
        assert link.greeting is not None
        assert scope in link.greeting.auth.scopes
        await link.close()
        await watcher.close()
        assert method not in {seen.method for seen in door.gateway.requests}

    play(scene)


def test_a_plaintext_link_never_carries_the_kept_token() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        elsewhere = replace(door.target, url="ws://edge-1:18789")
        door.keys.keep(replace(elsewhere, allow_plaintext=True), "device-token")
        assert door.keys.token(elsewhere) is None

    play(scene)
