"""Why a gateway turned us away, in a sentence with the next step; and whether to try again.

Codes and close numbers as seen on 2026.5.28 and 2026.9.6. A SignInError is one that trying
again cannot cure: wrong secrets are rate limited, and pairing wants a person.
"""

from __future__ import annotations

import re
from typing import Any

from clawtop.errors import ConnectError, PairingError, SignInError
from clawtop.gateway.find import Target
from clawtop.gateway.frames import STRANGE_GREETING, ErrorBody
from clawtop.text import plain

DEVICE_TOKEN_REFUSED = "auth_device_token_mismatch"
SCOPES_REFUSED = "auth_scope_mismatch"
REMOVED = "device removed"  # a close; said as well where its token was replaced
ASK_AGAIN = "give the shared secret once more (--token-file), then have the device approved"
_INVALIDATED = "client invalidated: device-"  # the same, said to a request that came just then
_JUDGED_AFRESH = {  # 2026.9.6 on a change of its config: the next sign-in tells what is allowed
    "gateway policy changed",
    "operator role changed",
    "client invalidated: gateway-policy-changed",
    "client invalidated: device-pairing-reapproved",
}
_NOT_READY = "gateway message handler loading"  # 2026.5.28, just after its port was opened
_CERTIFICATE = "~/.openclaw/gateway/tls/gateway-cert.pem"  # the one a gateway makes itself
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")  # it goes into a command line

_CODES = {
    "AUTH_TOKEN_MISMATCH": ("refused the secret", "Check {secret}"),
    "AUTH_TOKEN_MISSING": ("wants a secret", "Pass --token-file or set OPENCLAW_GATEWAY_TOKEN"),
    "AUTH_PASSWORD_MISMATCH": ("refused the password", "Check {secret}"),
    "AUTH_PASSWORD_MISSING": ("wants a password", "Pass --password-file"),
    "AUTH_SCOPE_MISMATCH": ("refused the scopes asked for", "Try --read-only"),
    "DEVICE_IDENTITY_REQUIRED": (
        "wants a secret or a paired device",
        "Pass --token-file or set OPENCLAW_GATEWAY_TOKEN",
    ),
    "CONTROL_UI_DEVICE_IDENTITY_REQUIRED": ("wants a paired device", "Pass --token-file"),
    "PROTOCOL_MISMATCH": ("speaks another protocol version", "Upgrade clawtop or the gateway"),
}


_LESS = "has approved this device for less than {}"
_PAIRING = {
    "not-paired": ("waits for a person to approve this device for {}", ""),
    "scope-upgrade": (_LESS, "; or look with --read-only"),
    "role-upgrade": ("took back what this device was approved for; it asks for {}", ""),
}


def of_connect(error: ErrorBody, target: Target) -> ConnectError:
    """An error answer to ``connect``."""
    details = error.details if isinstance(error.details, dict) else {}
    code = details.get("code") if isinstance(details.get("code"), str) else ""
    if error.code == "UNAVAILABLE":
        return ConnectError(f"{target.address} is starting", "Try again soon", code="starting")
    if error.code == STRANGE_GREETING:
        return SignInError(
            f"the greeting of the gateway at {target.address} was not understood",
            "Upgrade clawtop or the gateway",
            code="greeting",
        )
    if code == "PAIRING_REQUIRED":
        return of_pairing(details, target)
    what, hint = _CODES.get(code or "", ("", ""))
    if not what:
        what, hint = f"refused to sign us in: {plain(error.message)[:200]}", "See clawtop doctor"
    secret = target.secret_from if target.secret is not None else "the gateway's secret"
    return SignInError(
        f"the gateway at {target.address} {what}",
        hint.format(secret=f"the secret from {secret}"),
        code=(code or "sign_in").lower(),
    )


def of_pairing(details: dict[str, Any], target: Target) -> PairingError:
    """A person has to approve this device, or more for it; with the exact command."""
    given, scopes = details.get("requestId"), details.get("requestedScopes")
    request_id = given if isinstance(given, str) and _REQUEST_ID.match(given) else ""
    named = _texts(scopes)
    wanted = plain(", ".join(named))[:200] or "what it asks for"
    what, other = _PAIRING.get(str(details.get("reason")), _PAIRING["not-paired"])
    return PairingError(
        f"the gateway at {target.address} {what.format(wanted)}",
        f"On its host: {command(request_id)}{other}",
        request_id=request_id,
        approved=_texts(details.get("approvedScopes")) if what == _LESS else (),
    )


