"""The protocol without I/O: bytes in, events out, bytes to send. The clock is handed in.

    WAIT_CHALLENGE ──connect.challenge──▶ WAIT_HELLO ──hello-ok──▶ OPEN ──▶ CLOSED
          └────────────── anything else, silence, an error answer ──────────▲

Each connection is one Session (its ``generation``); what arrives for an older one never
reaches this object. Seconds are monotonic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from msgspec import Raw, Struct

from clawtop.errors import NotAllowedError
from clawtop.gateway import frames
from clawtop.gateway.client import Client
from clawtop.gateway.identity import Device
from clawtop.gateway.secret import Secret

HANDSHAKE_S = 15.0  # the gateway's own limit for a silent client
DEAD_AFTER_S = 60.0  # two ticks without any frame: treat the link as dead
CLOSE_DEAD = 4000


class State(Enum):
    WAIT_CHALLENGE = auto()
    WAIT_HELLO = auto()
    OPEN = auto()
    CLOSED = auto()


@dataclass(frozen=True)
class Challenged:
    """The gateway's first word; ``ts`` is its clock in ms."""

    ts: int | None


@dataclass(frozen=True)
class Opened:
    """Signed in. ``device_token``: what the gateway gave this device for the next time."""

    hello: frames.Hello
    device_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Refused:
    """The gateway refused ``connect``; it will close the socket."""

    error: frames.ErrorBody


@dataclass(frozen=True)
class Answered:
    """One answer. ``error`` is None when the gateway said ok."""

    id: str
    method: str
    payload: Raw
    error: frames.ErrorBody | None
    took_s: float


class Pushed(Struct, frozen=True, gc=False):
    """An event, read at ``at``. ``missed`` frames meant for us were dropped before it."""

    event: str
    payload: Raw
    at: float
    missed: int = 0


@dataclass(frozen=True)
class Expired:
    """A request whose deadline passed; it may still take effect at the gateway."""

    id: str
    method: str
    after_s: float


Event = Challenged | Opened | Refused | Answered | Pushed


@dataclass
class _Pending:
    method: str
    sent_at: float
    deadline: float


