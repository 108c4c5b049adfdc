"""What a screen of each size shows; rows of every panel; what each title tells."""

from __future__ import annotations

import pytest

from clawtop.screen.dashboard import LOCKS
from clawtop.screen.panels import ALL, NEED
from clawtop.screen.rows import fit_columns
from clawtop.screen.trend import HEIGHTS
from tests.screen.stage import Stage, play, stage

MAIN = "agent:main:main"
HELD = "agent:main:telegram:dm:42"
SIZES = [(60, 16), (80, 24), (100, 30), (120, 36), (132, 43), (200, 24), (200, 50)]


def busy(on: Stage) -> None:
    """Something in every panel but the recovery attempts."""
    on.world.start_run(MAIN, "rpc", progress=True)
    on.world.start_run(HELD, "channel")
    on.world.enqueue_event(MAIN, "node n1 reconnected")
    for _ in range(3):
        on.world.request_approval("make deploy", HELD)


def columns(on: Stage, number: int) -> list[str]:
    """The names of the columns that a panel shows now, from left to right."""
    table = on.app.board.panel(number).table
    return [slot.column.name for slot in table._slots]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_size_shows_what_matters_without_scrolling(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(size=size) as on:
            busy(on)
            await on.until_text(
                "2 held", "3 pending", "approval cascade", "EVENTS", "RECOVERY", "? help"
            )
            await on.until_text("can act", "live", "Enter detail", "X release")
            lines = on.lines()
            assert len(lines) <= size[1]
            assert max(map(len, lines)) <= size[0]
            # Which session is stuck can be read whole, but on the smallest screen.
            assert HELD in on.text() or size[0] == 60

    play(scene)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_dialog_always_shows_what_can_be_answered(size: tuple[int, int]) -> None:
    """Pausing heartbeats has the longest text; on a low screen that scrolls."""

    async def scene() -> None:
        async with stage(size=size) as on:
            await on.until_text("0 held")
            await on.press("T")
            await on.until_text("pause: stop them", "resume: let them run again", "[ Cancel ]")
            await on.until(lambda: on.app.screen._painted_at is not None, "painted")
            await on.press("p")
            await on.until_text("STOPS timed heartbeats", "Type the gateway's name (edge-1)")
            await on.press(*["pagedown"] * 5)
            await on.until_text("sends", "set-heartbeats", "Type the gateway's name (edge-1)")
            await on.press("escape")
            await on.until(lambda: on.app.screen is on.app.board, "cancelled")

    play(scene)


@pytest.mark.parametrize("size", [(59, 16), (60, 15), (20, 5)], ids=str)
def test_what_is_too_small_gets_a_sentence_and_nothing_else(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(size=size) as on:
            busy(on)
            await on.until(lambda: f"{size[0]}x{size[1]}" in on.text().replace("\n", " "))
            assert "LOCKS" not in on.text()
            await on.pilot.resize_terminal(80, 24)
            await on.until_text("2 held", "LOCKS")

    play(scene)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.name)
def test_columns_leave_in_one_order_as_the_screen_gets_narrow(model: type) -> None:
    gone: list[str] = []
    for width in range(200, 30, -1):
        kept = {slot.column.name for slot in fit_columns(model.columns, width)}
        for column in sorted(model.columns, key=lambda one: -one.rank):
            if column.name not in kept and column.name not in gone:
                gone.append(column.name)
        assert kept == {column.name for column in model.columns} - set(gone), "none comes back"
    ranks = {column.name: column.rank for column in model.columns}
    assert [ranks[name] for name in gone] == sorted((ranks[name] for name in gone), reverse=True)


def test_a_wider_screen_shows_more_columns() -> None:
    async def scene() -> None:
        async with stage(size=(60, 16)) as on:
            busy(on)
            await on.until_text("2 held")
            assert columns(on, LOCKS)[:4] == ["STATE", "AGE", "IDLE", "SESSION"]
            assert "WHY" not in columns(on, LOCKS)
            await on.pilot.resize_terminal(120, 36)
            await on.until_text("PROOF", "WHY", "CONTEXT KEY", "CWD")

    play(scene)


def test_the_detail_stands_beside_on_a_wide_screen_and_follows_the_selection() -> None:
    async def scene() -> None:
        async with stage(size=(200, 50)) as on:
            busy(on)
            await on.until_text("2 held", "DETAIL", "HOW WE KNOW", "WAYS OUT")
            on.select(LOCKS, MAIN)
            on.app.dirty()
            await on.until_text(f"clawtop release {MAIN}")
            on.select(LOCKS, HELD)
            on.app.dirty()
            await on.until_text(f"clawtop release {HELD}")
            await on.pilot.resize_terminal(120, 36)
            await on.until(lambda: "DETAIL" not in on.text(), "no detail beside")
            await on.pilot.resize_terminal(200, 50)
            await on.until_text("DETAIL", f"clawtop release {HELD}")

    play(scene)


def test_a_panel_that_cannot_be_seen_counts_nothing() -> None:
    async def scene() -> None:
        async with stage(read_only=True) as on:
            await on.until_text("3 APPROVALS  not visible", "seeing approvals needs operator.admin")
            title = next(line for line in on.lines() if "APPROVALS" in line)
            assert "0" not in title

    play(scene)


def test_before_the_gateway_answers_nothing_is_counted() -> None:
    async def scene() -> None:
        async with stage(secret="not-the-right-one") as on:
            await on.until_text("LOCKS")
            for word in ("0 held", "0 pending", "0 attempts", "none"):
                assert word not in on.text()

    play(scene)


def test_s_changes_the_order_of_the_panel_in_focus_alone() -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            for key in ("b", "c", "a"):
                on.world.start_run(f"agent:main:{key}", "rpc", progress=True)
            await on.until_text("3 held")
            view = on.app.board.panel(LOCKS)
            names = [NEED, *view.model.orders()]
            for name in [*names[1:], NEED]:
                await on.press("s")
                assert view.model.order_name == name
            while view.model.order_name != "session":
                await on.press("s")
            await on.until_text("by session")
            order = [view.model.rows.id_at(index) for index in range(3)]
            assert order == [f"agent:main:{key}" for key in "abc"]
            on.world.start_run("agent:main:aa", "rpc", progress=True)
            await on.until(lambda: len(view.model.rows) == 4, "the new one")
            assert view.model.rows.id_at(1) == "agent:main:aa"
            assert on.app.board.panel(3).model.order_name == NEED

    play(scene)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.name)
