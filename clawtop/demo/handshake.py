"""The connect request: validation, protocol range, secret, scopes, and hello-ok."""

from dataclasses import dataclass
from typing import Any, Literal

from clawtop.demo import params, snapshot
from clawtop.demo.features import features
from clawtop.demo.model import Generation, Obj, RpcError, words
from clawtop.demo.world import World

AuthMode = Literal["token", "password", "none"]
IDS = set(
    words("""
webchat-ui openclaw-control-ui openclaw-tui webchat cli gateway-client openclaw-macos
openclaw-ios openclaw-android node-host test fingerprint openclaw-probe
""")
)
IDS_SEPTEMBER = set(
    words("""
openclaw-browser-copilot openclaw-linux openclaw-watchos openclaw-worker
""")
)
MODES = {"webchat", "cli", "ui", "backend", "node", "probe", "test"}
_CONNECT = (
    "minProtocol!i maxProtocol!i client!o role:s scopes:* caps:* commands:* "
    "permissions:o pathEnv:s locale:s userAgent:s device:o auth:o"
)
_CLIENT = (
    "id!s version!s platform!s mode!s displayName:s deviceFamily:s modelIdentifier:s instanceId:s"
)
_ONE_OF = "must be equal to one of the allowed values"
_AUTH = "token:s password:s deviceToken:s bootstrapToken:s"
_DEVICE = "id!s publicKey!s signature!s signedAt!i nonce:s"


@dataclass(frozen=True)
class Door:
    """What the gateway asks of a client at connect."""

    token: str
    auth_mode: AuthMode
    protocol: int
    tick_ms: int
    scopes_granted: tuple[str, ...] | None = None


class Refused(Exception):
    """A refused connect: the error answer, then a close with this code."""

    def __init__(self, error: RpcError, close: int) -> None:
        """Keep the error object and the close code."""
        super().__init__(error.message)
        self.error, self.close = error, close


def refuse(
    message: str, code: str = "INVALID_REQUEST", close: int = 1008, **details: Any
) -> Refused:
    """Make a refusal; ``code_`` becomes ``details.code``."""
    named = {"code" if name == "code_" else name: value for name, value in details.items()}
    extra = {"details": named} if details else {}
    return Refused(RpcError(code, message, **extra), close)


def _spec(text: str) -> dict[str, tuple[str, bool]]:
    """Read a table like those of the methods."""
    return {w[:-2]: (w[-1], w[-2] == "!") for w in text.split()}


def _shape(body: Obj, table: str, where: str) -> None:
    """Check one object of the connect parameters strictly."""
    complaint = params.problem(_spec(table), body, lenient=False)
    if complaint:
        if where != "root":
            bare = complaint.removeprefix("at root: ")
            complaint = bare if bare.startswith("at /") else f"at {where}: {bare}"
        raise refuse(f"invalid connect params: {complaint}")


def validate(body: Obj, generation: Generation) -> None:
    """Check the shape of the connect parameters, client.id and client.mode included."""
    _shape(body, _CONNECT, "root")
    client: Obj = body["client"]
    extra = " buildId:s timeZone:s" if generation == "september" else ""
    _shape(client, _CLIENT + extra, "/client")
    _shape(body.get("auth", {}), _AUTH, "/auth")
    if "device" in body:
        _shape(body["device"], _DEVICE, "/device")
    late = generation == "september"
    if client["id"] not in (IDS | IDS_SEPTEMBER if late else IDS):
        raise refuse(f"invalid connect params: at /client/id: {_ONE_OF}")
    if client["mode"] not in (MODES | {"worker"} if late else MODES):
        raise refuse(f"invalid connect params: at /client/mode: {_ONE_OF}")


def negotiate(body: Obj, expected: int) -> None:
    """Refuse a client whose range does not contain the gateway's protocol."""
    low, high = body["minProtocol"], body["maxProtocol"]
    if not low <= expected <= high:
        raise refuse(
            "protocol mismatch",
            close=1002,
            code_="PROTOCOL_MISMATCH",
            clientMinProtocol=low,
            clientMaxProtocol=high,
            expectedProtocol=expected,
            minimumProbeProtocol=min(expected, 3),
        )


