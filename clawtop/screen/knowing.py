"""Incidents on the screen, and the keys about them: what changed, mute, log lines, lanes.

A page is loaded with the first key that opens one: the first frame waits for none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from clawtop.incidents.incident import Incident
from clawtop.picture.records import Lock, Recovery, SystemEvent
from clawtop.screen.panels import IncidentsPanel
from clawtop.screen.since import Since
from clawtop.screen.standing import Standing
from clawtop.text import utc

LOOK_A_FRAME = 1_000  # sessions, about 30 ms; after a long listing the rest waits for the next one
LOGS_EVERY_S = 1.0  # who reads along wants the newest line soon

if TYPE_CHECKING:
    from clawtop.incidents.engine import Engine
    from clawtop.incidents.scene import Kind
    from clawtop.screen.alarm import Alarm
    from clawtop.screen.app import ClawtopApp


class Knowing:
    """One engine beside the store, evaluated in the one timer. Mixed into the app."""

    standing: Standing | None = None
    alarm: Alarm
    since: Since

    def _board_app(self) -> ClawtopApp:
        return self  # type: ignore[return-value]

    def begin_knowing(self, kinds: Sequence[Kind] | None) -> None:
        """Look for incidents in the app's store from here on (``kinds`` None: all of them).

        Called after the first frame, and again when a replay shows another picture.
        """
        from clawtop.incidents.engine import Engine

        store = self._board_app().store
        engine: Engine = Engine(store) if kinds is None else Engine(store, kinds)
        mutes = self.standing.mutes if self.standing is not None else None
        self.standing, self.since = Standing(engine, mutes), Since()
        for panel in self._board_app().board.panels:
            if isinstance(panel.model, IncidentsPanel):
                panel.model.standing = self.standing

    def know(self) -> set[str]:
        """Evaluate once; the keys whose row may look different. The store has been refreshed."""
        standing = self.standing
        if standing is None:
            return set()
        changes = standing.refresh(LOOK_A_FRAME)
        if standing.engine.backlog_of_work:
            self._board_app().dirty()
        if changes:
            self.since.note(changes)
            self.alarm.hear(changes, standing)
        if self.since.since_ms is None and "rows" in standing.engine.store.listed:
            self.since.begin(standing.engine.store, ())
        return standing.take_touched()

    # -- w

    def action_changes(self) -> None:
        app, standing = self._board_app(), self.standing
        if standing is None or self.since.since_ms is None:
            app.say("nothing was seen yet that could have changed")
            return
        from clawtop.screen.news_page import changes_page
        from clawtop.screen.reading import Reading

        found = standing.engine.incidents()
        now = app.store.now_ms
        page = changes_page(self.since.look(app.store, found), now)
        self.since.begin(app.store, found)
        taken = f"as of {utc(now)}"
        app.push_screen(Reading(page, keys=("the next w begins here",), taken=taken))

    # -- z

    def action_mute(self) -> None:
        app, record = self._board_app(), self._board_app().record()
        if not isinstance(record, Incident) or self.standing is None:
            app.say("z mutes an incident: press 0 and select one")
            return
        known = self.standing.engine.open.get(record.key)
        if known is None:
            app.say("that incident is over")
            return
        app.note_key()
        app.board.panel(IncidentsPanel.number).chosen = True  # another z is meant for this one
        if self.standing.toggle_mute(known):
            app.say(f"muted for an hour, or until it gets worse (z lifts it): {known.name}")
        else:
            app.say(f"not muted any more: {known.name}")
        app.dirty()

    # -- l

    def action_logs(self) -> None:
        app, record = self._board_app(), self._board_app().record()
        if record is None:
            app.say_nothing()
            return
        from clawtop.screen.news_page import logs_page
        from clawtop.screen.reading import Reading

        key, words = about(record)

        def renew() -> Text:
            return logs_page(words, key, app.store)

        keys = ("newest last", "g first line", "G last line")
        page = Reading(renew(), keys=keys, renew=renew, every_s=LOGS_EVERY_S, at_end=True)
        app.push_screen(page)
        app.dirty()

    # -- 5

    def action_lanes(self) -> None:
        from clawtop.screen.lanes_page import lanes_page
        from clawtop.screen.reading import Reading

        app = self._board_app()

        def renew() -> Text:
            return lanes_page(app.store)

        keys = ("X cancel second copies of tasks (asks first)",)
        app.push_screen(Reading(renew(), keys=keys, do=self._on_lanes, renew=renew))
        app.dirty()

    async def _on_lanes(self, what: str) -> None:
        if what == "release":
            self._board_app().acting.cancel_copies()
        else:
            self._board_app().say("on this page only X acts: it cancels second copies of tasks")


def about(record: object) -> tuple[str | None, tuple[str, ...]]:
    """The session of a record, and the words that log lines would name it by."""
    first = record[0] if isinstance(record, tuple) and record else record
    key = getattr(first, "session_key", None)
    ids = [key, getattr(first, "run_id", None)]
    if isinstance(first, Lock):
        ids.append(first.session_id)
    if not isinstance(first, (Lock, Recovery, SystemEvent, Incident)):
        ids.append(getattr(first, "id", None))  # an approval is named by its own id too
    return key, tuple(one for one in ids if one)
