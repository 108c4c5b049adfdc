"""Conversations with clients: challenge, connect, requests, and who gets which event."""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from clawtop.demo import handshake, snapshot
from clawtop.demo.dispatch import Dispatcher
from clawtop.demo.faults import Faults
from clawtop.demo.handshake import Door, Refused
from clawtop.demo.model import Obj, Out, RpcError
from clawtop.demo.pairing import Pairing
from clawtop.demo.peer import APPROVAL_CAPS, Peer
from clawtop.demo.world import World

PRE_HELLO_LIMIT = 65_536
STARTING = RpcError(
    "UNAVAILABLE",
    "gateway starting",
    retryable=True,
    retryAfterMs=500,
    details={"reason": "startup-sidecars"},
)


@dataclass(frozen=True)
class Seen:
    """A request as the gateway saw it; ``conn`` counts connections from 1."""

    conn: int
    method: str
    params: Obj
    scopes: tuple[str, ...]


class Conversations:
    """All clients of one gateway; what they see comes from the world and the faults."""

    def __init__(self, world: World, door: Door, handshake_timeout: float) -> None:
        """Start without clients; the timeout is real seconds."""
        self.world, self.door, self.handshake_timeout = world, door, handshake_timeout
        self.faults = Faults()
        self.pairing: Pairing | None = None
        self.requests: list[Seen] = []
        self.total_connections = 0
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._dispatcher = Dispatcher(world, self.faults, self.presence, self.flush)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine beside the server; a failure is raised when the gateway ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Forget a finished task, keep its failure."""
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self.failures.append(failure)

    def flush(self, *, rows: bool = True) -> None:
        """Send what the world has queued to those who may have it; see ``Flush``."""
        pending = [out for out in self.world.outbox if rows or not out.subscribed]
        self.world.outbox = [out for out in self.world.outbox if not rows and out.subscribed]
        for out in pending:
            for peer in self.peers:
                if peer.wants(out, self.world.generation):
                    versions = dict(self.world.state_version) if out.state_version else None
                    peer.event(
                        out.event,
                        out.payload,
                        state_version=versions,
                        seq=not (out.targeted and not self.world.september),
                    )

    def presence(self) -> list[Obj]:
        """Return the presence list: the gateway itself, the clients, the world's extras."""
        version, now = snapshot.version(self.world), self.world.now()
        own: Obj = {
            "host": "demo",
            "ip": "192.0.2.2",
            "version": version,
            "platform": "linux",
            "mode": "gateway",
            "reason": "self",
            "ts": now,
            "text": f"Gateway: demo (192.0.2.2) · app {version} · mode gateway",
        }
        if self.world.september:
            own["instanceId"] = self.world.boot_id
        clients = [
            {
                "host": p.name,
                "mode": p.mode,
                "roles": ["operator"],
                "reason": "connect",
                "scopes": list(p.scopes),
                "platform": "linux",
                "version": "0.1",
                "ts": now,
                "text": f"Node: {p.name} · mode {p.mode}",
                **p.instance,
            }
            for p in self.peers
            if self._shown(p)
        ]
        return [own, *clients, *self.world.presence]

    def _shown(self, peer: Peer) -> bool:
        """Whether a client is in the presence list; September leaves backend clients out."""
        return peer.hello and (not self.world.september or peer.mode != "backend")

    async def _serve(self, ws: ServerConnection) -> None:
        """Serve one connection from challenge to close."""
        self.total_connections += 1
        peer = Peer(ws, self.total_connections, self.faults)
        self.peers.append(peer)
        writer = self._spawn(peer.write())
        try:
            self._challenge(peer)
            await self._talk(peer)
        except ConnectionClosed:
            pass
        finally:
            self._leave(peer)
            await ws.wait_closed()
            writer.cancel()

    def _leave(self, peer: Peer) -> None:
        """Count a client out and tell the others."""
        self.peers.remove(peer)
        self._count_routes()
        self.world.state_version["presence"] += 1
        scope = "operator.read" if self.world.september else None
        if peer.hello:
            self.world.put(
                Out("presence", {"presence": self.presence()}, scope, state_version=True)
            )

    def _challenge(self, peer: Peer) -> None:
        """Send connect.challenge, which has no seq."""
        payload: Obj = {"nonce": peer.nonce, "ts": self.world.now()}
        if self.world.september:
            payload["capabilities"] = ["model-catalog-snapshot"]
        if self.faults.bad_challenge:
            payload = {"nonce": 7}
        if not self.faults.no_challenge:
            peer.event("connect.challenge", payload, seq=False)

    async def _talk(self, peer: Peer) -> None:
        """Read frames; the first one must be the connect request."""
        try:
            first = await asyncio.wait_for(peer.ws.recv(), self.handshake_timeout)
        except TimeoutError:
            return peer.close(1008, "handshake timeout")
        if len(first) > PRE_HELLO_LIMIT:
            return peer.close(1009, "payload too large")
        if not await self._connect(peer, first):
            return None
        async for raw in peer.ws:
            frame = self._parse(raw)
            if frame is None:
                return peer.close(1008, "invalid frame")
            self._spawn(self._request(peer, frame))
        return None

    @staticmethod
    def _parse(raw: str | bytes) -> Obj | None:
        """Return a request frame, or None for anything else."""
        try:
            frame = json.loads(raw)
        except ValueError:
            return None
        good = isinstance(frame, dict) and frame.get("type") == "req"
        good = good and isinstance(frame.get("id"), str) and isinstance(frame.get("method"), str)
        return frame if good else None

    async def _connect(self, peer: Peer, raw: str | bytes) -> bool:
        """Answer the connect request; return whether the client is in."""
        frame = self._parse(raw)
        if frame is None or frame["method"] != "connect":
            peer.close(1008, "invalid request frame")
            return False
        params: Obj = frame.get("params") or {}
        self.requests.append(Seen(peer.number, "connect", params, ()))
        try:
            self._admit(peer, params)
        except Refused as refused:
            peer.send(
                {"type": "res", "id": frame["id"], "ok": False, "error": refused.error.as_obj()}
            )
            peer.close(refused.close, refused.error.message[:100])
            return False
        gate = await self._dispatcher.before(peer, frame)
        if not gate:
            await peer.ws.wait_closed()
            return False
        payload = handshake.hello(self.world, self.door, peer.conn_id, peer.scopes, self.presence())
        payload["auth"] |= peer.gift
        self._dispatcher.reply(peer, frame, payload)
        self._welcome(peer)
        return True

    def _welcome(self, peer: Peer) -> None:
        """Count the client in."""
        peer.hello = True
        self.world.state_version["presence"] += 1
        self._count_routes()

    def _admit(self, peer: Peer, params: Obj) -> None:
        """Check the connect parameters and take the client's identity."""
        if self.faults.starting:
            raise Refused(STARTING, 1013)
        door, generation, now = self.door, self.world.generation, self.world.now()
        if self.pairing is not None:
            granted, peer.gift = self.pairing.admit(params, door, generation, (peer.nonce, now))
        else:
            handshake.check(params, door, generation, peer.nonce, now)
            granted = handshake.scopes(params, door, generation)
        peer.identify(params, granted)

    def _count_routes(self) -> None:
        """Tell the world how many clients announced an approval capability."""
        caps = APPROVAL_CAPS["exec"] | APPROVAL_CAPS["plugin"]
        self.world.routes = sum(bool(p.hello and p.caps & caps) for p in self.peers)

    async def _request(self, peer: Peer, frame: Obj) -> None:
        """Note and answer one request."""
        params: Obj = frame.get("params") or {}
        self.requests.append(Seen(peer.number, frame["method"], params, peer.scopes))
        await self._dispatcher.handle(peer, frame, params)
