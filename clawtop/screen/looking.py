"""The keys that move and look: panels, detail, freeze, help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from clawtop.incidents.incident import Incident
from clawtop.picture.records import Lock
from clawtop.text import count, utc

if TYPE_CHECKING:
    from clawtop.screen.app import ClawtopApp
    from clawtop.screen.rows import RowTable

NOTHING = "nothing is selected here"
PAST_EVERY_MS = 5_000


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
        panel = self._me().board.focused_panel()
        row_id = panel.table.selected
        return None if row_id is None else panel.model.records.get(row_id)

    def action_open(self) -> None:
        from clawtop.screen.pages import keys_of, state_of
        from clawtop.screen.reading import Reading

        app, record = self._me(), self.record()
        page = self.page_of(record)
        if page is None:
            self.say_nothing()
            return
        panel = app.board.focused_panel()
        row_id = panel.table.selected or ""
        if isinstance(record, Lock) and app.watcher is not None:
            app.watcher.named = frozenset({row_id})  # look at it closely while it is read about

        def renew() -> Text | None:
            fresh = panel.model.one(app.store, row_id)
            gone = record if isinstance(record, Incident) else None  # its page says that it is over
            return self.page_of(fresh if fresh is not None else gone)

        def about() -> object:
            past = app.watcher is not None and app.watcher.past
            at = app.store.now_ms // PAST_EVERY_MS if past else 0  # of a replay, not of our day
            return at, app.store.link_up, state_of(panel.model.one(app.store, row_id))

        keys = keys_of(record, app.store)
        app.push_screen(Reading(page, keys=keys, do=self.do_chosen, renew=renew, about=about))
        app.dirty()  # the next paint says how old the page is

    def say_nothing(self) -> None:
        """Why there is nothing to do it with; what is gone is said only while it is."""
        app = self._me()
        if self.gone():
            app.hush()
            app.dirty()
        else:
            app.say(NOTHING)

    def gone(self) -> str:
        """That the selected record is not there any more; empty while it is."""
        panel = self._me().board.focused_panel()
        row_id = panel.table.last_selected
        if row_id is None or not panel.table.selection_gone:
            return ""
        held_back = row_id in panel.model.records
        why = "the filter holds the selected row back" if held_back else panel.model.gone(row_id)
        return f"{why}; move to select another"

    def page_beside(self) -> Text:
        """The detail of the selected record as the rows hold it."""
        page = self.page_of(self.record())
        return page if page is not None else Text(self.gone() or NOTHING, "dim")

    def page_of(self, record: object | None) -> Text | None:
        """The page of a record; None for what has none."""
        from clawtop.screen.pages import page_of

        return page_of(record, self._me().store, self._me().standing)

    async def do_chosen(self, what: str | None) -> None:
        """What was chosen on a page or in the palette; None is Esc."""
        if what is not None:
            await self._me().run_action(what, self._me())

    # -- freeze, and one level back

    def action_freeze(self) -> None:
        app = self._me()
        app.frozen_ms = None if app.frozen_ms is not None else app.store.now_ms
        app.dirty()

    def action_up_level(self) -> None:
        """One level back: the filter, then the words, then the freeze."""
        app = self._me()
        if app.board.filter_line.has_class("open"):
            app.set_filter("")
            app.close_filter()
        elif app.filter_words:
            app.set_filter("")
        elif app.frozen_ms is not None:
            app.frozen_ms = None
        app.hush()
        app.dirty()

    # -- the rest

    def action_help(self) -> None:
        from clawtop.screen.help import Help

        if not isinstance(self._me().screen, Help):
            self._me().push_screen(Help())

    def action_actions(self) -> None:
        import os

        from clawtop.errors import ClawtopError
        from clawtop.gateway.actionlog import action_text, log_path, read_log
        from clawtop.screen.reading import Reading

        try:
            lines = read_log(log_path(os.environ))
        except ClawtopError as error:
            self._me().say(error.sentence())
            return
        newest = [text for line in reversed(lines[-200:]) for text in action_text(line)]
        body = "\n".join(newest) or "nothing has been done from this host"
        app = self._me()
        if app.doing.in_flight:
            body = f"UNDER WAY HERE: {app.doing.head()}\n    {app.doing.line()}\n\n{body}"
        taken = f"as of {utc(app.store.now_ms)}" if app.store.facts is not None else ""
        app.push_screen(Reading(f"ACTION LOG, newest first\n\n{body}", taken=taken))

    def action_copy(self) -> None:
        """The full id on a line of its own, and into the terminal's clipboard."""
        from clawtop.screen.copying import Copies, things

        app, record = self._me(), self.record()
        if record is None:
            self.say_nothing()
            return
        found = things(record, app.store)
        if found:
            app.push_screen(Copies(found))
        else:
            app.say("the gateway names no session here: there is nothing to copy")

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
        self._me().repaint()

    def action_interrupt(self) -> None:
        self._me().exit(return_code=130)

    def action_leave(self) -> None:
        app = self._me()
        if not app.doing.in_flight:
            app.pausing.leave()
            return
        from clawtop.screen.dialogs import Confirm

        text = Text().append(f"{count(app.doing.in_flight, 'action')} under way.\n", "bold red")
        text.append("It cannot be recalled; its outcome will be recorded as unknown.\n")
        app.push_screen(Confirm(text), self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer is not None:
            self._me().exit(return_code=0)
