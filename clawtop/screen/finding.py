"""The keys that find: the command palette, the order of the rows, the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from clawtop.screen.dashboard import LOCKS
from clawtop.screen.panels import NEED

if TYPE_CHECKING:
    from clawtop.screen.app import ClawtopApp
    from clawtop.screen.panel_view import PanelView

MOST_NAMED = 200  # sessions that the palette names; a filter finds any other


class Finding:
    """Actions that bring other rows into sight. Mixed into the app."""

    def _finder(self) -> ClawtopApp:
        return self  # type: ignore[return-value]

    # -- commands by name

    def action_palette(self) -> None:
        from clawtop.screen.palette import Palette, entries

        app = self._finder()
        panel = app.board.focused_panel()
        locks = app.board.panel(LOCKS).model.rows
        sessions = [locks.id_at(index) for index in range(min(len(locks), MOST_NAMED))]
        found = entries([NEED, *panel.model.orders()], sessions)
        app.push_screen(Palette(found), app.do_chosen)

    def action_go_to(self, session_key: str) -> None:
        """Select the lock of that session."""
        board = self._finder().board
        panel = board.panel(LOCKS)
        if panel.model.rows.index_of(session_key) is None:
            self._finder().say(f"not held any more, or held back by the filter: {session_key}")
            return
        board.focus_panel(LOCKS)
        panel.chosen, panel.table.selected = True, session_key

    # -- order and filter

    def action_sort(self) -> None:
        panel = self._finder().board.focused_panel()
        self._sorted(panel, panel.model.next_order())

    def action_order(self, name: str) -> None:
        panel = self._finder().board.focused_panel()
        self._sorted(panel, panel.model.set_order(name))

    def _sorted(self, panel: PanelView, name: str) -> None:
        self._finder().say(f"{panel.model.label.lower()} sorted by {name}")
        self._finder().dirty()

    def action_filter(self) -> None:
        board = self._finder().board
        if not board.filter_line.is_mounted:  # it comes with the second frame
            return
        board.filter_line.value = " ".join(self._finder().filter_words)
        board.filter_line.add_class("open")
        board.set_focus(board.filter_line)  # at once: what is typed next is meant for it

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._finder().board.filter_line and event.input.has_focus:
            self.set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is self._finder().board.filter_line:
            self.close_filter()

    def set_filter(self, text: str) -> None:
        """Filter every panel by these words."""
        app = self._finder()
        app.filter_words = tuple(text.split())
        for panel in app.board.panels:
            panel.model.set_filter(app.filter_words)
        app.dirty()

    def close_filter(self) -> None:
        board = self._finder().board
        board.filter_line.remove_class("open")
        board.focused_panel().table.focus()