def test_every_order_of_every_panel_takes_every_record(model: type) -> None:
    async def scene() -> None:
        async with stage() as on:
            busy(on)
            await on.until_text("2 held", "3 pending", "approval cascade")
            view = next(one for one in on.app.board.panels if isinstance(one.model, model))
            for _ in [NEED, *view.model.orders()]:
                before = set(view.model.records)
                view.model.next_order()
                assert {view.model.rows.id_at(i) for i in range(len(view.model.rows))} == before

    play(scene)


def test_a_long_list_tells_where_in_it_one_is() -> None:
    async def scene() -> None:
        async with stage() as on:
            for number in range(40):
                on.world.start_run(f"agent:main:s{number}", "rpc", progress=True)
            await on.until_text("40 held", "1 of 40")
            await on.press("G")
            await on.until_text("40 of 40")

    play(scene)


@pytest.mark.parametrize("size", [(120, 36), (200, 50)])
def test_where_all_are_open_the_panel_in_focus_has_half_as_much_again(
    size: tuple[int, int],
) -> None:
    async def scene() -> None:
        async with stage(size=size) as on:
            await on.until_text("0 held")
            for number in (2, 3, 4, 1):
                await on.press(str(number))
                heights = {one: on.app.board.panel(one).size.height for one in (1, 2, 3, 4)}
                mine = heights.pop(number)
                assert max(heights.values()) - min(heights.values()) <= 1  # lines are whole
                assert min(heights.values()) >= 4
                assert abs(mine - 1.5 * max(heights.values())) <= 2

    play(scene)


def test_the_line_of_a_title_moves_only_when_its_count_does() -> None:
    async def scene() -> None:
        async with stage(size=(100, 30)) as on:
            view = on.app.board.panel(LOCKS)
            await on.until_text("0 held")
            on.world.start_run(MAIN, "rpc", progress=True)
            await on.until_text("1 held")
            moved = view.trend.text
            assert moved.endswith(HEIGHTS[-1])
            for _ in range(3):
                on.app.dirty()
                await on.pilot.pause(0.15)
            assert view.trend.text == moved
            assert moved in on.text()

    play(scene)
