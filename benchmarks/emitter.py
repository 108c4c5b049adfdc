"""A process that speaks just enough of the protocol, then sends as fast as the socket takes it.

Every client gets the same: the greeting, an answer to every request, and after
``sessions.subscribe`` the whole pool of sessions, a rest, and the storm between two marks.
Prints its port on the first line. Frames are made and framed beforehand, so that the client and
not this process is what limits the rate.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from itertools import cycle, islice
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks import mix

REST_S = 2.0
CYCLE = 20_000
START, END = "bench.start", "bench.end"
METHODS = [
    "sessions.list",
    "sessions.subscribe",
    "sessions.recover",
    "chat.history",
    "approval.history",
    "status",
    "gateway.restart.preflight",
    "exec.approval.list",
    "plugin.approval.list",
    "openclaw.approval.list",
    "diagnostics.stability",
    "diagnostics.lanes",
    "logs.tail",
    "system-presence",
]
ANSWERS: dict[str, Any] = {
    "gateway.restart.preflight": {"counts": {"embeddedRuns": mix.SESSIONS, "pendingReplies": 0}},
    "plugin.approval.list": [],
    "openclaw.approval.list": [],
    "diagnostics.stability": {"events": [], "dropped": 0},
    "diagnostics.lanes": {"lanes": []},
    "logs.tail": {"lines": [], "cursor": 0, "file": "bench.log"},
    "status": {"queuedSystemEvents": []},
    "system-presence": [],
}


class Emitter:
    """The frames, made once, and the conversation with each client. ``rounds`` of the cycle."""

    def __init__(self, count: int) -> None:
        self.parts = mix.templates()
        self.preload = mix.preload(self.parts)
        self.storm = mix.mix(self.parts, CYCLE)
        self.rounds = max(count // CYCLE, 1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, socket: ServerConnection) -> None:
        """One client, until it goes; a client that is done is killed, so it goes rudely."""
        with contextlib.suppress(ConnectionClosed):
            await self._talk(socket)

    async def _talk(self, socket: ServerConnection) -> None:
        await socket.send(_event("connect.challenge", {"nonce": "n", "ts": _now()}))
        async for message in socket:
            request = json.loads(message)
            method = request["method"]
            answer = self._answer(method, request.get("params") or {})
            frame = b'{"type":"res","id":"%s","ok":true,"payload":%s}'
            await socket.send(frame % (request["id"].encode(), answer), text=True)
            if method == "sessions.subscribe":
                task = asyncio.create_task(self._storm(socket))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _storm(self, socket: ServerConnection) -> None:
        await _pour(socket, self.preload)
        await asyncio.sleep(REST_S)
        await socket.send(_event(START, {}))
        storm = islice(cycle(self.storm), self.rounds * len(self.storm))
        await _pour(socket, storm)
        await socket.send(_event(END, {"events": self.rounds * CYCLE}))

    def _answer(self, method: str, params: dict[str, Any]) -> bytes:
        match method:
            case "connect":
                return mix.dumped(_hello())
            case "sessions.list":
                return self._rows(params)
            case "exec.approval.list":
                template = self.parts.payloads["exec.approval.requested"]
                return mix.at_now(b"[%s]" % _many(template, 0, mix.APPROVALS))
            case "chat.history":
                return b'{"messages":[]}'
            case _:
                return mix.dumped(ANSWERS.get(method, {}))

    def _rows(self, params: dict[str, Any]) -> bytes:
        """A page of rows; never the last one, so that no session is taken for gone."""
        first = params.get("offset", 0)
        rows = _many(self.parts.row, first, params.get("limit", 200))
        head = b'{"ts":%d,"totalCount":%d,"hasMore":true' % (_now(), mix.SESSIONS)
        return mix.at_now(head + b',"sessions":[%s]}' % rows)


async def _pour(socket: ServerConnection, chunks: Any) -> None:
    """Framed chunks straight to the transport, waiting whenever it is full."""
    for chunk in chunks:
        socket.transport.write(mix.at_now(chunk))
        await socket.drain()


def _many(template: bytes, first: int, count: int) -> bytes:
    last = min(first + count, mix.SESSIONS)
    return b",".join(mix.numbered(template, number) for number in range(first, last))


def _now() -> int:
    return int(time.time() * 1000)


def _event(name: str, payload: dict[str, Any]) -> str:
    return json.dumps({"type": "event", "event": name, "payload": payload})


def _hello() -> dict[str, Any]:
    return {
        "type": "hello-ok",
        "protocol": 4,
        "server": {"version": "bench", "bootId": "bench"},
        "features": {"methods": METHODS, "events": []},
        "snapshot": {"uptimeMs": 1000, "sessionDefaults": {"mainSessionKey": "agent:main:main"}},
        "auth": {"role": "operator", "scopes": ["operator.read", "operator.admin"]},
        "policy": {"tickIntervalMs": 30_000},
    }


async def main(count: int) -> None:
    """Serve until stopped."""
    emitter = Emitter(count)
    async with serve(
        emitter.serve, "127.0.0.1", 0, compression=None, ping_interval=None, max_size=None
    ) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
