"""Performs a plan: look again, compare, send once over a link of its own, watch, record.

Nothing is ever sent twice. A request that was sent and not answered is unknown until the
picture shows what came of it.
"""

from __future__ import annotations

import asyncio
import time
import uuid

from clawtop.errors import (
    CallError,
    ClawtopError,
    GatewayError,
    LinkLostError,
    NoAnswerError,
    RefusedError,
    UnclearError,
)
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.asked import UNCLEAR, RefusedInside, Said, said, said_no
from clawtop.gateway.entry import Errand, enter
from clawtop.gateway.link import Link
from clawtop.gateway.look import hurry, until
from clawtop.gateway.methods import allowed_for, scopes_for
from clawtop.gateway.restart import AGAIN, FRESH_S, Return, refuse_while_acting
from clawtop.gateway.under_way import OnProgress, UnderWay
from clawtop.gateway.watch import Watcher
from clawtop.picture import changes as c
from clawtop.picture.coverage import grants
from clawtop.remedies.judge import Baseline, Progress, ReleaseJudge
from clawtop.remedies.outcome import conclude_release, release_action
from clawtop.remedies.plan import NOT_HELD, ReleasePlan, changed_since
from clawtop.remedies.steps import ANSWERS_IN_S, Call, Step

LOOK_AGAIN_S = 10.0
WATCH_EVERY_S = 1.0
HOPELESS_S = 6.0  # after a plain "no": does it end by itself, by chance?
AFTER_S = 15.0  # a release that was seen late still leaves this long for the next answer
AT_WORK_S = 60.0  # and a next run that moves so much longer
PROBE_S = 60.0
BLIND = "the link is down, so what came of it cannot be seen: look again"


async def acting_link(watcher: Watcher, methods: tuple[str, ...]) -> Link:
    """An action's own short connection, with exactly the scopes of its plan.

    Raises RefusedError when read-only or when a scope was not granted; ConnectError.
    """
    if watcher.manner.read_only:
        raise RefusedError("this is read-only", "Start without --read-only to act")
    scopes = scopes_for(methods)
    errand = Errand(
        watcher.target,
        watcher.client,
        scopes,
        allowed_for(methods),
        clock=watcher.clock,
        timeout_s=watcher.manner.timeout_s,
    )
    link, hello = await enter(errand)
    granted = c.GatewayFacts("", "", scopes=tuple(hello.auth.scopes))
    missing = [scope for scope in scopes if not grants(granted, scope)]
    if missing:
        await link.close()
        raise RefusedError(
            f"the gateway did not grant {', '.join(missing)}",
            "Sign in with a secret that carries it, or ask the gateway's owner",
        )
    return link


