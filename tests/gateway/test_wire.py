"""Messages cut out of what was read, against the library's own reading of the same bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, Frame, Opcode
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from clawtop.gateway import wire
from clawtop.gateway.wire import Socket

SIZES = (0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000)
Sent = list[Frame]


def text(data: bytes, *, fin: bool = True) -> Frame:
    return Frame(Opcode.TEXT, data, fin)


def parts(first: bytes, *more: bytes) -> Sent:
    last = len(more) - 1
    rest = [Frame(Opcode.CONT, data, number == last) for number, data in enumerate(more)]
    return [text(first, fin=not more), *rest]


messages = st.sampled_from(SIZES).flatmap(
    lambda size: st.sampled_from(
        [
            [text(b"t" * size)],
            [Frame(Opcode.BINARY, b"\x81" * size)],
            parts(b"a" * size, b"b" * 3, b"c"),
            [text(b"begun", fin=False), Frame(Opcode.PING, b"p"), Frame(Opcode.CONT, b"over")],
            [Frame(Opcode.PING, b"ping")],
            [Frame(Opcode.PONG, b"")],
        ]
    )
)


class Pipe(asyncio.Transport):
    """A transport without a network: what is written is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = False
        self.asked = asyncio.Event()
        self.opening: asyncio.Task[None] | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data
        self.asked.set()

    def close(self) -> None:
        self.closed = True

    abort = close
    write_eof = close

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return self.closed

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0


async def opened(socket: ClientConnection) -> tuple[Pipe, bytes]:
    """The pipe behind it, its request written, and the server's answer to that."""
    pipe = Pipe()
    socket.connection_made(pipe)
    await asyncio.sleep(0)
    pipe.opening = asyncio.create_task(socket.handshake())
    await pipe.asked.wait()
    server = ServerProtocol()
    server.receive_data(bytes(pipe.written))
    (request,) = server.events_received()
    server.send_response(server.accept(request))  # type: ignore[arg-type]
    answer = b"".join(server.data_to_send())
    return pipe, answer


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return (data[begin:end] for begin, end in pairwise(places))


def heard(sent: Sent, cuts: list[int], *, then: bytes = b"") -> tuple[list[bytes], Socket]:
    """The messages of these frames, read in pieces that end at ``cuts``."""

    async def run() -> tuple[list[bytes], Socket]:
        got: list[bytes] = []
        socket = Socket(lambda data, _at: got.append(data), *given_protocol())
        _, answer = await opened(socket)
        data = answer + b"".join(one.serialize(mask=False) for one in sent) + then
        for piece in pieces(data, cuts):
            socket.data_received(piece)
        return got, socket

    return asyncio.run(run())


def read_by_library(sent: Sent) -> list[bytes]:
    async def run() -> list[bytes]:
        socket = ClientConnection(*given_protocol(), max_queue=None, ping_interval=None)
        _, answer = await opened(socket)
        close = Frame(Opcode.CLOSE, Close(1000, "").serialize())
        for frame in [*sent, close]:
            answer += frame.serialize(mask=False)
        socket.data_received(answer)
        socket.connection_lost(None)
        got = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                got.append(await socket.recv(decode=False))
        return got

    return asyncio.run(run())


def given_protocol() -> tuple[ClientProtocol]:
    return (ClientProtocol(parse_uri("ws://127.0.0.1:1/"), max_size=wire.MAX_FRAME),)


@settings(deadline=None, max_examples=120)
@given(
    st.lists(messages, max_size=8).map(lambda many: [one for some in many for one in some]),
    st.lists(st.integers(0, 400_000), max_size=12),
)
@example([text(b"x" * 300), text(b"")], list(range(600)))
def test_however_the_bytes_are_cut_the_messages_are_the_same(sent: Sent, cuts: list[int]) -> None:
    assert heard(sent, cuts)[0] == read_by_library(sent)


def test_a_ping_is_answered_in_its_place() -> None:
    async def run() -> None:
        socket = Socket(lambda _data, _at: None, *given_protocol())
        pipe, answer = await opened(socket)
        pipe.written.clear()
        ping = Frame(Opcode.PING, b"12345").serialize(mask=False)
        socket.data_received(answer + text(b"before").serialize(mask=False) + ping)
        assert pipe.written[:1] == b"\x8a", "a pong"

    asyncio.run(run())


REFUSED: list[Callable[[], bytes]] = [
    lambda: b"\x81\x7f" + (wire.MAX_FRAME + 1).to_bytes(8, "big") + b"\x81\x01a",
    lambda: text(b"masked").serialize(mask=True),
    lambda: b"\xc1\x01a",
    lambda: b"\x83\x01a",
]


@pytest.mark.parametrize("bad", REFUSED, ids=["too large", "masked", "reserved bit", "opcode"])
def test_what_breaks_the_rules_ends_the_connection(bad: Callable[[], bytes]) -> None:
    got, socket = heard([text(b"first")], [], then=bad())
    assert got == [b"first"]
    assert socket.protocol.parser_exc is not None


def test_a_frame_that_is_not_complete_is_not_heard() -> None:
    whole = text(b"x" * 200).serialize(mask=False)
    for size in range(len(whole)):
        assert heard([], [], then=whole[:size])[0] == []
