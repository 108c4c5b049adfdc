"""The live picture: keeps one watching link up, asks within the budget, feeds the store.

connect ──▶ list everything ──▶ events and questions ──▶ link lost ──▶ wait, again
                  ▲                     │ frames were missed
                  └─────────────────────┘
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable

from msgspec import Raw

from clawtop.errors import ClawtopError, ConnectError, GatewayError, SignInError
from clawtop.gateway import frames
from clawtop.gateway.answers import Reader
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.find import Target
from clawtop.gateway.health import explain
from clawtop.gateway.link import Link
from clawtop.gateway.manner import Manner
from clawtop.gateway.methods import ADMIN, APPROVALS, READ, READ_METHODS
from clawtop.gateway.poll import APPROVAL_KINDS, PROBE_QUESTION, Budget, Question
from clawtop.gateway.refusals import of_close
from clawtop.gateway.session import Pushed
from clawtop.picture import changes as c
from clawtop.picture.coverage import APRIL_ROUTE, Wishes, is_route
from clawtop.picture.store import Store
from clawtop.picture.suspects import suspects

PAGE = 200
FIRST_PAGES = 10
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


class Watcher:
    """One gateway, watched. The store is the picture; ``on_dirty`` is called after changes."""

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
        self.reader = Reader()
        self.budget = Budget()
        self.link: Link | None = None
        self.attempt = 0
        self.retry_at: float | None = None
        self.named: frozenset[str] = frozenset()
        self._on_dirty = on_dirty
        self._wake = asyncio.Event()
        self._now = asyncio.Event()
        self._asking: set[asyncio.Task[None]] = set()
        self._log_cursor: int | None = None
        self._log_file: str | None = None
        self._unreadable_events = 0

    # -- in

    def apply(self, change: c.Change) -> None:
        """One change into the store, stamped with the gateway's time now."""
        self.store.apply(change, self.clock.now_ms())
        if self._on_dirty is not None:
            self._on_dirty()

    def _pushed(self, pushed: Pushed) -> None:
        if pushed.missed:
            self.apply(c.Missed(pushed.missed))
            self.budget.all_now(time.monotonic())
            self._log_cursor = None
            self._wake.set()
        try:
            change = frames.event_change(pushed.event, pushed.payload)
        except (*frames.UNREADABLE, KeyError):
            self._unreadable_events += 1
            return
        if change is None:
            return
        if isinstance(change, c.Tick):
            self.clock.sample(change.ts, time.monotonic())
        self.apply(change)

    @property
    def unreadable(self) -> int:
        """Frames and rows that were not understood, on this link."""
        link = self.link.unreadable if self.link is not None else 0
        return self.reader.unreadable + self._unreadable_events + link

    # -- the link

    async def run(self) -> None:
        """Watch until cancelled. A SignInError ends it: trying again would not help."""
        while True:
            try:
                await self.connect()
                await self.serve()
            except SignInError as error:
                self._down(error)
                raise
            except ClawtopError as error:
                self._down(error)
            await self._pause()

    async def connect(self) -> None:
        """Open a link with the scopes this manner of watching needs. Raises ConnectError."""
        link = self._link(self.manner.scopes(route=None))
        try:
            hello = await link.open()
            wider = self._wider_scopes(hello)
            if wider is not None:
                await link.close()
                link = self._link(wider)
                hello = await link.open()
        except ConnectError as error:
            raise await explain(error, self.target) from None
        self.link, self.attempt, self.retry_at = link, 0, None
        self._opened(hello, link)

    def _link(self, scopes: tuple[str, ...]) -> Link:
        return Link(
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
        facts = self._facts(hello, (READ, APPROVALS, ADMIN), (READ, APPROVALS, ADMIN))
        wider = self.manner.scopes(route=is_route(facts))
        return wider if wider != self.manner.scopes(route=None) else None

    def _facts(
        self, hello: frames.Hello, asked: tuple[str, ...], scopes: tuple[str, ...]
    ) -> c.GatewayFacts:
        snapshot = hello.snapshot
        defaults = snapshot.session_defaults
        suspension = snapshot.suspension.phase if snapshot.suspension else None
        return c.GatewayFacts(
            name=self.target.name,
            url=self.target.url,
            version=hello.server.version,
            boot_id=hello.server.boot_id,
            uptime_ms=int(snapshot.uptime_ms) if snapshot.uptime_ms is not None else None,
            methods=frozenset(hello.features.methods),
            events=frozenset(hello.features.events),
            scopes=scopes,
            asked_scopes=asked,
            read_only=self.manner.read_only,
            main_session_key=defaults.main_session_key if defaults else None,
            protocol=hello.protocol,
            draining=suspension in ("preparing", "draining", "prepared"),
        )

    def _opened(self, hello: frames.Hello, link: Link) -> None:
        facts = self._facts(hello, link.scopes, tuple(hello.auth.scopes))
        self.store.wishes = Wishes(
            read_only=self.manner.read_only,
            approvals=self.manner.approvals,
            approvals_why=self._why_no_approvals(facts),
        )
        self._log_cursor = None
        self.budget = Budget.for_gateway(facts, self.store.wishes, time.monotonic())
        self.apply(c.LinkUp(facts, self.clock.now_ms()))
        if hello.snapshot.presence:
            self.apply(c.PresenceRead(hello.snapshot.presence))

    def _why_no_approvals(self, facts: c.GatewayFacts) -> str | None:
        if self.manner.approvals == "off":
            return "left out: --approvals off"
        left_out = self.manner.one_shot and self.manner.approvals == "auto"
        if left_out and not self.manner.read_only and ADMIN not in facts.asked_scopes:
            return APRIL_ROUTE
        return None

    def _down(self, error: ClawtopError) -> None:
        self.apply(c.LinkDown(error.sentence()))

    async def _pause(self) -> None:
        """Back off with jitter; ``reconnect_now`` cuts it short."""
        pause = BACKOFF_S[min(self.attempt, len(BACKOFF_S) - 1)] * random.uniform(0.7, 1.3)
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
            await self._subscribe(link)
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

    async def _subscribe(self, link: Link) -> None:
        if "sessions.subscribe" in (self.store.facts.methods if self.store.facts else ()):
            try:
                await link.call("sessions.subscribe")
            except GatewayError as error:
                self.apply(c.PartFailed("locks", error.message))

    async def _sleep_until_due(self, gone: asyncio.Task[None]) -> None:
        due = self.budget.next_due()
        pause = 1.0 if due is None else min(max(due - time.monotonic(), 0.05), 1.0)
        self._wake.clear()
        wake = asyncio.create_task(self._wake.wait())
        await asyncio.wait({gone, wake}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        wake.cancel()

    def ask_all_now(self) -> None:
        """Ask everything again; what is already under way is not asked twice."""
        self.budget.all_now(time.monotonic())
        self._wake.set()

    def ask_due(self) -> None:
        """Start every question that is due, and one probe if there is a suspect."""
        now = time.monotonic()
        for question in self.budget.due(now):
            self._start(question, self._ask(question))
        if self.budget.probe_due(now):
            keys = suspects(self.store.held, named=self.named)
            if keys:
                self._start(PROBE_QUESTION, self._probe(keys[0]))

    def _start(self, question: Question, asking: Awaitable[None]) -> None:
        self.budget.asked(question.name)
        task = asyncio.create_task(self._timed(question, asking), name=f"ask {question.name}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _timed(self, question: Question, asking: Awaitable[None]) -> None:
        began = time.monotonic()
        failed: str | None = None
        try:
            await asking
        except ClawtopError as error:
            failed = error.message
            if question is not PROBE_QUESTION:
                self.apply(c.PartFailed(question.part, error.message))
        except frames.UNREADABLE:
            failed = f"the answer to {question.method} was not understood"
            self.apply(c.PartFailed(question.part, failed))
        now = time.monotonic()
        self.budget.answered(question.name, now, now - began, failed)
        if question.name == "status" and failed is None:
            latency = round((now - began) * 1000)
            self.apply(c.Latency(latency, self.clock.offset_ms()))
        self._wake.set()

    async def _call(self, method: str, params: dict[str, object]) -> Raw:
        link = self.link
        if link is None:
            raise ConnectError("the link is down")
        return await link.call(method, dict(params))

    async def _ask(self, question: Question) -> None:
        match question.name:
            case "rows":
                await self._rows()
            case "logs":
                await self._logs()
            case "stability":
                await self._stability()
            case "preflight":
                raw = await self._call(question.method, {})
                self.apply(self.reader.preflight(raw, self.clock.now_ms()))
            case "status":
                self.apply(self.reader.status(await self._call(question.method, {})))
            case "lanes":
                self.apply(self.reader.lanes(await self._call(question.method, {})))
            case "presence":
                self.apply(self.reader.presence(await self._call(question.method, {})))
            case name:
                raw = await self._call(question.method, {})
                self.apply(self.reader.approvals(raw, APPROVAL_KINDS[name]))

    async def _rows(self) -> None:
        """All rows once after connecting, page by page; later the newest page."""
        first = "rows" not in self.store.listed
        rows: list[c.Row] = []
        for page in range(FIRST_PAGES if first else 1):
            params: dict[str, object] = {"limit": PAGE}
            if page:
                params["offset"] = page * PAGE
            raw = await self._call("sessions.list", params)
            answer = self.reader.sessions(raw, all_asked=True)
            self.clock.sample(answer.ts, time.monotonic())
            rows.extend(answer.rows)
            if answer.complete or not answer.rows:
                break
        self.apply(c.RowsListed(rows, answer.ts, answer.complete, answer.total))

    async def _probe(self, key: str) -> None:
        try:
            raw = await self._call("chat.history", {"sessionKey": key, "limit": 50})
            self.apply(self.reader.history(raw, key, self.clock.now_ms()))
        except (ClawtopError, *frames.UNREADABLE):
            self.apply(c.ProbeFailed(key, self.clock.now_ms()))
            raise

    async def _stability(self) -> None:
        params: dict[str, object] = {"limit": 1000}
        if self.store.ledger.last_seq:
            params["sinceSeq"] = self.store.ledger.last_seq
        self.apply(self.reader.stability(await self._call("diagnostics.stability", params)))

    async def _logs(self) -> None:
        params: dict[str, object] = {"limit": 5000, "maxBytes": 250_000}
        if self._log_cursor is not None:
            params["cursor"] = self._log_cursor
        lines, cursor = self.reader.logs(await self._call("logs.tail", params))
        if lines.file != self._log_file and self._log_file is not None:
            cursor = None  # a new day, a new file: the old offset means nothing there
        self._log_cursor, self._log_file = cursor, lines.file
        self.apply(lines)
