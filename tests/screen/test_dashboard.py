"""The dashboard as a person sees it: asserted on the text of the screen."""

from __future__ import annotations

import pytest

from clawtop.screen.dialogs import Confirm
from clawtop.screen.reading import Reading
from tests.screen.stage import Stage, play, stage

MAIN = "agent:main:main"
SECRET = "not-the-right-one"
HELD = "agent:main:telegram:dm:42"


def busy(on: Stage) -> None:
    """Two runs, a queue with a copy, six approvals of which four are equal."""
    on.world.start_run(MAIN, "rpc", progress=True)
    on.world.start_run(HELD, "channel")
    for text in ("first", "Exec finished (id=7, code 0)", "other", "Exec finished (id=7, code 0)"):
        on.world.enqueue_event(MAIN, text)
    for command in ["ps aux | tail -5"] * 4 + ["git push", "make deploy"]:
        on.world.request_approval(command, "agent:main:asks")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("generation", ["april", "september"])
def test_all_four_panels_show_the_picture(size: tuple[int, int], generation: str) -> None:
    async def scene() -> None:
        async with stage(generation=generation, size=size) as on:
            busy(on)
            on.app.action_ask()
            await on.until_text("2 held", "4 pending", "6 pending", "group of copies, largest 4")
            await on.until_text(MAIN, "×4", "1 copy")
            lines = on.lines()
            assert lines[0].startswith("clawtop  edge-1  127.0.0.1:")
            assert "live" in lines[0]
            route = "APPROVAL ROUTE" if generation == "april" else "passive"
            assert route in lines[0]
            assert lines[1].startswith("CRITICAL approval cascade  agent:main:asks")

    play(scene)


def test_the_panel_in_focus_gets_the_room_and_the_others_keep_their_worst_row() -> None:
    async def scene() -> None:
        async with stage() as on:
            busy(on)
            await on.until_text("6 pending", "2 held")
            assert "git push" not in on.text()
            await on.press("3")
            await on.until_text("git push", "make deploy", "ps aux | tail -5")
            await on.press("1")
            await on.until_text("first", "other")
            assert "git push" not in on.text()

    play(scene)


def test_a_wide_screen_opens_all_panels() -> None:
    async def scene() -> None:
        async with stage(size=(120, 36)) as on:
            busy(on)
            on.app.action_ask()
            await on.until_text("git push", "make deploy", "first", "other", HELD, MAIN)

    play(scene)


def test_a_tiny_terminal_gets_a_sentence() -> None:
    async def scene() -> None:
        async with stage(size=(40, 10)) as on:
            await on.until_text("This terminal is 40x10", "clawtop snapshot")
            await on.pilot.resize_terminal(80, 24)
            await on.until_text("2 LOCKS")
            await on.pilot.resize_terminal(60, 16)
            await on.until_text("1 EVENTS", "2 LOCKS", "3 APPROVALS", "4 RECOVERY", "? help")

    play(scene)


def test_hostile_text_is_shown_escaped_everywhere() -> None:
    evil = "rm\x1b]0;owned\x07 [bold]x[/bold] \u202egnp.exe"

    async def scene() -> None:
        async with stage(size=(120, 36)) as on:
            on.world.start_run("agent:main:\x1b[2J[red]evil", "rpc")
            on.world.request_approval(evil, "agent:main:evil")
            on.world.enqueue_event(MAIN, evil)
            on.app.action_ask()
            await on.until_text("\\x1b[2J[red]evil", "\\x1b]0;owned\\x07 [bold]x[/bold] \\u202egnp")
            assert "\x1b" not in on.text()
            assert "\u202e" not in on.text()
            await on.press("3", "enter")
            await on.until_text("COPIES", "[bold]x[/bold]")

    play(scene)


def test_selection_is_a_record_and_says_when_it_is_gone() -> None:
    async def scene() -> None:
        async with stage() as on:
            for name in ("b", "c", "d"):
                on.world.start_run(f"agent:main:{name}", "rpc", progress=True)
            await on.until_text("3 held")
            on.select(2, "agent:main:c")
            on.world.start_run("agent:main:a", "rpc")
            await on.until_text("4 held")
            assert on.app.board.table().selected == "agent:main:c"
            on.world.end_run("agent:main:c")
            await on.until(lambda: on.app.board.table().selection_gone, "gone")
            await on.press("enter")
            await on.until_text("agent:main:c is not held any more")
            await on.press("X")
            assert not isinstance(on.app.screen, Confirm)

    play(scene)


