"""``T`` and ``q``: two acts with a dialog each, a reminder on every frame, no trap at the end."""

from __future__ import annotations

import os

import pytest
from textual import events

from clawtop.gateway.methods import READ_METHODS
from clawtop.gateway.pauses import Pauses
from clawtop.picture.pause import Act, Pause
from clawtop.screen.dialogs import Choose
from tests.screen.stage import Stage, play, stage
from tests.screen.test_acting import logged


def changing(on: Stage) -> list[object]:
    """What was asked of the switch; fails for any other act."""
    reading = READ_METHODS | {"connect"}
    acts = [seen for seen in on.gateway.requests if seen.method not in reading]
    assert {seen.method for seen in acts} <= {"set-heartbeats"}
    return [seen.params["enabled"] for seen in acts]


async def choose(on: Stage, *keys: str) -> None:
    """Answer the small dialog once it is painted."""
    await on.until(lambda: isinstance(on.app.screen, Choose), "the entries")
    dialog = on.app.screen
    await on.until(lambda: getattr(dialog, "_painted_at", None) is not None, "painted")
    await on.press(*keys)


async def pause(on: Stage) -> None:
    """The whole way from the key to the pause."""
    await on.press("T")
    await choose(on, "p")
    await on.until_text("STOPS wakes", "STOPS cron jobs", "Type the gateway's name (edge-1)")
    await on.confirm_with(*"edge-1", "enter")
    await on.until_text("HEARTBEATS PAUSED")


def keep(on: Stage) -> None:
    """As if an earlier clawtop of this host had paused them ten minutes ago."""
    assert on.app.watcher is not None
    world, url = on.world, on.app.watcher.target.url
    at_ms = world.now() - 600_000
    boot = world.boot_id, world.started_at
    Pauses(os.environ, url).keep(Pause(Act.PAUSED, at_ms, "ada@desk", "edge-1", url, at_ms, *boot))


def test_t_offers_two_acts_and_pausing_takes_the_gateways_name() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.press("T")
            await on.until_text("p  pause: stop them for the whole gateway", "r  resume")
            await choose(on, "p")
            await on.confirm_with("y", "enter")
            assert changing(on) == []
            await on.press("backspace", *"edge-1", "enter")
            await on.until_text("HEARTBEATS PAUSED", "DONE: the gateway answered")
            assert changing(on) == [False]
            assert on.world.heartbeats_enabled is False
            assert [line["outcome"] for line in logged()] == ["done"]

    play(scene)


def test_resuming_takes_a_y_and_ends_the_reminder() -> None:
    async def scene() -> None:
        async with stage() as on:
            await pause(on)
            await on.until_text("by clawtop, for the whole gateway (T resumes them)")
            await on.press("T")
            await on.until_text("HEARTBEATS PAUSED by clawtop")
            await choose(on, "r")
            await on.confirm_with("y")
            await on.until(lambda: "HEARTBEATS PAUSED" not in on.text(), "the end of the reminder")
            assert changing(on) == [False, True]
            assert on.world.heartbeats_enabled is True

    play(scene)


@pytest.mark.parametrize("key", ["escape", "enter", "n", "q", "t", "y"])
def test_any_other_key_sends_nothing(key: str) -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.press("T")
            await choose(on, key)
            assert changing(on) == []
            assert isinstance(on.app.screen, Choose) is (key in "ty")

    play(scene)


def test_keys_typed_ahead_choose_nothing() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.press("T")
            await on.until(lambda: isinstance(on.app.screen, Choose), "the entries")
            dialog = on.app.screen
            await on.until(lambda: getattr(dialog, "_painted_at", None) is not None, "painted")
            early = events.Key("p", "p")
            early.time = dialog._painted_at - 0.001  # type: ignore[attr-defined]
            dialog.post_message(early)
            dialog.post_message(events.Paste("p"))
            await on.pilot.pause()
            assert on.app.screen is dialog

    play(scene)


def test_read_only_says_why_and_asks_nothing() -> None:
    async def scene() -> None:
        async with stage(read_only=True) as on:
            await on.press("T")
            await on.until_text("this is read-only")
            assert on.app.screen is on.app.board

    play(scene)


def test_a_later_clawtop_reminds_of_it_also_while_something_is_wrong() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.leak("agent:main:main")
            keep(on)
            await on.until_text("HEARTBEATS PAUSED 10m", "1 held")
            assert on.lines()[0].startswith("clawtop")
            assert "HEARTBEATS PAUSED 10m" in on.lines()[0]

    play(scene)


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
def test_the_reminder_is_never_cut_off(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(size=size) as on:
            keep(on)
            await on.until(lambda: "HEARTBEATS PAUSED 10m" in on.lines()[0], "the reminder")

    play(scene)


def test_leaving_offers_to_resume_and_y_does_both() -> None:
    async def scene() -> None:
        async with stage() as on:
            await pause(on)
            await on.press("q")
            await on.until_text("y  resume them, then quit", "n  quit, they stay paused")
            await choose(on, "y")
            await on.until(lambda: not on.app.is_running, "the end")
            assert on.app.return_code == 0
            assert changing(on) == [False, True]
        assert [line["outcome"] for line in logged()] == ["done", "done"]

    play(scene)


def test_leaving_without_resuming_is_one_key() -> None:
    async def scene() -> None:
        async with stage() as on:
            await pause(on)
            await on.press("q")
            await choose(on, "n")
            await on.until(lambda: not on.app.is_running, "the end")
            assert on.app.return_code == 0
            assert changing(on) == [False]

    play(scene)


def test_esc_stays() -> None:
    async def scene() -> None:
        async with stage() as on:
            await pause(on)
            await on.press("q")
            await choose(on, "escape")
            await on.until(lambda: on.app.screen is on.app.board, "the board")
            assert on.app.is_running
            assert changing(on) == [False]

    play(scene)


def test_a_resume_that_fails_does_not_quit_and_does_not_trap() -> None:
    async def scene() -> None:
        async with stage() as on:
            await pause(on)
            refusal = {"code": "UNAVAILABLE", "message": "not now"}
            on.gateway.faults.error_methods["set-heartbeats"] = refusal
            await on.press("q")
            await choose(on, "y")
            await on.until_text("NOT EFFECTIVE: the gateway said no: not now", "HEARTBEATS PAUSED")
            assert on.app.is_running
            await on.press("q")
            await choose(on, "n")
            await on.until(lambda: not on.app.is_running, "the end")

    play(scene)


def test_a_lost_link_offers_nothing_that_cannot_be_done() -> None:
    async def scene() -> None:
        async with stage() as on:
            await pause(on)
            await on.gateway.stop_listening(code=1006)
            await on.until_text("LINK LOST", "HEARTBEATS PAUSED")
            await on.press("q")
            await on.until(lambda: not on.app.is_running, "the end")

    play(scene)
