"""What a dialog says before a denial, and that a small terminal hides nothing silently."""

from __future__ import annotations

import pytest

from clawtop.remedies.outcome import Action
from clawtop.screen.dialogs import MORE, Confirm
from clawtop.screen.doing import Doing
from clawtop.screen.panels.base import HELD_BACK
from tests.screen.stage import Stage, play, stage
from tests.screen.test_acting import ASKS, MAIN, changing
from tests.screen.test_ways import proved, world_of

FIRST = "k  first abort the run that asks"


async def asked(on: Stage, number: int) -> None:
    for _ in range(number):
        on.world.request_approval("ps aux", ASKS)
    await on.until_text(f"{number} pending")
    await on.press("3", "N")
    await on.until_text("only this one", f"all {number}")


def test_while_the_group_grows_the_asking_run_is_aborted_first() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.start_run(ASKS, "rpc", run_id="run-1")
            await on.until_text("1 held", ASKS)
            await asked(on, 4)
            await on.until_text("THE GROUP IS GROWING", "abort that run first", FIRST)
            await on.confirm_with("k")
            await on.until_text("sends    sessions.abort", f"session  {ASKS}")
            await on.confirm_with("y")
            await on.until_text("DONE: accepted yes · released yes")
            assert changing(on) == ["sessions.abort"]

    play(scene)


def test_a_run_that_is_not_seen_is_not_offered_to_be_aborted() -> None:
    async def scene() -> None:
        async with stage() as on:
            await asked(on, 3)
            await on.until_text("THE GROUP IS GROWING", "A denial makes the run ask again.")
            assert FIRST not in on.text()
            await on.confirm_with("k")
            assert isinstance(on.app.screen, Confirm)

    play(scene)


def test_a_run_that_cannot_be_aborted_is_not_offered_to_be_aborted() -> None:
    async def scene() -> None:
        async with stage(generation="april") as on:
            on.world.start_run(ASKS, "heartbeat", run_id="beat-1")
            await on.until_text("1 held", ASKS)
            await asked(on, 3)
            await on.until_text("THE GROUP IS GROWING", "A denial makes the run ask again.")
            assert FIRST not in on.text()

    play(scene)


def test_a_denial_names_session_calls_and_growth_once_more() -> None:
    async def scene() -> None:
        async with stage() as on:
            await asked(on, 7)
            await on.confirm_with("c")
            await on.until_text("THE GROUP IS GROWING", f"session  {ASKS}", "and 2 more")
            await on.until_text("loses    6 requests denied", "sends    exec.approval.resolve")
            await on.until_text("and 5 more like it, each with its id", "y  go on")
            assert MORE not in on.text()  # all of it fits

    play(scene)


def test_one_request_alone_is_denied_by_its_id_in_the_shell() -> None:
    async def scene() -> None:
        async with stage() as on:
            one = on.world.request_approval("ps aux", ASKS)
            await on.until_text("1 pending")
            await on.press("3", "enter")
            await on.until_text(f"clawtop deny {one}")
            assert "--duplicates" not in on.text()

    play(scene)


def test_the_page_of_a_lock_says_at_least_where_its_row_does() -> None:
    async def scene() -> None:
        async with stage(world=world_of("september")) as on:
            await proved(on)
            await on.until_text("unknown   ≥1")
            await on.press("enter")
            await on.until_text("waiting     ≥1")

    play(scene)


@pytest.mark.parametrize(("size", "cut"), [((60, 16), True), ((80, 24), False)])
def test_a_dialog_says_when_there_is_more_of_it(size: tuple[int, int], cut: bool) -> None:
    async def scene() -> None:
        async with stage(size=size) as on:
            await asked(on, 7)
            await on.confirm_with("c")
            await on.until_text("deny     ", "y  go on")
            await on.until(lambda: (MORE in on.text()) == cut, "whether there is more")

    play(scene)


def test_a_panel_whose_rows_hold_still_does_not_call_itself_empty() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            await on.until_text("1 held", MAIN, "no approvals pending")
            await on.press("X")
            await on.until(lambda: isinstance(on.app.screen, Confirm), "a dialog")
            on.world.request_approval("ps aux", ASKS)
            await on.until_text("3 APPROVALS  1 pending", HELD_BACK)
            assert "no approvals pending" not in on.text()
            await on.press("escape")
            await on.until_text("ps aux")

    play(scene)


KEY = "agent:main:telegram:group:-100200300400:topic:17"


class Ran:
    """A runner that has come to some outcome."""

    class Log:
        problem = None

    log = Log()

    def __init__(self, outcome: str) -> None:
        self.action = Action(
            "release", "edge-1", {"session_key": KEY}, "abort-session", [], [], 0, ""
        )
        self.action.outcome, self.action.accepted, self.action.released = outcome, True, True


@pytest.mark.parametrize("outcome", ["planned", "done"])
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_three_facts_are_never_cut_and_the_key_keeps_both_ends(
    outcome: str, width: int
) -> None:
    doing = Doing(lambda: None)
    doing._latest = Ran(outcome)  # type: ignore[assignment]
    doing._ended = 1e12
    if outcome == "planned":
        doing._tasks = {object()}  # type: ignore[arg-type]
    line = doing.line(width)
    assert len(line) <= width
    assert "accepted yes · released yes · queue moving" in line
    assert ("abort-session" in line) == (width >= 80)
    if (width, outcome) != (60, "done"):  # there the facts alone fit
        assert "  agent" in line
        assert line.endswith("17")
