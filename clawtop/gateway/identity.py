"""A device key of our own (Ed25519), and the proof of it that a gateway checks at sign-in.

The signed text is version 3, which 2026.5.28 and 2026.9.6 both take: who, as what, for which
scopes, with which token, answering which challenge. Signing needs ``cryptography``, which is
loaded when the first device is made and not before.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Self


class Device:
    """One key. Its ``id`` is public: the SHA-256 of the public key, in hex."""

    def __init__(self, private: bytes) -> None:
        """Raises ValueError for anything but 32 bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self._public = self._key.public_key().public_bytes_raw()
        self.id = hashlib.sha256(self._public).hexdigest()

    @classmethod
    def new(cls) -> Self:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    def private_bytes(self) -> bytes:
        """For the file it is kept in, and for nothing else."""
        return self._key.private_bytes_raw()

    def proof(
        self,
        client: Mapping[str, Any],
        scopes: Sequence[str],
        token: str,
        challenge: tuple[str, int],
    ) -> dict[str, Any]:
        """The ``device`` part of ``connect``.

        ``token``: the token in the same request, or ''. ``challenge``: its nonce and the
        gateway's own time in ms, so that a wrong clock here does no harm.
        """
        nonce, signed_at_ms = challenge
        text = signed_text(self.id, client, scopes, token, challenge)
        return {
            "id": self.id,
            "publicKey": _base64url(self._public),
            "signature": _base64url(self._key.sign(text.encode())),
            "signedAt": signed_at_ms,
            "nonce": nonce,
        }


def signed_text(
    device_id: str,
    client: Mapping[str, Any],
    scopes: Sequence[str],
    token: str,
    challenge: tuple[str, int],
) -> str:
    """What is signed, version 3."""
    nonce, signed_at_ms = challenge
    parts = ["v3", device_id, client["id"], client["mode"], "operator", ",".join(scopes)]
    parts += [str(signed_at_ms), token, nonce, client["platform"].strip().lower(), ""]
    return "|".join(parts)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
