"""What is on the terminal after only changes were sent is what a full repaint would put there."""

from __future__ import annotations

import gc
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from rich.console import Console
from textual.events import Resize
from textual.widget import Widget

from clawtop.screen.terminal import output
from clawtop.screen.terminal.frame import Frames, can_be_compared
from clawtop.screen.terminal.output import FULL
from tests.screen.stage import Stage, play, stage
from tests.screen.terminal.emulator import Emulator, driver_of, repainted

SIZES = [(60, 16), (80, 24), (120, 36), (200, 50)]
COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
THEMES = ["textual-dark", "ansi-dark"]
STEPS = 25


@pytest.fixture(autouse=True)
def full_colours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a terminal that has them all; what the program set aside is given back."""
    for name, value in COLOURS.items():
        monkeypatch.setenv(name, value)
    yield
    gc.unfreeze()


class Seen(Stage):
    """A stage whose terminal is looked at."""

    terminal: Emulator

    async def compare(self, after: str) -> None:
        """Each cell, once nothing is waiting to be painted."""
        await self.until(self.is_painted, "everything painted")
        ours, theirs = self.terminal.cells(), repainted(self.app)
        for y, (line, other) in enumerate(zip(ours, theirs, strict=True)):
            assert line == other, f"line {y} after {after}:\n" + "\n".join(self.terminal.lines())

    def is_painted(self) -> bool:
        screen = self.app.screen
        waiting = any(one._repaint_required for one in screen.walk_children(Widget))
        dirty = screen._dirty_widgets or screen._compositor._dirty_regions
        return not (waiting or dirty or screen._repaint_required or screen._layout_required)


@asynccontextmanager
async def seen(size: tuple[int, int], theme: str) -> AsyncIterator[Seen]:
    terminal = Emulator(*size)
    async with stage(size=size, theme=theme, driver=driver_of(terminal)) as on:
        watched = Seen(on.gateway, on.app, on.pilot)
        watched.terminal = terminal
        yield watched


class Chance:
    """What happens on the gateway and at the keyboard, the same for the same seed."""

    KEYS = (
        "down",
        "up",
        "G",
        "g",
        "tab",
        "1",
        "2",
        "3",
        "0",
        "enter",
        "escape",
        "f",
        "?",
        "ctrl+l",
    )

    def __init__(self, on: Seen, seed: int) -> None:
        self._on, self._chance, self._count = on, random.Random(seed), 0

    async def step(self) -> str:
        """One thing of each kind; what it was."""
        self._count += 1
        session = f"agent:main:s{self._count}"
        self._happen(session)
        key = self._chance.choice(self.KEYS)
        await self._on.press(key)
        self._on.app._paint()
        await self._on.pilot.pause()
        return f"step {self._count}, {session}, {key}"

    def _happen(self, session: str) -> None:
        world = self._on.world
        match self._chance.randrange(4):
            case 0:
                world.start_run(session, "rpc")
            case 1:
                world.request_approval(f"ls {self._chance.randrange(9)}", session)
            case 2:
                world.enqueue_event("agent:main:main", f"line {self._count}")
            case 3:
                world.start_run(f"{session}:寿司 e\u0301 👩‍👩‍👧", "rpc")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_changes_leave_what_a_full_repaint_would(size: tuple[int, int], theme: str) -> None:
    async def scene() -> None:
        async with seen(size, theme) as on:
            chance = Chance(on, seed=size[0])
            for _ in range(STEPS):
                await on.compare(await chance.step())

    play(scene)


async def held(on: Seen) -> str:
    """A lock that is selected, on the screen."""
    on.world.start_run("agent:main:held", "rpc")
    await on.until_text("agent:main:held")
    on.select(2, "agent:main:held")
    return "agent:main:held"


@pytest.mark.parametrize("theme", THEMES)
def test_a_dialog_that_opened_and_closed_leaves_nothing(theme: str) -> None:
    async def scene() -> None:
        async with seen((80, 24), theme) as on:
            await held(on)
            for opens in ("enter", "X", "?", "a"):
                await on.press(opens)
                await on.until(lambda: on.app.screen is not on.app.board, opens)
                await on.compare(f"{opens} opened")
                await on.press("escape")
                await on.until(lambda: on.app.screen is on.app.board, "closed")
                await on.compare(f"{opens} closed")

    play(scene)


def test_another_sizeis_painted_whole() -> None:
    async def scene() -> None:
        async with seen((80, 24), "textual-dark") as on:
            await held(on)
            for width, height in [(120, 36), (60, 16), (40, 10), (80, 24)]:
                on.terminal.resize(width, height)
                await on.pilot.resize_terminal(width, height)
                await on.until(lambda w=width: on.app.size.width == w, "resized")
                await on.compare(f"{width}x{height}")

    play(scene)


def test_the_same_size_again_is_a_terminal_that_may_show_anything() -> None:
    async def scene() -> None:
        async with seen((80, 24), "textual-dark") as on:
            await held(on)
            on.terminal.resize(80, 24)
            size = on.app.size
            on.app.post_message(Resize(size, size))
            await on.until(lambda: on.terminal.lines()[0].startswith("clawtop"), "painted")
            await on.compare("a resume")

    play(scene)


def test_ctrl_l_paints_over_whatever_is_there() -> None:
    async def scene() -> None:
        async with seen((80, 24), "textual-dark") as on:
            await on.until_text("nothing is wrong")
            on.terminal.resize(80, 24)
            await on.press("ctrl+l")
            await on.until(lambda: on.terminal.lines()[0].startswith("clawtop"), "painted")
            await on.compare("ctrl+l")

    play(scene)


def test_an_equal_frame_sends_nothing() -> None:
    async def scene() -> None:
        async with seen((80, 24), "textual-dark") as on:
            await on.until_text("nothing is wrong")
            for _ in range(2):  # the first time some cells may still be unknown
                before = len(on.terminal.sent)
                on.app.screen.refresh()
                await on.pilot.pause()
                await on.until(on.is_painted)
            assert on.terminal.sent[before:] == ""

    play(scene)


def test_one_changed_character_is_a_few_bytes() -> None:
    async def scene() -> None:
        async with seen((80, 24), "textual-dark") as on:
            await on.until_text("nothing is wrong")
            on.app.board.words.say("an ordinary line of words")
            await on.until(lambda: "ordinary" in on.terminal.sent)
            await on.until(on.is_painted)
            before = len(on.terminal.sent)
            on.app.board.words.say("an ordinary line of wards")
            await on.until(lambda: len(on.terminal.sent) > before)
            assert "a" in on.terminal.sent[before:]
            assert "ordinary" not in on.terminal.sent[before:]
            await on.compare("one character")

    play(scene)


def test_frames_left_out_for_a_stopped_terminal_are_made_good() -> None:
    async def scene() -> None:
        async with seen((80, 24), "textual-dark") as on:
            await held(on)
            waiting = FULL
            on.app._untaken = lambda: waiting  # type: ignore[method-assign]
            before = len(on.terminal.sent)
            on.app.board.words.say("said while it did not read")
            await on.until_text("said while it did not read")
            await on.press("1")
            assert on.terminal.sent[before:] == ""
            waiting = 0
            await on.until(lambda: "COPY" in "\n".join(on.terminal.lines()), "the events, open")
            await on.compare("it reads again")

    play(scene)


def test_another_textual_writes_its_own_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "can_be_compared", lambda version: False)

    async def scene() -> None:
        async with seen((80, 24), "textual-dark") as on:
            await held(on)
            await on.compare("its own frames")
            before = len(on.terminal.sent)
            on.app.screen.refresh()
            await on.until(lambda: len(on.terminal.sent) > before)
            assert "agent:main:held" in on.terminal.sent[before:]

    play(scene)


@pytest.mark.parametrize(
    ("version", "understood"),
    [("8.2.5", True), ("8.2.8", True), ("8.2.9", False), ("8.3.0", False), ("9.0", False),
     ("8.2.8rc1", False), ("8.2.4", False)],
)  # fmt: skip
def test_only_versions_whose_frames_were_compared(version: str, understood: bool) -> None:
    assert can_be_compared(version) is understood


def test_an_update_of_another_shape_is_not_guessed() -> None:
    class Update:
        def __init__(self) -> None:
            self.strips: list[str] = []
            self.clear = True

    assert Frames().changes(Update(), Console()) is None


READABLE = {"default", "red", "magenta"}  # on a dark and on a light terminal


def test_with_sixteen_colours_every_cell_is_readable() -> None:
    async def scene() -> None:
        async with seen((80, 24), "ansi-dark") as on:
            on.world.request_approval("ls", "agent:main:asks")
            on.world.request_approval("ls", "agent:main:asks")
            await held(on)
            for opens in ("", "enter", "X", "?", "colon", "slash"):
                await on.press(*[opens] * bool(opens))
                await on.compare(f"{opens} opened")
                cells = [cell for line in on.terminal.cells() for cell in line]
                found = {(cell.fg, cell.bg) for cell in cells if cell.data != " "}
                own = {fg for fg, bg in found if bg == "default"}
                assert own <= READABLE, f"{own} after {opens}"
                assert {fg for fg, bg in found if bg == fg} <= {"default"}, f"{found} after {opens}"
                await on.press("escape")

    play(scene)
