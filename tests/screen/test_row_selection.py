"""The selection of a row table never slips, and its window holds still."""

from itertools import pairwise

import pytest
from textual.pilot import Pilot

from clawtop.screen.rows import RowTable
from tests.screen.table_stage import Watched, World, lines, marked, play, selection, told


def test_selection_follows_its_id_through_sort_insert_and_remove() -> None:
    async def scene(_: Pilot[None], table: Watched, world: World) -> None:
        table.selected = "r2"
        world.add(2, sort_key=-9)
        table.sync(1000)
        assert (table.selected, marked(table), lines(table)[1][:2]) == ("r2", ["s2"], "> ")
        world.add(99, sort_key=-50)
        table.sync(1000)
        assert (marked(table), lines(table)[2][:2]) == (["s2"], "> ")
        world.rows.drop("r99")
        world.rows.drop("r0")
        table.sync(1000)
        assert (marked(table), lines(table)[1][:2]) == (["s2"], "> ")

    play(scene)


def test_a_vanished_selection_selects_nothing() -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        table.selected = "r2"
        assert selection(table) == ("r2", False)
        world.rows.drop("r2")
        assert selection(table) == (None, True)  # at once: an action may come before the next sync
        table.sync(1000)
        assert marked(table) == []
        await pilot.press("enter")
        await pilot.pause()
        assert told(pilot) == []

    play(scene)


@pytest.mark.parametrize(
    ("gone", "key", "lands_on"),
    [(2, "down", "r3"), (2, "up", "r3"), (2, "pagedown", "r3"), (19, "down", "r18")],
)
def test_moving_from_a_vanished_row_selects_the_nearest(gone: int, key: str, lands_on: str) -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        table.selected = f"r{gone}"
        world.rows.drop(f"r{gone}")
        table.sync(1000)
        await pilot.press(key)
        await pilot.pause()
        assert (table.selected, table.selection_gone) == (lands_on, False)
        assert told(pilot) == [("selected", lands_on)]

    play(scene)


def test_a_row_that_a_fresh_list_brings_back_is_selected_again() -> None:
    async def scene(_: Pilot[None], table: Watched, world: World) -> None:
        table.selected = "r2"
        world.rows.clear()
        table.sync(1000)
        assert selection(table) == (None, True)
        assert lines(table)[1].rstrip() == "  all quiet"
        for number in (1, 2, 3):
            world.add(number)
        table.sync(1000)
        assert selection(table) == ("r2", False)
        assert marked(table) == ["s2"]

    play(scene)


def test_at_the_top_new_rows_come_into_sight_and_the_selection_stays_visible() -> None:
    async def scene(_: Pilot[None], table: Watched, world: World) -> None:
        table.selected = "r1"
        world.add(99, sort_key=-1)
        table.sync(1000)
        assert "s99" in lines(table)[1]
        assert marked(table) == ["s1"]
        for number in range(100, 150):
            world.add(number, sort_key=-number)
        table.sync(1000)
        assert marked(table) == ["s1"]

    play(scene)


def test_scrolled_down_the_window_holds_still_when_rows_come_and_go_above() -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        table.selected = "r12"
        table.move(-2)
        await pilot.pause()
        before = lines(table)
        table.forget()
        for number in range(100, 107):
            world.add(number, sort_key=-number)
        assert table.sync(1000) == 0
        world.rows.drop("r0")
        assert table.sync(1000) == 0
        await pilot.pause()
        assert (table.drawn, table.whole) == ([], 0)
        assert (lines(table), marked(table)) == (before, ["s10"])

    play(scene)


def test_keys_move_and_tell() -> None:
    async def scene(pilot: Pilot[None], table: Watched, _: World) -> None:
        reached = []
        for key in ("j", "down", "k", "up", "up", "pagedown", "G", "down", "pageup", "g", "end"):
            await pilot.press(key)
            reached.append(table.selected)
            assert marked(table) == [f"s{str(table.selected)[1:]}"]
        wanted = ["r0", "r1", "r0", "r0", "r0", "r5", "r19", "r19", "r14", "r0", "r19"]
        assert reached == wanted
        await pilot.press("home", "enter")
        await pilot.pause()
        moves = ["r0", *(new for old, new in pairwise([*wanted, "r0"]) if old != new)]
        assert told(pilot) == [*(("selected", row_id) for row_id in moves), ("opened", "r0")]

    play(scene)


def test_keys_on_an_empty_table_do_nothing() -> None:
    async def scene(pilot: Pilot[None], table: Watched, _: World) -> None:
        await pilot.press("down", "G", "g", "pageup", "enter")
        assert (table.selected, table.selection_gone, told(pilot)) == (None, False, [])

    play(scene, rows=0)


def test_setting_the_selection_reveals_it_and_tells_nobody() -> None:
    async def scene(pilot: Pilot[None], table: Watched, _: World) -> None:
        table.selected = "r17"
        await pilot.pause()
        assert (marked(table), told(pilot)) == (["s17"], [])
        table.selected = None
        assert (marked(table), table.selection_gone) == ([], False)

    play(scene)


def test_a_click_selects_the_row_that_was_painted_there() -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        world.add(99, sort_key=-1)  # not painted yet: line 2 still shows r1
        await pilot.click(table, offset=(5, 2))
        assert (table.selected, told(pilot)) == ("r1", [("selected", "r1")])
        await pilot.click(table, offset=(5, 0))
        assert table.selected == "r1"

    play(scene)


def test_marker_and_reverse_with_focus_marker_alone_without() -> None:
    def reversed_lines(table: RowTable) -> list[int]:
        strips = [table.render_line(y) for y in range(table.size.height)]
        flags = [{bool(part.style and part.style.reverse) for part in strip} for strip in strips]
        assert all(len(flag) == 1 for flag in flags)  # from edge to edge
        return [y for y, flag in enumerate(flags) if flag == {True}]

    async def scene(pilot: Pilot[None], table: Watched, _: World) -> None:
        table.selected = "r1"
        assert (reversed_lines(table), marked(table)) == ([2], ["s1"])
        table.blur()
        await pilot.pause()
        assert (reversed_lines(table), marked(table)) == ([], ["s1"])
        table.focus()
        await pilot.pause()
        assert (reversed_lines(table), marked(table)) == ([2], ["s1"])

    play(scene)


def test_resizing_keeps_the_selection_in_view() -> None:
    async def scene(pilot: Pilot[None], table: Watched, _: World) -> None:
        table.selected = "r9"
        for height in (12, 3, 30, 2, 6):
            await pilot.resize_terminal(40, height)
            await pilot.pause()
            assert marked(table) == ["s9"]
        await pilot.resize_terminal(40, 1)
        await pilot.pause()
        assert [line.split()[1] for line in lines(table)] != ["SESSION"]  # a row beats the header

    play(scene)


def test_a_scroll_from_outside_is_painted_and_not_pulled_back() -> None:
    async def scene(pilot: Pilot[None], table: Watched, _: World) -> None:
        table.selected = "r1"
        table.scroll_to(y=10, animate=False, force=True)
        await pilot.pause()
        table.sync(1000)
        assert "s10" in lines(table)[1]
        await pilot.press("down")
        assert marked(table) == ["s2"]

    play(scene)
