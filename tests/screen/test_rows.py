"""The row table: what it paints, what it costs, and that its selection never slips."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from clawtop.screen.rows import Cell, Column, RowTable, SortedRows, fit_columns, fit_text

COLUMNS = (
    Column("AGE", 4, align="right"),
    Column("SESSION", 8, flex=True, rank=1),
    Column("RUN", 7, middle=True, rank=2),
    Column("HOST", 6, rank=3),
)


class World:
    """Records a table can show: an id is a number, its row shows the age and the text."""

    def __init__(self, count: int = 0) -> None:
        self.texts: dict[str, str] = {}
        self.asked: list[str] = []
        self.rows: SortedRows[int] = SortedRows(COLUMNS, self.cells)
        for number in range(count):
            self.add(number)

    def add(self, number: int, sort_key: int | None = None) -> str:
        row_id = f"r{number}"
        self.texts.setdefault(row_id, f"s{number}")
        self.rows.put(row_id, number if sort_key is None else sort_key)
        return row_id

    def cells(self, row_id: str, now_ms: int) -> Sequence[Cell]:
        self.asked.append(row_id)
        age = Cell(f"{now_ms // 1000}s", "yellow")
        return age, Cell(self.texts[row_id]), Cell(f"run-{row_id}-x"), Cell("host")


class Watched(RowTable):
    """Writes down what Textual is asked to repaint and which lines it then draws."""

    regions: tuple[Region, ...] = ()
    whole = 0
    drawn: list[int]

    def refresh(self, *regions: Region, **how: bool) -> "Watched":
        if how.get("repaint", True):
            self.regions += regions
            self.whole += not regions
        return super().refresh(*regions, **how)

    def render_line(self, y: int) -> Strip:
        self.__dict__.setdefault("drawn", []).append(y)
        return super().render_line(y)

    def forget(self) -> None:
        self.regions, self.whole, self.drawn = (), 0, []


class Board(App[None]):
    def __init__(self, table: RowTable, theme: str = "textual-dark") -> None:
        super().__init__()
        self.table, self.told = table, list[tuple[str, str]]()
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield self.table
        yield Input()

    def on_mount(self) -> None:
        self.query_one(Input).styles.display = "none"
        self.table.focus()

    def on_row_table_selected(self, message: RowTable.Selected) -> None:
        self.told.append(("selected", message.row_id))

    def on_row_table_opened(self, message: RowTable.Opened) -> None:
        assert message.control is self.table
        self.told.append(("opened", message.row_id))


Scene = Callable[[Pilot[None], Watched, World], Awaitable[None]]


def play(
    scene: Scene,
    rows: int = 20,
    size: tuple[int, int] = (40, 6),
    theme: str = "textual-dark",
    empty_text: str = "all quiet",
) -> None:
    """Run the scene on a table of `rows` rows that was synced once, at second 1."""

    async def run() -> None:
        world = World(rows)
        table = Watched(world.rows, empty_text=empty_text)
        async with Board(table, theme).run_test(size=size) as pilot:
            await pilot.pause()
            table.sync(1000)
            await pilot.pause()
            table.forget()
            await scene(pilot, table, world)

    asyncio.run(run())


def told(pilot: Pilot[None]) -> list[tuple[str, str]]:
    assert isinstance(pilot.app, Board)
    return pilot.app.told


def lines(table: RowTable) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


def selection(table: RowTable) -> tuple[str | None, bool]:
    return table.selected, table.selection_gone


def marked(table: RowTable) -> list[str]:
    """The session column of the lines that carry the marker."""
    return [line.split()[2] for line in lines(table) if line.startswith("> ")]


# What is painted


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


# The selection


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


# The rows themselves

CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 12), st.integers(0, 3)),
        st.tuples(st.just("drop"), st.integers(0, 12), st.just(0)),
        st.tuples(st.just("filter"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


def multiples_of(modulus: int) -> Callable[[str], bool]:
    return lambda row_id: int(row_id) % modulus == 0


@given(CHANGES)
def test_sorted_rows_are_sorted(changes: list[tuple[str, int, int]]) -> None:
    rows: SortedRows[int] = SortedRows(COLUMNS, lambda row_id, now_ms: [Cell(row_id)])
    model: dict[str, int] = {}
    modulus = 0
    for what, number, key in changes:
        if what == "put":
            rows.put(f"{number}", key)
            model[f"{number}"] = key
        elif what == "drop":
            rows.drop(f"{number}")
            model.pop(f"{number}", None)
        elif what == "clear":
            rows.clear()
            model.clear()
        else:
            modulus = number
            rows.set_filter(multiples_of(modulus) if modulus else None)
        listed = [row_id for row_id in model if not modulus or int(row_id) % modulus == 0]
        wanted = sorted(listed, key=lambda row_id: (model[row_id], row_id))
        assert [rows.id_at(index) for index in range(len(rows))] == wanted
        positions = {row_id: place for place, row_id in enumerate(wanted)}
        assert {f"{n}": rows.index_of(f"{n}") for n in range(14)} == {
            f"{n}": positions.get(f"{n}") for n in range(14)
        }


def test_put_asks_the_filter_again_and_set_filter_asks_once() -> None:
    quiet, asked = {"a"}, list[str]()

    def loud(row_id: str) -> bool:
        asked.append(row_id)
        return row_id not in quiet

    rows: SortedRows[int] = SortedRows(COLUMNS, lambda row_id, now_ms: [])
    for row_id in "abc":
        rows.put(row_id, 1)
    rows.set_filter(loud)
    assert (sorted(asked), rows.index_of("a"), len(rows)) == (["a", "b", "c"], None, 2)
    quiet.clear()
    rows.put("a", 1)
    assert rows.index_of("a") == 0
    quiet.add("b")
    rows.put("b", 1)
    assert (rows.index_of("b"), rows.hidden) == (None, 1)


def test_sorted_rows_do_not_know_textual() -> None:
    code = "import sys, clawtop.screen.sorted_rows; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
