"""The live picture: keeps one watching link up, asks within the budget, feeds the store.

connect ──▶ list everything ──▶ events and questions ──▶ link lost ──▶ wait, again
                  ▲                     │ frames were missed
                  └─────────────────────┘
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial

from clawtop.errors import (
    ClawtopError,
    ConnectError,
    FindError,
    GatewayError,
    PairingError,
    SignInError,
)
from clawtop.gateway import frames
from clawtop.gateway.answers import Reader
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.entry import Errand, enter
from clawtop.gateway.feed import PAGE, Feed, Params
from clawtop.gateway.find import Target
from clawtop.gateway.health import explain
from clawtop.gateway.identity import Device
from clawtop.gateway.link import Link
from clawtop.gateway.manner import Manner
from clawtop.gateway.methods import ADMIN, APPROVALS, READ, READ_METHODS
from clawtop.gateway.pairing import Patience
from clawtop.gateway.pauses import Pauses
from clawtop.gateway.poll import PROBE, PROBE_QUESTION, Budget, Question
from clawtop.gateway.refusals import SCOPES_REFUSED, of_close
from clawtop.gateway.secret import Secret
from clawtop.gateway.session import Pushed
from clawtop.picture import changes as c
from clawtop.picture.coverage import is_route
from clawtop.picture.store import Store
from clawtop.picture.suspects import suspects

TASKS = 500
DECIDED = 50
HISTORY = 50
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
STOOD_S = 10.0  # a link that lasted so long was a good one


class Watcher:
    """One gateway, watched. The store is the picture; ``on_dirty`` is called after changes.

    ``past`` and ``banner`` are for a recording in its place: why nothing can be asked or done,
    and what the header says.
    """

    past = ""
    banner = ""
    todo = ""  # what a person has to do at the gateway before there can be a link

    def __init__(
        self,
        target: Target,
        client: Client,
        store: Store,
        manner: Manner,
        *,
        on_dirty: Callable[[], None] | None = None,
    ) -> None:
        self.target, self.client, self.store, self.manner = target, client, store, manner
        self.clock = GatewayClock()
        where = (target.name, target.url)
        self.feed = Feed(store, self.clock, manner, where, on_dirty=on_dirty)
        self.budget = Budget()
        self.pauses = Pauses(os.environ, target.url)
        self.link: Link | None = None
        self.attempt = 0
        self._opened_at = 0.0
        self.retry_at: float | None = None
        self.named: frozenset[str] = frozenset()
        self.device: Device | None = None
        self.opened_by: Secret | None = None
        self._patience = Patience()
        self._wake = asyncio.Event()
        self._now = asyncio.Event()
        self._asking: set[asyncio.Task[None]] = set()

    # -- in

    @property
    def reader(self) -> Reader:
        """What decodes the answers to this link's questions."""
        return self.feed.reader

    def apply(self, change: c.Change) -> None:
        """One change into the store, stamped with the gateway's time now."""
        self.feed.apply(change, self.clock.now_ms())

    def _pushed(self, pushed: Pushed) -> None:
        self.feed.event(pushed.event, pushed.payload, pushed.missed, self.clock.at(pushed.at))
        if pushed.missed:
            self.budget.all_now(time.monotonic())
            self._wake.set()

    @property
    def unreadable(self) -> int:
        """Frames and rows that were not understood, on this link."""
        link = self.link.unreadable if self.link is not None else 0
        beyond = self.store.left_out
        return self.reader.unreadable + self.feed.unreadable_events + link + beyond

    # -- the link

    async def run(self) -> None:
        """Watch until cancelled, over the link there is or a new one.

        A SignInError ends it, and a FindError: trying again would not help. A PairingError does
        not for a while: it goes on by itself once a person has approved this device.
        """
        while True:
            try:
                if self.link is None:
                    await self.connect()
                try:
                    await self.serve()
                finally:
                    self._count_afresh()
            except (SignInError, FindError) as error:
                self._down(error)
                raise
            except PairingError as error:
                self._down(error)
                await self._pause(self._patience.wait_s(error))
                continue
            except ClawtopError as error:
                self._down(error)
            await self._pause(BACKOFF_S[min(self.attempt, len(BACKOFF_S) - 1)])

    async def connect(self) -> None:
        """Open a link with the scopes this manner of watching needs. Raises ConnectError."""
        narrow = self.manner.scopes(route=None)
        try:
            link, hello = await enter(self._errand(narrow))
            wider = self._wider_scopes(hello)
            if wider is not None:
                await link.close()
                link, hello = await self._widened(wider, narrow)
        except ConnectError as error:
            raise await explain(error, self.target) from None
        self.link, self.retry_at, self._opened_at = link, None, time.monotonic()
        self.device, self.opened_by = link.device, link.target.secret
        self._patience.over()
        self._opened(hello, link)

    async def _widened(
        self, wider: tuple[str, ...], narrow: tuple[str, ...]
    ) -> tuple[Link, frames.Hello]:
        """With more scopes, unless this device was approved for less: nobody asked for more."""
        try:
            return await enter(self._errand(wider), may_ask=False)
        except SignInError as error:
            if error.code != SCOPES_REFUSED:
                raise
            return await enter(self._errand(narrow))

    def _errand(self, scopes: tuple[str, ...]) -> Errand:
        return Errand(
            self.target,
            self.client,
            scopes,
            READ_METHODS,
            clock=self.clock,
            timeout_s=self.manner.timeout_s,
            on_push=self._pushed,
        )

    def _wider_scopes(self, hello: frames.Hello) -> tuple[str, ...] | None:
        """One-shot commands ask for more only once they know that it changes nothing."""
        every = (READ, APPROVALS, ADMIN)
        facts = self.feed.facts(hello, every, every)
        wider = self.manner.scopes(route=is_route(facts))
        return wider if wider != self.manner.scopes(route=None) else None

    def _opened(self, hello: frames.Hello, link: Link) -> None:
        self.todo = ""
        facts = self.feed.up(hello, link.scopes)
        self.apply(self.pauses.load())
        self.budget = Budget.for_gateway(facts, self.store.wishes, time.monotonic())

    def _down(self, error: ClawtopError) -> None:
        self.todo = error.next_step if isinstance(error, PairingError) else ""
        self.feed.down(error.sentence())

    def _count_afresh(self) -> None:
        """Only after a link that stood: one that is lost at once is waited for longer each time."""
        if time.monotonic() - self._opened_at >= STOOD_S:
            self.attempt = 0

    async def _pause(self, about_s: float) -> None:
        """Back off with jitter; ``reconnect_now`` cuts it short."""
        pause = about_s * random.uniform(0.7, 1.3)
        self.attempt += 1
        self.retry_at = time.monotonic() + pause
        self._now.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._now.wait()

    def reconnect_now(self) -> None:
        self._now.set()

    async def close(self) -> None:
        """End every question and the link. Never raises."""
        for task in list(self._asking):
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        if self.link is not None:
            await self.link.close()
            self.link = None

    # -- asking

    async def serve(self) -> None:
        """Subscribe, then ask within the budget until the link ends. Raises ConnectError."""
        link = self.link
        assert link is not None
        try:
            await self._subscribe()
            gone = asyncio.create_task(link.closed())
            try:
                while not gone.done():
                    self.ask_due()
                    await self._sleep_until_due(gone)
            finally:
                gone.cancel()
            raise of_close(link.close_code, link.close_reason, self.target)
        finally:
            await self.close()

    async def _subscribe(self) -> None:
        if "sessions.subscribe" in (self.store.facts.methods if self.store.facts else ()):
            with contextlib.suppress(GatewayError):
                await self._hear("sessions.subscribe", {})

    async def _sleep_until_due(self, gone: asyncio.Task[None]) -> None:
        due = self.budget.next_due()
        pause = 1.0 if due is None else min(max(due - time.monotonic(), 0.05), 1.0)
        self._wake.clear()
        wake = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({gone, wake}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wake.cancel()

    def ask_all_now(self) -> None:
        """Ask everything again; what is already under way is not asked twice."""
        self.budget.all_now(time.monotonic())
        self._wake.set()

    def ask_due(self) -> None:
        """Start every question that is due, and one probe if there is a suspect."""
        told = self.pauses.news()
        if told is not None:  # another clawtop on this host paused or resumed
            self.apply(told)
        now = time.monotonic()
        for question in self.budget.due(now):
            self._start(question, partial(self._ask, question))
        if self.budget.probe_due(now):
            keys = suspects(self.store.held, named=self.named)
            if keys:
                self._start(PROBE_QUESTION, partial(self._probe, keys[0]))

    def _start(self, question: Question, ask: Callable[[], Awaitable[None]]) -> None:
        self.budget.asked(question.name)
        task = asyncio.create_task(self._timed(question, ask), name=f"ask {question.name}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _timed(self, question: Question, ask: Callable[[], Awaitable[None]]) -> None:
        began = time.monotonic()
        failed: str | None = None
        try:
            await ask()
        except ClawtopError as error:
            failed = error.message
        now = time.monotonic()
        self.budget.answered(question.name, now, now - began, failed)
        self._wake.set()

    async def _hear(self, method: str, params: Params) -> None:
        """Ask, and hand the answer to the feed. Raises ClawtopError when there is none."""
        asked = self.feed.asking(method, params)
        began = time.monotonic()
        try:
            if self.link is None:
                raise ConnectError("the link is down")
            raw = await self.link.call(method, dict(params))
        except ClawtopError as error:
            self.feed.failed(asked, method, params, error.message)
            raise
        took_ms = round((time.monotonic() - began) * 1000)
        self.feed.answer(asked, method, params, raw, took_ms)

    async def _ask(self, question: Question) -> None:
        match question.name:
            case "rows":
                await self._rows()
            case "logs":
                await self._logs()
            case "stability":
                await self._stability()
            case "approvals.decided":
                await self._hear(question.method, {"limit": DECIDED})
            case "tasks":
                await self._hear(question.method, {"limit": TASKS})
            case "companion":
                await self._hear(question.method, self._since())
            case _:
                await self._hear(question.method, {})

    async def _rows(self) -> None:
        """Page by page, for as long as the feed wants another."""
        await self._hear("sessions.list", {"limit": PAGE})
        while self.feed.next_offset is not None:
            params: Params = {"limit": PAGE, "offset": self.feed.next_offset}
            await self._hear("sessions.list", params)

    def _since(self) -> Params:
        """What the companion need not tell again."""
        ledger = self.store.ledger
        if ledger.instance is None:
            return {}
        return {"instance": ledger.instance, "sinceSeq": ledger.named_seq}

    async def _probe(self, key: str) -> None:
        await self._hear(PROBE, {"sessionKey": key, "limit": HISTORY})

    async def _stability(self) -> None:
        params: Params = {"limit": 1000}
        if self.store.ledger.last_seq:
            params["sinceSeq"] = self.store.ledger.last_seq
        await self._hear("diagnostics.stability", params)

    async def _logs(self) -> None:
        params: Params = {"limit": 5000, "maxBytes": 250_000}
        if self.feed.log_cursor is not None:
            params["cursor"] = self.feed.log_cursor
        await self._hear("logs.tail", params)