class Release(UnderWay):
    """One release under way."""

    def __init__(
        self,
        watcher: Watcher,
        plan: ReleasePlan,
        *,
        operator: str,
        log: ActionLog,
        wait_s: float | None = None,
        reason_given: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        action = release_action(plan, watcher.clock.now_ms(), operator, reason_given)
        super().__init__(watcher, action, log=log, on_progress=on_progress)
        self.plan = plan
        self.wait_s = wait_s if wait_s is not None else plan.offer.patience_s
        self._strict = wait_s is not None
        self._said: Said | None = None

    def _stopped(self, error: ClawtopError) -> None:
        if isinstance(error, RefusedInside):
            self.action.accepted = False
            self.action.next = str(error.step) if error.step else None
        super()._stopped(error)

    def _end(self, outcome: str, *why: str) -> None:
        self.action.outcome = outcome
        self._note("; ".join(why))

    def _note(self, text: str) -> None:
        self.action.reason = "; ".join(part for part in (self.action.reason, text) if part)

    async def _perform(self) -> None:
        self.action.reason = ""  # the plan's warnings were shown; from here on it is what happened
        await self._look_again()
        changed = changed_since(self.plan, self.watcher.store)
        if changed == NOT_HELD:
            self._end("nothing_to_do", changed)
            return
        if changed is not None:
            raise RefusedError(changed, "Look again, then decide")
        if self.plan.offer.beyond:
            refuse_while_acting(self.log, self.action, self._log_id)
        baseline = Baseline.of(self.plan, self.watcher.store, self.watcher.clock.now_ms())
        judge = ReleaseJudge(baseline)
        if self.plan.offer.calls:
            await self._send(baseline)
        self._tell()
        if not self.plan.offer.beyond:
            await self._watch(judge, self.wait_s)
        elif self.action.accepted is False or await self._returned(baseline):
            await self._watch(judge, FRESH_S)

    async def _look_again(self) -> None:
        """A fresh listing and a fresh reading of the target, before anything is sent."""
        store = self.watcher.store
        asked_at = self.watcher.clock.now_ms()
        self.watcher.named = frozenset({self.plan.session_key})

        def fresh() -> bool:
            read_ms = store.held.registry.read_ms
            if read_ms is not None and read_ms < asked_at:
                return False
            facts = store.held.sessions.get(self.plan.session_key)
            unlisted = facts is None or (read_ms is not None and not facts.row_at_ms)
            return unlisted or (facts is not None and facts.row_at_ms >= asked_at)

        hurry(self.watcher)
        self.watcher.ask_due()
        if not await until(self.watcher, fresh, LOOK_AGAIN_S):
            raise RefusedError(
                "the gateway did not show the session again in time", "Nothing was sent"
            )

    # -- sending

    async def _send(self, baseline: Baseline) -> None:
        link = await acting_link(self.watcher, self.plan.methods)
        try:
            for call in self.plan.offer.calls:
                baseline.sent_at_ms = self.watcher.clock.now_ms()
                self.action.requested = True
                self._tell()
                await self._ask(link, call)
        finally:
            await link.close()

    async def _ask(self, link: Link, call: Call) -> None:
        params = dict(call.params)
        if call.method == "chat.send":
            params["idempotencyKey"] = uuid.uuid4().hex
        patience_s = max(ANSWERS_IN_S.get(call.method, 0.0), link.timeout_s)
        try:
            self._take(said(self.plan, await link.call(call.method, params, patience_s)))
        except GatewayError as error:
            self._take(said_no(self.plan, error))
        except NoAnswerError:
            self._note("no answer came in time")
        except LinkLostError as error:
            self.action.requested = error.sent
            if not error.sent:
                raise RefusedError("the link broke before anything was sent") from None
            self._note("the link broke before the answer")
        except UnclearError:
            self._note(UNCLEAR)

    def _take(self, answer: Said) -> None:
        self.action.accepted = answer.accepted
        self._said = answer
        if answer.note:
            self._note(answer.note)
        if answer.abort_asked:
            asked = c.AbortAsked(self.plan.session_key, self.watcher.clock.now_ms())
            self.watcher.apply(asked)

    async def _send_probe(self, judge: ReleaseJudge) -> None:
        """The message the person asked for, so that an answer proves the queue."""
        call = self.plan.probe
        assert call is not None
        run_id = uuid.uuid4().hex
        try:
            link = await acting_link(self.watcher, (call.method,))
        except ClawtopError as error:  # what was released stays released
            self._note(f"the probe message was not sent: {error.message}")
            return
        try:
            judge.expect_answer(run_id, self.watcher.clock.now_ms())
            await link.call(call.method, {**call.params, "idempotencyKey": run_id})
        except GatewayError as error:
            self._note(f"the probe message was refused: {said_no(self.plan, error).note}")
        except CallError as error:
            self._note(f"the probe message: {error.message}")
        finally:
            await link.close()

    # -- watching

    async def _returned(self, baseline: Baseline) -> bool:
        """Whether the restart came about; where it did not, the outcome is set."""
        back = Return(self.watcher, baseline.boots, lambda _words: self._tell())
        if await back.wait(self.wait_s, self._said):
            return True
        scheduled = self._said is not None and self._said.scheduled
        if self.action.accepted is None or back.gone or scheduled:
            self._end("unknown", f"{back.problem}: look at it before anything is repeated")
            return False
        self.action.released, self.action.layer = False, "lock"
        if not self.plan.offer.calls[0].params.get("skipDeferral"):
            self.action.next = AGAIN
        self._end("not_released", back.problem)
        return False

    async def _watch(self, judge: ReleaseJudge, wait_s: float) -> None:
        """Look until the facts are settled or the time is up, then say what came of it."""
        hopeless = self.action.accepted is False and self.plan.offer.step is not Step.RESET
        await self._look_until(judge, min(HOPELESS_S, wait_s) if hopeless else wait_s)
        seen = judge.progress
        if self.plan.probe is not None and seen.settled and seen.moving is None and seen.released:
            await self._send_probe(judge)
            await self._look_until(judge, PROBE_S)
        blind = not self.watcher.store.link_up and not judge.progress.settled
        progress = judge.at_deadline(self.watcher.store)
        self.action.waiting = judge.account.documents(over=progress.released is True)
        if blind:
            self._end("unknown", BLIND)
        else:
            conclude_release(self.action, progress)

    async def _look_until(self, judge: ReleaseJudge, limit_s: float) -> None:
        """Asking a little more often than usual."""
        store = self.watcher.store
        began = time.monotonic()
        end, last = began + limit_s, began + limit_s + AT_WORK_S
        asked = 0.0
        released = False
        shown: tuple[object, ...] = ()
        while True:
            now = time.monotonic()
            store.refresh(self.watcher.clock.now_ms())
            progress = judge.look(store) if store.link_up else judge.progress
            shown = self._show(progress, shown)
            if progress.released and not released:
                released, end = True, end if self._strict else max(end, now + AFTER_S)
            if now >= end - 1 and not self._strict and judge.next_works(store):
                end = min(now + 2, last)
            if progress.settled or now >= end:
                return
            if now - asked >= WATCH_EVERY_S:
                asked = now
                hurry(self.watcher)
                self.watcher.ask_due()
            await asyncio.sleep(0.05)

    def _show(self, progress: Progress, shown: tuple[object, ...]) -> tuple[object, ...]:
        facts = (progress.released, progress.moving)
        if facts != shown:
            self.action.released, self.action.queue_moving = facts
            self._tell()
        return facts
