"""The HTTP side of the port: probes for the living, a Control UI page for everything else."""

import http
import json

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from clawtop.demo import snapshot
from clawtop.demo.faults import Faults
from clawtop.demo.model import Obj
from clawtop.demo.world import World

PAGE = "<!doctype html><html><head><title>OpenClaw Control</title></head><body></body></html>"


def _response(status: int, body: str, kind: str) -> Response:
    """Make a plain HTTP response."""
    raw = body.encode()
    headers = Headers(
        [("Content-Type", kind), ("Content-Length", str(len(raw))), ("Connection", "close")]
    )
    return Response(status, http.HTTPStatus(status).phrase, headers, raw)


def page() -> Response:
    """Return the Control UI page, which answers 200 to any unknown path."""
    return _response(200, PAGE, "text/html; charset=utf-8")


def answer(request: Request, world: World, faults: Faults) -> Response | None:
    """Return an HTTP answer, or None to go on with the WebSocket upgrade."""
    upgrade = "websocket" in request.headers.get("Upgrade", "").lower()
    if faults.html_only:
        return page()
    if upgrade and faults.refuse_upgrade_status is not None:
        return _response(faults.refuse_upgrade_status, faults.refuse_upgrade_text, "text/plain")
    if upgrade and world.draining and world.september:
        return _response(503, "Gateway websocket admission closed", "text/plain")
    if upgrade:
        return None
    body = _probe(request.path.partition("?")[0], world, faults)
    if body is None:
        return page()
    status = 503 if body.get("ready") is False else 200
    return _response(status, json.dumps(body), "application/json")


def _probe(path: str, world: World, faults: Faults) -> Obj | None:
    """Return the JSON of a probe path; April knows no startup probe."""
    up = world.now() - world.started_at
    if path in ("/health", "/healthz"):
        return {"ok": True, "status": "live"}
    if path in ("/ready", "/readyz"):
        return {
            "ready": not faults.starting and not world.draining,
            "failing": ["gateway-draining"] if world.draining else [],
            "uptimeMs": up,
            "eventLoop": snapshot.event_loop(world),
        }
    if path in ("/startup", "/startupz") and world.september:
        state = "starting" if faults.starting else "draining" if world.draining else "started"
        return {"ok": True, "status": state, "version": snapshot.version(world), "uptimeMs": up}
    return None
