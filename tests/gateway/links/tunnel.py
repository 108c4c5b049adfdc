"""A tunnel to an embedded gateway that can be broken in every way a network breaks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from types import TracebackType
from typing import Self

CHUNK = 65_536


class Tunnel:
    """``async with Tunnel(port) as tunnel``: connect to ``tunnel.url``.

    drip: bytes that pass at a time, towards the client. silent: nothing passes in either way and
    nobody closes. canned: what is answered to every connection, in place of the gateway.
    accepted, most: how many connections there were, and at once.
    """

    def __init__(self, port: int) -> None:
        self._to, self.port = port, 0
        self.drip = CHUNK
        self._flows = asyncio.Event()
        self._flows.set()
        self.canned = b""
        self.accepted = self.most = 0
        self._cut_after: int | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._jobs: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def silent(self) -> bool:
        return not self._flows.is_set()

    @silent.setter
    def silent(self, quiet: bool) -> None:
        if quiet:
            self._flows.clear()
        else:
            self._flows.set()

    @property
    def is_open(self) -> bool:
        return self._server is not None

    async def open(self) -> None:
        """Listen, at the same port again after ``shut``."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Nobody listens any more, and every connection is reset."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()

    def reset(self) -> None:
        """Reset every connection (RST)."""
        for client in self._clients:
            _reset(client)

    def cut_in_a_frame(self, bytes_more: int) -> None:
        """Reset after so many more bytes towards the client, wherever they end."""
        self._cut_after = bytes_more

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._clients.add(client)
        self.most = max(self.most, len(self._clients))
        job = asyncio.current_task()
        assert job is not None
        self._jobs.add(job)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await (self._answer(reader, client) if self.canned else self._pass(reader, client))
        finally:
            self._jobs.discard(job)
            self._clients.discard(client)
            await _closed(client)

    async def _answer(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        client.write(self.canned)
        await client.drain()

    async def _pass(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        back, there = await asyncio.open_connection("127.0.0.1", self._to)
        ways = [
            asyncio.create_task(self._copy(reader, there, CHUNK)),
            asyncio.create_task(self._copy(back, client, 0)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await _closed(there)

    async def _copy(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, size: int
    ) -> None:
        while data := await source.read(size or self.drip):
            await self._flows.wait()
            if not size and self._cut_after is not None:
                self._cut_after -= len(data)
                if self._cut_after < 0:
                    to.write(data[: self._cut_after])
                    await to.drain()
                    _reset(to)
                    self._cut_after = None
                    return
            to.write(data)
            await to.drain()
            if not size and self.drip < CHUNK:
                await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.silent = False
        await self.shut()
        await asyncio.gather(*self._jobs, return_exceptions=True)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _reset(client: asyncio.StreamWriter) -> None:
    """Close so that the other side gets an RST, no FIN."""
    raw = client.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.transport.abort()
