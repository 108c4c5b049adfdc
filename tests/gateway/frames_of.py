"""Frames of a handshake, by hand."""

from __future__ import annotations

import json
from typing import Any

from clawtop.gateway.session import Session


def challenge(nonce: str, ts: int) -> bytes:
    payload = {"nonce": nonce, "ts": ts}
    return json.dumps({"type": "event", "event": "connect.challenge", "payload": payload}).encode()


def sent(session: Session) -> dict[str, Any]:
    """The one frame that waits to be sent."""
    (frame,) = session.data_to_send()
    found: dict[str, Any] = json.loads(frame)
    return found
