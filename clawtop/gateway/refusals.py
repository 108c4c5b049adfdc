"""Why a gateway turned us away, in a sentence with the next step; and whether to try again.

Codes and close numbers as seen on 2026.5.28 and 2026.9.6. A SignInError is one that trying
again cannot cure: wrong secrets are rate limited, and pairing wants a person.
"""

from __future__ import annotations

from clawtop.errors import ConnectError, SignInError
from clawtop.gateway.find import Target
from clawtop.gateway.frames import ErrorBody
from clawtop.text import plain

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
    "PAIRING_REQUIRED": ("wants this device to be paired", "Approve it: openclaw devices list"),
    "PROTOCOL_MISMATCH": ("speaks another protocol version", "Upgrade clawtop or the gateway"),
}


def of_connect(error: ErrorBody, target: Target) -> ConnectError:
    """An error answer to ``connect``."""
    details = error.details if isinstance(error.details, dict) else {}
    code = details.get("code") if isinstance(details.get("code"), str) else ""
    if error.code == "UNAVAILABLE":
        return ConnectError(f"{target.address} is starting", "Try again soon", code="starting")
    what, hint = _CODES.get(code or "", ("", ""))
    if not what:
        what, hint = f"refused to sign us in: {plain(error.message)[:200]}", "See clawtop doctor"
    secret = target.secret_from if target.secret is not None else "the gateway's secret"
    return SignInError(
        f"the gateway at {target.address} {what}",
        hint.format(secret=f"the secret from {secret}"),
        code=(code or "sign_in").lower(),
    )


def of_close(code: int | None, reason: str, target: Target) -> ConnectError:
    """The gateway closed the socket."""
    words = plain(reason)[:200]
    where = target.address
    if code == 1002:
        return SignInError(f"{where} speaks another protocol version", "Upgrade clawtop")
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
    return not_a_gateway(target, f" (HTTP {status})")


def not_a_gateway(target: Target, detail: str = "") -> ConnectError:
    return ConnectError(
        f"what listens at {target.address} is not an OpenClaw gateway{detail}",
        "Check the address and port",
        code="not_a_gateway",
    )
