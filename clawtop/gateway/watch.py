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
from dataclasses import replace
from functools import partial

from clawtop.errors import (
    ClawtopError,
    ConnectError,
    FindError,
    GatewayError,
    PairingError,
    SignInError,
    UnclearError,
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
from clawtop.gateway.pairing import ASK_EVERY_S, Lack, Patience, approved_part, lack_of
from clawtop.gateway.pauses import Pauses
from clawtop.gateway.poll import PROBE, PROBE_QUESTION, Budget, Question
from clawtop.gateway.refusals import of_close
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
    todo = ""  # what a person has to do at the gateway before there can be a link, or a wider one

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
        store.our_instance = client.instance_id
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
        self.lack: Lack | None = None
        """What the link there is was asked for and not given, for want of a person's approval."""
        self._patience = Patience()
        self._more = Patience()  # of asking for the lacking scopes, over all links
        self._may_ask = True
        self._sign_in_again = False
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
                continue  # more was approved: sign in again with it
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
        asked = self.manner.scopes(route=None)
        try:
            link, hello = await self._entered(asked, may_ask=self._may_ask)
            wider = self._wider_scopes(hello)
            if wider is not None:
                await link.close()
                asked = wider
                link, hello = await self._entered(wider, may_ask=False)
        except ConnectError as error:
            raise await explain(error, self.target) from None
        self.link, self.retry_at, self._opened_at = link, None, time.monotonic()
        self.device, self.opened_by = link.device, link.target.secret
        self._patience.over()
        self._opened(hello, asked)

    async def _entered(self, asked: tuple[str, ...], *, may_ask: bool) -> tuple[Link, frames.Hello]:
        """With these scopes, or with what this device is approved for of them. Raises ConnectError,
        also for less where they were asked for by name and only this once."""
        self.lack = None
        try:
            return await enter(self._errand(asked), may_ask=may_ask)
        except (PairingError, SignInError) as error:
            part = () if self.manner.insists else approved_part(asked, error)
            if not part:
                raise
            lack = self._lacking(asked, part, error)
        link, hello = await enter(self._errand(part), may_ask=False)
        self.lack = lack
        return link, hello

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

    async def _until_approved(self) -> None:
        """Ask now and then for what is lacking, on a link beside, until a person approved it or
        nobody will."""
        scopes = self.manner.scopes(route=None)
        while self.lack is not None and self.lack.request_id:
            await asyncio.sleep(ASK_EVERY_S)
            try:
                link, _ = await enter(replace(self._errand(scopes), on_push=None))
            except PairingError as error:
                part = tuple(scope for scope in scopes if scope not in self.lack.scopes)
                self.lack = self._lacking(scopes, part, error)
                self.todo = self.lack.todo
            except SignInError:
                return
            except ClawtopError:
                continue
            else:
                await link.close()
                self._sign_in_again = True
                self._wake.set()
                return

    def _lacking(self, asked: tuple[str, ...], part: tuple[str, ...], error: ConnectError) -> Lack:
        """What is lacking; after a few requests that nobody approved no more of them is made."""
        lack = lack_of(asked, part, error, has_secret=self.target.secret is not None)
        try:
            if isinstance(error, PairingError):
                self._more.wait_s(error)
        except SignInError as over:
            self._may_ask = False
            return lack._replace(request_id="", todo=f"{over.message}. {over.next_step}")
        return lack

    def _wider_scopes(self, hello: frames.Hello) -> tuple[str, ...] | None:
        """One-shot commands ask for more only once they know that it changes nothing."""
        every = (READ, APPROVALS, ADMIN)
        facts = self.feed.facts(hello, every, every)
        wider = self.manner.scopes(route=is_route(facts))
        return wider if wider != self.manner.scopes(route=None) else None

    def _opened(self, hello: frames.Hello, asked: tuple[str, ...]) -> None:
        self.todo = self.lack.todo if self.lack is not None else ""
        if self.lack is None:
            self._more.over()
        self._sign_in_again = False
        facts = self.feed.up(hello, asked)
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
        """Subscribe, then ask within the budget until the link ends, or until more was approved
        for it than it has. Raises ConnectError."""
        link = self.link
        assert link is not None
        try:
            await self._subscribe()
            gone = asyncio.create_task(link.closed())
            more = asyncio.create_task(self._until_approved(), name="clawtop-approval")
            try:
                while not (gone.done() or self._sign_in_again):
                    self.ask_due()
                    await self._sleep_until_due(gone)
            finally:
                gone.cancel()
                more.cancel()
                await asyncio.gather(more, return_exceptions=True)
            if self._sign_in_again:
                return
            raise of_close(link.close_code, link.close_reason, self.target)
        finally:
            await self.close()

    async def _subscribe(self) -> None:
        if "sessions.subscribe" in (self.store.facts.methods if self.store.facts else ()):
            with contextlib.suppress(GatewayError, UnclearError):
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
        """Ask everything again; what is already under way is not asked twice. A person whom
        nobody answered asks with it for what this device lacks."""
        if self.lack is not None and not self._may_ask:
            self._more.over()
            self._may_ask = self._sign_in_again = True
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
