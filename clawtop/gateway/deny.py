"""Denies approvals one by one: list, resolve, list again, and say whose decision was recorded.

There is no cancel, only deny. The gateway's record decides what is reported: an approval that
somebody else decided first is theirs, and may have been allowed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from msgspec import Raw

from clawtop.errors import CallError, GatewayError
from clawtop.gateway import frames
from clawtop.gateway.act import acting_link
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.batch import LOOK, Batch, said_no, understood, unknown
from clawtop.gateway.link import Link
from clawtop.gateway.session import Pushed
from clawtop.gateway.watch import Watcher
from clawtop.picture import changes as c
from clawtop.picture.approvals import approval_of
from clawtop.picture.records import Approval
from clawtop.remedies.outcome import Action, Item, deny_action
from clawtop.remedies.plan import DenyPlan

LISTS = {
    "exec": "exec.approval.list",
    "plugin": "plugin.approval.list",
    "system-agent": "openclaw.approval.list",
}
RESOLVERS = {"exec": "exec.approval.resolve", "plugin": "plugin.approval.resolve"}
EXACT = "approval.resolve"  # newer gateways: tells whose answer won
RECORD = "approval.get"
EVENT_WAIT_S = 2.0


class Denial(Batch):
    """One batch of denials under way."""

    def __init__(
        self,
        watcher: Watcher,
        plan: DenyPlan,
        *,
        operator: str,
        log: ActionLog,
        missing: list[str] | None = None,
        reason_given: str | None = None,
        on_progress: Callable[[Action], None] | None = None,
    ) -> None:
        action = deny_action(plan, watcher.clock.now_ms(), operator, reason_given)
        super().__init__(watcher, action, log=log, missing=missing, on_progress=on_progress)
        self.plan = plan
        self._methods = watcher.store.facts.methods if watcher.store.facts else frozenset()
        self._resolved: dict[str, c.ApprovalResolved] = {}
        self._news = asyncio.Event()

    async def _perform(self) -> None:
        kinds = {self._method(one) for one in self.plan.targets}
        methods = tuple(kinds or {RESOLVERS["exec"]})
        link = await acting_link(self.watcher, methods)
        link.on_push = self._pushed
        try:
            pending = await self._pending(link)
            for approval_id in self._missing:
                self.items.append(await self._absent(link, approval_id))
            for number, one in enumerate(self.plan.targets):
                item = await self._deny(link, one, pending)
                self.items.append(item)
                self._tell()
                before, pending = pending, await self._pending(link)
                self.items[-1] = _listed(item, pending)
                if number + 1 < len(self.plan.targets) and self._grew(one, before, pending):
                    self._rest(
                        "stopped: the group does not shrink, the run asks again after each denial;"
                        " abort the asking run first",
                    )
                    return
        finally:
            await link.close()

    def _method(self, one: Approval) -> str:
        if EXACT in self._methods:
            return EXACT
        return RESOLVERS.get(one.kind, EXACT)

    def _pushed(self, pushed: Pushed) -> None:
        if not pushed.event.endswith(".approval.resolved"):
            return
        try:
            change = frames.event_change(pushed.event, pushed.payload)
        except frames.UNREADABLE:
            return
        if isinstance(change, c.ApprovalResolved):
            self._resolved[change.id] = change
            self._news.set()

    async def _pending(self, link: Link) -> dict[str, str]:
        """Pending ids with their groups, as the gateway lists them now."""
        found: dict[str, str] = {}
        for kind in {one.kind for one in self.plan.targets}:
            method = LISTS.get(kind, "")
            if method not in self._methods:
                continue
            listed = await self._list(link, method, kind)
            self.watcher.apply(listed)
            found |= {row.id: approval_of(row, kind).group for row in listed.rows}
        return found

    async def _list(self, link: Link, method: str, kind: str) -> c.ApprovalsListed:
        raw = await link.call(method)
        return understood(method, lambda: self.watcher.reader.approvals(raw, kind))

    def _grew(self, one: Approval, before: dict[str, str], after: dict[str, str]) -> bool:
        """The group is as large as before although one of it was denied."""
        size = sum(1 for group in before.values() if group == one.group)
        return sum(1 for group in after.values() if group == one.group) >= size > 0

    async def _deny(self, link: Link, one: Approval, pending: dict[str, str]) -> Item:
        if one.id not in pending:
            return await self._theirs(link, one, "it was not pending any more; nothing was sent")
        method = self._method(one)
        params = {"id": one.id, "decision": "deny"}
        if method == EXACT:
            params["kind"] = one.kind
        self._sent.add(one.id)
        try:
            answer = await link.call(method, params)
        except GatewayError as error:
            return await self._theirs(link, one, said_no(error.gateway_message), sent=True)
        except CallError as error:
            return self._unsent(one.id, error) or unknown(one.id, error)
        return await self._ours(link, one, method, answer)

    async def _ours(self, link: Link, one: Approval, method: str, answer: Raw) -> Item:
        """The gateway took our word; whose decision does it keep?"""
        decision, by, applied, taken = _verdict(answer)
        if applied is False:
            return _decided(one.id, decision, by, "somebody else answered first")
        me = self.watcher.client.display_name
        if decision is None:
            decision, by = await self._recorded(link, one.id)
        if decision is None and not taken:
            return Item(one.id, "unknown", reason=f"its answer was not understood: {LOOK}")
        if decision is None or applied:  # a newer gateway names the client id, not the person
            return _decided(one.id, decision or "deny", me, "")
        return _decided(one.id, decision, by or me, "")

    async def _theirs(self, link: Link, one: Approval, why: str, *, sent: bool = False) -> Item:
        decision, by = await self._recorded(link, one.id)
        if decision is None:
            return Item(one.id, "not_effective" if sent else "refused", reason=why)
        return _decided(one.id, decision, by, why)

    async def _absent(self, link: Link, approval_id: str) -> Item:
        """An id that was not pending when the plan was made; what does the gateway keep of it?"""
        why = "it is not pending; nothing was sent"
        decision, by = None, None
        if RECORD in self._methods:
            decision, by = await self._recorded(link, approval_id)
        if decision is None:
            return Item(approval_id, "refused", reason=why)
        return _decided(approval_id, decision, by, why)

    async def _recorded(self, link: Link, approval_id: str) -> tuple[str | None, str | None]:
        """The decision the gateway keeps and whose it was, where it tells."""
        if RECORD in self._methods:
            try:
                answer = await link.call(RECORD, {"id": approval_id})
            except CallError:
                return None, None
            return _verdict(answer)[:2]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EVENT_WAIT_S):
                while approval_id not in self._resolved:
                    self._news.clear()
                    await self._news.wait()
        event = self._resolved.get(approval_id)
        return (event.decision, event.resolved_by) if event is not None else (None, None)


def _decided(approval_id: str, decision: str | None, by: str | None, why: str) -> Item:
    """An item by the recorded decision: denied is what was wanted, whoever said it."""
    outcome = "done" if decision == "deny" else "not_effective"
    return Item(approval_id, outcome, decision, by, why)


_STATUS = {"denied": "deny", "cancelled": "cancelled", "expired": "expired"}


def _listed(item: Item, pending: dict[str, str]) -> Item:
    """An answer alone is not believed: what is still pending was not denied."""
    if item.id not in pending or item.outcome != "done":
        return item
    why = "the gateway says it is denied, but it is still pending"
    return Item(item.id, "not_effective", reason=why)


def _verdict(raw: Raw) -> tuple[str | None, str | None, bool | None, bool]:
    """(decision, whose, applied, taken) of an ``approval.get`` or a ``….resolve`` answer."""
    try:
        body = frames.plain_value(raw)
    except frames.UNREADABLE:
        return None, None, None, False
    if not isinstance(body, dict):
        return None, None, None, False
    record = body.get("approval")
    record = record if isinstance(record, dict) else {}
    decision = record.get("decision") or _STATUS.get(str(record.get("status")))
    resolver = record.get("resolver")
    by = resolver.get("id") if isinstance(resolver, dict) else None
    applied = body.get("applied")
    return (
        decision if isinstance(decision, str) else None,
        by if isinstance(by, str) else None,
        applied if isinstance(applied, bool) else None,
        applied is True or body.get("ok") is True,
    )
