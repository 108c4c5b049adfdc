"""Pauses or resumes the heartbeats of a gateway: sent once, remembered before it is sent.

``set-heartbeats`` answers ``{ok, enabled}`` and nothing reads it back (2026.5.28 and 2026.9.6),
so an answer is all there is, and the memory on this host is all that reminds of it.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct, structs

from clawtop.errors import CallError, GatewayError, RefusedError
from clawtop.gateway import frames
from clawtop.gateway.act import acting_link
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.link import Link
from clawtop.gateway.under_way import OnProgress, UnderWay
from clawtop.gateway.watch import Watcher
from clawtop.picture.pause import OFF, Act, Pause, PauseKnown
from clawtop.remedies.pausing import LASTS, METHOD, NO_PROOF, PAUSE, SwitchPlan, switch_action
from clawtop.text import plain

PATIENCE_S = 10.0
ASKED = {True: Act.PAUSE_ASKED, False: Act.RESUME_ASKED}
DONE = {True: Act.PAUSED, False: Act.RESUMED}


class Answer(Struct):
    """What ``set-heartbeats`` said."""

    ok: bool | None = None
    enabled: bool | None = None


class SwitchHeartbeats(UnderWay):
    """One pause or resume under way."""

    def __init__(
        self,
        watcher: Watcher,
        plan: SwitchPlan,
        *,
        operator: str,
        log: ActionLog,
        reason_given: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        action = switch_action(plan, watcher.clock.now_ms(), operator, reason_given)
        super().__init__(watcher, action, log=log, on_progress=on_progress)
        self.plan = plan
        self._problems: list[str] = []

    def _end(self, outcome: str, *why: str) -> None:
        self.action.outcome = outcome
        self.action.reason = "; ".join(part for part in (*why, *self._problems) if part)

    async def _perform(self) -> None:
        self.action.reason = ""  # the warnings were shown; from here on it is what happened
        with self.watcher.pauses.alone():
            await self._switch()

    async def _switch(self) -> None:
        link = await acting_link(self.watcher, (METHOD,))
        try:
            before = self.watcher.pauses.load()
            asked = self._asked(link, before.pause)
            self._remember(asked)
            try:
                answer = await self._send(link)
            except GatewayError as error:
                self.action.accepted = False
                self._forget(before)
                said = plain(error.gateway_message)[:200]
                self._end("not_effective", f"the gateway said no: {said}")
            except CallError as error:
                if not error.sent:
                    self.action.requested = False
                    self._forget(before)
                    raise RefusedError(error.message, "Nothing was sent") from None
                told = f"{error.message}: it may have taken effect"
                self._end("unknown", told, _again(self.plan))
            else:
                self._answered(answer, asked)
        finally:
            await link.close()

    async def _send(self, link: Link) -> Raw:
        self.action.requested = True
        return await link.call(METHOD, dict(self.plan.call.params))

    def _asked(self, link: Link, before: Pause | None) -> Pause:
        """What is kept while the answer is not known: a killed clawtop must not forget it."""
        now_ms = self.watcher.clock.now_ms()
        pausing = self.plan.act == PAUSE
        switch = self.watcher.store.switch
        kept = before.paused_at_ms if before is not None and switch.reminds else None
        hello = link.greeting
        uptime_ms = hello.snapshot.uptime_ms if hello is not None else None
        return Pause(
            act=Act.PAUSED if pausing and switch.state == OFF else ASKED[pausing],
            at_ms=now_ms,
            operator=self.action.operator,
            gateway=self.plan.gateway,
            url=self.watcher.target.url,
            # a second pause does not make the first one younger
            paused_at_ms=kept or (now_ms if pausing else None),
            boot_id=hello.server.boot_id if hello is not None else None,
            started_ms=None if uptime_ms is None else now_ms - round(uptime_ms),
        )

    def _remember(self, pause: Pause | None) -> None:
        """On disk, and where that fails at least in this picture."""
        problem = self.watcher.pauses.keep(pause)
        if problem is not None and problem not in self._problems:
            self._problems.append(problem)
        self.watcher.apply(PauseKnown(pause))

    def _forget(self, before: PauseKnown) -> None:
        """Nothing happened. What could not be read before stays doubtful."""
        if before.problem is None:
            self._remember(before.pause)

    def _answered(self, raw: Raw, asked: Pause) -> None:
        try:
            answer = msgspec.json.decode(raw, type=Answer)
        except frames.UNREADABLE:
            self._end("unknown", "its answer was not understood", _again(self.plan))
            return
        if answer.enabled is not self.plan.enabled:
            self._end("unknown", "it answered, and not that it did it", _again(self.plan))
            return
        self.action.accepted = True
        pausing = self.plan.act == PAUSE
        self._remember(structs.replace(asked, act=DONE[pausing]))
        word = "off" if pausing else "on"
        told = f"the gateway answered that heartbeats are {word}; {NO_PROOF}"
        self._end("done", told, f"it lasts {LASTS}" if pausing else "")
        self.action.next = "clawtop heartbeats resume" if pausing else None


def _again(plan: SwitchPlan) -> str:
    return f"sending it again does no harm: clawtop heartbeats {plan.act}"
