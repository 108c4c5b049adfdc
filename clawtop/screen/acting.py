"""The keys that act: from the selected record to a plan, a confirmation, and a runner.

The dialog holds the plan. What is under the cursor when the answer comes does not matter.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from clawtop.errors import ClawtopError
from clawtop.picture.records import Approval, Lock
from clawtop.remedies.plan import DenyPlan, ReleasePlan, plan_release
from clawtop.remedies.steps import Step
from clawtop.screen.asking import deny_choices, release_text, word_for
from clawtop.screen.dialogs import Confirm

if TYPE_CHECKING:
    from clawtop.gateway.actionlog import ActionLog
    from clawtop.gateway.watch import Watcher
    from clawtop.screen.app import ClawtopApp
    from clawtop.screen.doing import Runner


class Acting:
    """Actions of the dashboard that ask the gateway to change something. Mixed into the app."""

    def _app(self) -> ClawtopApp:
        return self  # type: ignore[return-value]

    def why_not(self) -> str | None:
        """Why no acting key can act now; None when one could."""
        app = self._app()
        watcher = app.watcher
        if watcher is None or app.store.facts is None:
            return "not connected yet"
        if watcher.manner.read_only:
            return "this is read-only: start without --read-only to act"
        if not app.store.link_up:
            return "the link is down: what is shown is old"
        return None

    def action_release(self) -> None:
        self._release(None)

    def action_kill(self) -> None:
        """Abort the run: by its id where it is known, else whatever the session runs."""
        lock = self._app().record()
        by_run = isinstance(lock, Lock) and lock.run_id is not None
        self._release(str(Step.ABORT_RUN if by_run else Step.ABORT_SESSION))

    def _release(self, step: str | None) -> None:
        app = self._app()
        record = app.record()
        if not isinstance(record, Lock):
            app.say("X and K act on a lock: press 2 and select one")
            return
        why = self.why_not()
        if why is not None:
            app.say(why)
            return
        try:
            plan = plan_release(app.store, record.session_key, step)
        except ClawtopError as error:
            app.say(error.sentence())
            return
        if plan is None:
            app.say("the session is not held any more")
            return
        self._confirm_release(plan)

    def _confirm_release(self, plan: ReleasePlan) -> None:
        app = self._app()
        dialog = Confirm(release_text(plan, app.store.now_ms), word=word_for(plan))

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._start_release(plan)

        app.push_screen(dialog, answered)

    def _start_release(self, plan: ReleasePlan) -> None:
        from clawtop.gateway.act import Release

        watcher, how = self._how()
        self._start(Release(watcher, plan, **how), plan.offer.patience_s)

    def action_deny(self) -> None:
        app = self._app()
        record = app.record()
        if not isinstance(record, tuple) or not record:
            app.say("N acts on an approval: press 3 and select one")
            return
        why = self.why_not()
        if why is not None:
            app.say(why)
            return
        group = app.store.backlog.group(record[0].group)
        if not group:
            app.say("these approvals are not pending any more")
            return
        self._confirm_deny(group)

    def _confirm_deny(self, group: tuple[Approval, ...]) -> None:
        app = self._app()
        gateway = app.store.facts.name if app.store.facts else ""
        text, choices, plans = deny_choices(group[0], group, gateway, app.store.now_ms)

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._start_deny(plans[answer])

        app.push_screen(Confirm(text, choices=choices), answered)

    def _start_deny(self, plan: DenyPlan) -> None:
        from clawtop.gateway.deny import Denial

        watcher, how = self._how()
        self._start(Denial(watcher, plan, **how), 10.0 * len(plan.targets))

    def _how(self) -> tuple[Watcher, dict[str, Any]]:
        """What every runner is given beside its plan."""
        app = self._app()
        assert app.watcher is not None
        log = _log()
        how = {"operator": app.operator, "log": log, "on_progress": lambda _action: app.dirty()}
        return app.watcher, how

    def _start(self, runner: Runner, patience_s: float) -> None:
        app = self._app()
        app.hush()
        app.doing.start(runner, patience_s)
        app.dirty()


def _log() -> ActionLog:
    from clawtop.gateway.actionlog import ActionLog, log_path

    return ActionLog(log_path(os.environ), os.environ)
