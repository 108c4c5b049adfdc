"""The dashboard screen: header, incidents, four panels, one line for words, the footer.

It owns no domain state: rows come from panel models, which copy from the store when the app's
one timer says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from clawtop.picture.store import Store
from clawtop.screen.header import Header
from clawtop.screen.keys import bindings, foot_text
from clawtop.screen.line import Line, Words
from clawtop.screen.panel_view import PanelView
from clawtop.screen.panels import ALL, IncidentsPanel
from clawtop.screen.rows import RowTable

if TYPE_CHECKING:
    from clawtop.screen.beside import Beside

WIDE = (120, 36)
BESIDE = (160, 36)  # there is room for the detail beside the panels
SMALLEST = (60, 16)
SHORT = 20  # fewer lines: a panel that is not in focus is a title and nothing else
CLOSED_INCIDENTS, OPEN_INCIDENTS = 2, 6  # rows of panel 0 when it is not the one that has the room
LOCKS = 2
FOCUSED, OTHERS = 3, 2  # parts of the room, where all panels are open


class FilterLine(Input):
    """The filter's input; Esc gives it up, Enter keeps it. Its cursor rests."""

    cursor_blink = False
    DEFAULT_CSS = """
    FilterLine, FilterLine:focus { height: 1; border: none; padding: 0; }
    FilterLine { display: none; }
    FilterLine.open { display: block; }
    """


class TooSmall(Widget):
    """What a terminal shows that is too small for the dashboard."""

    DEFAULT_CSS = "TooSmall { display: none; height: 1fr; }"

    def render(self) -> Text:
        width, height = self.app.size
        least = f"{SMALLEST[0]}x{SMALLEST[1]}"
        return Text(
            f"This terminal is {width}x{height}; clawtop needs {least}."
            " Enlarge it, or quit (q) and run: clawtop snapshot"
        )


class Dashboard(Screen[None], inherit_bindings=False):
    """The whole picture on one screen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    AUTO_FOCUS = "#rows-locks"
    DEFAULT_CSS = """
    Dashboard { layout: vertical; overflow: hidden; }
    Dashboard.small TooSmall { display: block; }
    Dashboard.small PanelView, Dashboard.small Line, Dashboard.small Header { display: none; }
    Dashboard.stale RowTable { text-style: dim; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.header_lines = Header()
        self.panels = [PanelView(model()) for model in ALL]
        self.foot = Line(id="foot")
        self.beside: Beside | None = None
        self.words = Words(id="words")
        self.filter_line = FilterLine(placeholder="filter: words, state:stale, agent:main")

    def compose(self) -> ComposeResult:
        yield self.header_lines
        yield from self.panels
        yield self.words
        yield self.foot

    def on_mount(self) -> None:
        self.lay_out()

    def begin(self) -> None:
        """What the first frame does not need."""
        self.mount(self.filter_line, before=self.foot)

    def on_resize(self) -> None:
        self.lay_out()

    def on_descendant_focus(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        """Open all panels where there is room, else the one in focus."""
        width, height = self.app.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "small")
        if small and not self.query(TooSmall):
            self.mount(TooSmall(), before=0)
        roomy = width >= WIDE[0] and height >= WIDE[1]
        self._lay_out_beside(width >= BESIDE[0] and height >= BESIDE[1])
        self.foot.say(foot_text(width), "dim")
        focused = self.focused_panel()
        for panel in self.panels:
            here = panel is focused
            if isinstance(panel.model, IncidentsPanel) and not self._incidents_open(here, roomy):
                self._lay_out_incidents(panel, roomy, height)
            elif roomy or here:
                panel.set_shape(None, compact=False, parts=FOCUSED if here else OTHERS)
            else:
                panel.set_shape(1 if height < SHORT else 2, compact=True)

    def _incidents_open(self, focused: bool, roomy: bool) -> bool:
        """Whether the incidents share the room like a panel: they are looked at, and are many."""
        return focused and (not roomy or len(self.panel(0).model.rows) > OPEN_INCIDENTS)

    def _lay_out_beside(self, wanted: bool) -> None:
        if wanted and self.beside is None:
            from clawtop.screen.beside import Beside  # few terminals are so wide

            self.beside = Beside()
            self.mount(self.beside)
        elif not wanted and self.beside is not None:
            self.beside.remove()
            self.beside = None

    def _lay_out_incidents(self, panel: PanelView, roomy: bool, height: int) -> None:
        """As many lines as there are incidents, up to a few; with none it is one calm line."""
        number = len(panel.model.rows)
        if roomy and number:
            panel.set_shape(2 + min(number, OPEN_INCIDENTS), compact=False)
        elif height < SHORT:
            panel.set_shape(1, compact=True)
        else:
            panel.set_shape(1 + min(number, CLOSED_INCIDENTS), compact=True)

    def focused_panel(self) -> PanelView:
        """The panel whose table has the focus; the locks when none has."""
        for panel in self.panels:
            if panel.table is self.focused:
                self._last = panel
                return panel
        return getattr(self, "_last", self.panel(LOCKS))

    def panel(self, number: int) -> PanelView:
        """The panel with this number. Raises StopIteration for one that there is not."""
        return next(panel for panel in self.panels if panel.model.number == number)

    def focus_panel(self, number: int) -> None:
        self._focus(self.panel(number))

    def next_panel(self, delta: int) -> None:
        index = self.panels.index(self.focused_panel())
        self._focus(self.panels[(index + delta) % len(self.panels)])

    def _focus(self, panel: PanelView) -> None:
        """At once: the next key may be in the queue, and is meant for this panel."""
        self.set_focus(panel.table)
        self.select_first()

    def table(self) -> RowTable:
        return self.focused_panel().table

    def select_first(self) -> None:
        """Until a person moves in a panel, the row that needs them most is selected."""
        for panel in self.panels:
            kept = panel.chosen and panel.table.last_selected is not None
            if not len(panel.model.rows) or kept:
                continue
            worst = panel.model.rows.id_at(0)
            if panel.table.selected != worst:
                panel.table.selected = worst

    def update_rows(self, store: Store, touched: dict[str, set[str]]) -> None:
        """Hand each panel what was touched in its part of the picture."""
        for panel in self.panels:
            ids = touched.get(panel.model.name)
            if ids:
                panel.model.update(store, ids)
        self.lay_out()  # incidents come and go with their lines

    def paint(self, store: Store, now_ms: int, words: tuple[str, ...]) -> None:
        """Bring everything visible up to ``now_ms``."""
        if self.has_class("small"):
            return
        self.set_class(not store.link_up and store.facts is not None, "stale")
        for panel in self.panels:
            panel.paint(store, now_ms, words)
