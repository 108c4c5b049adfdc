"""A gateway as other hosts see it: a secret alone is granted nothing, a device has to be approved.

As measured on 2026.5.28 and 2026.9.6 with ``gateway-client``/``backend``. The signature is
checked here: version 3 over the challenge.
"""

import base64
import hashlib
import uuid
from dataclasses import dataclass, field

from clawtop.demo import handshake
from clawtop.demo.handshake import Door, refuse
from clawtop.demo.model import Generation, Obj

ADMIN = "operator.admin"
IMPLIED = {"operator.write": {"operator.read"}}


@dataclass
class Paired:
    """An approved device. ``token`` opens the gateway in place of the secret."""

    scopes: set[str]
    token: str = field(default_factory=lambda: f"device-token-{uuid.uuid4().hex}")


class Pairing:
    """Who was approved and who waits for it. ``gateway.pairing = Pairing()`` switches it on."""

    def __init__(self) -> None:
        """Start with nobody known."""
        self.paired: dict[str, Paired] = {}
        self.pending: dict[str, tuple[str, set[str]]] = {}
        self.asked = 0

    def approve(self) -> None:
        """A person approves everything that waits. A device gets a new token each time."""
        for device_id, (_request, scopes) in self.pending.items():
            known = self.paired.get(device_id)
            self.paired[device_id] = Paired(scopes | (known.scopes if known else set()))
        self.pending.clear()

    def reject(self) -> None:
        """A person turns it down, or five minutes are over."""
        self.pending.clear()

    def admit(
        self, body: Obj, door: Door, generation: Generation, challenge: tuple[str, int]
    ) -> tuple[tuple[str, ...], Obj]:
        """Scopes granted, and what hello tells a device beside them. Raises Refused."""
        nonce, now = challenge
        handshake.validate(body, generation)
        handshake.negotiate(body, door.protocol)
        auth: Obj = body.get("auth", {})
        if "device" not in body:
            handshake.authenticate(body, door, generation)
            return (), {}
        handshake.device(body, nonce, now)
        _check_signature(body)
        device_id, asked = body["device"]["id"], set(body.get("scopes", ()))
        known = self.paired.get(device_id)
        if "deviceToken" in auth:
            self._by_token(auth["deviceToken"], known, asked)
        else:
            handshake.authenticate(body, door, generation)
            self._by_approval(device_id, known, asked)
        known = self.paired[device_id]
        granted = tuple(body["scopes"]) if generation == "september" else _all_of(known)
        return granted, {"deviceToken": known.token, "issuedAtMs": now}

    def _by_token(self, token: str, known: Paired | None, asked: set[str]) -> None:
        if known is None or token != known.token:
            raise refuse(
                "unauthorized: device token mismatch (rotate/reissue device token)",
                code_="AUTH_DEVICE_TOKEN_MISMATCH",
                authReason="device_token_mismatch",
                canRetryWithDeviceToken=False,
            )
        if not _covers(known.scopes, asked):
            raise refuse(
                "unauthorized: device token scope mismatch (re-pair or approve scope upgrade)",
                code_="AUTH_SCOPE_MISMATCH",
                authReason="scope_mismatch",
                canRetryWithDeviceToken=False,
            )

    def _by_approval(self, device_id: str, known: Paired | None, asked: set[str]) -> None:
        if known is not None and _covers(known.scopes, asked):
            return
        if device_id not in self.pending or self.pending[device_id][1] != asked:
            self.asked += 1
            self.pending[device_id] = str(uuid.uuid4()), asked
        details: Obj = {
            "reason": "not-paired" if known is None else "scope-upgrade",
            "requestId": self.pending[device_id][0],
            "deviceId": device_id,
            "requestedRole": "operator",
            "requestedScopes": sorted(asked),
        }
        if known is not None:
            details |= {"approvedRoles": ["operator"], "approvedScopes": sorted(known.scopes)}
        what = "device is not approved yet" if known is None else "device is asking for more scopes"
        raise refuse(f"pairing required: {what}", "NOT_PAIRED", code_="PAIRING_REQUIRED", **details)


def _covers(approved: set[str], asked: set[str]) -> bool:
    known = approved.union(*(IMPLIED.get(scope, set()) for scope in approved))
    return ADMIN in approved or asked <= known


def _all_of(known: Paired) -> tuple[str, ...]:
    """2026.5.28 grants a device whatever it was approved for, not what it asks for."""
    extra = {"operator.read", "operator.write"} if ADMIN in known.scopes else set()
    return tuple(sorted(known.scopes | extra))


def _check_signature(body: Obj) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    device, client, auth = body["device"], body["client"], body.get("auth", {})
    public = _bytes(device["publicKey"])
    if hashlib.sha256(public).hexdigest() != device["id"]:
        raise refuse("device id mismatch", code_="DEVICE_AUTH_DEVICE_ID_MISMATCH")
    token = auth.get("token") or auth.get("deviceToken") or ""
    parts = ["v3", device["id"], client["id"], client["mode"], body["role"]]
    parts += [",".join(body["scopes"]), str(device["signedAt"]), token, device["nonce"]]
    parts += [client["platform"].strip().lower(), client.get("deviceFamily", "")]
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(_bytes(device["signature"]), "|".join(parts).encode())
    except (InvalidSignature, ValueError):
        raise refuse("device signature invalid", code_="DEVICE_AUTH_SIGNATURE_INVALID") from None


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
