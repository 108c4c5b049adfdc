"""One panel on the screen: a title with live counts over a table of rows."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical

from clawtop.picture.store import Store
from clawtop.screen.line import Line
from clawtop.screen.panels import NEED, PanelModel
from clawtop.screen.rows import RowTable
from clawtop.screen.trend import Trend
from clawtop.text import plain


class Title(Line):
    """A rule with the panel's number, name and counts; how they moved, where there is room."""

    def announce(self, text: str, focused: bool, trend: str = "", place: str = "") -> None:
        """The counts now; the panel in focus is bold. ``place``: where in its rows it is."""
        tail = f" {place} ─" if place else ""
        room = self.size.width - cell_len(tail)
        line = f"─ {text} "
        if trend and cell_len(line) + cell_len(trend) < room:
            line += f"{trend} "
        rule = "─" * (room - cell_len(line))
        self.say(line + rule, "bold" if focused else "dim", tail)


class PanelRows(RowTable, inherit_bindings=False):
    """A table without keys of its own: the dashboard's one key table has them all."""


class PanelView(Vertical):
    """A panel: closed it is a title and its worst rows, open it has the room."""

    DEFAULT_CSS = "PanelView { height: 2; }"

    def __init__(self, model: PanelModel) -> None:
        super().__init__(id=f"panel-{model.name}")
        self.model = model
        self._shape: tuple[int | None, bool, int] = (2, False, 1)
        self.chosen = False  # by a person; until then the selection follows the worst row
        self.title_line = Title()
        self.trend = Trend()
        self.table = PanelRows(model.rows, id=f"rows-{model.name}")

    def compose(self) -> ComposeResult:
        yield self.title_line
        yield self.table

    def set_shape(self, height: int | None, *, compact: bool, parts: int = 1) -> None:
        """Give it this many lines, title included (None: so many ``parts`` of what is left over),
        or only its worst rows without a heading. Nothing is laid out again unless this changes."""
        if (height, compact, parts) != self._shape:
            self._shape = (height, compact, parts)
            self.styles.height = f"{parts}fr" if height is None else height
            self.table.compact_rows = max((height or 2) - 1, 1)
            self.table.compact = compact

    def paint(self, store: Store, now_ms: int, words: tuple[str, ...]) -> int:
        """Bring title and visible rows up to ``now_ms``; how many lines were repainted."""
        model = self.model
        self.trend.note(model.count(store), store.now_ms)
        held_back = f"{model.rows.hidden} hidden" if model.rows.hidden else ""
        if words and self.table.has_focus:
            held_back = f"filter {plain(' '.join(words))} ({model.rows.hidden} hidden)"
        shown = f" · {held_back}" if words and held_back else ""
        order = "" if model.order_name == NEED else f" · by {model.order_name}"
        text = f"{model.number} {model.label}  {model.heading(store)}{order}{shown}"
        self.title_line.announce(text, self.table.has_focus, self.trend.text, self._place())
        self.table.set_empty_text(self.model.empty_text(store))
        return self.table.sync(now_ms)

    def _place(self) -> str:
        """Which of how many rows is selected, where not all of them are in sight."""
        number = len(self.model.rows)
        if self.table.compact or number < self.table.size.height:
            return ""
        selected = self.table.selected
        index = None if selected is None else self.model.rows.index_of(selected)
        return f"{number} rows" if index is None else f"{index + 1} of {number}"
