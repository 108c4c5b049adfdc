"""Performs a plan: look again, compare, send once over a link of its own, watch, record.

Nothing is ever sent twice. A request that was sent and not answered is unknown until the
picture shows what came of it.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable

import msgspec
from msgspec import Raw

from clawtop.errors import (
    ClawtopError,
    GatewayError,
    LinkLostError,
    NoAnswerError,
    RefusedError,
)
from clawtop.gateway import frames
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.link import Link
from clawtop.gateway.look import hurry, until
from clawtop.gateway.methods import allowed_for, scopes_for
from clawtop.gateway.watch import Watcher
from clawtop.picture import changes as c
from clawtop.picture.coverage import grants
from clawtop.remedies.judge import Baseline, Progress, ReleaseJudge
from clawtop.remedies.outcome import Action, conclude_release, release_action
from clawtop.remedies.plan import ReleasePlan, changed_since
from clawtop.remedies.steps import Step
from clawtop.text import plain

LOOK_AGAIN_S = 10.0
WATCH_EVERY_S = 1.0
HOPELESS_S = 6.0  # after a plain "no": does it end by itself, by chance?

OnProgress = Callable[[Action], None]


async def acting_link(watcher: Watcher, methods: tuple[str, ...]) -> Link:
    """An action's own short connection, with exactly the scopes of its plan.

    Raises RefusedError when read-only or when a scope was not granted; ConnectError.
    """
    if watcher.manner.read_only:
        raise RefusedError("this is read-only", "Start without --read-only to act")
    scopes = scopes_for(methods)
    link = Link(
        watcher.target,
        watcher.client,
        scopes,
        allowed_for(methods),
        clock=watcher.clock,
        timeout_s=watcher.manner.timeout_s,
    )
    hello = await link.open()
    granted = c.GatewayFacts("", "", scopes=tuple(hello.auth.scopes))
    missing = [scope for scope in scopes if not grants(granted, scope)]
    if missing:
        await link.close()
        raise RefusedError(
            f"the gateway did not grant {', '.join(missing)}",
            "Sign in with a secret that carries it, or ask the gateway's owner",
        )
    return link


class Release:
    """One release under way. ``action`` is filled in as facts come."""

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
        self.watcher, self.plan, self.log = watcher, plan, log
        self.wait_s = wait_s if wait_s is not None else plan.offer.patience_s
        self.action = release_action(plan, watcher.clock.now_ms(), operator, reason_given)
        self._on_progress = on_progress
        self._began = time.monotonic()
        self._log_id = ""

    async def run(self) -> Action:
        """The whole action; its outcome is always one of the contract's words."""
        self._log_id = self.log.begin(self.action, self.watcher.clock.now_ms())
        self.action.reason = ""  # the plan's warnings were shown; from here on it is what happened
        try:
            await self._perform()
        except RefusedError as error:
            self._refuse(error.sentence())
        except ClawtopError as error:
            if self.action.requested:
                self._set("unknown", error.sentence())
            else:
                self._refuse(error.sentence())
        except asyncio.CancelledError:
            self._set("unknown" if self.action.requested else "refused", "interrupted")
            raise
        finally:
            self.action.took_ms = round((time.monotonic() - self._began) * 1000)
            self.log.end(self._log_id, self.action, self.watcher.clock.now_ms())
            self._tell()
        return self.action

    def _refuse(self, why: str) -> None:
        self._set("refused", why)

    def _set(self, outcome: str, why: str) -> None:
        self.action.outcome = outcome
        self.action.reason = "; ".join(part for part in (self.action.reason, why) if part)

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.action)

    async def _perform(self) -> None:
        await self._look_again()
        changed = changed_since(self.plan, self.watcher.store)
        if changed == "the session is not held any more":
            self._set("nothing_to_do", changed)
            return
        if changed is not None:
            raise RefusedError(changed, "Look again, then decide")
        baseline = Baseline.of(self.plan, self.watcher.store, self.watcher.clock.now_ms())
        judge = ReleaseJudge(baseline)
        if self.plan.offer.calls:
            await self._send(baseline)
        self._tell()
        await self._watch(judge)

    async def _look_again(self) -> None:
        """A fresh listing and a fresh probe of the target, before anything is sent."""
        store = self.watcher.store
        asked_at = self.watcher.clock.now_ms()
        self.watcher.named = frozenset({self.plan.session_key})

        def fresh() -> bool:
            facts = store.held.sessions.get(self.plan.session_key)
            return facts is None or facts.row_at_ms >= asked_at

        hurry(self.watcher)
        self.watcher.ask_due()
        if not await until(self.watcher, fresh, LOOK_AGAIN_S):
            raise RefusedError(
                "the gateway did not show the session again in time", "Nothing was sent"
            )

    async def _send(self, baseline: Baseline) -> None:
        link = await acting_link(self.watcher, self.plan.methods)
        try:
            for call in self.plan.offer.calls:
                params = dict(call.params)
                if call.method == "chat.send":
                    params["idempotencyKey"] = uuid.uuid4().hex
                baseline.sent_at_ms = self.watcher.clock.now_ms()
                self.action.requested = True
                self._tell()
                await self._ask(link, call.method, params)
        finally:
            await link.close()

    async def _ask(self, link: Link, method: str, params: dict[str, object]) -> None:
        try:
            answer = await link.call(method, params)
        except GatewayError as error:
            self.action.accepted = False
            self._note(f"the gateway said no: {plain(error.gateway_message)[:200]}")
        except NoAnswerError:
            self._note("no answer came in time")
        except LinkLostError as error:
            self.action.requested = error.sent
            if not error.sent:
                raise RefusedError("the link broke before anything was sent") from None
            self._note("the link broke before the answer")
        else:
            self._take_answer(answer)

    def _note(self, text: str) -> None:
        self.action.reason = "; ".join(part for part in (self.action.reason, text) if part)

    def _take_answer(self, answer: Raw) -> None:
        body = _object(answer)
        status = body.get("status")
        self.action.accepted = status != "no-active-run"
        if status == "no-active-run":
            self._note("the gateway answered no-active-run: neither success nor proof of health")
            return
        named = body.get("abortedRunId")
        mine = self.plan.lock.run_id
        if isinstance(named, str) and mine and named != mine:
            self._note(f"the gateway says it aborted {plain(named)}, not {plain(mine)}")
        if self.plan.offer.step in (Step.ABORT_RUN, Step.ABORT_SESSION):
            now_ms = self.watcher.clock.now_ms()
            self.watcher.apply(c.AbortAsked(self.plan.session_key, now_ms))

    async def _watch(self, judge: ReleaseJudge) -> None:
        """Look until the facts are settled or the time is up; asking a little more often."""
        limit_s = self.wait_s if self.action.accepted is not False else min(HOPELESS_S, self.wait_s)
        end = time.monotonic() + limit_s
        asked = 0.0
        store = self.watcher.store
        shown: tuple[object, ...] = ()
        while True:
            now = time.monotonic()
            store.refresh(self.watcher.clock.now_ms())
            progress = judge.look(store) if store.link_up else judge.progress
            shown = self._show(progress, shown)
            if progress.settled or now >= end:
                break
            if now - asked >= WATCH_EVERY_S:
                asked = now
                hurry(self.watcher)
                self.watcher.ask_due()
            await asyncio.sleep(0.05)
        conclude_release(self.action, judge.at_deadline(store))

    def _show(self, progress: Progress, shown: tuple[object, ...]) -> tuple[object, ...]:
        facts = (progress.released, progress.moving)
        if facts != shown:
            self.action.released, self.action.queue_moving = facts
            self._tell()
        return facts


def _object(raw: Raw) -> dict[str, object]:
    try:
        value = frames.plain_value(raw)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}
