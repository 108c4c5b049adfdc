"""A table that paints only the lines it shows, and holds its selection by row id.

Knows nothing of locks or approvals: rows come from a `RowSource`. `sync`, called by the app's one
timer, compares what each visible line shows with what it should show and repaints only what
differs, so the cost follows the height of the window and never the number of rows.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar, Literal, NamedTuple

from rich.cells import cell_len, split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Region, Size, clamp
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from clawtop.screen.sorted_rows import Cell, Column, RowSource, SortedRows

__all__ = ["Cell", "Column", "RowSource", "RowTable", "SortedRows", "fit_columns", "fit_text"]

MARKER, NO_MARKER, GAP, ELLIPSIS = "> ", "  ", " ", "…"
HEADER_STYLE, NOTE_STYLE = "bold", "dim"
REVERSE = Style(reverse=True)


class Slot(NamedTuple):
    """Where a column lies on the line."""

    position: int  # among the columns of the source
    x: int
    width: int
    column: Column

    def fit(self, cell: Cell) -> Cell:
        """Cut before comparing: what differs beyond the cut is no change on the screen."""
        text = fit_text(cell.text, self.width, self.column.align, self.column.middle)
        return Cell(text, cell.style)


def fit_columns(columns: Sequence[Column], width: int) -> tuple[Slot, ...]:
    """Drop columns by rank until the rest fits; flexible columns share what is left over."""
    room = width - len(MARKER)
    kept = list(range(len(columns)))
    while len(kept) > 1 and _needed(columns, kept) > room:
        kept.remove(max(kept, key=lambda index: (columns[index].rank, index)))
    return tuple(_slots(columns, kept, room))


def _needed(columns: Sequence[Column], kept: Sequence[int]) -> int:
    return sum(columns[index].width for index in kept) + len(GAP) * (len(kept) - 1)


def _slots(columns: Sequence[Column], kept: Sequence[int], room: int) -> Iterable[Slot]:
    flexible = [index for index in kept if columns[index].flex]
    share, rest = divmod(max(0, room - _needed(columns, kept)), len(flexible) or 1)
    x = len(MARKER)
    for index in kept:
        width = columns[index].width
        if index in flexible:
            width += share + (rest if index == flexible[0] else 0)
        width = max(0, min(width, room))  # the last column standing is cut, not dropped
        yield Slot(index, x, width, columns[index])
        x += width + len(GAP)


@lru_cache(maxsize=512)  # a screen has some hundred cells
def fit_text(text: str, width: int, align: str = "left", middle: bool = False) -> str:
    """The text in exactly `width` terminal cells: cut with "…", or padded."""
    if cell_len(text) > width:
        text = _shorten(text, width, middle)
    padding = " " * (width - cell_len(text))
    return padding + text if align == "right" else text + padding


def _shorten(text: str, width: int, middle: bool) -> str:
    if width < 1:
        return ""
    spans, _ = split_graphemes(text)
    room = width - len(ELLIPSIS)
    tail, used = _fitting([size for *_, size in reversed(spans)], room // 2 if middle else 0)
    head, _ = _fitting([size for *_, size in spans], room - used)
    end = text[spans[-tail][0] :] if tail else ""
    return text[: spans[head][0]] + ELLIPSIS + end


def _fitting(sizes: Sequence[int], room: int) -> tuple[int, int]:
    """How many characters fit, and the cells they take; a wide one fits whole or not at all."""
    used = 0
    for count, size in enumerate(sizes):
        if used + size > room:
            return count, used
        used += size
    return len(sizes), used


class Line(NamedTuple):
    """All that decides how one line looks: equal lines are never painted again."""

    cells: tuple[Cell, ...] = ()
    mark: Literal["", "marked", "reversed"] = ""
    note: str = ""  # a sentence over the whole width, in place of cells

    def strip(self, width: int) -> Strip:
        segments = [Segment(MARKER if self.mark else NO_MARKER)]
        if self.note:
            segments.append(Segment(self.note, Style.parse(NOTE_STYLE)))
        for position, cell in enumerate(self.cells):
            segments.append(Segment(GAP if position else ""))
            style = "" if self.mark == "reversed" else cell.style  # colours reversed are blocks
            segments.append(Segment(cell.text, Style.parse(style)))
        strip = Strip(segment for segment in segments if segment.text).adjust_cell_length(width)
        # Fewer runs are fewer colour codes on the wire.
        return strip.apply_style(REVERSE if self.mark == "reversed" else Style.null()).simplify()

    def difference(self, shown: "Line | None", y: int, slots: Sequence[Slot], width: int) -> Region:
        """The part of line `y` to paint again."""
        if shown is None or shown.mark != self.mark or not (shown.cells and self.cells):
            return Region(0, y, width, 1)
        pairs = zip(slots, shown.cells, self.cells, strict=True)
        changed = [slot for slot, old, new in pairs if old != new]
        return Region(changed[0].x, y, changed[-1].x + changed[-1].width - changed[0].x, 1)


class RowTable(ScrollView, can_focus=True, inherit_bindings=False):
    """The rows of a source, one line each. Nothing but the header is drawn before the first sync,
    because cells need the time and only `sync` brings it."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    RowTable { height: 1fr; overflow: hidden hidden; scrollbar-size: 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Last", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    class About(Message):
        """A message about one row."""

        def __init__(self, table: "RowTable", row_id: str) -> None:
            super().__init__()
            self.table = table
            self.row_id = row_id

        @property
        def control(self) -> "RowTable":
            return self.table

    class Selected(About):
        """The user moved the selection to another row."""

    class Opened(About):
        """The user pressed Enter on the selected row."""

    def __init__(
        self,
        source: RowSource,
        *,
        id: str | None = None,
        show_header: bool = True,
        empty_text: str = "",
    ) -> None:
        super().__init__(id=id)
        self.source = source
        self._show_header = show_header
        self._empty_text = empty_text
        self._compact = False
        self._compact_rows = 1
        self._chosen: str | None = None  # kept while its row is away: it may come back
        self._chosen_at = 0  # where it was last seen
        self._follow = False  # it is in view, and has to stay in view
        self._now_ms: int | None = None
        self._placing = False
        self._fitted_size: Size | None = None
        self._slots: tuple[Slot, ...] = ()
        self._shown: list[Line] = []
        self._shown_ids: list[str] = []
        self._strips: LRUCache[Line, Strip] = LRUCache(0)

    # What the app asks and tells

    @property
    def selected(self) -> str | None:
        """The id of the selected row; None as soon as the source has no such row."""
        return None if self._index() is None else self._chosen

    @selected.setter
    def selected(self, row_id: str | None) -> None:
        self._place()  # settle what moved since the last sync, or the window would jump
        self._chosen = row_id
        index = self._index()
        self._chosen_at = self._chosen_at if index is None else index
        self._follow = True
        self._resync()

    @property
    def last_selected(self) -> str | None:
        """The id of the row that is or was selected, there now or not."""
        return self._chosen

    @property
    def selection_gone(self) -> bool:
        """A row was selected and has vanished: nothing is selected now."""
        return self._chosen is not None and self._index() is None

    @property
    def compact(self) -> bool:
        """Only the first rows, without a header: for a panel that has just a line or two."""
        return self._compact

    @compact.setter
    def compact(self, compact: bool) -> None:
        self._compact = compact
        self._resync()

    @property
    def compact_rows(self) -> int:
        """How many rows are shown while it is compact."""
        return self._compact_rows

    @compact_rows.setter
    def compact_rows(self, rows: int) -> None:
        self._compact_rows = rows
        self._resync()

    def set_empty_text(self, text: str) -> None:
        if text != self._empty_text:
            self._empty_text = text
            self._resync()

    def sync(self, now_ms: int) -> int:
        """Repaint the visible lines that differ from the source; answers how many."""
        self._now_ms = now_ms
        self._place()
        return self._repaint()

    def move(self, delta: int) -> None:
        """Select the row `delta` lines on, or the nearest to where a vanished one was."""
        index = self._index()
        self._select_at(self._chosen_at if index is None else index + delta)

    def page(self, delta: int) -> None:
        self.move(delta * max(1, self._page_rows()))

    def move_to_first(self) -> None:
        self._select_at(0)

    def move_to_last(self) -> None:
        self._select_at(len(self.source) - 1)

    # Keys and clicks

    action_move, action_page = move, page
    action_first, action_last = move_to_first, move_to_last

    def action_open(self) -> None:
        row_id = self.selected
        if row_id is not None and row_id in self._shown_ids:  # never a row that nobody can see
            self.post_message(self.Opened(self, row_id))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        line = -1 if offset is None else offset.y - self._header_rows()
        if 0 <= line < len(self._shown_ids):
            self._select(self._shown_ids[line])  # the id that was painted there, not today's row

    def watch_has_focus(self, has_focus: bool) -> None:
        """Not `on_blur`: that runs while `has_focus` still holds the old value."""
        super().watch_has_focus(has_focus)
        self._resync()

    def on_resize(self) -> None:
        self._resync()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Someone else scrolled: repaint by comparison, where Textual repaints every line."""
        if not self._placing and round(old_value) != round(new_value):
            self._follow = 0 <= self._chosen_at - self.scroll_offset.y < self._page_rows()
            self._repaint()

    # Selection and window

    def _index(self) -> int | None:
        return None if self._chosen is None else self.source.index_of(self._chosen)

    def _select_at(self, index: int) -> None:
        if len(self.source) and not self._compact:
            self._select(self.source.id_at(clamp(index, 0, len(self.source) - 1)))

    def _select(self, row_id: str) -> None:
        if row_id == self.selected or self.source.index_of(row_id) is None:
            return
        self.selected = row_id
        self.post_message(self.Selected(self, row_id))

    def _header_rows(self) -> int:
        return int(self._show_header and not self._compact and self.size.height > 1)

    def _page_rows(self) -> int:
        return self.size.height - self._header_rows()

    def _place(self) -> None:
        """Scroll so that the selected row stays where it was, or at least in view."""
        self._fit_virtual_size()
        index, rows, page = self._index(), len(self.source), self._page_rows()
        if self._compact or page < 1:
            return
        top = self.scroll_offset.y
        if index is not None:
            if self._follow:
                # At the very top the window stays: a new worst row has to come into sight.
                shift = index - self._chosen_at if top else 0
                top = clamp(top + shift, index - page + 1, index)
            self._chosen_at = index
        self._scroll_window(clamp(top, 0, max(0, rows - page)))

    def _scroll_window(self, top: int) -> None:
        if top == self.scroll_offset.y:
            return
        self._placing = True  # the comparison that follows paints; the watcher must not
        try:
            self.scroll_to(y=top, animate=False, force=True)
        finally:
            self._placing = False

    def _fit_virtual_size(self) -> None:
        rows = max(1, len(self.source)) + self._header_rows()
        rows = self._compact_rows if self._compact else rows
        size = Size(self.size.width, rows)
        if size == self.virtual_size:
            return
        # A plain assignment lays out the whole screen again for each row that comes or goes.
        self.set_reactive(RowTable.virtual_size, size)
        if self.styles.auto_dimensions:
            self.refresh(repaint=False, layout=True)

    # Painting

    def _resync(self) -> None:
        if self._now_ms is not None:
            self.sync(self._now_ms)

    def _repaint(self) -> int:
        if not self.is_mounted or not self.size:
            return 0
        shown = [] if self._fitted_size != self.size else self._shown
        self._look()
        regions = [
            line.difference(old, y, self._slots, self.size.width)
            for y, line in enumerate(self._shown)
            if (old := shown[y] if y < len(shown) else None) != line
        ]
        if regions:  # without regions Textual would take it as "everything"
            self.refresh(*regions)
        return len(regions)

    def _look(self) -> None:
        """Read from the source what every visible line has to show."""
        if self._fitted_size != self.size:
            self._fitted_size = self.size
            self._slots = fit_columns(self.source.columns, self.size.width)
            self._strips = LRUCache(2 * self.size.height)  # older lines will not come back
        lines = [self._header_line()] if self._header_rows() else []
        lines += self._row_lines(self.size.height - len(lines))
        self._shown = lines + [Line()] * (self.size.height - len(lines))

    def _header_line(self) -> Line:
        return self._line([Cell(column.name, HEADER_STYLE) for column in self.source.columns])

    def _row_lines(self, room: int) -> list[Line]:
        if self._now_ms is None:
            return []
        top = 0 if self._compact else self.scroll_offset.y
        room = min(room, self._compact_rows) if self._compact else room
        indexes = range(top, min(top + room, len(self.source)))
        self._shown_ids = [self.source.id_at(index) for index in indexes]
        if not len(self.source):
            return [self._note_line()][:room]
        return [self._row_line(row_id, self._now_ms) for row_id in self._shown_ids]

    def _row_line(self, row_id: str, now_ms: int) -> Line:
        line = self._line(self.source.cells(row_id, now_ms))
        if row_id != self._chosen:
            return line
        return line._replace(mark="reversed" if self.has_focus else "marked")

    def _note_line(self) -> Line:
        return Line(note=fit_text(self._empty_text, max(0, self.size.width - len(NO_MARKER))))

    def _line(self, cells: Sequence[Cell]) -> Line:
        return Line(tuple(slot.fit(cells[slot.position]) for slot in self._slots))

    def render_line(self, y: int) -> Strip:
        if self._fitted_size != self.size:  # Textual paints a new size before it tells us
            self._look()
        line = self._shown[y] if y < len(self._shown) else Line()
        if (strip := self._strips.get(line)) is None:
            strip = self._strips[line] = line.strip(self.size.width)
        return strip.apply_style(self.visual_style.rich_style)
