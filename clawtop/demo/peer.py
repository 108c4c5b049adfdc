"""One connected client: its identity, its outgoing queue and its event numbering."""

import asyncio
import json
import uuid
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from clawtop.demo.faults import Faults
from clawtop.demo.features import allowed
from clawtop.demo.model import Generation, Obj, Out

APPROVAL_CAPS = {
    "exec": {"approvals", "exec-approvals"},
    "plugin": {"approvals", "plugin-approvals"},
    "system-agent": {"approvals"},
}


class Peer:
    """A client connection; frames leave in order through one writer task.

    ``gift``: what hello tells a paired device beside its scopes.
    """

    def __init__(self, ws: ServerConnection, number: int, faults: Faults) -> None:
        """Wrap a socket; ``number`` counts connections from 1."""
        self.ws, self.number, self.faults = ws, number, faults
        self.conn_id, self.nonce = str(uuid.uuid4()), str(uuid.uuid4())
        self.hello = False
        self.scopes: tuple[str, ...] = ()
        self.caps: set[str] = set()
        self.gift: Obj = {}
        self.name = self.client_id = self.mode = ""
        self.instance: Obj = {}  # the instance id it gave, as the presence list names it
        self.subscribed = False
        self.seq = 0
        self.queue: asyncio.Queue[str | bytes | tuple[int, str]] = asyncio.Queue()

    def identify(self, params: Obj, scopes: tuple[str, ...]) -> None:
        """Take name, mode, capabilities and scopes from accepted connect parameters."""
        client = params["client"]
        self.scopes, self.caps = scopes, set(params.get("caps", ()))
        self.client_id, self.mode = client["id"], client["mode"]
        self.name = client.get("displayName") or client["id"]
        self.instance = {key: one for key, one in client.items() if key == "instanceId"}

    @property
    def admin(self) -> bool:
        """Whether operator.admin was granted."""
        return "operator.admin" in self.scopes

    def send(self, frame: Any) -> None:
        """Queue a frame: an object as JSON, text or bytes as they are."""
        raw = frame if isinstance(frame, str | bytes) else json.dumps(frame)
        self.queue.put_nowait(raw)

    def close(self, code: int, reason: str = "") -> None:
        """Queue a close behind what is already queued; 1006 cuts without a close frame."""
        self.queue.put_nowait((code, reason))

    async def write(self) -> None:
        """Send queued frames until the socket closes; ``slow_drip`` waits before each."""
        while True:
            item = await self.queue.get()
            if self.faults.slow_drip:
                await asyncio.sleep(self.faults.slow_drip)
            try:
                if isinstance(item, tuple):
                    await self._close(*item)
                    return
                await self.ws.send(item)
            except ConnectionClosed:
                return

    async def _close(self, code: int, reason: str) -> None:
        """Close the socket, or cut the transport for 1006. 1004 and 1005 are what no library
        sends: a reserved code, and a close frame without any."""
        if code == 1006:
            self.ws.transport.abort()
        elif code in (1004, 1005):
            body = b"" if code == 1005 else code.to_bytes(2, "big")
            self.ws.transport.write(bytes((0x88, len(body))) + body)
            self.ws.transport.close()
        else:
            await self.ws.close(code, reason)

    def event(
        self, event: str, payload: Any, *, seq: bool = True, state_version: Obj | None = None
    ) -> None:
        """Queue an event frame with the next number of this connection."""
        frame: Obj = {"type": "event", "event": event, "payload": payload}
        if seq:
            self.seq += 2 if self.faults.skip_seq_once else 1
            self.faults.skip_seq_once = False
            frame["seq"] = self.seq
        if state_version is not None:
            frame["stateVersion"] = state_version
        self.send(frame)

    def wants(self, out: Out, generation: Generation) -> bool:
        """Whether the gateway would send this event to this client."""
        if not self.hello or (out.subscribed and not self.subscribed):
            return False
        if out.scope is not None and not allowed(out.scope, self.scopes):
            return False
        return out.approvals is None or (self.sees(out.owner) and self._cap(out, generation))

    def sees(self, owner: int | None) -> bool:
        """Whether an approval asked by connection ``owner`` is visible: admin or the asker."""
        return self.admin or owner == self.number

    def _cap(self, out: Out, generation: Generation) -> bool:
        """September sends approval events only to clients that announced a capability."""
        return generation == "april" or bool(self.caps & APPROVAL_CAPS[out.approvals or "exec"])
