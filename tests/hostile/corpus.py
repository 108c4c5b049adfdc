"""Frames that are wrong in a way of their own. What is found by chance comes here, too."""

from __future__ import annotations

MIB = 1024 * 1024
DEEP = 200_000


def _event(name: str, payload: bytes) -> bytes:
    return b'{"type":"event","event":"' + name.encode() + b'","payload":' + payload + b"}"


FRAMES: dict[str, bytes] = {
    "nothing": b"",
    "one byte": b"\x00",
    "not UTF-8": b"\xff\xfe\xfd",
    "half a character": b'{"type":"event","event":"\xf0\x9f"}',
    "a byte order mark": b'\xef\xbb\xbf{"type":"event"}',
    "half an object": b'{"type":"event","event":"ti',
    "two objects": b'{"type":"event"}{"type":"event"}',
    "a number": b"1e400",
    "a list": b"[" * 5,
    "deep lists": b"[" * DEEP,
    "deep and closed": b"[" * DEEP + b"]" * DEEP,
    "deep payload": _event("agent", b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "deep message": _event(
        "session.message",
        b'{"sessionKey":"k","message":{"role":"user","content":["Exec finished (",'
        + b"[" * DEEP
        + b"]" * DEEP
        + b"]}}",
    ),
    "deep chat": _event("chat", b'{"message":' * 1 + b"[" * DEEP + b"]" * DEEP + b"}"),
    "no type": b'{"event":"tick"}',
    "type is a number": b'{"type":1}',
    "an unknown type": b'{"type":"evict","event":"tick"}',
    "an unknown event": _event("who.knows", b"{}"),
    "no payload": b'{"type":"event","event":"agent"}',
    "payload null": _event("sessions.changed", b"null"),
    "NaN": _event("tick", b'{"ts":NaN}'),
    "Infinity": _event("tick", b'{"ts":-Infinity}'),
    "a number too large": _event("tick", b'{"ts":1e999}'),
    "a number of 5000 digits": _event("tick", b'{"ts":' + b"9" * 5000 + b"}"),
    "seq of 5000 digits": b'{"type":"event","event":"tick","seq":' + b"9" * 5000 + b"}",
    "seq goes back": b'{"type":"event","event":"tick","seq":-5}',
    "seq jumps": b'{"type":"event","event":"tick","seq":9007199254740993}',
    "a time in the far future": _event("tick", b'{"ts":999999999999999}'),
    "a negative time": _event("tick", b'{"ts":-1}'),
    "a lone surrogate": _event("sessions.changed", b'{"sessionKey":"\\ud800","reason":"new"}'),
    "a NUL": _event("sessions.changed", b'{"sessionKey":"a\\u0000b","reason":"new"}'),
    "the same name twice": _event("tick", b'{"ts":1,"ts":"x"}'),
    "an answer nobody asked for": b'{"type":"res","id":"99999","ok":true,"payload":{}}',
    "an answer without an id": b'{"type":"res","ok":true}',
    "an error that is a word": b'{"type":"res","id":"1","ok":false,"error":"no"}',
    "a greeting again": b'{"type":"res","id":"1","ok":true,"payload":{"type":"hello-ok"}}',
    "a challenge again": _event("connect.challenge", b'{"nonce":"n","ts":1}'),
    "a shutdown that is none": _event("shutdown", b'{"reason":{}}'),
    "a text of 25 MiB": _event("heartbeat", b'{"reason":"' + b"x" * (25 * MIB) + b'"}'),
    "a key of 1 MiB": _event("sessions.changed", b'{"sessionKey":"' + b"k" * MIB + b'"}'),
    "many presences": _event("presence", b"[" + b",".join([b'{"host":"h"}'] * 200_000) + b"]"),
    "many commas": _event("presence", b"[" + b"," * MIB + b"]"),
}
