"""The scripted gateway: a loopback WebSocket server in front of a ``World``."""

import asyncio
import contextlib
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from clawtop.demo import pages
from clawtop.demo.conversations import Conversations, Seen
from clawtop.demo.handshake import AuthMode, Door
from clawtop.demo.model import Generation, Out
from clawtop.demo.world import World

MAX_PAYLOAD = 26_214_400
HEALTH_MS = 60_000
DOWN_S = 1.0


class ScriptedGateway(Conversations):
    """One gateway on loopback; use it with ``async with``.

    token is the secret of whatever ``auth_mode``. tick_interval_ms is the world's clock.
    scopes_granted, when given, cuts every client down to those. protocol is the one version
    spoken. handshake_timeout is real seconds until a silent client is closed with 1008.
    """

    def __init__(
        self,
        generation: Generation = "september",
        token: str = "demo",
        port: int = 0,
        world: World | None = None,
        protocol: int = 4,
        auth_mode: AuthMode = "token",
        scopes_granted: tuple[str, ...] | None = None,
        *,
        tick_interval_ms: int = 30_000,
        pump_s: float = 0.02,
        handshake_timeout: float = 15.0,
    ) -> None:
        """Prepare; nothing listens before the context is entered."""
        door = Door(token, auth_mode, protocol, tick_interval_ms, scopes_granted)
        super().__init__(world or World(generation), door, handshake_timeout)
        self.generation: Generation = self.world.generation
        self.token, self.port, self.pump_s = token, port, pump_s
        self._server: Server | None = None
        self._wake = asyncio.Event()
        self._next_tick = self._next_health = 0

    @property
    def url(self) -> str:
        """WebSocket address."""
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def connections(self) -> int:
        """How many clients are past the handshake now."""
        return sum(peer.hello for peer in self.peers)

    async def __aenter__(self) -> Self:
        """Listen and start the pump."""
        self.world.wake_server = self._wake.set
        self._next_tick = self.world.now() + self.door.tick_ms
        self._next_health = self.world.now() + HEALTH_MS
        await self.start_listening()
        self._spawn(self._pump())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything and wait for it."""
        self.world.wake_server = lambda: None
        await self.stop_listening(code=1001)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if error is None and self.failures:
            raise self.failures[0]

    async def start_listening(self) -> None:
        """Open the port; the same one again after ``stop_listening``."""
        if self._server is not None:
            return
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self.port,
            compression=None,
            max_size=MAX_PAYLOAD,
            process_request=self._page,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop_listening(self, code: int = 1012, reason: str = "service restart") -> None:
        """Close the port and every connection: the gateway is down."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close(close_connections=False)
        await self.drop_all(code, reason)
        await server.wait_closed()

    async def drop_all(self, code: int = 1012, reason: str = "") -> None:
        """Close every connection with this code (1006 cuts) and wait until they are gone."""
        peers = list(self.peers)
        for peer in peers:
            peer.close(code, reason)
        await asyncio.gather(*(peer.ws.wait_closed() for peer in peers))

    async def restart(self, expected_ms: int = 1500, down_s: float = 0.0) -> None:
        """Be restarted: shutdown event, port down for ``down_s`` real seconds, memory and runs
        gone, port up again."""
        await self.emit(
            "shutdown", {"reason": "gateway restarting", "restartExpectedMs": expected_ms}
        )
        await self.stop_listening()
        await asyncio.sleep(down_s)
        self.world.restart()
        await self.start_listening()

    async def emit(self, event: str, payload: Any, seq: bool = True) -> None:
        """Send any event to every client past the handshake, whatever its scopes."""
        self.flush()
        for peer in self.peers:
            if peer.hello:
                peer.event(event, payload, seq=seq)
        await asyncio.sleep(0)

    def send_raw(self, frame: str | bytes) -> None:
        """Send a raw frame to every client past the handshake."""
        for peer in self.peers:
            if peer.hello:
                peer.send(frame)

    async def _pump(self) -> None:
        """Move the world, send its frames and the ticks, for as long as the server lives."""
        while True:
            self.world.tick()
            if self.world.restarting is not None and self.world.restarting.ready:
                await self.restart(down_s=DOWN_S)
            self._dispatcher.tick()
            self.flush()
            self._periodic()
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.pump_s)

    def _periodic(self) -> None:
        """Send the tick unless ticks are frozen, and health every 60 s of the world's clock."""
        now = self.world.now()
        if now >= self._next_tick:
            self._next_tick = now + self.door.tick_ms
            if not self.faults.frozen_ticks:
                self.world.put(Out("tick", {"ts": now}))
        if now >= self._next_health:
            self._next_health = now + HEALTH_MS
            self.world.send_health()
        self.flush()

    def _page(self, ws: ServerConnection, request: Request) -> Response | None:
        """Answer plain HTTP on the same port."""
        return pages.answer(request, self.world, self.faults)

    def seen(self, method: str) -> list[Seen]:
        """Return the requests of one method, oldest first."""
        return [item for item in self.requests if item.method == method]
