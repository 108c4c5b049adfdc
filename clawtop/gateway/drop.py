"""Drops one copy of a queued system event: look again, send once, and see that it is gone."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from clawtop.errors import CallError, GatewayError, RefusedError
from clawtop.gateway import frames
from clawtop.gateway.act import acting_link
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.batch import LOOK, Batch, quoted, said_no, understood
from clawtop.gateway.link import Link
from clawtop.gateway.under_way import OnProgress
from clawtop.gateway.watch import Watcher
from clawtop.remedies.drop import (
    METHOD,
    DropPlan,
    drop_action,
    gone_since,
    queued,
    refusal,
)
from clawtop.remedies.inside import SWITCHED_OFF
from clawtop.remedies.outcome import Item

INSIDE = "clawtop.snapshot"


class Answer(Struct):
    """What ``clawtop.dropEvent`` said; see clawtop/companion/README.md."""

    ok: bool | None = None
    code: str | None = None
    why: str | None = None
    left: int | None = None


class Drop(Batch):
    """One line under way out of its queue."""

    def __init__(
        self,
        watcher: Watcher,
        plan: DropPlan,
        *,
        operator: str,
        log: ActionLog,
        reason_given: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        action = drop_action(plan, watcher.clock.now_ms(), operator, reason_given)
        super().__init__(watcher, action, log=log, on_progress=on_progress)
        self.plan = plan

    async def _perform(self) -> None:
        link = await acting_link(self.watcher, (METHOD,))
        try:
            await self._look(link)
            item = self._changed() or await self._drop(link)
        finally:
            await link.close()
        self.items.append(item)
        self.action.reason = "" if item.outcome == "done" else item.reason

    async def _look(self, link: Link) -> None:
        """A fresh reading of every queue into the picture. Raises CallError."""
        raw = await link.call(INSIDE)
        self.watcher.apply(understood(INSIDE, lambda: self.watcher.reader.companion(raw)))

    def _changed(self) -> Item | None:
        """Why nothing is sent: what the fresh reading shows."""
        off = refusal(self.watcher.store)
        if off is not None:
            raise RefusedError(*off)
        why = gone_since(self.plan, self.watcher.store)
        return None if why is None else self._item("refused", f"{why}; nothing was sent")

    def _item(self, outcome: str, reason: str) -> Item:
        return Item(self.plan.token, outcome, reason=reason)

    async def _drop(self, link: Link) -> Item:
        self._sent.add(self.plan.token)
        params = {"key": self.plan.session_key, "token": self.plan.token}
        try:
            answer = _answer(await link.call(METHOD, params))
        except GatewayError as error:
            return self._item("not_effective", said_no(error.gateway_message))
        except CallError as error:
            unsent = self._unsent(self.plan.token, error)
            return unsent or await self._unanswered(link, error.message)
        return await self._observed(link, answer)

    async def _unanswered(self, link: Link, message: str) -> Item:
        """Sent, and no answer came."""
        try:
            await self._look(link)
        except CallError:
            return self._item("unknown", f"{message}: {LOOK}")
        return self._wordless(message)

    def _wordless(self, message: str) -> Item:
        """Without a word of the companion only a queue without it, but with its copy, tells."""
        key, store = self.plan.session_key, self.watcher.store
        if queued(store, key, self.plan.token) or not queued(store, key, self.plan.stays.token):
            return self._item("unknown", f"{message}: {LOOK}")
        return self._item("done", f"{message}, but it is gone and its copy is still queued")

    async def _observed(self, link: Link, answer: Answer) -> Item:
        """What the queue shows after the answer; the answer alone is not believed."""
        try:
            await self._look(link)
        except CallError as error:
            return self._item("unknown", f"its queue was not seen again: {error.message}; {LOOK}")
        key, store = self.plan.session_key, self.watcher.store
        if answer.ok is not True and answer.code is None:
            return self._wordless("its answer was not understood")
        if answer.ok is not True:
            return self._item("not_effective", _why(answer))
        if queued(store, key, self.plan.token):
            return self._item("not_effective", "the companion says it is gone, but it is queued")
        left = f"{answer.left} left in that queue" if answer.left is not None else "it is gone"
        if not queued(store, key, self.plan.stays.token):
            left += "; a turn has taken the copy meanwhile"
        return self._item("done", left)


def _why(answer: Answer) -> str:
    """The companion's refusal in words."""
    match answer.code:
        case "gone":
            return "it was gone before: a turn took it, or another operator was first"
        case "not-a-copy":
            return "it is the last copy: a turn or another operator took the other one"
        case "switched-off":
            return ". ".join(SWITCHED_OFF)
    said = quoted(answer.why or "it does not say why")
    return f"the companion refused ({quoted(answer.code or '')}): {said}"


def _answer(raw: Raw) -> Answer:
    try:
        return msgspec.json.decode(raw, type=Answer)
    except frames.UNREADABLE:
        return Answer()