def test_filter_shows_only_what_matches_and_escape_gives_it_up() -> None:
    async def scene() -> None:
        async with stage() as on:
            busy(on)
            await on.until_text("2 held", MAIN, HELD)
            await on.press("slash", *"holder", "colon", *"rpc", "enter")
            await on.until_text("filter holder:rpc")
            assert HELD not in on.text()
            assert MAIN in on.text()
            await on.press("escape")
            await on.until_text(MAIN, HELD)

    play(scene)


def test_freeze_holds_the_rows_while_counts_go_on() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.start_run("agent:main:one", "rpc")
            await on.until_text("1 held", "agent:main:one")
            await on.press("f")
            on.world.start_run("agent:main:two", "rpc")
            await on.until_text("2 held", "FROZEN")
            assert "agent:main:two" not in on.text()
            await on.press("f")
            await on.until_text("agent:main:two")
            assert "FROZEN" not in on.text()

    play(scene)


def test_detail_tells_how_we_know_and_what_each_way_out_destroys() -> None:
    async def scene() -> None:
        async with stage(size=(120, 50)) as on:
            run_id = on.world.start_run(MAIN, "rpc", run_id="run-1")
            assert run_id is not None
            await on.until_text("1 held", MAIN)
            await on.press("enter")
            await on.until_text(
                "HOW WE KNOW", "WAYS OUT", "abort-run", "loses     the run", "run-1"
            )
            await on.until_text("clawtop release agent:main:main --step abort-run")
            await on.press("escape")
            await on.until(lambda: on.app.screen is on.app.board, "the board")

    play(scene)


def test_help_lists_every_key_of_the_one_table() -> None:
    from clawtop.screen.keys import GROUPS

    async def scene() -> None:
        async with stage(size=(80, 50)) as on:
            await on.press("question_mark")
            await on.until(lambda: isinstance(on.app.screen, Reading), "the help")
            shown = on.text()
            for _, group in GROUPS:
                for key in group:
                    assert key.what in shown

    play(scene)


def test_keys_that_cannot_act_say_why() -> None:
    async def scene() -> None:
        async with stage(read_only=True) as on:
            on.world.start_run(MAIN, "rpc")
            await on.until_text("1 held", "read-only", "needs operator.admin")
            for key in ("X", "K"):
                await on.press(key)
                await on.until_text("this is read-only")
                assert not isinstance(on.app.screen, Confirm)
            await on.press("1", "X")
            await on.until_text("X and K act on a lock")
            await on.press("N")
            await on.until_text("N acts on an approval")

    play(scene)


def test_losing_the_gateway_keeps_the_picture_and_says_its_age() -> None:
    async def scene() -> None:
        async with stage() as on:
            busy(on)
            await on.until_text("2 held", "6 pending")
            await on.gateway.stop_listening(code=1006, reason="")
            await on.until_text("LINK LOST, data", "trying again in")
            assert "2 held" in on.text()
            await on.press("X")
            await on.until_text("the link is down: what is shown is old")
            on.world.restart()
            await on.gateway.start_listening()
            on.world.start_run("agent:main:after", "rpc")
            await on.press("r")
            await on.until_text("live", "1 held", "agent:main:after", "0 pending")
            assert HELD not in on.text()

    play(scene)


def test_a_drop_without_a_restart_doubles_nothing() -> None:
    async def scene() -> None:
        async with stage(size=(120, 36)) as on:
            busy(on)
            on.app.action_ask()
            await on.until_text("2 held", "6 pending", "4 pending")
            await on.gateway.drop_all(1006)
            await on.until(lambda: not on.app.store.link_up, "down")
            await on.press("r")
            await on.until(lambda: on.gateway.total_connections >= 2 and on.app.store.link_up)
            await on.until_text("live", "2 held", "6 pending", "4 pending", "largest 4")
            assert sum(MAIN in line for line in on.lines() if "working" in line) == 1

    play(scene)


def test_a_wrong_secret_stops_and_says_what_to_check() -> None:
    async def scene() -> None:
        async with stage(secret=SECRET) as on:
            await on.until_text("not connected", "refused the secret", "Check the secret")
            assert SECRET not in on.text()
            assert on.gateway.total_connections == 1

    play(scene)
