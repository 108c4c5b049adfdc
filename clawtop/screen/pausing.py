"""Heartbeats on the screen: ``T`` pauses or resumes them, and nobody leaves without a reminder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from clawtop.errors import ClawtopError
from clawtop.picture.store import Store
from clawtop.remedies.outcome import Action
from clawtop.remedies.pausing import LASTS, PAUSE, RESUME, SwitchPlan, plan_switch
from clawtop.screen.dialogs import Choose, Confirm, confirm_beyond
from clawtop.text import age, plain

if TYPE_CHECKING:
    from clawtop.screen.app import ClawtopApp

ENTRIES = {
    "p": "pause: stop them for the whole gateway, all agents",
    "r": "resume: let them run again",
}
LEAVING = {"y": "resume them, then quit", "n": "quit, they stay paused"}


class Pausing:
    """The acts on heartbeats, and the way out of the dashboard, for one app."""

    def __init__(self, app: ClawtopApp) -> None:
        self._app = app

    def choose(self) -> None:
        """Two entries, never a toggle: nobody can see what a toggle would do."""
        app = self._app
        why = app.acting.why_not()
        if why is not None:
            app.say(why)
            return

        def chosen(key: str | None) -> None:
            if key is not None:
                self._ask(PAUSE if key == "p" else RESUME)

        app.push_screen(Choose(state_text(app.store), ENTRIES), chosen)

    def _ask(self, act: str) -> None:
        app = self._app
        plan = self._plan(act)
        if plan is None:
            return

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._switch(plan, leave=False)

        text = switch_text(plan)
        dialog = confirm_beyond(text, plan.gateway) if act == PAUSE else Confirm(text)
        app.push_screen(dialog, answered)

    def _plan(self, act: str) -> SwitchPlan | None:
        app = self._app
        assert app.watcher is not None
        try:
            return plan_switch(app.store, act, app.watcher.pauses.why_not())
        except ClawtopError as error:
            app.say(error.sentence())
            return None

    def _switch(self, plan: SwitchPlan, *, leave: bool) -> None:
        from clawtop.gateway.heartbeats import PATIENCE_S, SwitchHeartbeats

        app = self._app
        watcher, how = app.acting.how()

        def ended(action: Action) -> None:
            app.dirty()
            if leave and action.outcome == "done":
                app.exit(return_code=0)

        app.acting.start(
            SwitchHeartbeats(watcher, plan, **(how | {"on_progress": ended})), PATIENCE_S
        )

    # -- q

    def leave(self) -> None:
        """Quit; where clawtop's own pause may hold, offer to end it first."""
        app = self._app
        if not app.store.switch.reminds or app.acting.why_not() is not None:
            app.exit(return_code=0)
            return

        def answered(key: str | None) -> None:
            if key == "n":
                app.exit(return_code=0)
            elif key == "y":
                plan = self._plan(RESUME)
                if plan is not None:
                    self._switch(plan, leave=True)

        app.push_screen(Choose(state_text(app.store), LEAVING, cancel="Stay"), answered)


def state_text(store: Store) -> Text:
    """Whether they are paused, as far as that can be said."""
    switch = store.switch
    text = Text()
    if switch.since_ms is not None:
        since = age(store.now_ms - switch.since_ms)
        text.append(f"{switch.word.upper()} by clawtop {since}\n", "bold red")
    return text.append(f"{plain(switch.why)}\n")


def switch_text(plan: SwitchPlan) -> Text:
    """One act: what stops with it first, then the exact call."""
    text = Text()
    for one in plan.loses:
        text.append(f"STOPS {plain(one)}\n", "bold red")
    text.append(f"{plan.act} the heartbeats of the whole gateway\n\n", "bold")
    rows = [("gateway", plan.gateway)]
    rows += [("lasts", LASTS)] if plan.act == PAUSE else []
    rows += [("warning", one) for one in plan.warnings]
    for name, value in (*rows, ("sends", plan.call.text())):
        text.append(f"{name:<9}", "dim")
        text.append(plain(value) + "\n")
    return text
