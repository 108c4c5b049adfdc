"""A page over the dashboard: how old it is, when it is read again, and what its keys do."""

from __future__ import annotations

from typing import Any

import pytest
from rich.text import Text

from clawtop.screen import pace, reading
from clawtop.screen.dialogs import Confirm
from clawtop.screen.help import Help
from clawtop.screen.pace import EVERY_S, SHARE, Pace
from clawtop.screen.reading import Reading
from tests.screen.stage import Stage, play, stage

MAIN = "agent:main:main"
RUN = "run-1"


class Clock:
    """``time`` of a module, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def told(paced: Pace, about: object, text: str = "text") -> bool:
    return paced.read(about, lambda: Text(text))[0]


def test_a_page_is_read_again_after_a_while_or_when_what_it_is_about_changed(clock: Clock) -> None:
    paced = Pace()
    assert told(paced, "working")
    clock.now += EVERY_S - 0.1
    assert not told(paced, "working")
    assert told(paced, "leaked")
    assert not told(paced, "leaked")
    clock.now += EVERY_S
    assert told(paced, "leaked")
    paced.now()
    assert told(paced, "leaked")


def test_a_page_that_takes_long_is_read_less_often_and_tells_its_age(clock: Clock) -> None:
    def slow() -> Text:
        clock.now += 0.5
        return Text("thousands")

    paced = Pace()
    paced.read("", slow)
    clock.now += EVERY_S
    assert not told(paced, "")
    assert paced.age_s == EVERY_S + 0.5  # from when it began to be read
    clock.now += SHARE * 0.5
    assert told(paced, "")


async def on_page(on: Stage) -> Reading:
    on.world.start_run(MAIN, "rpc", run_id=RUN)
    await on.until_text("1 held", MAIN)
    on.select(2, MAIN)
    await on.press("enter")
    await on.until_text("HOW WE KNOW", "Esc back", "live")
    assert isinstance(on.app.screen, Reading)
    return on.app.screen


def test_an_open_page_is_not_built_with_every_paint(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with stage() as on:
            await on_page(on)
            built: list[object] = []
            of = on.app.page_of

            def counted(one: object) -> Text | None:
                built.append(one)
                return of(one)

            monkeypatch.setattr(on.app, "page_of", counted)
            clock = Clock()
            monkeypatch.setattr(pace, "time", clock)
            clock.now = 1e9  # long after it was read
            on.app._paint_all()
            assert len(built) == 1
            for _ in range(20):
                clock.now += 0.1
                on.app._paint_all()
            assert len(built) == 1
            on.world.request_approval("ps aux", MAIN)
            await on.until_text("WAITING_APPROVAL  agent:main:main")
            assert len(built) == 2

    play(scene)


def test_a_page_tells_when_it_was_not_read_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with stage() as on:
            page = await on_page(on)
            monkeypatch.setattr(Pace, "age_s", 14.2)
            page.renew("live", "10:00:00Z")
            await on.until_text("read 14s ago")
            await on.until(lambda: reading.LIVE not in on.lines()[-1], "not called live")

    play(scene)


def test_the_page_of_what_is_gone_says_so() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on_page(on)
            on.world.end_run(MAIN)
            await on.until_text("GONE, as of", "HOW WE KNOW")
            await on.press("X")
            await on.until_text("the session is not held any more", "GONE, as of")

    play(scene)


def test_what_is_gone_is_as_old_as_its_last_reading() -> None:
    async def scene() -> None:
        async with stage() as on:
            page = await on_page(on)
            page._pace.now()
            page._renew = lambda: Text("read")
            page.renew("live", "10:00:00Z")
            page._renew = lambda: None
            page.renew("live", "10:00:03Z")
            page._pace.now()
            page.renew("live", "10:00:05Z")
            await on.until_text("GONE, as of 10:00:00Z")

    play(scene)


def test_new_lines_do_not_take_away_what_was_said() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.start_run(MAIN, "rpc", run_id=RUN)
            await on.until_text("1 held", MAIN)
            on.select(2, MAIN)
            await on.press("l")
            await on.until(lambda: isinstance(on.app.screen, Reading), "the log")
            await on.press("s")
            await on.until_text("s is a key of the dashboard")
            page: Any = on.app.screen
            page.show(Text("first line\nsecond line"))
            await on.until_text("second line", "s is a key of the dashboard")
            await on.pilot.pause(0.2)
            await on.until_text("s is a key of the dashboard")

    play(scene)


def test_a_page_tells_that_the_link_is_lost() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on_page(on)
            await on.gateway.stop_listening(code=1006)
            await on.until_text("LINK LOST, data", "HOW WE KNOW")
            await on.press("K")
            await on.until_text("the link is down: what is shown is old")
            assert isinstance(on.app.screen, Reading)

    play(scene)


@pytest.mark.parametrize("key", ["s", "w", "T", "r", "5", "tab"])
def test_a_key_of_the_dashboard_says_that_it_has_no_meaning_on_a_page(key: str) -> None:
    async def scene() -> None:
        async with stage() as on:
            page = await on_page(on)
            await on.press("escape", "question_mark", key)
            if key == "5":
                await on.until_text("on this page there is nothing to act on: Esc first")
            else:
                await on.until_text("is a key of the dashboard: Esc first")
            assert isinstance(on.app.screen, Help)
            await on.press("j")
            await on.until_text("Esc back")
            assert page is not on.app.screen

    play(scene)


@pytest.mark.parametrize(("key", "shows"), [("c", "COPIED"), ("l", "LOG  agent:main:main")])
def test_what_a_page_opens_leads_back_to_it(key: str, shows: str) -> None:
    async def scene() -> None:
        async with stage() as on:
            page = await on_page(on)
            await on.press(key)
            await on.until_text(shows)
            await on.press("escape")
            await on.until(lambda: on.app.screen is page, "the page again")

    play(scene)


def test_a_cancelled_dialog_leads_back_to_the_page_and_a_confirmed_one_to_the_dashboard() -> None:
    async def scene() -> None:
        async with stage() as on:
            page = await on_page(on)
            await on.press("X")
            await on.until(lambda: isinstance(on.app.screen, Confirm), "a dialog")
            await on.press("escape")
            await on.until(lambda: on.app.screen is page, "the page again")
            await on.press("X")
            await on.confirm_with("y")
            await on.until(lambda: on.app.screen is on.app.board, "the dashboard")
            await on.until_text("DONE: accepted yes · released yes")

    play(scene)


def test_the_lanes_stay_open_for_a_key_that_does_nothing_there() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.until_text("live")
            await on.press("5")
            await on.until_text("LANES AND TASKS", "live")
            for key in ("K", "l", "1"):
                await on.press("j", key)
                await on.until_text("on this page only X acts", "LANES AND TASKS")
            await on.press("X")
            await on.until_text("no task is a second copy of another", "LANES AND TASKS")

    play(scene)


def test_what_is_under_way_is_not_called_ended_in_the_action_log() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.leak(MAIN)
            await on.until_text("1 held", MAIN)
            await on.press("X")
            await on.confirm_with("y")
            await on.until_text("accepted yes")
            await on.press("a")
            await on.until_text("UNDER WAY HERE: 1 action", "accepted yes", "as of ")
            assert "it is under way, or" in " ".join(on.text().split())

    play(scene)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36), (200, 50)])
def test_the_last_line_fits_and_tells_keys_and_age(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(size=size) as on:
            await on_page(on)
            last: list[Any] = on.lines()[-1:]
            assert last[0].startswith(" Esc back  X release")
            assert last[0].endswith("live")
            assert len(last[0]) == size[0] - 1
            assert "…" not in last[0]  # words that do not fit are left out whole

    play(scene)


REASON = (
    "a reason that is so long that no terminal of eighty columns has a line for it: " + "why " * 8
)


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
@pytest.mark.parametrize("where", ["page", "dashboard"])
def test_a_long_reason_is_told_to_its_end(size: tuple[int, int], where: str) -> None:
    async def scene() -> None:
        async with stage(size=size) as on:
            await on_page(on)
            if where == "dashboard":
                await on.press("escape")
            on.app.say(REASON + "end.")
            await on.until_text(" why end.")
            assert REASON.strip() in " ".join(on.text().replace("live", "").split())
            await on.press("j")
            await on.until(lambda: "why end." not in on.text(), "one line again")
            await on.until_text("Esc back" if where == "page" else "Enter detail")

    play(scene)
