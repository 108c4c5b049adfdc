"""The command palette: what it lists, what it finds, and that it does what it says."""

from __future__ import annotations

import pytest

from clawtop.screen.dashboard import LOCKS
from clawtop.screen.dialogs import Confirm
from clawtop.screen.keys import ACTING, LOOKING
from clawtop.screen.palette import Entry, Palette, entries, matching
from tests.screen.stage import play, stage

MAIN = "agent:main:main"
HOSTILE = "agent:main:x'); quit(\"\\n\x1b[2J\n]"


def test_it_lists_every_key_that_looks_or_acts() -> None:
    listed = {one.action for one in entries((), ())}
    wanted = {key.action for group in (LOOKING, ACTING) for key in group}
    assert wanted - listed == {"palette", "up_level", "open"}


def test_every_typed_word_has_to_be_there_and_what_begins_so_comes_first() -> None:
    found = [Entry("quit", "a"), Entry("log lines, or quit", "b"), Entry("quiet", "c")]
    assert [one.action for one in matching(found, "QUI")] == ["a", "c", "b"]
    assert [one.action for one in matching(found, "qui lin")] == ["b"]
    assert matching(found, "nothing of that") == []


def test_words_typed_at_once_choose_and_enter_does_it() -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            on.world.start_run(MAIN, "rpc", progress=True)
            await on.until_text("1 held")
            on.type_at_once(*":sort session", "enter")
            panel = on.app.board.panel(LOCKS)
            await on.until(lambda: panel.model.order_name == "session", "the order")
            assert on.app.frozen_ms is None

    play(scene)


def test_an_acting_command_still_asks() -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1", progress=True)
            await on.until_text("1 held")
            await on.press("colon", *"kill", "enter")
            await on.until(lambda: isinstance(on.app.screen, Confirm), "the confirmation")

    play(scene)


@pytest.mark.parametrize("key", ["agent:main:telegram:dm:42", HOSTILE], ids=["plain", "hostile"])
def test_a_session_is_gone_to_by_its_key(key: str) -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            on.world.start_run(MAIN, "rpc", progress=True)
            on.world.start_run(key, "rpc", progress=True)
            await on.until_text("2 held")
            await on.press("3")
            await on.press("colon", *"go", "space", *key[:13], "enter")
            await on.until(lambda: on.app.screen is on.app.board, "it closed")
            assert on.app.board.focused_panel().model.number == LOCKS
            assert on.app.board.table().selected == key

    play(scene)


def test_arrows_choose_among_what_is_found_and_esc_does_nothing() -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            await on.press("colon", *"sort", "space", *"by", "down", "enter")
            await on.until(lambda: on.app.screen is on.app.board, "it closed")
            chosen = on.app.board.panel(LOCKS).model.order_name
            assert chosen == next(iter(on.app.board.panel(LOCKS).model.orders()))
            await on.press("colon")
            await on.until(lambda: isinstance(on.app.screen, Palette), "the palette")
            await on.press(*"sort", "escape")
            await on.until(lambda: on.app.screen is on.app.board, "it closed")
            assert on.app.board.panel(LOCKS).model.order_name == chosen

    play(scene)


def test_words_that_find_nothing_do_nothing() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.press("colon", *"xyzzy", "enter")
            await on.until(lambda: on.app.screen is on.app.board, "it closed")

    play(scene)
