"""The dashboard while a person has to approve this device, and after."""

from __future__ import annotations

import os
import re

import pytest

from clawtop.demo import ScriptedGateway
from clawtop.demo.pairing import Pairing
from clawtop.gateway.keyring import Keyring

from .stage import play, stage

COMMAND = re.compile(r"openclaw devices approve ([0-9a-f-]{36})")


def afar(generation: str = "september") -> tuple[ScriptedGateway, Pairing]:
    gateway = ScriptedGateway(generation)  # type: ignore[arg-type]
    gateway.pairing = Pairing()
    return gateway, gateway.pairing


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_the_command_stands_there_whole_and_r_looks_at_once(size: tuple[int, int]) -> None:
    async def scene() -> None:
        gateway, pairing = afar()
        keys = Keyring(os.environ)
        async with stage(gateway, secret=gateway.token, size=size, keys=keys) as on:
            await on.until_text("openclaw devices approve", "trying again in", "(r: now)")
            found = COMMAND.search(on.text())
            assert found is not None
            ((request, _scopes),) = pairing.pending.values()
            assert found.group(1) == request
            pairing.approve()
            await on.press("r")
            await on.until_text("  live  ")
            await on.until(lambda: not COMMAND.search(on.text()), "the command is gone")
            assert pairing.asked == 1

    play(scene)


def test_it_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawtop.gateway.pairing.ASK_EVERY_S", 0.2)

    async def scene() -> None:
        gateway, pairing = afar()
        async with stage(gateway, secret=gateway.token, keys=Keyring(os.environ)) as on:
            await on.until_text("openclaw devices approve")
            pairing.approve()
            await on.until_text("  live  ", "can act")

    play(scene)


def test_an_older_gateway_that_grants_a_device_more_than_it_asks_is_said() -> None:
    async def scene() -> None:
        gateway, pairing = afar("april")
        keys = Keyring(os.environ)
        pairing.pending[keys.device().id] = "x", {"operator.read", "operator.admin"}
        pairing.approve()
        async with stage(gateway, secret=gateway.token, keys=keys, read_only=True) as on:
            await on.until_text("  live  ", "read-only", "APPROVAL ROUTE")

    play(scene)


@pytest.mark.parametrize("size", [(80, 24), (140, 30)])
def test_a_device_that_was_approved_for_less_shows_what_it_may_and_how_to_get_more(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clawtop.gateway.watch.ASK_EVERY_S", 0.2)

    async def scene() -> None:
        gateway, pairing = afar()
        keys = Keyring(os.environ)
        pairing.pending[keys.device().id] = "x", {"operator.read"}
        pairing.approve()
        async with stage(gateway, secret=gateway.token, keys=keys, size=size) as on:
            await on.until_text("  live  ", "NOT GRANTED approvals, admin")
            await on.until(lambda: COMMAND.search(on.text()), "the command stands there whole")
            found = COMMAND.search(on.text())
            assert found is not None
            ((request, _scopes),) = pairing.pending.values()
            assert found.group(1) == request
            pairing.approve()
            await on.until_text("  live  ", "can act")
            assert not COMMAND.search(on.text())

    play(scene)
