"""Bytes to typed changes and back: the only place that sees a raw payload.

Unknown fields, events and enum values are ignored. A payload whose known fields have
impossible types is dropped and counted, never raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from clawtop.picture import changes as c
from clawtop.picture.completions import completions_in
from clawtop.picture.sessions import whole


class Envelope(Struct, gc=False):
    """Any frame: its kind, and the parts kept raw until somebody wants them."""

    type: str = ""
    event: str = ""
    id: str = ""
    ok: bool = False
    payload: Raw = Raw(b"null")
    error: Raw = Raw(b"null")
    seq: int | None = None


class ErrorBody(Struct, rename="camel"):
    """An error answer."""

    code: str = ""
    message: str = ""
    details: Any = None
    retry_after_ms: int | float | None = None
    retryable: bool | None = None


class Challenge(Struct):
    nonce: str = ""
    ts: int | float | None = None


class _Server(Struct, rename="camel", frozen=True):
    version: str | None = None
    boot_id: str | None = None


class _Features(Struct, frozen=True):
    methods: list[str] = []
    events: list[str] = []


class _SessionDefaults(Struct, rename="camel", frozen=True):
    main_session_key: str | None = None


class _Snapshot(Struct, rename="camel", frozen=True):
    uptime_ms: int | float | None = None
    session_defaults: _SessionDefaults | None = None
    suspension: c.Suspension | None = None
    presence: list[c.Presence] = []


class _Auth(Struct, frozen=True):
    role: str | None = None
    scopes: list[str] = []


class _Policy(Struct, rename="camel", frozen=True):
    tick_interval_ms: int | float | None = None


class Hello(Struct):
    """The gateway's greeting; never logged or shown whole: it can carry tokens and paths."""

    type: str = ""
    protocol: int | None = None
    server: _Server = _Server()
    features: _Features = _Features()
    snapshot: _Snapshot = _Snapshot()
    auth: _Auth = _Auth()
    policy: _Policy = _Policy()


class _Given(Struct, rename="camel", frozen=True):
    device_token: str | None = None


class _Gift(Struct, frozen=True):
    auth: _Given = _Given()


_envelope = msgspec.json.Decoder(Envelope)
_error = msgspec.json.Decoder(ErrorBody)
_hello = msgspec.json.Decoder(Hello)
_gift = msgspec.json.Decoder(_Gift)
_challenge = msgspec.json.Decoder(Challenge)
_encoder = msgspec.json.Encoder()
_any = msgspec.json.Decoder()

MOST_ROWS = 5_000  # taken of one listing: it is worked off in one go, and the screen waits
UNREADABLE = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError)


STRANGE_GREETING = "clawtop.unreadable"  # our own word, in place of the gateway's: it said yes

decode = _envelope.decode  # a frame's envelope; raises one of ``UNREADABLE`` for what is none


# An escaped backslash, a whole pair, and half a pair. JavaScript cuts texts between the halves of
# a character, and sends what is left: one such preview must not hide a whole listing.
_HALVES = re.compile(
    rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>\\u[dD][89a-fA-F]..)", re.DOTALL
)


def decode_mended(data: bytes | str) -> Envelope | None:
    """A frame that was not readable, with a sign in place of each half of a character."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    mended = _HALVES.sub(lambda one: b"\\ufffd" if one["half"] else one[0], raw)
    try:
        return decode(mended) if mended != raw else None
    except UNREADABLE:
        return None


def decode_error(raw: Raw) -> ErrorBody:
    """An error body; an unreadable or absent one becomes an error without a code."""
    try:
        return _error.decode(raw)
    except UNREADABLE:
        return ErrorBody(message="unreadable error")


def decode_hello(raw: Raw) -> Hello:
    """hello-ok; what is null in it is missing. Raises one of ``UNREADABLE``."""
    try:
        return _hello.decode(raw)
    except msgspec.ValidationError:
        return msgspec.convert(_without_nulls(_any.decode(raw)), Hello)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value if one is not None]
    return value


def decode_device_token(raw: Raw) -> str | None:
    """The token that hello-ok gives a device, which ``Hello`` leaves out. Never raises."""
    try:
        return _gift.decode(raw).auth.device_token
    except UNREADABLE:
        return None


def encode_hello(hello: Hello) -> Raw:
    """What clawtop reads of a greeting, as JSON again: no token, no path is in it."""
    return Raw(_encoder.encode(hello))


def decode_challenge(raw: Raw) -> Challenge:
    """The challenge payload. Raises one of ``UNREADABLE``."""
    return _challenge.decode(raw)


def request(frame_id: str, method: str, params: dict[str, Any]) -> bytes:
    """A request frame."""
    return _encoder.encode({"type": "req", "id": frame_id, "method": method, "params": params})


def plain_value(raw: Raw) -> Any:
    """A payload as plain Python values, for the few answers that are read by hand."""
    return _any.decode(raw)


# -- events ------------------------------------------------------------------------------------


class _SessionChangedWire(c.Row, rename="camel"):
    """``sessions.changed``: row fields flattened beside the event's own; later also nested."""

    reason: str | None = None
    phase: str | None = None
    run_id: str | None = None
    ts: int | float | None = None
    session: c.Row | None = None


