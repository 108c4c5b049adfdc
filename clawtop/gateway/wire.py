"""A websockets connection that hands messages over as they are read.

``recv`` waits at a queue, and the library takes each frame apart in several Python generators:
together three quarters of what receiving costs. Here whole messages are cut out of what was read;
everything else (the opening, pings, the closing, fragments, what breaks the rules) stays with
the library.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import State

MAX_FRAME = 256 * 1024 * 1024  # a listing of thousands of rows is megabytes
WHOLE = (0x81, 0x82)  # the first byte of a message in one frame, text or binary
MASKED = 0x80  # in the second byte: no server may do that
SWITCHING = 101

Hear = Callable[[bytes, float], None]  # a message, and the monotonic second it was read at


class Socket(ClientConnection):
    """Calls ``hear`` for each message, in order. A slow listener slows the sender, as nothing is
    read meanwhile; one that raises ends the connection."""

    def __init__(self, hear: Hear, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._hear = hear
        self._read_at = 0.0
        self._unread = bytearray()
        self._begun = bytearray()

    def data_received(self, data: bytes) -> None:
        """Bytes came: whose they are depends on whether the opening is over."""
        self._read_at = time.monotonic()
        while self.response is None and data:  # it ends with a line: what follows is ours
            line, end, data = data.partition(b"\n")
            super().data_received(line + end)
        if self.state in (State.OPEN, State.CLOSING):
            self._unread += data
            self._cut()
        elif data:
            super().data_received(data)

    def _cut(self) -> None:
        """Take every frame that is complete."""
        unread, at = self._unread, 0
        while len(unread) - at >= 2:
            first, second = unread[at], unread[at + 1]
            begin, length = at + 2, second & 0x7F
            if length > 125:
                begin = at + (4 if length == 126 else 10)
                length = int.from_bytes(unread[at + 2 : begin], "big")
            end = begin + length
            fits = length <= MAX_FRAME
            if fits and end > len(unread):
                break
            if fits and first in WHOLE and second < MASKED:
                self._hear(bytes(unread[begin:end]), self._read_at)
                at = end
            else:  # what is too large is refused there
                end = end if fits else len(unread)
                super().data_received(bytes(unread[at:end]))
                at = end
        del unread[:at]

    def process_event(self, event: Any) -> None:
        """What the library has read: of messages only the parts of those in several frames."""
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._begun += event.data
            if event.fin:
                message = bytes(self._begun)
                self._begun.clear()
                self._hear(message, self._read_at)
        else:
            super().process_event(event)
