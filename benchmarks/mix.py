"""What the emitter sends: shapes from the scripted gateway, ids from a pool, WebSocket-framed.

The mix is 60 % agent deltas, 20 % ``sessions.changed``, 10 % approvals, 10 % ticks. Times that
mean "now" are one placeholder of thirteen digits, replaced when a frame is sent.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from clawtop.demo import ManualClock, World

STARTED_MS = 1_794_000_000_000
STARTED = b"%d" % STARTED_MS
NOW = b"1795000000001"
KINDS = ("agent",) * 6 + ("sessions.changed",) * 2 + ("exec.approval.requested", "tick")
NUMBER = "@@@@@"
KEY = f"agent:main:bench-{NUMBER}"
ID = f"0c5a11d2-8f4e-4c57-9a61-0000000{NUMBER}"
COMMAND = f"make deploy REGION=eu-{NUMBER} " + "--with-a-rather-long-option=and-its-value " * 4
CHUNK = 256 * 1024
HOT = 50  # sessions that started first, and so are on screen; one event in HOT_SHARE is theirs
HOT_SHARE = 12
DAY_S = 86_400
RELEASE = {
    b'"status":"running"': b'"status":"done"',
    b'"hasActiveRun":true': b'"hasActiveRun":false',
}


@dataclass(frozen=True)
class Scene:
    """How many sessions and approvals; when they started, in seconds before the emitter did.

    ``step_s`` is how much earlier each started than the one before it. ``silent``: nothing was
    heard of a session since it started; ``stalled``: and the gateway says that its run stood.
    """

    sessions: int
    approvals: int
    started_s: int
    step_s: int = 0
    silent: bool = False
    stalled: bool = False


SCENES = {
    "storm": Scene(10_000, 200, 60),
    "ticking": Scene(50, 5, 130, 4, silent=True),
    "coarse": Scene(5, 0, 3 * DAY_S + 600, silent=True, stalled=True),
    "empty": Scene(0, 0, 0, silent=True),
}


@dataclass(frozen=True)
class Templates:
    """One payload of each event as JSON text with ``NUMBER`` for the number, and its row."""

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


class Pool:
    """The sessions and approvals of a scene; the same number is always the same session."""

    def __init__(self, scene: Scene, began_ms: int) -> None:
        self.scene, self._began_ms, self._parts = scene, began_ms, templates()

    def row(self, number: int) -> bytes:
        """A session as ``sessions.list`` has it."""
        return self._filled(self._parts.row, number)

    def approval(self, number: int) -> bytes:
        """An approval, as it is listed and as it is requested."""
        asked = self._filled(self._parts.payloads["exec.approval.requested"], number)
        return asked.replace(NOW, self._started(number)) if self.scene.silent else asked

    def history(self, key: str) -> bytes:
        """What a look at one session tells; of a stalled one the run that stopped moving."""
        if not self.scene.stalled:
            return b'{"messages":[]}'
        number = int(key[-len(NUMBER) :])
        started = int(self._started(number))
        events = [{"stream": "assistant", "ts": started}]
        flight = {"runId": ID.replace(NUMBER, f"{number:05}"), "startedAt": started}
        return dumped({"messages": [], "inFlightRun": flight | {"events": events}})

    def preload(self) -> Iterator[bytes]:
        """Every session once, so that what follows meets a full store."""
        template = self._parts.payloads["sessions.changed"]
        for number in range(self.scene.sessions):
            yield framed(event("sessions.changed", self._filled(template, number), 0))

    def mix(self, count: int, seed: int = 7) -> Iterator[bytes]:
        """``count`` frames of the mix, with ids drawn from the pool."""
        chance = random.Random(seed)
        for seq in range(1, count + 1):
            name = chance.choice(KINDS)
            hot = chance.randrange(HOT_SHARE) == 0
            number = chance.randrange(HOT if hot else self.scene.sessions)
            if name == "exec.approval.requested":
                number %= self.scene.approvals
            payload = self._filled(self._parts.payloads[name], number)
            yield framed(event(name, payload, seq))

    def held(self, word: str) -> bytes:
        """A session of that name comes to the top of the locks: the oldest that asks a person."""
        changed = event("sessions.changed", self._marked("sessions.changed", word))
        return framed(changed) + framed(event("exec.approval.requested", self.asked(word)))

    def asked(self, word: str) -> bytes:
        """Its approval."""
        return self._marked("exec.approval.requested", word)

    def released(self, word: str) -> bytes:
        """It was answered and is held no more."""
        changed = self._marked("sessions.changed", word)
        for held, done in RELEASE.items():
            changed = changed.replace(held, done)
        answered = dumped({"id": word, "decision": "deny", "ts": int(NOW)})
        changed = event("sessions.changed", changed)
        return framed(changed) + framed(event("exec.approval.resolved", answered))

    def _marked(self, name: str, word: str) -> bytes:
        payload = self._parts.payloads[name]
        payload = payload.replace(KEY.encode(), f"agent:main:{word}".encode())
        payload = payload.replace(ID.encode(), word.encode())
        return payload.replace(STARTED, self._before(2 * DAY_S))

    def _filled(self, template: bytes, number: int) -> bytes:
        filled = numbered(template, number)
        if self.scene.silent:
            for name in (b'"updatedAt":', b'"lastInteractionAt":'):
                filled = filled.replace(name + NOW, name + STARTED)
        return filled.replace(STARTED, self._started(number))

    def _started(self, number: int) -> bytes:
        return self._before(self.scene.started_s + number * self.scene.step_s)

    def _before(self, seconds: int) -> bytes:
        return b"%d" % (self._began_ms - seconds * 1000)


def dumped(value: Any) -> bytes:
    """JSON without spaces, as the gateway writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def numbered(template: bytes, number: int) -> bytes:
    """The template with that number in it."""
    return template.replace(NUMBER.encode(), b"%05d" % number)


def event(name: str, payload: bytes, seq: int | None = None) -> bytes:
    """An event frame of the gateway's protocol; without ``seq`` it is not counted."""
    counted = b"" if seq is None else b',"seq":%d' % seq
    return b'{"type":"event","event":"%s","payload":%s%s}' % (name.encode(), payload, counted)


def framed(data: bytes) -> bytes:
    """A text message in a server's (unmasked) WebSocket frame."""
    size = len(data)
    if size < 126:
        return bytes((0x81, size)) + data
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + data
    return b"\x81\x7f" + size.to_bytes(8, "big") + data


def chunks(frames: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Frames joined to pieces of about ``CHUNK`` bytes, with how many each has."""
    piece: list[bytes] = []
    size = 0
    for frame in frames:
        piece.append(frame)
        size += len(frame)
        if size >= CHUNK:
            yield len(piece), b"".join(piece)
            piece, size = [], 0
    if piece:
        yield len(piece), b"".join(piece)


def at_now(chunk: bytes) -> bytes:
    """The chunk with the present time in it."""
    return chunk.replace(NOW, b"%d" % (time.time() * 1000))
