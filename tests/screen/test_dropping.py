"""N on a line that is queued twice: one copy goes, through the companion, after a question."""

from __future__ import annotations

import pytest

from clawtop.demo import Generation, World
from clawtop.gateway.methods import READ_METHODS
from tests.screen.stage import Stage, play, stage

KEY = "agent:main:chat"
ENDED = "Exec finished (node=n1, id=ab12, code 0)"


def world(generation: Generation = "september", *, companion: bool = True) -> World:
    made = World(generation, companion=companion)
    for text in (ENDED, "node n1 reconnected", ENDED):
        made.enqueue_event(KEY if companion else made.main_key, text)
    return made


def line_id(on: Stage, position: int) -> str:
    return on.app.store.queue.events[position].id


def changing(on: Stage) -> list[str]:
    reading = READ_METHODS | {"connect"}
    return [seen.method for seen in on.gateway.requests if seen.method not in reading]


@pytest.mark.parametrize("generation", ["april", "september"])
def test_n_then_y_drops_the_selected_copy_only(generation: Generation) -> None:
    async def scene() -> None:
        async with stage(world=world(generation)) as on:
            await on.until_text("3 pending", "1 copy")
            last = on.world.queues[KEY][2].token
            on.select(1, line_id(on, 2))
            await on.press("N")
            await on.until_text("the other copy stays", KEY, "drop     #2", "keep     #0")
            await on.confirm_with("y")
            await on.until_text("DONE", "2 pending")
            assert on.world.system_events[KEY] == [ENDED, "node n1 reconnected"]
            sent = [one.params for one in on.gateway.requests if one.method == "clawtop.dropEvent"]
            assert sent == [{"key": KEY, "token": last}]

    play(scene)


@pytest.mark.parametrize("key", ["escape", "n", "q", "enter"])
def test_cancel_sends_nothing(key: str) -> None:
    async def scene() -> None:
        async with stage(world=world()) as on:
            await on.until_text("3 pending")
            on.select(1, line_id(on, 2))
            await on.press("N")
            await on.confirm_with(key)
            await on.until(lambda: on.app.screen is on.app.board, "the board")
            assert changing(on) == []

    play(scene)


def test_a_line_that_is_no_copy_is_not_dropped() -> None:
    async def scene() -> None:
        async with stage(world=world()) as on:
            await on.until_text("3 pending")
            on.select(1, line_id(on, 1))
            await on.press("N")
            await on.until_text("is no copy of another")
            assert changing(on) == []

    play(scene)


def test_without_a_companion_it_says_how_to_get_one() -> None:
    async def scene() -> None:
        async with stage(world=world(companion=False)) as on:
            await on.until_text("3 pending")
            on.select(1, line_id(on, 2))
            await on.press("N")
            await on.until_text("no companion")
            await on.press("enter")
            await on.until_text("drop-event  no:", "clawtop companion install")
            assert changing(on) == []

    play(scene)


def test_the_incident_offers_it_and_its_page_has_the_command_line() -> None:
    async def scene() -> None:
        async with stage(world=world()) as on:
            await on.until_text("duplicate completion")
            assert on.app.standing is not None
            engine = on.app.standing.engine
            (incident,) = [one for one in engine.open.values() if one.id == "I-02"]
            on.select(0, incident.key)
            await on.press("enter")
            token = on.world.queues[KEY][2].token
            await on.until_text("N drop-event", f"clawtop drop-event {KEY} --position 2", token)
            await on.press("N")
            await on.confirm_with("y")
            await on.until(lambda: len(on.world.queues[KEY]) == 2, "one copy is gone")
            await on.until(lambda: incident.key not in engine.open, "it is over")

    play(scene)
