"""The frames of the storm: shapes from the scripted gateway, ids from a pool, WebSocket-framed.

60 % agent deltas, 20 % ``sessions.changed``, 10 % approvals, 10 % ticks. Times that mean "now"
are one placeholder of thirteen digits, replaced when a chunk is sent, so the lengths stay.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clawtop.demo import ManualClock, World

SESSIONS = 10_000
APPROVALS = 200
STARTED_MS = 1_794_000_000_000
NOW = b"1795000000001"
KINDS = ("agent",) * 6 + ("sessions.changed",) * 2 + ("exec.approval.requested", "tick")
MARK = "@@@@@"
KEY = f"agent:main:bench-{MARK}"
ID = f"0c5a11d2-8f4e-4c57-9a61-0000000{MARK}"
COMMAND = f"make deploy REGION=eu-{MARK} " + "--with-a-rather-long-option=and-its-value " * 4
CHUNK = 256 * 1024


@dataclass(frozen=True)
class Templates:
    """One payload of each event as JSON text with ``MARK`` for the number, and its row."""

    payloads: dict[str, bytes]
    row: bytes


def templates() -> Templates:
    """Payloads of one session that is at work, as a September gateway sends them."""
    clock = ManualClock(STARTED_MS)
    world = World("september", clock)
    world.session(KEY, session_id=ID)
    world.start_run(KEY, run_id=ID)
    world.outbox.clear()
    clock.ms = int(NOW)
    world.progress(KEY)
    world.touch(KEY)
    world.request_approval(COMMAND, KEY, id=ID, ttl_ms=10**9)
    payloads = {out.event: dumped(out.payload) for out in world.outbox}
    payloads["tick"] = dumped({"ts": int(NOW)})
    changed = next(out.payload for out in world.outbox if out.event == "sessions.changed")
    return Templates(payloads, dumped(changed["session"]))


def dumped(value: Any) -> bytes:
    """JSON without spaces, as the gateway writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def numbered(template: bytes, number: int) -> bytes:
    """The payload of the pool's session or approval of that number."""
    return template.replace(MARK.encode(), b"%05d" % number)


def event(name: str, payload: bytes, seq: int) -> bytes:
    """An event frame of the gateway's protocol."""
    return b'{"type":"event","event":"%s","payload":%s,"seq":%d}' % (name.encode(), payload, seq)


def framed(data: bytes) -> bytes:
    """A text message in a server's (unmasked) WebSocket frame."""
    size = len(data)
    if size < 126:
        return bytes((0x81, size)) + data
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + data
    return b"\x81\x7f" + size.to_bytes(8, "big") + data


def mix(parts: Templates, count: int, seed: int = 7) -> list[bytes]:
    """``count`` frames of the mix in chunks, with ids drawn from the pool."""
    chance = random.Random(seed)
    return chunks(_mixed(parts, chance, count))


def _mixed(parts: Templates, chance: random.Random, count: int) -> Iterator[bytes]:
    for seq in range(1, count + 1):
        name = chance.choice(KINDS)
        pool = APPROVALS if name == "exec.approval.requested" else SESSIONS
        payload = numbered(parts.payloads[name], chance.randrange(pool))
        yield framed(event(name, payload, seq))


def preload(parts: Templates) -> list[bytes]:
    """Every session once, so that the storm meets a full store."""
    template = parts.payloads["sessions.changed"]
    rows = (numbered(template, number) for number in range(SESSIONS))
    return chunks(framed(event("sessions.changed", row, 0)) for row in rows)


def chunks(frames: Iterator[bytes]) -> list[bytes]:
    """Frames joined to pieces of about ``CHUNK`` bytes."""
    found, piece = [], bytearray()
    for frame in frames:
        piece += frame
        if len(piece) >= CHUNK:
            found.append(bytes(piece))
            piece.clear()
    return [*found, bytes(piece)]


def at_now(chunk: bytes) -> bytes:
    """The chunk with the present time in it."""
    return chunk.replace(NOW, b"%d" % (time.time() * 1000))
