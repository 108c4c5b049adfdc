"""One panel on the screen: a title with live counts over a table of rows."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical

from clawtop.picture.store import Store
from clawtop.screen.line import Line
from clawtop.screen.panels import PanelModel
from clawtop.screen.rows import RowTable
from clawtop.text import plain


class Title(Line):
    """A rule with the panel's number, name and counts."""

    def announce(self, text: str, focused: bool) -> None:
        """The counts now; the panel in focus is bold."""
        line = f"─ {text} "
        self.say(line + "─" * (self.size.width - cell_len(line)), "bold" if focused else "dim")


class PanelRows(RowTable, inherit_bindings=False):
    """A table without keys of its own: the dashboard's one key table has them all."""


class PanelView(Vertical):
    """A panel: closed it is a title and its worst rows, open it has the room."""

    DEFAULT_CSS = "PanelView { height: 2; }"

    def __init__(self, model: PanelModel) -> None:
        super().__init__(id=f"panel-{model.name}")
        self.model = model
        self._shape: tuple[int | None, bool] = (2, False)
        self.chosen = False  # by a person; until then the selection follows the worst row
        self.title_line = Title()
        self.table = PanelRows(model.rows, id=f"rows-{model.name}")

    def compose(self) -> ComposeResult:
        yield self.title_line
        yield self.table

    def set_shape(self, height: int | None, *, compact: bool) -> None:
        """Give it this many lines, title included (None: what is left over), or only its worst
        rows without a heading. Nothing is laid out again unless this changes."""
        if (height, compact) != self._shape:
            self._shape = (height, compact)
            self.styles.height = "1fr" if height is None else height
            self.table.compact_rows = max((height or 2) - 1, 1)
            self.table.compact = compact

    def paint(self, store: Store, now_ms: int, words: tuple[str, ...]) -> int:
        """Bring title and visible rows up to ``now_ms``; how many lines were repainted."""
        hidden = self.model.rows.hidden
        shown = f" · filter {plain(' '.join(words))} ({hidden} hidden)" if words else ""
        text = f"{self.model.number} {self.model.label}  {self.model.title(store)}{shown}"
        self.title_line.announce(text, self.table.has_focus)
        self.table.set_empty_text(self.model.empty_text(store))
        return self.table.sync(now_ms)
