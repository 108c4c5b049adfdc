"""The only socket: drives one ``Session`` over websockets, and nothing else.

Heavy imports (websockets, ssl) happen here, inside the connect task, so that the first frame
of the dashboard is painted before them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from msgspec import Raw
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import Close

from clawtop.errors import (
    NO_ANSWER,
    NO_FRAMES,
    CallError,
    ClawtopError,
    ConnectError,
    GatewayError,
    LinkLostError,
    NoAnswerError,
    SignInError,
    UnclearError,
)
from clawtop.gateway import frames, refusals
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock, slept_s
from clawtop.gateway.find import Target
from clawtop.gateway.identity import Device
from clawtop.gateway.lookups import leave_lookups_behind
from clawtop.gateway.session import (
    CLOSE_DEAD,
    DEAD_AFTER_S,
    Answered,
    Challenged,
    Event,
    Opened,
    Pushed,
    Refused,
    Session,
    State,
)
from clawtop.gateway.wire import MAX_FRAME, Socket
from clawtop.text import shown

ASLEEP = "this host was asleep"
LOOK_EVERY_S = 2.0  # whether the link is dead; deadlines of requests are met exactly


class _Straight(connect):
    """Follows no redirect: the secret is for the address that was given, and for no other."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Link:
    """One connection: opened once, used, closed once. Requests are answered by id."""

    def __init__(
        self,
        target: Target,
        client: Client,
        scopes: tuple[str, ...],
        allow: frozenset[str],
        *,
        clock: GatewayClock,
        timeout_s: float = 10.0,
        on_push: Callable[[Pushed], None] | None = None,
        device: Device | None = None,
    ) -> None:
        self.target, self.scopes, self.device = target, scopes, device
        self.timeout_s = timeout_s
        self.close_code: int | None = None
        self.close_reason = ""
        self.greeting: frames.Hello | None = None
        self.device_token: str | None = None
        self._clock = clock
        self.on_push = on_push
        self._session = Session(
            client, target.secret, scopes, allow=allow, device=device, now=time.monotonic()
        )
        self._socket: ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[Raw]] = {}
        self._hello: asyncio.Future[frames.Hello] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._challenged = asyncio.Event()
        self._ended = asyncio.Event()
        self._sooner = asyncio.Event()

    @property
    def unreadable(self) -> int:
        """Frames that were not understood."""
        return self._session.unreadable

    # -- opening

    async def open(self) -> frames.Hello:
        """Connect and sign in. Raises ConnectError, or SignInError when retrying is useless."""
        leave_lookups_behind()
        try:
            async with asyncio.timeout(self.timeout_s):
                self._socket = await self._connect()
                self._check_fingerprint(self._socket)
                self._hello = asyncio.get_running_loop().create_future()
                self._tasks = [
                    asyncio.create_task(self._read(self._socket), name="clawtop-read"),
                    asyncio.create_task(self._watch_deadlines(), name="clawtop-deadlines"),
                ]
                await self._sign_in(self._socket)
                return await self._hello
        except BaseException as error:
            await self.close()
            if isinstance(error, ClawtopError) or not isinstance(error, Exception):
                raise
            raise _connect_error(error, self.target) from None

    async def _connect(self) -> ClientConnection:
        parts = urlsplit(self.target.url)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        return await _Straight(
            self.target.url,
            ssl=self._tls() if parts.scheme == "wss" else None,
            compression=None,
            max_size=MAX_FRAME,
            open_timeout=None,
            ping_interval=None,
            close_timeout=2,
            proxy=None if local else True,
            user_agent_header="clawtop",
            create_connection=partial(Socket, self._hear),  # type: ignore[arg-type]
        )

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.target.tls_fingerprint:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # the pinned fingerprint is checked instead
        return context

    def _check_fingerprint(self, socket: ClientConnection) -> None:
        pin = self.target.tls_fingerprint
        if not pin or not self.target.url.startswith("wss:"):
            return
        import hashlib

        peer = socket.transport.get_extra_info("ssl_object")
        found = hashlib.sha256(peer.getpeercert(True) or b"").hexdigest()
        if found != pin:
            raise SignInError(
                f"the certificate of {self.target.address} is not the pinned one",
                "Check the address, then the fingerprint",
            )

    # -- the reader

    async def _sign_in(self, socket: ClientConnection) -> None:
        """Answer the challenge. A link that ends first says why through ``_hello``."""
        await self._challenged.wait()
        with contextlib.suppress(ConnectionClosed, OSError):
            for frame in self._session.data_to_send():
                await socket.send(frame, text=True)

    async def _read(self, socket: ClientConnection) -> None:
        """Wait for the end; messages are heard before they could arrive here."""
        try:
            while True:
                self._hear(await socket.recv(decode=False), time.monotonic())
        except ConnectionClosed as closed:
            received = closed.rcvd
            self.close_code = received.code if received else 1006
            words = self._session.without_secret(_reason(received))
            self.close_reason = self.close_reason or words
        except OSError as error:
            self.close_code, self.close_reason = 1006, error.strerror or "the connection broke"
        finally:
            self._end()

    def _hear(self, data: bytes, read_at: float) -> None:
        event = self._session.receive(data, read_at)
        if type(event) is Pushed:
            if self.on_push is not None:
                self.on_push(event)
        elif event is not None:
            self._take(event, read_at)

    def _take(self, event: Event, read_at: float) -> None:
        match event:
            case Answered():
                self._answer(event)
            case Challenged():
                self._clock.sample(event.ts, read_at)
                self._challenged.set()
            case Opened():
                self.greeting, self.device_token = event.hello, event.device_token
                if self._hello is not None and not self._hello.done():
                    self._hello.set_result(event.hello)
            case Refused():
                self._refuse(refusals.of_connect(event.error, self.target))

    def _answer(self, event: Answered) -> None:
        future = self._answers.pop(event.id, None)
        if future is None or future.done():
            return
        if event.error is None:
            future.set_result(event.payload)
        else:
            future.set_exception(_gateway_error(event.method, event.error))

    def _refuse(self, error: ClawtopError) -> None:
        if self._hello is not None and not self._hello.done():
            self._hello.set_exception(error)

    def _end(self) -> None:
        """Everything that waits learns that the link is gone, and whether it had been sent."""
        why = self.close_reason or f"closed ({self.close_code})"
        for frame_id, method in self._session.close():
            future = self._answers.pop(frame_id, None)
            if future is not None and not future.done():
                future.set_exception(LinkLostError(method, why, sent=True))
        self._refuse(refusals.of_close(self.close_code, self.close_reason, self.target))
        self._challenged.set()
        self._ended.set()

    async def _watch_deadlines(self) -> None:
        slept = slept_s()
        while True:
            due_in = self._session.next_deadline() - time.monotonic()
            pause = min(max(due_in, 0.01), LOOK_EVERY_S)
            self._sooner.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._sooner.wait()
            now = time.monotonic()
            for late in self._session.expire(now):
                future = self._answers.pop(late.id, None)
                if future is not None and not future.done():
                    future.set_exception(NoAnswerError(late.method, late.after_s, sent=True))
            before, slept = slept, slept_s()
            asleep = slept - before >= DEAD_AFTER_S
            if (asleep or self._session.is_dead(now)) and self._socket is not None:
                self.close_reason = ASLEEP if asleep else NO_FRAMES
                await self._socket.close(CLOSE_DEAD, "no frames")
                return

    # -- use

    async def call(
        self, method: str, params: dict[str, Any] | None = None, timeout_s: float | None = None
    ) -> Raw:
        """Ask and wait for the answer.

        Raises GatewayError, NoAnswerError, UnclearError, LinkLostError, and NotAllowedError for
        a method that this link does not send.
        """
        socket = self._socket
        if socket is None or self._session.state is not State.OPEN:
            raise LinkLostError(method, self.close_reason or "not connected", sent=False)
        future: asyncio.Future[Raw] = asyncio.get_running_loop().create_future()
        now = time.monotonic()
        frame_id = self._session.request(method, params or {}, now, timeout_s or self.timeout_s)
        self._answers[frame_id] = future
        self._sooner.set()
        try:
            for frame in self._session.data_to_send():
                await socket.send(frame, text=True)
            return await future
        except (ConnectionClosed, OSError):
            # part of it may have left: claiming that it did not would be the lie
            raise LinkLostError(method, self.close_reason or "the link broke", sent=True) from None
        finally:
            self._answers.pop(frame_id, None)
            future.cancel()  # an error in it that nobody waits for would be printed by asyncio

    async def closed(self) -> None:
        """Wait until the link is gone; ``close_code`` and ``close_reason`` then say why."""
        await self._ended.wait()

    @property
    def is_open(self) -> bool:
        return self._session.state is State.OPEN

    async def close(self) -> None:
        """Close for good. Never raises."""
        socket, self._socket = self._socket, None
        if socket is not None:
            with contextlib.suppress(Exception):
                await socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._hello is not None and self._hello.done() and not self._hello.cancelled():
            self._hello.exception()  # seen; nobody else waits for it
        self._ended.set()


