"""The keys that move and look: panels, detail, filter, freeze, help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Input

from clawtop.incidents.incident import Incident
from clawtop.picture.records import Lock, Recovery, SystemEvent
from clawtop.screen.detail import approvals_page, event_page, lock_page, recovery_page
from clawtop.screen.dialogs import Confirm, Reading
from clawtop.screen.incident_page import incident_page
from clawtop.screen.keys import help_text
from clawtop.text import count, plain

if TYPE_CHECKING:
    from clawtop.screen.app import ClawtopApp
    from clawtop.screen.rows import RowTable


class Looking:
    """Actions of the dashboard that change nothing on the gateway. Mixed into the app."""

    def _me(self) -> ClawtopApp:
        return self  # type: ignore[return-value]

    # -- moving

    def action_move(self, delta: int) -> None:
        self._moving().move(delta)

    def action_page(self, delta: int) -> None:
        self._moving().page(delta)

    def action_first(self) -> None:
        self._moving().move_to_first()

    def action_last(self) -> None:
        self._moving().move_to_last()

    def _moving(self) -> RowTable:
        """The table that moves; its rows hold still for a moment."""
        app = self._me()
        app.note_key()
        app.hush()
        panel = app.board.focused_panel()
        panel.chosen = True
        return panel.table

    def action_panel(self, number: int) -> None:
        app = self._me()
        app.hush()
        app.board.focus_panel(number)
        app.dirty()

    def action_next_panel(self, delta: int) -> None:
        self._me().board.next_panel(delta)
        self._me().dirty()

    # -- the selected record

    def selected(self) -> tuple[str, str | None]:
        """The panel in focus and the id of its selected record."""
        panel = self._me().board.focused_panel()
        return panel.model.name, panel.table.selected

    def record(self) -> object | None:
        """The selected record as the rows hold it."""
        name, row_id = self.selected()
        for panel in self._me().board.panels:
            if panel.model.name == name and row_id is not None:
                return panel.model.records.get(row_id)
        return None

    def action_open(self) -> None:
        app = self._me()
        page = self.page_of(self.record())
        if page is None:
            app.say(self.why_nothing())
            return
        name, row_id = self.selected()
        if name == "locks" and app.watcher is not None and row_id is not None:
            app.watcher.named = frozenset({row_id})  # look at it closely while it is read about

        record = self.record()

        def renew() -> Text | None:
            panel = next(one for one in app.board.panels if one.model.name == name)
            fresh = panel.model.one(app.store, row_id or "")
            gone = record if isinstance(record, Incident) else None  # its page says that it is over
            return self.page_of(fresh if fresh is not None else gone)

        app.push_screen(Reading(page, acting=True, renew=renew), self._after_detail)

    def why_nothing(self) -> str:
        """Why there is nothing selected, in words."""
        table = self._me().board.table()
        if table.selection_gone:
            return "the record that was selected is gone; move to select another"
        return "nothing is selected here"

    def page_of(self, record: object | None) -> Text | None:
        store, standing = self._me().store, self._me().standing
        match record:
            case Incident() if standing is not None:
                return incident_page(record, standing)
            case Lock():
                named = standing.of_session(record.session_key) if standing else ()
                return lock_page(record, store, named)
            case tuple():
                named = standing.of_session(record[0].session_key) if standing else ()
                return approvals_page(record, store, named)
            case SystemEvent():
                return event_page(record, store)
            case Recovery():
                return recovery_page(record, store)
            case _:
                return None

    async def _after_detail(self, what: str | None) -> None:
        if what is not None:
            await self._me().run_action(what, self._me())

    # -- filter and freeze

    def action_filter(self) -> None:
        line = self._me().board.filter_line
        line.value = " ".join(self._me().filter_words)
        line.add_class("open")
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._me().board.filter_line and event.input.has_focus:
            self.set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is self._me().board.filter_line:
            self.close_filter()

    def set_filter(self, text: str) -> None:
        """Filter every panel by these words."""
        app = self._me()
        app.filter_words = tuple(text.split())
        for panel in app.board.panels:
            panel.model.set_filter(app.filter_words)
        app.dirty()

    def close_filter(self) -> None:
        board = self._me().board
        board.filter_line.remove_class("open")
        board.focused_panel().table.focus()

    def action_freeze(self) -> None:
        app = self._me()
        app.frozen_ms = None if app.frozen_ms is not None else app.store.now_ms
        app.dirty()

    def action_up_level(self) -> None:
        """One level back: the filter, then the words, then the freeze."""
        app = self._me()
        if app.board.filter_line.has_class("open"):
            self.set_filter("")
            self.close_filter()
        elif app.filter_words:
            self.set_filter("")
        elif app.frozen_ms is not None:
            app.frozen_ms = None
        app.hush()
        app.dirty()

    # -- the rest

    def action_help(self) -> None:
        self._me().push_screen(Reading(help_text()))

    def action_actions(self) -> None:
        import os

        from clawtop.errors import ClawtopError
        from clawtop.gateway.actionlog import action_text, log_path, read_log

        try:
            lines = read_log(log_path(os.environ))
        except ClawtopError as error:
            self._me().say(error.sentence())
            return
        newest = [text for line in reversed(lines[-200:]) for text in action_text(line)]
        body = "\n".join(newest) or "nothing has been done from this host"
        self._me().push_screen(Reading(f"ACTION LOG, newest first\n\n{body}"))

    def action_copy(self) -> None:
        """The full id on a line of its own, and into the terminal's clipboard."""
        app = self._me()
        row_id, record = self.selected()[1], self.record()
        if row_id is None or record is None:
            app.say(self.why_nothing())
            return
        text = record[0].id if isinstance(record, tuple) else row_id  # an incident's is its key
        app.copy_to_clipboard(plain(text))
        app.push_screen(Reading(f"copied, if this terminal allows it\n\n{plain(text)}"))

    def action_ask(self) -> None:
        app = self._me()
        app.hush()
        if app.watcher is None or app.problem is not None:
            app.restart_watch()
        elif app.watcher.past:
            app.say(app.watcher.past)
        elif app.store.link_up:
            app.watcher.ask_all_now()
            app.say("asking everything again")
        else:
            app.watcher.reconnect_now()

    def action_repaint(self) -> None:
        self._me().refresh(layout=True)

    def action_interrupt(self) -> None:
        self._me().exit(return_code=130)

    def action_leave(self) -> None:
        app = self._me()
        if not app.doing.in_flight:
            app.leave()
            return
        text = Text(f"{count(app.doing.in_flight, 'action')} under way.\n", "bold red")
        text.append("It cannot be recalled; its outcome will be recorded as unknown.\n")
        app.push_screen(Confirm(text), self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer is not None:
            self._me().exit(return_code=0)