class _Meta(Struct, rename="camel"):
    run_id: str | None = None
    record_timestamp_ms: int | float | None = None


class _MessageBody(Struct, rename="camel"):
    role: str = ""
    content: Raw = Raw(b"null")
    timestamp: int | float | None = None
    meta: _Meta | None = msgspec.field(name="__openclaw", default=None)


class _MessageWire(Struct, rename="camel"):
    session_key: str = ""
    message: _MessageBody | None = None


_changed_wire = msgspec.json.Decoder(_SessionChangedWire)
_message_wire = msgspec.json.Decoder(_MessageWire)
_approval_row = msgspec.json.Decoder(c.ApprovalRow)
_presences = msgspec.json.Decoder(list[c.Presence])


def _session_changed(raw: Raw) -> c.Change:
    wire = _changed_wire.decode(raw)
    key = wire.session_key if isinstance(wire.session_key, str) else ""
    return c.SessionChanged(
        session_key=key,
        reason=wire.reason,
        phase=wire.phase,
        run_id=wire.run_id,
        ts=wire.ts,
        row=_merged(wire),
    )


def _merged(wire: _SessionChangedWire) -> c.Row | None:
    """The nested row where there is one, else the flattened fields; the flag may be in either."""
    row = wire.session
    if row is None:
        flat = wire.status is not UNSET or wire.has_active_run is not UNSET
        return wire if flat else None
    if row.has_active_run is UNSET and wire.has_active_run is not UNSET:
        row.has_active_run = wire.has_active_run
    return row


def _session_message(raw: Raw) -> c.Change:
    wire = _message_wire.decode(raw)
    body = wire.message or _MessageBody()
    at = body.meta.record_timestamp_ms if body.meta else None
    return c.SessionMessage(
        session_key=wire.session_key,
        role=body.role,
        ts=whole(at or body.timestamp),
        run_id=body.meta.run_id if body.meta else None,
        completions=_ends(body, whole(body.timestamp)),
    )


def _ends(body: _MessageBody, at_ms: int | None) -> tuple[c.Completion, ...]:
    """Ends of commands told in a user turn; the text may come in parts."""
    if body.role != "user" or b"Exec finished (" not in bytes(body.content):
        return ()
    content = msgspec.json.decode(body.content)
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    joined = " ".join(text for text in texts if isinstance(text, str))
    return completions_in(joined, at_ms)


def _approval(kind: str) -> Callable[[Raw], c.Change]:
    return lambda raw: c.ApprovalRequested(kind, _approval_row.decode(raw))


def _presence(raw: Raw) -> c.Change:
    try:
        found = _presences.decode(raw)
    except UNREADABLE:
        wrapped = msgspec.json.decode(raw, type=dict[str, Raw])
        found = _presences.decode(wrapped["presence"])
    return c.PresenceRead(found[:MOST_ROWS])


_EVENTS: dict[str, Callable[[Raw], c.Change]] = {
    "agent": msgspec.json.Decoder(c.RunActivity).decode,
    "chat": msgspec.json.Decoder(c.ChatActivity).decode,
    "sessions.changed": _session_changed,
    "session.message": _session_message,
    "exec.approval.requested": _approval("exec"),
    "plugin.approval.requested": _approval("plugin"),
    "exec.approval.resolved": msgspec.json.Decoder(c.ApprovalResolved).decode,
    "plugin.approval.resolved": msgspec.json.Decoder(c.ApprovalResolved).decode,
    "task": msgspec.json.Decoder(c.TaskChanged).decode,
    "heartbeat": msgspec.json.Decoder(c.HeartbeatSeen).decode,
    "health": msgspec.json.Decoder(c.Health).decode,
    "presence": _presence,
    "tick": msgspec.json.Decoder(c.Tick).decode,
    "shutdown": msgspec.json.Decoder(c.Shutdown).decode,
    "gateway.suspension": msgspec.json.Decoder(c.Suspension).decode,
}


def event_change(event: str, raw: Raw) -> c.Change | None:
    """The change an event amounts to; None for events nobody shows.

    Raises one of ``UNREADABLE`` or KeyError when the payload is not what its name promises.
    """
    decoder = _EVENTS.get(event)
    return decoder(raw) if decoder is not None else None
