"""Why a gateway turned us away, in a sentence with the next step; and whether to try again.

Codes and close numbers as seen on 2026.5.28 and 2026.9.6. A SignInError is one that trying
again cannot cure: wrong secrets are rate limited, and pairing wants a person.
"""

from __future__ import annotations

import re
from typing import Any

from clawtop.errors import ConnectError, PairingError, SignInError
from clawtop.gateway.find import Target
from clawtop.gateway.frames import ErrorBody
from clawtop.text import plain

DEVICE_TOKEN_REFUSED = "auth_device_token_mismatch"
SCOPES_REFUSED = "auth_scope_mismatch"
REMOVED = "device removed"  # a close; said as well where its token was replaced
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


_PAIRING = {
    "not-paired": ("waits for a person to approve this device for {}", ""),
    "scope-upgrade": (
        "has approved this device for less than {}",
        "; or look with --read-only",
    ),
    "role-upgrade": ("took back what this device was approved for; it asks for {}", ""),
}


def of_connect(error: ErrorBody, target: Target) -> ConnectError:
    """An error answer to ``connect``."""
    details = error.details if isinstance(error.details, dict) else {}
    code = details.get("code") if isinstance(details.get("code"), str) else ""
    if error.code == "UNAVAILABLE":
        return ConnectError(f"{target.address} is starting", "Try again soon", code="starting")
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
    named = [one for one in scopes if isinstance(one, str)] if isinstance(scopes, list) else []
    wanted = plain(", ".join(named))[:200] or "what it asks for"
    what, other = _PAIRING.get(str(details.get("reason")), _PAIRING["not-paired"])
    command = f"openclaw devices approve {request_id}" if request_id else "openclaw devices list"
    return PairingError(
        f"the gateway at {target.address} {what.format(wanted)}",
        f"On its host: {command}{other}",
        request_id=request_id,
    )


def of_device(code: str, target: Target, scopes: tuple[str, ...]) -> SignInError:
    """The device's own token was refused, and there is no secret to go on with."""
    again = "give the shared secret once more (--token-file), then have the device approved"
    if code == SCOPES_REFUSED:
        return SignInError(
            f"the gateway at {target.address} has approved this device for less than "
            + ", ".join(scopes),
            f"Look with --read-only; or {again}",
            code=code,
        )
    return SignInError(
        f"the gateway at {target.address} does not take this device's token any more: the device"
        " was removed, or its token was replaced",
        f"To pair it again, {again}",
        code=code,
    )


def of_close(code: int | None, reason: str, target: Target) -> ConnectError:
    """The gateway closed the socket."""
    words = plain(reason)[:200]
    where = target.address
    if code == 1002:
        return SignInError(f"{where} speaks another protocol version", "Upgrade clawtop")
    if code == 4001 and reason == REMOVED:
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
