"""Every key of the one table: it does what the help says, or says why not."""

from __future__ import annotations

import pytest

from clawtop.screen.dialogs import Choose, Confirm
from clawtop.screen.help import Help
from clawtop.screen.keys import ACTING, FOOT, GROUPS, LOOKING, MOVING, REPLAYING, foot_text
from clawtop.screen.palette import Palette
from clawtop.screen.reading import Reading
from clawtop.screen.replaying import NO_RECORDING
from tests.screen.stage import Stage, play, stage

KEYS = [f"agent:main:s{number}" for number in range(30)]

# What is on the screen after the key, with a lock selected.
SHOWS = {
    "enter": "HOW WE KNOW",
    "s": "locks sorted by oldest",
    "f": "FROZEN at",
    "z": "z mutes an incident",
    "l": "LOG  agent:main:s",
    "5": "LANES",
    "a": "ACTION LOG",
    "c": "COPIED",
    "r": "asking everything again",
    "colon": "Type words of a command",
    "question_mark": "what changed since the last w",
    "w": "WHAT CHANGED",
    "X": "abort-run",
    "K": "abort-run",
    "N": "N acts on an approval",
    "T": "pause: stop them",
}
# What has a test of its own below, or beside.
ELSEWHERE = {"slash", "ctrl+l", "escape", "q"}
OPENS = {
    "enter": Reading,
    "l": Reading,
    "5": Reading,
    "a": Reading,
    "c": Reading,
    "w": Reading,
    "question_mark": Help,
    "colon": Palette,
    "X": Confirm,
    "K": Confirm,
    "T": Choose,
}


async def thirty(on: Stage) -> None:
    """Locks enough for more than one page, the panel of locks in focus."""
    for number, key in enumerate(KEYS):
        on.world.start_run(key, "rpc", run_id=f"run-{number}", progress=True)
    await on.until(lambda: len(on.app.board.panel(2).model.rows) == len(KEYS), "thirty locks")


def place(on: Stage) -> int | None:
    """Which row of the locks is selected."""
    view = on.app.board.panel(2)
    return None if view.table.selected is None else view.model.rows.index_of(view.table.selected)


def test_every_key_has_its_case_here() -> None:
    looking = {key.keys for group in (LOOKING, ACTING) for key in group}
    assert looking == SHOWS.keys() | ELSEWHERE
    assert OPENS.keys() <= SHOWS.keys()


def test_no_key_is_bound_twice_and_none_is_part_of_a_broken_escape_sequence() -> None:
    bound = [one for _, group in GROUPS for key in group for one in key.keys.split(",")]
    assert len(bound) == len(set(bound))
    broken = {"left_square_bracket", *"OABCDFHPQRSZ", "tilde"}
    assert not broken & set(bound)
    assert not {"ctrl+q", "ctrl+p", "ctrl+s", "ctrl+z"} & set(bound)


@pytest.mark.parametrize("key", SHOWS)
def test_a_key_does_what_the_help_says(key: str) -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            on.world.start_run(KEYS[0], "rpc", run_id="run-0", progress=True)
            await on.until_text("1 held", KEYS[0])
            await on.press(key)
            await on.until_text(SHOWS[key])
            wanted = OPENS.get(key)
            assert isinstance(on.app.screen, wanted) if wanted else on.app.screen is on.app.board
            await on.press("escape")
            await on.until(lambda: on.app.screen is on.app.board, "one level back")

    play(scene)


def test_moving_keys_move_the_selection() -> None:
    async def scene() -> None:
        async with stage() as on:
            await thirty(on)
            page = on.app.board.panel(2).table.size.height - 1
            steps = [
                ("down", 1), ("j", 2), ("k", 1), ("up", 0), ("pagedown", page), ("pageup", 0),
                ("G", 29), ("g", 0), ("end", 29), ("home", 0),
            ]  # fmt: skip
            for key, wanted in steps:
                await on.press(key)
                assert place(on) == wanted, key
            tested = {key for key, _ in steps} | {"tab", "shift+tab", *"01234"}
            assert tested == {one for key in MOVING for one in key.keys.split(",")}

    play(scene)


def test_panel_keys_focus_their_panel() -> None:
    async def scene() -> None:
        async with stage() as on:
            for number in (0, 1, 2, 3, 4):
                await on.press(str(number))
                assert on.app.board.focused_panel().model.number == number
            await on.press("tab")
            assert on.app.board.focused_panel().model.number == 0
            await on.press("shift+tab")
            assert on.app.board.focused_panel().model.number == 4

    play(scene)


def test_the_keys_of_a_replay_say_that_there_is_none() -> None:
    async def scene() -> None:
        async with stage() as on:
            for one in (one for key in REPLAYING for one in key.keys.split(",")):
                on.app.hush()
                await on.press(one)
                await on.until_text(NO_RECORDING)

    play(scene)


def test_repaint_leaves_the_picture_as_it_is() -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            await on.until_text("no approvals pending")
            before = on.lines()[2:]
            await on.press("ctrl+l")
            assert on.lines()[2:] == before

    play(scene)


def test_a_key_that_is_in_no_table_does_nothing() -> None:
    async def scene() -> None:
        async with stage() as on:
            await thirty(on)
            before = place(on)
            for key in ("A", "B", "C", "D", "F", "H", "x", "y", "left_square_bracket", "ctrl+p"):
                await on.press(key)
                assert on.app.screen is on.app.board, key
                assert place(on) == before, key

    play(scene)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_the_footer_has_whole_words_only(width: int) -> None:
    text = foot_text(width)
    assert len(text) <= width
    names = {f"{key.shown or key.keys} {key.foot}" for _, group in GROUPS for key in group}
    assert set(text.split("  ")) <= names


def test_the_footer_knows_every_key_that_has_a_word_for_it() -> None:
    assert set(FOOT) == {key.keys for _, group in GROUPS for key in group if key.foot}


def test_help_opens_once_and_also_over_a_page() -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            await on.press("w")
            await on.until_text("WHAT CHANGED")
            await on.press("question_mark", "question_mark")
            await on.until(lambda: isinstance(on.app.screen, Help), "the help")
            await on.press("escape")
            await on.until_text("WHAT CHANGED")

    play(scene)


@pytest.mark.parametrize("key", OPENS)
def test_ctrl_c_quits_from_everything_that_opens(key: str) -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            on.world.start_run(KEYS[0], "rpc", run_id="run-0", progress=True)
            await on.until_text("1 held", KEYS[0])
            await on.press(key)
            await on.until(lambda: isinstance(on.app.screen, OPENS[key]), "what it opens")
            await on.press("ctrl+c")
            await on.until(lambda: on.app.return_code == 130, "the end")

    play(scene)
