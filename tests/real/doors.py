"""What a gateway turns away: odd handshakes, calls without the scope; and the port's pages."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from .lab.operator import Frame
from .sides import Side

PATHS = ("/healthz", "/readyz", "/startupz", "/health", "/nothing")
REFUSED: Mapping[str, Mapping[str, Any]] = {
    "sessions.abort": {"key": "agent:main:x"},
    "chat.send": {"sessionKey": "agent:main:x", "message": "m", "idempotencyKey": "i"},
    "exec.approval.list": {},
    "exec.approval.resolve": {"id": "no-such", "decision": "deny"},
    "set-heartbeats": {"enabled": True},
    "sessions.reset": {"key": "agent:main:x"},
    "system-event": {"text": "x"},
    "tasks.cancel": {"taskId": "no-such"},
    "no.such.method": {},
}
DOORS: Mapping[str, Mapping[str, Any]] = {
    "wrong token": {"auth": {"token": "wrong"}},
    "no token": {"auth": {}},
    "wrong password": {"auth": {"password": "wrong"}},
    "old protocol": {"minProtocol": 1, "maxProtocol": 2},
    "new protocol": {"minProtocol": 5, "maxProtocol": 6},
    "unknown property": {"surprise": 1},
    "unknown client": {"client": {"id": "clawtop"}},
    "unknown mode": {"client": {"mode": "dashboard"}},
    "no client version": {"client": {"version": None}},
    "terminal ui": {"client": {"id": "openclaw-tui", "mode": "ui"}},
    "cli": {"client": {"id": "cli", "mode": "cli"}},
    "test client": {"client": {"id": "test", "mode": "test"}},
}


def knock(side: Side, changes: Mapping[str, Any]) -> Frame:
    """Connect by hand: the challenge, the answer, and the close code if it was closed."""
    client = {"id": "gateway-client", "mode": "backend", "version": "1", "platform": "linux"}
    params: Frame = {
        "minProtocol": 4,
        "maxProtocol": 4,
        "client": client,
        "role": "operator",
        "scopes": ["operator.read"],
        "caps": [],
        "auth": {"token": side.token},
    } | dict(changes)
    params["client"] = {k: v for k, v in (client | params["client"]).items() if v is not None}
    with connect(side.url, compression=None, proxy=None, max_size=None) as socket:
        challenge = json.loads(socket.recv(10))
        frame = {"type": "req", "id": "1", "method": "connect", "params": params}
        socket.send(json.dumps(frame))
        answer = json.loads(socket.recv(10))
        closed = None
        if not answer["ok"]:
            try:
                socket.recv(10)
            except ConnectionClosed:
                closed = socket.close_code
    found = {name: value for name, value in answer.items() if name not in ("id", "type")}
    return {"challenge": challenge, "answer": found, "closed": closed}


def page(side: Side, path: str) -> Frame:
    """What a plain GET answers: status, kind of content, and the document if it is one."""
    where = urlsplit(side.url)
    link = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        kind = answer.getheader("content-type", "").partition(";")[0]
        body = answer.read()
    finally:
        link.close()
    document = json.loads(body) if "json" in kind else None
    return {"status": answer.status, "kind": kind, "document": document}
