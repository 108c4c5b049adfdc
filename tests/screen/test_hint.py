"""A hint is said while nothing else is, and never instead of it."""

from __future__ import annotations

from tests.screen.stage import play, stage

HINT = "try X on the session in panel 2"


def test_a_hint_gives_way_to_words_and_comes_back() -> None:
    async def scene() -> None:
        async with stage() as on:
            assert on.app.board.words.text == ""
            on.app.hint = HINT
            await on.until_text(HINT)
            on.app.say("something that matters more")
            await on.until_text("matters more")
            assert HINT not in on.text()
            on.app.hush()
            await on.until_text(HINT)

    play(scene)
