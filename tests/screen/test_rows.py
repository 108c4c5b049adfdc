"""The row table: what it paints, and what that costs."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.geometry import Region
from textual.pilot import Pilot

from clawtop.screen.rows import Column, RowTable, fit_columns, fit_text
from tests.screen.table_stage import (
    COLUMNS,
    Board,
    Watched,
    World,
    lines,
    marked,
    play,
    selection,
    told,
)


def test_header_and_rows_read_back() -> None:
    async def scene(_: Pilot[None], table: Watched, __: World) -> None:
        assert lines(table) == [
            "   AGE SESSION            RUN     HOST  ",
            "    1s s0                 run…0-x host  ",
            "    1s s1                 run…1-x host  ",
            "    1s s2                 run…2-x host  ",
            "                                        ",
            "                                        ",
        ]

    play(scene, rows=3)


def test_nothing_but_the_header_before_the_time_is_known() -> None:
    async def run() -> None:
        world = World(3)
        table = RowTable(world.rows)
        async with Board(table).run_test(size=(40, 4)):
            assert [line.strip()[:3] for line in lines(table)] == ["AGE", "", "", ""]
            assert world.asked == []

    asyncio.run(run())


def test_empty_text_and_its_change() -> None:
    async def scene(_: Pilot[None], table: Watched, __: World) -> None:
        assert lines(table)[1].rstrip() == "  all quiet"
        table.set_empty_text("nothing matches the filter")
        assert lines(table)[1].rstrip() == "  nothing matches t…"
        assert table.regions == (Region(0, 1, 20, 1),)

    play(scene, rows=0, size=(20, 4))


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (31, "AGE SESSION RUN HOST"),
        (30, "AGE SESSION RUN HOST"),
        (29, "AGE SESSION RUN"),
        (23, "AGE SESSION RUN"),
        (22, "AGE SESSION"),
        (14, "AGE"),
        (3, ""),
    ],
)
def test_columns_leave_by_rank(width: int, kept: str) -> None:
    slots = fit_columns(COLUMNS, width)
    assert [slot.column.name for slot in slots] == (kept or "AGE").split()
    assert slots[-1].x + slots[-1].width <= width


def test_flexible_columns_share_the_rest_and_equal_ranks_leave_from_the_right() -> None:
    columns = [Column("A", 5, flex=True), Column("B", 5), Column("C", 5, flex=True)]
    assert [slot.width for slot in fit_columns(columns, 26)] == [9, 5, 8]
    assert [slot.x for slot in fit_columns(columns, 26)] == [2, 12, 18]
    assert [slot.column.name for slot in fit_columns(columns, 18)] == ["A", "B"]


@pytest.mark.parametrize(
    ("text", "width", "middle", "wanted"),
    [
        ("abc", 5, False, "abc  "),
        ("abcdef", 6, False, "abcdef"),
        ("abcdefgh", 5, False, "abcd…"),
        ("abcdefgh", 5, True, "ab…gh"),
        ("abcdefgh", 6, True, "abc…gh"),
        ("abcdefgh", 1, True, "…"),
        ("abc", 0, False, ""),
        ("日本語", 6, False, "日本語"),
        ("日本語", 5, False, "日本…"),
        ("日本語", 4, False, "日… "),
        ("日本語", 2, False, "… "),
        ("日本語日本語", 6, True, "日…語 "),
        ("日本語日本語", 9, True, "日本…本語"),
        ("x👩‍💻yz", 3, False, "x… "),
        ("e\u0301e\u0301e\u0301", 2, False, "e\u0301…"),
        ("abc👩‍💻", 4, True, "abc…"),
        ("abcd👩‍💻", 5, True, "ab…👩‍💻"),
    ],
)
def test_text_is_cut_to_cells(text: str, width: int, middle: bool, wanted: str) -> None:
    assert fit_text(text, width, "left", middle) == wanted
    assert cell_len(wanted) == width


def test_right_aligned_text_is_padded_on_the_left() -> None:
    assert fit_text("語", 4, "right") == "  語"


@given(st.text(st.sampled_from("ab日👩❤\ufe0f\u0301é…"), max_size=12), st.integers(0, 9))
def test_fitted_text_has_the_width_and_its_own_ends(text: str, width: int) -> None:
    for middle in (False, True):
        fitted = fit_text(text, width, "left", middle)
        assert cell_len(fitted) == width
        head, cut, tail = fitted.rstrip(" ").partition("…")
        if cell_len(text) > width and "…" not in text:
            assert text.startswith(head)
            assert text.endswith(tail)
            assert bool(cut) == (width > 0)


@pytest.mark.parametrize("rows", [3, 20])
def test_every_line_has_the_width_of_the_table(rows: int) -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        world.texts |= {"r0": "日本語" * 60, "r1": "👩‍💻" * 60, "r2": "x" * 400}
        table.selected = "r1"
        for width in (20, 21, 22, 23, 37, 80, 300, 20):
            await pilot.resize_terminal(width, 6)
            await pilot.pause()
            assert [cell_len(line) for line in lines(table)] == [width] * 6
            shown = [line.split()[1 + line.startswith("> ")][0] for line in lines(table)[1:4]]
            assert shown == (["日", "👩", "x"] if width > 21 else shown)
            assert lines(table)[2].startswith("> ")
            kept = [slot.column.name for slot in fit_columns(COLUMNS, width)]
            assert lines(table)[0].split() == kept

    play(scene, rows)


# The cost


def test_sync_refreshes_exactly_what_differs() -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        assert table.sync(1000) == 0
        world.texts["r15"] = "off screen"
        assert table.sync(1000) == 0
        await pilot.pause()
        assert (table.regions, table.whole, table.drawn) == ((), 0, [])
        world.texts["r3"] = "changed"
        assert table.sync(1000) == 1
        await pilot.pause()
        assert (table.regions, table.whole) == ((Region(7, 4, 18, 1),), 0)
        assert table.drawn == [4]
        assert "changed" in lines(table)[4]

    play(scene)


def test_ages_repaint_their_cells_only() -> None:
    async def scene(_: Pilot[None], table: Watched, __: World) -> None:
        assert table.sync(1999) == 0
        assert table.sync(2000) == 5
        assert table.regions == tuple(Region(2, y, 4, 1) for y in range(1, 6))

    play(scene)


def test_an_unchanged_line_is_built_once() -> None:
    async def scene(_: Pilot[None], table: Watched, __: World) -> None:
        assert table.render_line(2) is table.render_line(2)

    play(scene)


def test_lines_that_were_shown_are_not_kept_for_ever() -> None:
    async def scene(_: Pilot[None], table: Watched, __: World) -> None:
        for now_ms in range(0, 200_000, 1_000):
            table.sync(now_ms)
            for y in range(table.size.height):
                table.render_line(y)
        assert len(table._strips) <= 2 * table.size.height

    play(scene)


def test_what_a_narrow_table_does_not_show_is_no_change() -> None:
    async def scene(_: Pilot[None], table: Watched, world: World) -> None:
        world.texts["r0"] = "a very long name, first version"
        assert table.sync(1000) == 1
        world.texts["r0"] = "a very long name, second version"
        assert table.sync(1000) == 0

    play(scene, size=(22, 6))


def test_moving_one_line_repaints_two() -> None:
    async def scene(pilot: Pilot[None], table: Watched, _: World) -> None:
        table.selected = "r1"
        await pilot.pause()
        table.forget()
        table.move(1)
        await pilot.pause()
        assert sorted(table.drawn) == [2, 3]

    play(scene)


def test_only_visible_rows_are_asked_for_cells_among_50_000() -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        for step in (lambda: table.sync(2000), table.move_to_last, lambda: table.page(-1)):
            world.asked.clear()
            step()
            await pilot.pause()
            assert len(world.asked) == 5
        world.asked.clear()
        world.add(49_990, sort_key=-1)
        world.rows.drop("r7")
        table.sync(2000)
        await pilot.pause()
        assert len(world.asked) == 5

    play(scene, rows=50_000)


def test_rows_that_come_and_go_do_not_lay_out_the_screen() -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        await pilot.pause()
        layouts = table._layout_updates
        world.add(99)
        table.sync(1000)
        assert table.virtual_size.height == 22
        await pilot.pause()
        assert (table._layout_updates, table.whole) == (layouts, 0)

    play(scene)


# Compact, filter, themes


def test_compact_shows_the_first_row_alone() -> None:
    async def scene(pilot: Pilot[None], table: Watched, world: World) -> None:
        table.selected = "r12"
        table.compact = True
        await pilot.pause()
        assert [line.split()[1:2] for line in lines(table)] == [["s0"], [], [], [], [], []]
        await pilot.press("down", "enter")  # nobody sees r12, so nothing may happen to it
        await pilot.pause()
        assert (table.selected, told(pilot)) == ("r12", [])
        world.add(99, sort_key=-1)
        assert table.sync(1000) == 1
        table.compact = False
        await pilot.pause()
        assert "SESSION" in lines(table)[0]
        assert marked(table) == ["s12"]

    play(scene)


def test_filter_hides_rows_and_their_selection() -> None:
    async def scene(_: Pilot[None], table: Watched, world: World) -> None:
        table.selected = "r3"
        world.rows.set_filter(lambda row_id: int(row_id[1:]) % 2 == 0)
        table.sync(1000)
        assert [line.split()[1] for line in lines(table)[1:]] == ["s0", "s2", "s4", "s6", "s8"]
        assert (selection(table), world.rows.hidden) == ((None, True), 10)
        world.rows.set_filter(None)
        table.sync(1000)
        assert (selection(table), marked(table)) == (("r3", False), ["s3"])
        assert world.rows.hidden == 0

    play(scene)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "textual-light"])
def test_themes_without_own_colours(theme: str) -> None:
    async def scene(_: Pilot[None], table: Watched, __: World) -> None:
        table.selected = "r0"
        assert marked(table) == ["s0"]
        styles = [part.style for part in table.render_line(2) if part.style]
        names = {style.color.name for style in styles if style.color}
        assert "yellow" in names
        if "ansi" in theme:
            assert names == {"yellow", "default"}

    play(scene, theme=theme)