def _reason(received: Close | None) -> str:
    return received.reason if received else "the connection broke"


def _gateway_error(method: str, error: frames.ErrorBody) -> CallError:
    if not error.code:  # every refusal has one: this is half an answer, and no "no"
        return UnclearError(method)
    after = error.retry_after_ms
    return GatewayError(
        method,
        error.code,
        shown(error.message),
        details=error.details if isinstance(error.details, dict) else None,
        retry_after_ms=int(after) if after else None,
    )


def _hung_up(error: BaseException) -> bool:
    """Whether the other side ended it before the first byte of an answer."""
    return isinstance(error, EOFError) or isinstance(error.__cause__, EOFError)


def _connect_error(error: Exception, target: Target) -> ConnectError:
    """Why no connection came about, in a sentence. ``health`` may know more."""
    where = target.address
    if isinstance(error, InvalidStatus):
        return refusals.of_status(error.response.status_code, target)
    if isinstance(error, InvalidHandshake | EOFError) and _hung_up(error):
        return refusals.of_silence(target)
    if isinstance(error, InvalidHandshake | EOFError | ConnectionClosed):
        return refusals.not_a_gateway(target)
    if isinstance(error, TimeoutError):
        return ConnectError(f"{where} {NO_ANSWER}", code="timeout")
    within_tls = isinstance(error, ConnectionError) and error.errno is None  # asyncio says so
    if isinstance(error, ssl.SSLError) or (within_tls and target.url.startswith("wss:")):
        untrusted = error if isinstance(error, ssl.SSLCertVerificationError) else None
        return refusals.of_tls(target, untrusted.verify_message if untrusted else "")
    if isinstance(error, ConnectionRefusedError):
        return ConnectError(f"nothing listens at {where}", code="refused")
    if isinstance(error, OSError):
        why = error.strerror or "no route"
        return ConnectError(f"cannot reach {where}: {why}", "Check the address", code="unreachable")
    return ConnectError(f"cannot connect to {where}: {type(error).__name__}", code="connect")
