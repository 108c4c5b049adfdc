"""Why can I not connect? Asks the gateway's health paths over HTTP, once, after a failure.

``/healthz`` answers 200 while draining too; ``/readyz`` says what is failing; ``/startupz`` is
JSON on newer gateways and a web page on 2026.5.28. Any unknown path is a page with status 200,
so nothing is believed but JSON of the right shape.
"""

from __future__ import annotations

from typing import Any

from clawtop.errors import ALIVE, ConnectError, PairingError, SignInError
from clawtop.gateway.find import Target


async def explain(error: ConnectError, target: Target, timeout_s: float = 3.0) -> ConnectError:
    """The same failure, said better: down, starting, draining, or not a gateway."""
    if isinstance(error, SignInError | PairingError) or error.code == "tls":
        return error
    if error.code == "refused":
        return ConnectError(
            error.message,
            "Start the gateway (openclaw gateway run), or pass --url",
            code="refused",
        )
    found = await _ask(target, timeout_s)
    if found is None:
        return _with_hint(error)
    return _explained(error, target, found)


async def _ask(target: Target, timeout_s: float) -> dict[str, Any] | None:
    """What the health paths answer as JSON, by path; None when HTTP itself fails."""
    import httpx  # only after a failure: it costs a third of the start

    base = target.url.replace("ws", "http", 1).rstrip("/")
    answers: dict[str, Any] = {}
    try:
        async with httpx.AsyncClient(timeout=timeout_s, verify=False, trust_env=False) as http:
            for path in ("/healthz", "/readyz", "/startupz"):
                answers[path] = _json(await http.get(base + path))
    except httpx.HTTPError:
        return answers or None
    return answers


def _json(response: Any) -> dict[str, Any] | None:
    if "json" not in response.headers.get("content-type", ""):
        return None
    try:
        value = response.json()
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _explained(error: ConnectError, target: Target, found: dict[str, Any]) -> ConnectError:
    where = f"the gateway at {target.address}"
    startup, ready, health = (found.get(p) or {} for p in ("/startupz", "/readyz", "/healthz"))
    failing = ready.get("failing") if isinstance(ready.get("failing"), list) else []
    if startup.get("status") == "draining" or "gateway-draining" in (failing or []):
        return ConnectError(
            f"{where} is draining for a stop or restart",
            "Wait for it; a leaked run can delay it by minutes",
            code="draining",
        )
    if startup.get("status") == "starting" or (ready and ready.get("ready") is False):
        return ConnectError(f"{where} is starting", "Try again in some seconds", code="starting")
    if health.get("status") == "live" or startup.get("status") == "started":
        return ConnectError(
            f"{where} {ALIVE}: {error.message}", "See clawtop doctor", code=error.code
        )
    if error.code == "proxy":
        return error
    return ConnectError(
        f"what listens at {target.address} is not an OpenClaw gateway",
        "Check the address and port",
        code="not_a_gateway",
    )


def _with_hint(error: ConnectError) -> ConnectError:
    hint = error.next_step or "Check the address, or see clawtop doctor"
    return ConnectError(error.message, hint, code=error.code)
