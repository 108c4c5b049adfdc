"""Cancels background tasks one by one: list, cancel, list again, and say what became of each.

``tasks.cancel`` answers ``{found, cancelled, reason?, task?}``; that it found none is a normal
answer (2026.5.28 and 2026.9.6). What is reported is what the next listing shows.
"""

from __future__ import annotations

import asyncio
import time

import msgspec
from msgspec import Raw, Struct

from clawtop.errors import CallError, GatewayError
from clawtop.gateway import frames
from clawtop.gateway.act import acting_link
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.batch import Batch, quoted, said_no, understood, unknown
from clawtop.gateway.link import Link
from clawtop.gateway.under_way import OnProgress
from clawtop.gateway.watch import TASKS, Watcher
from clawtop.picture.tasks import ACTIVE, Task
from clawtop.remedies.outcome import Item, cancel_action
from clawtop.remedies.plan import CancelPlan
from clawtop.text import plain

METHOD, LIST = "tasks.cancel", "tasks.list"
SETTLE_S = 5.0  # a cancelled run may take a moment to leave the listing
AGAIN_S = 0.3

Listed = dict[str, str]  # task id to its status, as the gateway lists them now


class Answer(Struct):
    """What ``tasks.cancel`` said."""

    found: bool | None = None
    cancelled: bool | None = None
    reason: str | None = None


class Cancel(Batch):
    """One batch of cancellations under way."""

    def __init__(
        self,
        watcher: Watcher,
        plan: CancelPlan,
        *,
        operator: str,
        log: ActionLog,
        missing: list[str] | None = None,
        reason_given: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        action = cancel_action(plan, watcher.clock.now_ms(), operator, reason_given)
        super().__init__(watcher, action, log=log, missing=missing, on_progress=on_progress)
        self.plan = plan

    async def _perform(self) -> None:
        link = await acting_link(self.watcher, (METHOD,))
        try:
            listed = await self._list(link)
            for task_id in self._missing:
                self.items.append(_gone(task_id, listed))
            for task in self.plan.targets:
                self.items.append(await self._cancel(link, task, listed))
                self._tell()
                if task is not self.plan.targets[-1]:
                    listed = await self._list(link)
        finally:
            await link.close()

    async def _list(self, link: Link) -> Listed:
        raw = await link.call(LIST, {"limit": TASKS})
        change = understood(LIST, lambda: self.watcher.reader.tasks(raw))
        self.watcher.apply(change)
        return {row.task_id or row.id or "": row.status or "" for row in change.tasks}

    async def _cancel(self, link: Link, task: Task, listed: Listed) -> Item:
        if listed.get(task.task_id) not in ACTIVE:
            return _gone(task.task_id, listed)
        self._sent.add(task.task_id)
        try:
            answer = _answer(await link.call(METHOD, {"taskId": task.task_id}))
        except GatewayError as error:
            answer = Answer(found=True, cancelled=False, reason=said_no(error.gateway_message))
        except CallError as error:
            return self._unsent(task.task_id, error) or unknown(task.task_id, error)
        return await self._observed(link, task.task_id, answer)

    async def _observed(self, link: Link, task_id: str, answer: Answer) -> Item:
        """What the listing shows after the answer; a cancelled run may need a moment to end."""
        deadline = time.monotonic() + (SETTLE_S if answer.cancelled else 0)
        while True:
            try:
                status = (await self._list(link)).get(task_id)
            except CallError as error:
                return unknown(task_id, error)
            if status not in ACTIVE or time.monotonic() >= deadline:
                return _item(task_id, status, answer)
            await asyncio.sleep(AGAIN_S)


def _item(task_id: str, status: str | None, answer: Answer) -> Item:
    """The outcome by what is listed now; the answer only explains it."""
    why = quoted(answer.reason or "")
    if status in ACTIVE:
        why = why or ("the gateway says it knows no such task" if answer.found is False else "")
        return Item(task_id, "not_effective", reason=why or "it goes on", recorded_status=status)
    if answer.cancelled or status == "cancelled":
        return Item(task_id, "done", reason=why, recorded_status=status)
    over = f"it was over by itself ({plain(status)})" if status else "it is not listed any more"
    reason = "; ".join(part for part in (over, why) if part)
    return Item(task_id, "not_effective", reason=reason, recorded_status=status)


def _gone(task_id: str, listed: Listed) -> Item:
    """A task that does not run: nothing is sent."""
    status = listed.get(task_id)
    state = f"it is {plain(status)}" if status else "there is no such task"
    return Item(
        task_id, "refused", reason=f"{state}; nothing was sent", recorded_status=status or None
    )


def _answer(raw: Raw) -> Answer:
    try:
        return msgspec.json.decode(raw, type=Answer)
    except frames.UNREADABLE:
        return Answer(reason="its answer was not understood")
