"""A plain test client: sends request frames, keeps every event it gets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from clawtop.demo import ScriptedGateway

ALL = ["operator.read", "operator.write", "operator.approvals", "operator.admin"]


def hello_params(**changes: Any) -> dict[str, Any]:
    """Connect parameters of a dashboard; ``changes`` replace top-level parts."""
    client = {
        "id": "gateway-client",
        "mode": "backend",
        "version": "1",
        "platform": "linux",
        "displayName": "tester",
    }
    base = {
        "minProtocol": 4,
        "maxProtocol": 4,
        "client": client,
        "role": "operator",
        "scopes": ALL,
        "caps": [],
        "auth": {"token": "demo"},
    }
    return base | changes


class Wire:
    """One client socket."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self.events: list[dict[str, Any]] = []
        self.odd: list[Any] = []
        self.count = 0

    async def next(self) -> dict[str, Any]:
        """Next frame, a dict in any case."""
        raw = await asyncio.wait_for(self.ws.recv(), 10)
        try:
            frame = json.loads(raw)
        except ValueError:
            frame = {"type": "garbage", "raw": raw}
        return frame if isinstance(frame, dict) else {"type": "garbage", "raw": raw}

    async def ask(self, method: str, params: dict[str, Any] | None = None) -> str:
        """Send a request and return its id."""
        self.count += 1
        frame = {"type": "req", "id": f"t{self.count}", "method": method, "params": params or {}}
        await self.ws.send(json.dumps(frame))
        return f"t{self.count}"

    async def answer(self, ident: str) -> dict[str, Any]:
        """Read up to the answer with that id, keeping the events."""
        while True:
            frame = await self.next()
            if frame.get("type") == "res" and frame.get("id") == ident:
                return frame
            (self.events if frame.get("type") == "event" else self.odd).append(frame)

    async def call(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask and wait for the whole response frame."""
        return await self.answer(await self.ask(method, params))

    async def ok(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """Ask, insist on success, return the payload."""
        frame = await self.call(method, params)
        assert frame["ok"], frame
        return frame["payload"]

    async def fails(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """Ask, insist on failure, return the error."""
        frame = await self.call(method, params)
        assert not frame["ok"], frame
        return frame["error"]

    async def event(self, name: str, **match: Any) -> dict[str, Any]:
        """Wait for an event whose payload has these values; the frame is returned."""

        def fits(frame: dict[str, Any]) -> bool:
            body = frame.get("payload")
            return frame.get("event") == name and all(
                isinstance(body, dict) and body.get(k) == v for k, v in match.items()
            )

        for index, frame in enumerate(self.events):
            if fits(frame):
                return self.events.pop(index)
        while True:
            frame = await self.next()
            if fits(frame):
                return frame
            (self.events if frame.get("type") == "event" else self.odd).append(frame)

    async def drained(self) -> int | None:
        """Read until the server has closed and return the close code."""
        try:
            while True:
                await self.next()
        except ConnectionClosed:
            return self.ws.close_code

    def names(self) -> list[str]:
        """Names of the events kept so far."""
        return [frame.get("event", "") for frame in self.events]


@asynccontextmanager
async def raw_wire(gateway: ScriptedGateway) -> AsyncIterator[Wire]:
    """A socket that has not said anything yet."""
    # without max_queue=None a burst of unread frames makes closing wait for 10 s
    async with connect(gateway.url, compression=None, max_size=None, max_queue=None) as ws:
        yield Wire(ws)


@asynccontextmanager
async def wire(
    gateway: ScriptedGateway, *, subscribe: bool = True, **changes: Any
) -> AsyncIterator[Wire]:
    """A connected and subscribed client."""
    async with raw_wire(gateway) as client:
        await client.event("connect.challenge")
        await client.ok("connect", hello_params(**changes))
        if subscribe:
            await client.ok("sessions.subscribe")
        yield client
