"""A gateway that speaks just enough of the protocol: ``python -m benchmarks.emitter SCENE``.

Every client gets the greeting, an answer to every request, and after ``sessions.subscribe`` all
sessions of the scene. Prints its port on the first line; then it does what a line on stdin says
and answers each with a line of JSON:

    next         waits for the next client, until it has had its sessions and a rest
    flood COUNT  events as fast as the client takes them, between two marks
    pace RATE    events a second from here on, whether the client takes them or not; 0 stops
    mark WORD    a session of that name comes to the top of the locks; the one before it is released
    look         nothing

Frames are made and framed beforehand: the client, not this process, is what limits the rate.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle, islice
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks import mix
from benchmarks.marks import END, MARK, START

REST_S = 2.0
CYCLE = 20_000
SLICE_S = 0.01  # of a pace
TICK_S = 10.0
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
    "plugin.approval.list": [],
    "openclaw.approval.list": [],
    "diagnostics.stability": {"events": [], "dropped": 0},
    "diagnostics.lanes": {"lanes": []},
    "status": {"queuedSystemEvents": []},
    "system-presence": [],
    "logs.tail": {"lines": [], "cursor": 0, "file": "bench.log"},
}


class Emitter:
    """The frames, made once, the conversation with each client, and what is told to do."""

    def __init__(self, scene: mix.Scene) -> None:
        self.pool = mix.Pool(scene, _now())
        self._storm = list(self.pool.mix(CYCLE)) if not scene.silent else []
        self._ready: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self._client: ServerConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pacing: asyncio.Task[None] | None = None
        self._word = ""
        self._sent = self._most = 0

    # -- the conversation with a client

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
                self._start(self._welcome(socket))

    def _start(self, coroutine: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _welcome(self, socket: ServerConnection) -> None:
        """All sessions, a rest, and from then on a tick now and then."""
        with contextlib.suppress(ConnectionClosed):
            for _, chunk in mix.chunks(self.pool.preload()):
                await _pour(socket, chunk)
            await asyncio.sleep(REST_S)
            self._ready.put_nowait(socket)
            while True:
                await asyncio.sleep(TICK_S)
                await socket.send(_event("tick", {"ts": _now()}))

    def _answer(self, method: str, params: dict[str, Any]) -> bytes:
        scene = self.pool.scene
        match method:
            case "connect":
                return mix.dumped(_hello())
            case "sessions.list":
                return self._rows(params)
            case "chat.history":
                return self.pool.history(params["sessionKey"])
            case "exec.approval.list":
                return mix.at_now(b"[%s]" % b",".join(self._approvals()))
            case "gateway.restart.preflight":
                runs = {"embeddedRuns": scene.sessions, "pendingReplies": 0}
                return mix.dumped({"counts": runs})
            case _:
                return mix.dumped(ANSWERS.get(method, {}))

    def _approvals(self) -> Iterator[bytes]:
        yield from map(self.pool.approval, range(self.pool.scene.approvals))
        if self._word:
            yield self.pool.asked(self._word)

    def _rows(self, params: dict[str, Any]) -> bytes:
        """A page of rows; in the storm never the last one: no session is taken for gone."""
        scene, first = self.pool.scene, params.get("offset", 0)
        last = min(first + params.get("limit", 200), scene.sessions)
        more = b"false" if scene.silent else b"true"
        head = b'{"ts":%d,"totalCount":%d,"hasMore":%s' % (_now(), scene.sessions, more)
        rows = b",".join(map(self.pool.row, range(first, last)))
        return mix.at_now(head + b',"sessions":[%s]}' % rows)

    # -- what a line on stdin says

    async def obey(self, line: str) -> dict[str, Any]:
        """Do it; the answer has the counts since the last ``pace`` or ``flood`` began."""
        word, _, argument = line.strip().partition(" ")
        acts: dict[str, Callable[[str], Awaitable[None]]] = {
            "next": self._next,
            "flood": self._flood,
            "pace": self._pace,
            "mark": self._mark,
            "look": self._look,
        }
        at = time.monotonic()
        await acts[word](argument)
        return {"at": at, "sent": self._sent, "waiting": self._waiting(), "most": self._most}

    async def _next(self, _: str) -> None:
        self._client = await self._ready.get()

    async def _look(self, _: str) -> None:
        """The answer is all that is wanted."""

    async def _flood(self, count: str) -> None:
        self._sent = self._most = 0
        frames = islice(cycle(self._storm), int(count))
        socket = self._socket()
        with contextlib.suppress(ConnectionClosed):
            await _pour(socket, _measure(START, {}))
            for number, chunk in mix.chunks(frames):
                self._sent += number
                await _pour(socket, chunk + self._now_sent())
            await _pour(socket, _measure(END, {"events": self._sent}))

    async def _pace(self, rate: str) -> None:
        if self._pacing is not None:
            self._pacing.cancel()
        self._sent = self._most = 0
        self._pacing = self._start(self._paced(int(rate))) if int(rate) else None

    async def _paced(self, rate: int) -> None:
        socket, frames, began = self._socket(), cycle(self._storm), time.monotonic()
        while True:
            await asyncio.sleep(SLICE_S)
            due = int((time.monotonic() - began) * rate) - self._sent
            self._sent += due
            slice_ = b"".join(islice(frames, due))
            socket.transport.write(mix.at_now(slice_) + self._now_sent())
            self._most = max(self._most, self._waiting())

    async def _mark(self, word: str) -> None:
        before, self._word = self._word, word
        gone = self.pool.released(before) if before else b""
        self._socket().transport.write(mix.at_now(gone + self.pool.held(word)))

    def _now_sent(self) -> bytes:
        return _measure(MARK, {"events": self._sent, "at": time.monotonic()})

    def _waiting(self) -> int:
        """Bytes that the kernel did not take."""
        return self._client.transport.get_write_buffer_size() if self._client else 0

    def _socket(self) -> ServerConnection:
        assert self._client is not None, "say next first"
        return self._client


async def _pour(socket: ServerConnection, chunk: bytes) -> None:
    """A framed chunk straight to the transport, waiting while it is full."""
    socket.transport.write(mix.at_now(chunk))
    await socket.drain()


def _measure(name: str, payload: dict[str, Any]) -> bytes:
    return mix.framed(mix.event(name, mix.dumped(payload)))


def _now() -> int:
    return int(time.time() * 1000)


def _event(name: str, payload: dict[str, Any]) -> str:
    return mix.event(name, mix.dumped(payload)).decode()


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


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    return reader


async def main(scene: str) -> None:
    """Serve until stdin ends."""
    emitter = Emitter(mix.SCENES[scene])
    async with serve(
        emitter.serve, "127.0.0.1", 0, compression=None, ping_interval=None, max_size=None
    ) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        lines = await _lines()
        while line := await lines.readline():
            print(json.dumps(await emitter.obey(line.decode())), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
