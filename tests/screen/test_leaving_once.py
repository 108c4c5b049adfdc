"""A dialog that is left by two keys at once, as a slow link brings them, is left once."""

from __future__ import annotations

import pytest

from clawtop.demo import World
from clawtop.screen.dialogs import Choose, Confirm
from clawtop.screen.palette import Palette
from clawtop.screen.reading import Reading
from tests.screen.stage import play, stage

KEY = "agent:main:hung"


@pytest.mark.parametrize(
    ("opens", "kind"), [("T", Choose), ("question_mark", Reading), ("colon", Palette)]
)
@pytest.mark.parametrize("leaves", ["enter", "escape"])
def test_a_second_key_leaves_nothing_else(opens: str, kind: type, leaves: str) -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.press(opens)
            await on.until(lambda: isinstance(on.app.screen, kind), "it is open")
            on.type_at_once(leaves, leaves, leaves)
            await on.until(lambda: on.app.screen is on.app.board, "the dashboard")
            await on.press("2")
            assert on.app.is_running

    play(scene)


def test_two_times_yes_is_one_abort() -> None:
    async def scene() -> None:
        world = World("september")
        world.start_run(KEY, "rpc", run_id="run-1")
        async with stage(world=world) as on:
            await on.until_text(KEY)
            await on.press("2", "g", "K")
            await on.until(lambda: isinstance(on.app.screen, Confirm), "a dialog")
            dialog = on.app.screen
            await on.until(lambda: getattr(dialog, "_painted_at", None) is not None, "painted")
            on.type_at_once("y", "y", "y")
            await on.until(
                lambda: not on.app.doing.in_flight and KEY not in on.app.store.held.locks
            )
            sent = [seen.method for seen in on.gateway.requests]
            assert sent.count("sessions.abort") == 1

    play(scene)
