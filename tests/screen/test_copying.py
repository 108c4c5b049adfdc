"""``c``: the full id on a line of its own, and the shell command that does the same."""

from __future__ import annotations

from typing import Any

import pytest

from clawtop.screen.copying import things
from clawtop.screen.dashboard import LOCKS
from tests.screen.stage import Stage, play, stage

LONG = "agent:main:slack:channel:" + "c" * 90 + ":thread:17"
MASKED = "curl -H 'Authorization: Bearer abcdefgh12345678'"


def copied(on: Stage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the terminal's clipboard."""
    texts: list[str] = []
    monkeypatch.setattr(on.app, "copy_to_clipboard", texts.append)
    return texts


def test_the_key_of_a_lock_is_copied_and_its_command_by_a_digit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        async with stage(size=(160, 30)) as on:
            texts = copied(on, monkeypatch)
            on.world.start_run(LONG, "rpc", run_id="run-1", progress=True)
            await on.until_text("1 held")
            await on.press("c")
            await on.until_text("COPIED", "session id")
            assert texts == [LONG]
            assert f" {LONG}" in on.lines(), "the whole id, alone on its line"
            commands = [one for one in things(on.app.record(), on.app.store) if "shell" in one.what]
            assert commands[0].text.startswith(f"clawtop release {LONG} --step abort-run")
            place = things(on.app.record(), on.app.store).index(commands[0]) + 1
            await on.press(str(place))
            assert texts == [LONG, commands[0].text]
            await on.until_text(f"COPIED, if this terminal allows it: {commands[0].what}")
            await on.press("9" if len(things(on.app.record(), on.app.store)) < 9 else "0")
            assert len(texts) == 2, "a digit without a text copies nothing"

    play(scene)


def test_ids_of_approvals_and_a_masked_command(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with stage(size=(120, 36)) as on:
            texts = copied(on, monkeypatch)
            ids = [on.world.request_approval(MASKED, "agent:main:asks") for _ in range(2)]
            await on.until_text("2 pending")
            await on.press("3", "c")
            await on.until_text("COPIED", "clawtop deny --duplicates --keep")
            shown = on.text()
            assert all(str(_id(one)) in shown for one in ids)
            assert "abcdefgh12345678" not in shown
            assert texts == [on.app.record()[0].id]

    play(scene)


def test_a_hostile_id_is_copied_as_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with stage(size=(120, 36)) as on:
            texts = copied(on, monkeypatch)
            on.world.start_run("agent:main:\x1b]52;c;aGk=\x07", "rpc", progress=True)
            await on.until_text("1 held")
            on.app.board.focus_panel(LOCKS)
            await on.press("c")
            await on.until_text("COPIED")
            assert texts == ["agent:main:\\x1b]52;c;aGk=\\x07"]

    play(scene)


def test_nothing_selected_says_so() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.press("c")
            await on.until_text("nothing is selected here")

    play(scene)


def _id(approval: Any) -> str:
    return approval if isinstance(approval, str) else str(approval.id)
