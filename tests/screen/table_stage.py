"""A row table on a stage, with everything that it asks of Textual written down."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from clawtop.screen.rows import Cell, Column, RowTable, SortedRows

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
