"""Whatever is typed: watching only reads, and an action's link carries its plan and no more.

The keys are pressed by somebody who says yes to nearly everything; where acting is allowed they
do act, which shows that the read-only runs would have.
"""

from __future__ import annotations

import random

import pytest

from clawtop.demo import ScriptedGateway, World
from clawtop.demo.model import Generation
from clawtop.gateway.methods import READ_METHODS
from clawtop.remedies.scopes import ACTING, ADMIN, APPROVALS, READ, scopes_for
from clawtop.screen.dialogs import Choose, Dialog
from clawtop.screen.keys import GROUPS
from tests.screen.stage import Stage, play, stage

BOUND = [key for _, group in GROUPS for keys in group for key in keys.keys.split(",")]
WORDS = [*"0123456789yneY", "backspace", "down", "up", "enter", "space", "escape"]
LEAVES = ("q", "ctrl+c")  # leaving has tests of its own
EAGER = [*"XKNT", *"XKNT", *"01234jg", "escape"]
KEYS_A_RUN = 60
ENDED = "Exec finished (node=n, id=i, code 0)"


def trouble(generation: Generation) -> World:
    """Something for every key to act on."""
    world = World(generation, companion=True, allow_release=True)
    with world.past(1_200_000):
        world.leak("agent:main:leaked")
        world.waits("agent:main:leaked", "hello?")
        world.start_run("agent:main:hung", "rpc")
        world.stick_in_hook("agent:main:stuck")
        asks = "agent:main:asks"
        world.start_run(asks, "rpc", run_id="asking")
        for _ in range(2):
            world.request_approval("make deploy", asks)
        for text in (ENDED, "node n reconnected", ENDED):
            world.enqueue_event("agent:main:main", text)
    return world


def typed(seed: int) -> list[str]:
    """Keys as somebody at a loss presses them: anything, and often what acts."""
    chance = random.Random(seed)
    keys = [key for key in BOUND if key not in LEAVES]
    return [
        chance.choice(chance.choice((keys, keys, WORDS, EAGER, EAGER))) for _ in range(KEYS_A_RUN)
    ]


async def press_all(on: Stage, seed: int) -> None:
    """Some keys at once, as a slow link brings them; most dialogs are answered with a yes."""
    chance, keys = random.Random(seed), typed(seed)
    while keys:
        some = chance.randint(1, 3)
        on.type_at_once(*(key for key in keys[:some]))
        await on.pilot.pause()
        if chance.random() < 0.8:
            await agree(on, chance)
        keys = keys[some:]


async def agree(on: Stage, chance: random.Random) -> None:
    """Go on with what the dialog asks, if there is one: its word, a choice of it, or yes."""
    dialog = on.app.screen
    if not isinstance(dialog, Dialog):
        return
    await on.until(lambda: dialog._painted_at is not None or on.app.screen is not dialog)
    word = getattr(dialog, "_word", None)
    if word is not None:
        await on.press(*word, "enter")
    elif isinstance(dialog, Choose):
        await on.press(chance.choice(list(dialog._entries)))
    else:
        choices = [key for key, _, _ in getattr(dialog, "_choices", ())]
        await on.press(*chance.sample(choices, min(len(choices), 1)), "y")


def links(gateway: ScriptedGateway) -> dict[int, tuple[tuple[str, ...], set[str]]]:
    """Each connection: the scopes it asked for, and what it sent."""
    found: dict[int, tuple[tuple[str, ...], set[str]]] = {}
    for seen in gateway.requests:
        if seen.method == "connect":
            found[seen.conn] = tuple(seen.params["scopes"]), set()
        else:
            found[seen.conn][1].add(seen.method)
    return found


@pytest.mark.parametrize("generation", ["september", "april"])
@pytest.mark.parametrize("seed", range(2))
def test_no_sequence_of_keys_slips_past_read_only(seed: int, generation: Generation) -> None:
    async def scene() -> None:
        async with stage(world=trouble(generation), read_only=True) as on:
            await press_all(on, seed)
            ((asked, sent),) = links(on.gateway).values()
            assert asked == (READ,)
            assert sent <= READ_METHODS
            assert len(sent) > 3

    play(scene)


@pytest.mark.parametrize("generation", ["september", "april"])
@pytest.mark.parametrize("seed", range(2))
def test_what_acts_has_a_link_of_its_own_with_the_scopes_of_its_plan(
    seed: int, generation: Generation
) -> None:
    async def scene() -> None:
        async with stage(world=trouble(generation)) as on:
            await press_all(on, seed)
            (asked, sent), *actions = links(on.gateway).values()
            assert asked == (READ, APPROVALS, ADMIN)
            assert sent <= READ_METHODS
            acted = 0
            for scopes, methods in actions:
                assert methods <= READ_METHODS | ACTING.keys()
                if acting := methods & ACTING.keys():  # else it has not sent it yet
                    assert scopes == scopes_for(acting)
                    acted += 1
            assert acted, "this proves nothing"

    play(scene)
