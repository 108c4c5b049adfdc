"""A relay between clawtop and a real gateway that keeps every request clawtop sends."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .lab.operator import any_certificate

Frame = dict[str, Any]
LOSE, CUT, SILENCE, NONSENSE = "lose", "cut", "silence", "nonsense"


class Wire:
    """``with Wire(gateway.url) as wire``: connect to ``wire.url``, then read ``connections``.

    ``before`` names a method and what to do once, before its first request is passed on: what
    somebody else did in the meantime. ``faults`` names a method and what becomes of it: LOSE (the
    link breaks before it is passed on), CUT (it breaks in place of the answer), SILENCE (no answer
    comes), NONSENSE (an answer without sense comes). ``tls``: it shows a certificate of its own.
    """

    def __init__(
        self,
        target: str,
        before: Mapping[str, Callable[[], object]] | None = None,
        faults: Mapping[str, str] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.connections: list[list[Frame]] = []
        self.url = ""
        self._target, self._tls = target, tls
        self._before = dict(before or {})
        self._faults = dict(faults or {})
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="lab-wire", daemon=True)

    @property
    def methods(self) -> list[str]:
        """Every method that crossed the wire, in order of the connections."""
        return [frame["method"] for frames in self.connections for frame in frames]

    @property
    def scopes(self) -> list[list[str]]:
        """What each connection asked for."""
        return [frames[0]["params"]["scopes"] for frames in self.connections if frames]

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        listening = serve(
            self._relay, "127.0.0.1", 0, max_size=None, compression=None, ssl=self._tls
        )
        async with listening as server:
            self.url = f"{'wss' if self._tls else 'ws'}://127.0.0.1:{_port(server)}"
            self._ready.set()
            await self._stop.wait()

    async def _relay(self, client: ServerConnection) -> None:
        frames: list[Frame] = []
        self.connections.append(frames)
        onward = any_certificate() if self._target.startswith("wss:") else None
        async with connect(
            self._target, max_size=None, compression=None, proxy=None, ssl=onward
        ) as gateway:
            spoiled: dict[str, str] = {}
            down = asyncio.create_task(_pass_on(gateway, client, spoiled))
            with suppress(ConnectionClosed):
                async for text in client:
                    frames.append(json.loads(text))
                    await self._meanwhile(frames[-1].get("method", ""))
                    fault = self._faults.get(frames[-1].get("method", ""))
                    if fault == LOSE:
                        client.transport.abort()
                        break
                    if fault is not None:
                        spoiled[frames[-1]["id"]] = fault
                    await gateway.send(text)
            await gateway.close()
            await down

    async def _meanwhile(self, method: str) -> None:
        happens = self._before.pop(method, None)
        if happens is not None:
            await asyncio.to_thread(happens)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


async def _pass_on(
    gateway: ClientConnection, client: ServerConnection, spoiled: Mapping[str, str]
) -> None:
    """Frames of the gateway to clawtop, and the way it closed. ``spoiled``: ids of requests whose
    answers do not arrive as they are."""
    try:
        async for text in gateway:
            fault = spoiled.get(_answers(text)) if spoiled else None
            if fault == CUT:
                client.transport.abort()
            elif fault == NONSENSE:
                await client.send(json.dumps({**json.loads(text), "payload": "what"}))
            elif fault is None:
                await client.send(text)
        await client.close()
    except ConnectionClosed as closed:
        with suppress(ConnectionClosed):
            received = closed.rcvd
            await client.close(received.code if received else 1011)


def _answers(text: str | bytes) -> str:
    """The id of the request that a frame answers, or ''."""
    frame = json.loads(text)
    return str(frame.get("id")) if frame.get("type") == "res" else ""


def _port(server: Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port