def authenticate(body: Obj, door: Door, generation: Generation) -> None:
    """Check the shared secret; September takes it from either field."""
    if door.auth_mode == "none":
        return
    auth: Obj = body.get("auth", {})
    own = auth.get(door.auth_mode)
    other = auth.get("password" if door.auth_mode == "token" else "token")
    given = own if own is not None or generation == "april" else other
    if given is None and other is None and "device" not in body:
        raise refuse("device identity required", "NOT_PAIRED", code_="DEVICE_IDENTITY_REQUIRED")
    if given is None:
        raise _unauthorized(door.auth_mode, "missing", "configuration")
    if given != door.token:
        raise _unauthorized(door.auth_mode, "mismatch", "credentials")


def _unauthorized(mode: str, what: str, update: str) -> Refused:
    """Make the refusal of a secret, in the gateway's words."""
    return refuse(
        f"unauthorized: gateway {mode} {what} (provide gateway auth {mode})",
        code_=f"AUTH_{mode}_{what}".upper(),
        authReason=f"{mode}_{what}",
        canRetryWithDeviceToken=False,
        recommendedNextStep=f"update_auth_{update}",
    )


def scopes(body: Obj, door: Door, generation: Generation) -> tuple[str, ...]:
    """Return the scopes that survive: by client id and mode when there is no device."""
    asked = tuple(body.get("scopes", ()))
    pair = (body["client"]["id"], body["client"]["mode"])
    if "device" not in body:
        if pair[0] in ("openclaw-tui", "openclaw-control-ui"):
            raise refuse(
                "control ui requires device identity (use HTTPS or localhost secure context)",
                code_="CONTROL_UI_DEVICE_IDENTITY_REQUIRED",
            )
        kept = pair == ("gateway-client", "backend")
        kept = kept or (pair == ("cli", "cli") and generation == "september")
        asked = asked if kept else ()
    if door.scopes_granted is None:
        return asked
    return tuple(s for s in asked if s in door.scopes_granted)


def device(body: Obj, nonce: str, now: int) -> None:
    """Check nonce and age (120 s) of a device identity; the signature itself is not checked."""
    if "device" not in body:
        return
    given: Obj = body["device"]
    if "nonce" not in given:
        raise refuse("device nonce required", code_="DEVICE_AUTH_NONCE_REQUIRED")
    if given["nonce"] != nonce:
        raise refuse("device nonce mismatch", code_="DEVICE_AUTH_NONCE_MISMATCH")
    if abs(given["signedAt"] - now) > 120_000:
        raise refuse("device signature expired", code_="DEVICE_AUTH_SIGNATURE_EXPIRED")


def check(body: Obj, door: Door, generation: Generation, nonce: str, now: int) -> None:
    """Run every check in the gateway's order: shape, protocol, secret, device."""
    validate(body, generation)
    negotiate(body, door.protocol)
    authenticate(body, door, generation)
    device(body, nonce, now)


def hello(
    world: World, door: Door, conn_id: str, granted: tuple[str, ...], presence: list[Obj]
) -> Obj:
    """Return the hello-ok payload."""
    server: Obj = {"version": snapshot.version(world), "connId": conn_id}
    auth: Obj = {"role": "operator", "scopes": list(granted)}
    policy: Obj = {
        "maxPayload": 26_214_400,
        "maxBufferedBytes": 52_428_800,
        "tickIntervalMs": door.tick_ms,
    }
    if world.september:
        server |= {
            "bootId": world.boot_id,
            "buildId": "2026.9.6-release-demo",
            "controlUiBuildSource": "bundled",
        }
        auth["method"] = door.auth_mode
        policy |= {
            "attachments": {"maxBytes": 19_464_192, "maxImageBytes": 6_291_456},
            "allowedSessionVisibilities": ["shared", "read-only"],
        }
    admin = "operator.admin" in granted
    shot = snapshot.hello_snapshot(world, presence, admin=admin, mode=door.auth_mode)
    offer = features(world.generation, world.hidden_methods, companion=world.companion)
    return {
        "type": "hello-ok",
        "protocol": door.protocol,
        "server": server,
        "features": offer,
        "snapshot": shot,
        "auth": auth,
        "policy": policy,
    }
