"""When the app paints: after a key was answered, and never more than a part of the time."""

from __future__ import annotations

import asyncio
import time

import pytest

from clawtop.screen.app import FRAME_S, LONGEST_S
from tests.screen.stage import play, stage


def test_a_paint_lets_the_answer_to_a_key_go_first_once() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.until_text("nothing is wrong")
            on.app._gave_way, on.app._painted_at = False, 0.0
            on.app._pressed_at = time.monotonic() + 60  # a key that is still fresh at any speed
            on.app._paint()
            assert on.app._painted_at == 0.0
            on.app._paint()
            assert on.app._painted_at > 0.0

    play(scene)


@pytest.mark.parametrize(
    ("took_s", "pause_s"), [(0.001, FRAME_S), (0.05, 0.3), (2.0, LONGEST_S)], ids=str
)
def test_a_paint_that_took_long_is_followed_by_a_longer_pause(
    monkeypatch: pytest.MonkeyPatch, took_s: float, pause_s: float
) -> None:
    waits: list[float] = []

    async def scene() -> None:
        async with stage() as on:
            await on.until_text("nothing is wrong")
            loop = asyncio.get_running_loop()
            monkeypatch.setattr(loop, "call_later", lambda wait, *_: waits.append(wait))
            on.app._armed, on.app._paint_took_s = False, took_s
            painted = on.app._painted_at = time.monotonic() + 1_000  # not over, however slow
            before = time.monotonic()
            on.app.dirty()
            after = time.monotonic()
            monkeypatch.undo()
            on.app._armed = False
            margin = 1e-6
            assert painted + pause_s - after - margin <= waits[0]
            assert waits[0] <= painted + pause_s - before + margin

    play(scene)