def command(request_id: str) -> str:
    """What a person types on the gateway's host to approve this request."""
    return f"openclaw devices approve {request_id}" if request_id else "openclaw devices list"


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def of_device(code: str, target: Target, scopes: tuple[str, ...]) -> SignInError:
    """The device's own token was refused, and there is no secret to go on with."""
    if code == SCOPES_REFUSED:
        return SignInError(
            f"the gateway at {target.address} has approved this device for less than "
            + ", ".join(scopes),
            f"Look with --read-only; or {ASK_AGAIN}",
            code=code,
        )
    return SignInError(
        f"the gateway at {target.address} does not take this device's token any more: the device"
        " was removed, or its token was replaced",
        f"To pair it again, {ASK_AGAIN}",
        code=code,
    )


def of_close(code: int | None, reason: str, target: Target) -> ConnectError:
    """The gateway closed the socket."""
    words = plain(reason)[:200]
    where = target.address
    if code == 1002 and "protocol mismatch" in reason:
        return SignInError(f"{where} speaks another protocol version", "Upgrade clawtop")
    if code == 4001 and reason in _JUDGED_AFRESH:
        return ConnectError(f"{where} ended the link: {words}", code="policy")
    if code == 4001 and (reason == REMOVED or reason.startswith(_INVALIDATED)):
        return SignInError(
            f"{where} ended the link: this device was removed, or its token was replaced",
            "To sign in again, press r or start clawtop again",
            code="device_removed",
        )
    if code == 4001:
        return SignInError(
            f"{where} ended the link: its secret changed or access was revoked",
            "Check the secret, then start clawtop again",
            code="auth_changed",
        )
    if code == 1008 and "slow consumer" in reason:
        return ConnectError(f"{where} closed the link: this terminal was too slow", code="slow")
    if code == 1008 and reason == _NOT_READY:
        return ConnectError(f"{where} is starting", code="starting")
    if code == 1008:
        return SignInError(f"{where} closed the link: {words or 'policy'}", "See clawtop doctor")
    if code == 1012:
        return ConnectError(f"{where} is restarting", code="restarting")
    if code == 1013:
        return ConnectError(f"{where} is starting", code="starting")
    return ConnectError(f"the link to {where} ended: {words or code or 'closed'}", code="closed")


def of_status(status: int, target: Target) -> ConnectError:
    """An HTTP answer instead of a WebSocket."""
    if status == 503:
        return ConnectError(
            f"the gateway at {target.address} admits no links now (HTTP 503): starting or draining",
            "Wait for it, or look at its log",
            code="draining",
        )
    if status in (401, 403, 407):
        return SignInError(
            f"a proxy at {target.address} wants a sign-in of its own (HTTP {status})",
            "Connect past it: ssh -L to the gateway's host",
            code="proxy",
        )
    if status in (500, 502, 504):
        return ConnectError(
            f"a proxy at {target.address} does not reach a gateway (HTTP {status})",
            "Start the gateway, or look why the proxy does not reach it",
            code="proxy",
        )
    if 300 <= status < 400:
        return ConnectError(
            f"what listens at {target.address} sends us elsewhere (HTTP {status}); not followed",
            "Give the address of the gateway itself",
            code="proxy",
        )
    return not_a_gateway(target, f" (HTTP {status})")


def not_a_gateway(target: Target, detail: str = "") -> ConnectError:
    return ConnectError(
        f"what listens at {target.address} is not an OpenClaw gateway{detail}",
        "Check the address and port",
        code="not_a_gateway",
    )


def of_silence(target: Target) -> ConnectError:
    """It hung up on our HTTP without a word, as a gateway with TLS does."""
    if target.url.startswith("wss:"):
        return not_a_gateway(target)
    return ConnectError(
        f"what listens at {target.address} is not an OpenClaw gateway, or it wants TLS",
        "Check the address and port; with TLS it begins with wss://",
        code="not_a_gateway",
    )


def of_tls(target: Target, untrusted: str) -> ConnectError:
    """No TLS came about. ``untrusted``: what is wrong with the certificate, if that is why."""
    if not untrusted:
        return ConnectError(
            f"what listens at {target.address} does not speak TLS as clawtop does",
            "Check the address and port; without TLS it begins with ws://",
            code="tls",
        )
    return ConnectError(
        f"this host does not trust the certificate of {target.address} ({plain(untrusted)})",
        "If it is the gateway's own, pin it: --tls-fingerprint SHA256, which its host tells with"
        f" openssl x509 -noout -fingerprint -sha256 -in {_CERTIFICATE}",
        code="tls",
    )
