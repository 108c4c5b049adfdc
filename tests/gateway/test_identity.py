"""The device's proof: literal bytes, and what a gateway would check."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clawtop.gateway.client import Client
from clawtop.gateway.identity import Device, signed_text
from clawtop.gateway.secret import Secret
from clawtop.gateway.session import Session
from tests.gateway.frames_of import challenge, sent

CLIENT = Client("0.0", "Linux ", "clawtop (tester@desk)", "test")
SEED = bytes(range(32))
# RFC 8032 fixes the public key of a seed; the id is its SHA-256.
ID = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c"
TEXT = f"v3|{ID}|gateway-client|backend|operator|operator.read,operator.admin|17|tok|n-1|linux|"


def decoded(text: str) -> bytes:
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_signed_text_is_version_3() -> None:
    scopes = ("operator.read", "operator.admin")
    assert signed_text(ID, CLIENT.params(), scopes, "tok", ("n-1", 17)) == TEXT


def test_the_proof_is_what_the_gateway_checks() -> None:
    scopes = ("operator.read", "operator.admin")
    proof = Device(SEED).proof(CLIENT.params(), scopes, "tok", ("n-1", 17))
    assert (proof["id"], proof["nonce"], proof["signedAt"]) == (ID, "n-1", 17)
    key = Ed25519PublicKey.from_public_bytes(decoded(proof["publicKey"]))
    key.verify(decoded(proof["signature"]), TEXT.encode())


def test_a_key_goes_through_its_bytes_and_is_never_shown() -> None:
    device = Device.new()
    assert Device(device.private_bytes()).id == device.id != Device.new().id
    assert device.private_bytes().hex() not in repr(device) + str(vars(device))


def test_a_key_of_another_size_is_none() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Device(b"short")


@pytest.mark.parametrize(
    ("secret", "named"),
    [
        (Secret("token", "tok"), "tok"),
        (Secret("deviceToken", "own"), "own"),
        (Secret("password", "pw"), ""),
        (None, ""),
    ],
)
def test_a_session_answers_the_challenge_with_the_proof(secret: Secret | None, named: str) -> None:
    device = Device(SEED)
    session = Session(CLIENT, secret, ("operator.read",), allow=frozenset(), device=device)
    session.receive(challenge("n-7", 1_790_000_000_000), 0.0)
    params = sent(session)["params"]
    wanted = device.proof(CLIENT.params(), ("operator.read",), named, ("n-7", 1_790_000_000_000))
    assert params["device"] == wanted
    assert params.get("auth") == (secret.params() if secret else None)


def test_without_a_device_none_is_named() -> None:
    session = Session(CLIENT, Secret("token", "tok"), ("operator.read",), allow=frozenset())
    session.receive(challenge("n-7", 1), 0.0)
    assert "device" not in sent(session)["params"]
