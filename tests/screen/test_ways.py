"""The steps below the aborts on the screen: chosen by number, weighed, and confirmed."""

from __future__ import annotations

import pytest

from clawtop.demo import World
from clawtop.demo.model import Generation
from clawtop.gateway.methods import READ_METHODS
from clawtop.screen.dialogs import Confirm
from tests.screen.stage import Stage, play, stage

MAIN = "agent:main:main"


def world_of(generation: Generation) -> World:
    world = World(generation, companion=True)
    with world.past(180_000):
        world.leak(MAIN)
        world.waits(MAIN, "hello?", "channel")
    return world


def changing(on: Stage) -> list[str]:
    reading = READ_METHODS | {"connect"}
    return [seen.method for seen in on.gateway.requests if seen.method not in reading]


async def proved(on: Stage) -> None:
    """Until the companion has named the lock and its row is known."""
    held = on.app.store.held

    def known() -> bool:
        lock, facts = held.locks.get(MAIN), held.sessions.get(MAIN)
        return lock is not None and lock.token is not None and bool(facts and facts.session_id)

    await on.until(known, "the exact lock")
    rows = on.app.board.panel(2).model.rows
    await on.until(lambda: rows.index_of(MAIN) is not None, "its row")
    on.select(2, MAIN)


def test_x_releases_an_orphan_through_the_companion() -> None:
    async def scene() -> None:
        async with stage(world=world_of("april"), size=(100, 40)) as on:
            await proved(on)
            await on.press("X")
            await on.until_text("companion-release", "waits", "answered after the release")
            await on.confirm_with("y")
            await on.until_text("DONE", "queue moving yes")
            assert changing(on) == ["clawtop.release"]

    play(scene)


def test_a_number_on_the_page_chooses_the_way_and_a_reset_has_its_loss_typed() -> None:
    async def scene() -> None:
        async with stage(world=world_of("september"), size=(100, 50)) as on:
            await proved(on)
            await on.until(lambda: on.app.store.held.verdicts["leaked"] == 1, "the leak")
            await on.press("enter")
            await on.until_text("1 abort-session", "2 companion-release", "3 reset")
            await on.press("3")
            await on.until_text("LOSES the session's context", "Type 1 and Enter")
            await on.confirm_with("escape")
            assert changing(on) == []

    play(scene)


def test_a_number_that_is_no_way_says_so_and_does_nothing() -> None:
    async def scene() -> None:
        async with stage(world=world_of("september"), size=(100, 50)) as on:
            await proved(on)
            await on.press("enter")
            await on.until_text("WAYS OUT")
            await on.press("9")
            await on.until_text("no way out has the number 9 here", "WAYS OUT")
            assert changing(on) == []

    play(scene)


@pytest.mark.parametrize("word", ["y", "yes", "edge-2"])
def test_a_restart_wants_the_gateway_s_name_typed(word: str) -> None:
    async def scene() -> None:
        async with stage(world=world_of("april"), size=(100, 50)) as on:
            await proved(on)
            await on.press("enter")
            await on.until_text("restart the whole gateway")
            line = next(text for text in on.lines() if "restart the whole gateway" in text)
            await on.press(line.split()[0])
            await on.until_text("Type the gateway's name (edge-1)", "gateway.restart.request")
            await on.confirm_with(*word, "enter")
            assert isinstance(on.app.screen, Confirm)
            assert changing(on) == []

    play(scene)


def test_the_gateway_s_name_lets_a_restart_go() -> None:
    async def scene() -> None:
        async with stage(world=world_of("april"), size=(100, 50)) as on:
            await proved(on)
            on.app.acting._release(MAIN, "restart")
            await on.until_text("Type the gateway's name (edge-1)")
            keys = ["minus" if char == "-" else char for char in "edge-1"]
            await on.confirm_with(*keys, "enter")
            await on.until(lambda: changing(on) == ["gateway.restart.request"], "the request")

    play(scene)


def test_x_never_restarts_by_itself() -> None:
    async def scene() -> None:
        world = World("september", companion=True)
        with world.past(40_000):
            world.hold_delivery(MAIN).since -= 5_000
        async with stage(world=world, size=(100, 40)) as on:
            await proved(on)
            await on.press("X")
            await on.until_text("nothing but a restart of the gateway helps")
            assert changing(on) == []

    play(scene)
