"""What the acting keys do: from the selected record to a plan, a confirmation, and a runner.

The dialog holds the plan. What is under the cursor when the answer comes does not matter.
Loaded with the first acting key, not before the first frame.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from clawtop.errors import ClawtopError
from clawtop.incidents.incident import Act, Incident, Remedy
from clawtop.incidents.ways import remedies
from clawtop.picture.records import Approval, Lock
from clawtop.remedies.drop import DropPlan, plan_drop_event
from clawtop.remedies.ladder import ladder
from clawtop.remedies.plan import (
    CancelPlan,
    DenyPlan,
    ReleasePlan,
    kill_step,
    plan_cancel,
    plan_cancel_duplicates,
    plan_release,
)
from clawtop.screen.asking import ABORT_FIRST, cancel_text, deny_choices, release_text, word_for
from clawtop.screen.dialogs import Confirm, confirm_beyond
from clawtop.screen.dropping import PATIENCE_S, drop_text, line_to_drop
from clawtop.screen.incident_page import STARTS, first_way, startable

if TYPE_CHECKING:
    from clawtop.gateway.actionlog import ActionLog, Runner
    from clawtop.gateway.watch import Watcher
    from clawtop.screen.app import ClawtopApp


NO_SUCH_WAY = "no way out has the number {} here"


class Acting:
    """Asks the gateway to change something, for one app."""

    def __init__(self, app: ClawtopApp) -> None:
        self._app = app

    def why_not(self) -> str | None:
        """Why no acting key can act now; None when one could."""
        app = self._app
        watcher = app.watcher
        if watcher is None or app.store.facts is None:
            return "not connected yet"
        if watcher.past:
            return watcher.past
        if watcher.manner.read_only:
            return "this is read-only: start without --read-only to act"
        if not app.store.link_up:
            return "the link is down: what is shown is old"
        return None

    def release_selected(self) -> None:
        """The first way out: of a lock its first step, of an incident its first remedy."""
        app = self._app
        record = app.record()
        if isinstance(record, Lock):
            self._release(record.session_key, None)
        elif isinstance(record, Incident):
            self._way_out(record)
        else:
            app.say("X and K act on a lock or an incident: select one (2, 0)")

    def kill_selected(self) -> None:
        """Abort the run: by its id where that is offered, else whatever the session runs."""
        app = self._app
        record = app.record()
        if not isinstance(record, Lock | Incident):
            app.say("X and K act on a lock or an incident: select one (2, 0)")
            return
        lock = record if isinstance(record, Lock) else self._lock_of(record)
        if lock is None:
            app.say("this incident names no session that is held")
            return
        self._release(lock.session_key, str(kill_step(lock, app.store)))

    def _lock_of(self, incident: Incident) -> Lock | None:
        """The held session an incident is about: its own, else the one it would release."""
        keys = [incident.session_key]
        keys += [way.target for way in incident.ways if way.act == Act.RELEASE]
        locks = self._app.store.held.locks
        return next((locks[key] for key in keys if key is not None and key in locks), None)

    def _way_out(self, incident: Incident) -> None:
        app = self._app
        why = self.why_not()
        if why is not None:
            app.say(why)
            return
        found = remedies(incident, app.store)
        first = first_way(found)
        if first is None:
            no = next((one.why_not for one in found if one.act in STARTS and one.why_not), None)
            app.say(f"no way out can be started here: {no or 'Enter shows what can be done'}")
        else:
            self._start_way(first)

    def start_number(self, number: int) -> None:
        """The way out of that number on the page of a lock or an incident."""
        app = self._app
        record = app.record()
        why = self.why_not()
        if why is not None:
            app.say(why)
        elif isinstance(record, Incident):
            found = startable(remedies(record, app.store))
            if number <= len(found):
                self._start_way(found[number - 1])
            else:
                app.say(NO_SUCH_WAY.format(number))
        elif isinstance(record, Lock):
            offered = [one for one in ladder(record, app.store) if one.available]
            if number <= len(offered):
                self._release(record.session_key, offered[number - 1].step)
            else:
                app.say(NO_SUCH_WAY.format(number))
        else:
            app.say("numbers start the ways out of a lock or an incident")

    def _start_way(self, way: Remedy) -> None:
        if way.act == Act.CANCEL_TASK:
            self._cancel(plan_cancel(self._app.store, [way.target])[0])
        else:
            self._release(way.target, way.step)

    def _release(self, session_key: str, step: str | None) -> None:
        app = self._app
        why = self.why_not()
        if why is not None:
            app.say(why)
            return
        try:
            plan = plan_release(app.store, session_key, step)
        except ClawtopError as error:
            app.say(error.sentence())
            return
        if plan is None:
            app.say("the session is not held any more")
            return
        self._confirm_release(plan)

    def _confirm_release(self, plan: ReleasePlan) -> None:
        app = self._app
        text = release_text(plan, app.store.now_ms)
        dialog = Confirm(text, word=word_for(plan))
        if plan.offer.beyond:
            dialog = confirm_beyond(text, plan.gateway)

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._start_release(plan)

        app.push_screen(dialog, answered)

    def _start_release(self, plan: ReleasePlan) -> None:
        from clawtop.gateway.act import Release

        watcher, how = self.how()
        self.start(Release(watcher, plan, **how), plan.offer.patience_s)

    def deny_selected(self) -> None:
        app = self._app
        record = app.record()
        line = line_to_drop(record, app.store)
        if line is not None:
            self._drop(line)
            return
        group = self._group_of(record)
        if group is None:
            app.say("N acts on an approval, or on an incident about one, or on a queued line")
            return
        why = self.why_not()
        if why is not None:
            app.say(why)
            return
        pending = app.store.backlog.group(group)
        if not pending:
            app.say("these approvals are not pending any more")
            return
        self._confirm_deny(pending)

    def _group_of(self, record: object) -> str | None:
        """The group of equal approvals that a row is about."""
        if isinstance(record, tuple) and record:
            return str(record[0].group)
        if not isinstance(record, Incident):
            return None
        named = [way.target for way in record.ways if way.act == Act.DENY_COPIES]
        backlog = self._app.store.backlog
        asked = [backlog.get(one) for one in backlog.of_session(record.session_key or "")]
        named += [one.group for one in asked if one is not None]
        return named[0] if named else None

    def _confirm_deny(self, group: tuple[Approval, ...]) -> None:
        app = self._app
        gateway = app.store.facts.name if app.store.facts else ""
        key, now = group[0].session_key or "", app.store.now_ms
        step = self._killing(key)
        text, choices, plans = deny_choices(group[0], group, gateway, now, held=step is not None)

        def answered(answer: str | None) -> None:
            if answer == ABORT_FIRST:
                self._release(key, step)
            elif answer is not None:
                self._start_deny(plans[answer])

        app.push_screen(Confirm(text, choices=choices), answered)

    def _killing(self, session_key: str) -> str | None:
        """The step that aborts the run of this session; None where none is offered."""
        store = self._app.store
        lock = store.held.locks.get(session_key)
        if lock is None:
            return None
        step = kill_step(lock, store)
        offered = any(one.step == step and one.available for one in ladder(lock, store))
        return str(step) if offered else None

    def _start_deny(self, plan: DenyPlan) -> None:
        from clawtop.gateway.deny import Denial

        watcher, how = self.how()
        self.start(Denial(watcher, plan, **how), 10.0 * len(plan.targets))

    def _drop(self, event_id: str) -> None:
        app = self._app
        why = self.why_not()
        if why is not None:
            app.say(why)
            return
        try:
            plan = plan_drop_event(app.store, event_id)
        except ClawtopError as error:
            app.say(error.sentence())
            return

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._start_drop(plan)

        app.push_screen(Confirm(drop_text(plan)), answered)

    def _start_drop(self, plan: DropPlan) -> None:
        from clawtop.gateway.drop import Drop

        watcher, how = self.how()
        self.start(Drop(watcher, plan, **how), PATIENCE_S)

    def cancel_copies(self) -> None:
        """Of every repeated task the younger copies, the oldest stays."""
        app = self._app
        why = self.why_not()
        plan = plan_cancel_duplicates(app.store, "oldest")
        if why is not None:
            app.say(why)
        elif not plan.targets:
            app.say("no task is a second copy of another")
        else:
            self._cancel(plan)

    def _cancel(self, plan: CancelPlan) -> None:
        app = self._app
        if not plan.targets:
            app.say("that task is over")
            return

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._start_cancel(plan)

        app.push_screen(Confirm(cancel_text(plan, app.store.now_ms)), answered)

    def _start_cancel(self, plan: CancelPlan) -> None:
        from clawtop.gateway.cancel import Cancel

        watcher, how = self.how()
        self.start(Cancel(watcher, plan, **how), 10.0 * len(plan.targets))

    def how(self) -> tuple[Watcher, dict[str, Any]]:
        """What every runner is given beside its plan."""
        app = self._app
        assert app.watcher is not None
        log = _log()
        how = {"operator": app.operator, "log": log, "on_progress": lambda _action: app.dirty()}
        return app.watcher, how

    def start(self, runner: Runner, patience_s: float) -> None:
        app = self._app
        app.back_to_board()
        app.hush()
        app.doing.start(runner, patience_s)
        app.dirty()


def _log() -> ActionLog:
    from clawtop.gateway.actionlog import ActionLog, log_path

    return ActionLog(log_path(os.environ), os.environ)