class Session:
    """One connection's protocol state."""

    def __init__(
        self,
        client: Client,
        secret: Secret | None,
        scopes: tuple[str, ...],
        *,
        allow: frozenset[str],
        device: Device | None = None,
        generation: int = 0,
        now: float = 0.0,
    ) -> None:
        self.state = State.WAIT_CHALLENGE
        self.generation = generation
        self.unreadable = 0
        self._client, self._secret, self._scopes = client, secret, scopes
        self._allow, self._device = allow, device
        self._pending: dict[str, _Pending] = {}
        self._next_id = 0
        self._seq: int | None = None
        self._began = self._last_frame = now
        self._dead_after = DEAD_AFTER_S
        self._outbox: list[bytes] = []

    def data_to_send(self) -> list[bytes]:
        """Frames to write now, in order; taken once."""
        out, self._outbox = self._outbox, []
        return out

    # -- in

    def receive(self, data: bytes | str, now: float) -> Event | None:
        """One frame. Unreadable ones are counted and dropped."""
        self._last_frame = now
        try:
            frame = frames.decode(data)
        except frames.UNREADABLE:
            mended = frames.decode_mended(data)
            if mended is None:
                self.unreadable += 1
                return None
            frame = mended
        if frame.type == "event":
            return self._on_event(frame, now)
        if frame.type == "res":
            return self._on_answer(frame, now)
        return None

    def _on_event(self, frame: frames.Envelope, now: float) -> Event | None:
        if self.state is not State.OPEN:
            return self._on_challenge(frame, now)
        seq, last = frame.seq, self._seq
        if seq is None:  # some frames carry no number (2026.5.28)
            return Pushed(frame.event, frame.payload, now)
        self._seq = seq
        missed = seq - last - 1 if last is not None and seq > last + 1 else 0
        return Pushed(frame.event, frame.payload, now, missed)

    def _on_challenge(self, frame: frames.Envelope, now: float) -> Event | None:
        if self.state is not State.WAIT_CHALLENGE or frame.event != "connect.challenge":
            return None
        try:
            challenge = frames.decode_challenge(frame.payload)
        except frames.UNREADABLE:
            self.unreadable += 1
            return None
        self.state = State.WAIT_HELLO
        self._send("connect", self._connect_params(challenge), now, HANDSHAKE_S)
        return Challenged(int(challenge.ts) if challenge.ts else None)

    def _connect_params(self, challenge: frames.Challenge) -> dict[str, Any]:
        params: dict[str, Any] = {
            "minProtocol": 3,
            "maxProtocol": 4,
            "client": self._client.params(),
            "role": "operator",
            "scopes": list(self._scopes),
            "caps": [],  # announcing an approval capability would make us a route (2026.9.6)
        }
        if self._secret is not None:
            params["auth"] = self._secret.params()
        if self._device is not None:
            params["device"] = self._device.proof(
                params["client"], self._scopes, self._signed_token(), _nonce_and_time(challenge)
            )
        return params

    def _signed_token(self) -> str:
        """What the proof names of the secret: a token of either kind, but never a password."""
        secret = self._secret
        return "" if secret is None or secret.kind == "password" else secret.value

    def _on_answer(self, frame: frames.Envelope, now: float) -> Event | None:
        pending = self._pending.pop(frame.id, None)
        if pending is None:
            return None  # late: its deadline passed, or it is a second answer
        error = None if frame.ok else frames.decode_error(frame.error)
        if error is not None:
            error.message = self.without_secret(error.message)
        if self.state is State.WAIT_HELLO:
            return self._on_hello(frame, error)
        took = now - pending.sent_at
        return Answered(frame.id, pending.method, frame.payload, error, took)

    def _on_hello(self, frame: frames.Envelope, error: frames.ErrorBody | None) -> Event:
        if error is None:
            try:
                hello = frames.decode_hello(frame.payload)
            except frames.UNREADABLE:
                error = frames.ErrorBody(code=frames.STRANGE_GREETING)
        if error is not None:
            self.state = State.CLOSED
            return Refused(error)
        self.state = State.OPEN
        tick_ms = hello.policy.tick_interval_ms
        if tick_ms and tick_ms > 0:
            self._dead_after = max(2 * tick_ms / 1000, 5.0)
        return Opened(hello, frames.decode_device_token(frame.payload))

    def without_secret(self, text: str) -> str:
        """The gateway's words, should they repeat what we signed in with."""
        return text if self._secret is None else self._secret.out_of(text)

    # -- out

    def request(self, method: str, params: dict[str, Any], now: float, timeout_s: float) -> str:
        """Queue a request; its id. Raises NotAllowedError for a method this link must not send."""
        if method not in self._allow:
            raise NotAllowedError(f"this link does not send {method}", "This is a bug in clawtop")
        if self.state is not State.OPEN:
            raise RuntimeError("request before hello")
        return self._send(method, params, now, timeout_s)

    def _send(self, method: str, params: dict[str, Any], now: float, timeout_s: float) -> str:
        self._next_id += 1
        frame_id = str(self._next_id)
        self._pending[frame_id] = _Pending(method, now, now + timeout_s)
        self._outbox.append(frames.request(frame_id, method, params))
        return frame_id

    # -- time

    def expire(self, now: float) -> list[Expired]:
        """Requests whose deadline has passed; a later answer to them is ignored."""
        late = [one for one, row in self._pending.items() if row.deadline <= now]
        rows = [(one, self._pending.pop(one)) for one in late]
        return [Expired(one, row.method, row.deadline - row.sent_at) for one, row in rows]

    def next_deadline(self) -> float:
        """When to call ``expire`` and ``is_dead`` next."""
        deadlines = [row.deadline for row in self._pending.values()]
        return min([*deadlines, self._quiet_limit()])

    def _quiet_limit(self) -> float:
        if self.state is State.OPEN:
            return self._last_frame + self._dead_after
        return self._began + HANDSHAKE_S

    def is_dead(self, now: float) -> bool:
        """No frame for two ticks, or a handshake that stands still."""
        return now >= self._quiet_limit()

    def close(self) -> list[tuple[str, str]]:
        """The link is gone: the (id, method) of every request without an answer."""
        self.state = State.CLOSED
        lost = [(one, row.method) for one, row in self._pending.items()]
        self._pending.clear()
        return lost


def _nonce_and_time(challenge: frames.Challenge) -> tuple[str, int]:
    return challenge.nonce, int(challenge.ts or 0)
