"""Approvals of the scripted world: records, who answered, expiry, and the frames."""

from typing import TYPE_CHECKING, Any

from clawtop.demo import asking
from clawtop.demo.model import Approval, Obj, Out, RpcError, new_id

if TYPE_CHECKING:
    from clawtop.demo.world import World

DECISIONS = ("allow-once", "allow-always", "deny")
EXEC_MS = 30 * 60_000
PLUGIN_MS = 2 * 60_000
PLUGIN_FIELDS = (
    "pluginId",
    "title",
    "description",
    "severity",
    "toolName",
    "toolCallId",
    "agentId",
    "sessionKey",
    "turnSourceChannel",
    "turnSourceTo",
    "turnSourceAccountId",
    "turnSourceThreadId",
)
PLUGIN_SEPTEMBER = ("scope", "detail", "runId")
#: What a client's own request leaves open.
NOT_SAID = ("cwd", "security", "ask", "resolvedPath", "turnSourceChannel", "turnSourceTo")
NOT_FOUND = "Re-request the action; pending approvals are cleared after expiry or restart."


def exec_request(world: "World", command: str, session_key: str | None, fields: Obj) -> Obj:
    """Return the ``request`` object of an exec approval in the generation's layout."""
    agent = session_key.split(":")[1] if session_key and session_key.count(":") > 1 else "main"
    analysis = {"commandCount": 1, "nestedCommandCount": 0, "riskKinds": [], "warningLines": []}
    request: Obj = {
        "command": command,
        "systemRunBinding": None,
        "systemRunPlan": None,
        "cwd": "/srv/app",
        "nodeId": None,
        "host": "gateway",
        "security": "allowlist",
        "ask": "on-miss",
        "warningText": None,
        "commandAnalysis": analysis,
        "allowedDecisions": list(DECISIONS),
        "agentId": agent,
        "resolvedPath": f"/usr/bin/{command.split(' ')[0]}",
        "sessionKey": session_key,
        "turnSourceChannel": "webchat",
        "turnSourceTo": session_key if world.september else None,
        "turnSourceAccountId": None,
        "turnSourceThreadId": None,
    }
    if world.september:
        request |= {
            "scope": None,
            "unavailableDecisions": [],
            "sessionId": None,
            "runId": None,
            "toolCallId": None,
            "cronExecutionSource": None,
            "cronOperationBinding": None,
        }
    return request | fields


def add(world: "World", record: Approval) -> str:
    """Take a new pending record and announce it."""
    if record.id in world.approvals:
        raise RpcError("INVALID_REQUEST", "approval id already pending")
    world.approvals[record.id] = record
    _put(world, record, "requested", row(world, record))
    return record.id


def row(world: "World", record: Approval) -> Obj:
    """One row of the pending list, which is also the payload of the requested event."""
    result: Obj = {
        "id": record.id,
        "request": record.request,
        "createdAtMs": record.created_at,
        "expiresAtMs": record.expires_at,
    }
    return result | ({"approvalKind": record.kind} if world.september else {})


def _put(world: "World", record: Approval, what: str, payload: Obj) -> None:
    """Send requested or resolved to those who may see this record."""
    group = {"exec": "exec", "plugin": "plugin", "system-agent": "openclaw"}[record.kind]
    world.put(
        Out(
            f"{group}.approval.{what}",
            payload,
            "operator.approvals",
            targeted=True,
            approvals=record.kind,
            owner=record.owner,
        )
    )


def close(world: "World", record: Approval, status: str, reason: str, **how: Any) -> None:
    """Take a record out of the backlog: into history, and the resolved event.

    April sends nothing on expiry and on an aborted run keeps the row (measured on 2026.5.28).
    """
    record.status, record.reason, record.resolved_at = status, reason, world.now()
    record.decision, record.resolver = how.get("decision"), how.get("resolver")
    world.approvals.pop(record.id, None)
    world.resolved.insert(0, record)
    if status in ("denied", "expired"):
        asking.denied(world, record)
    if reason == "timeout" and not world.september:
        return
    _put(
        world,
        record,
        "resolved",
        {
            "id": record.id,
            "decision": record.decision or "deny",
            "resolvedBy": how.get("by"),
            "ts": world.now(),
            "request": record.request,
        },
    )


def decide(
    world: "World", record: Approval, decision: str, by: str, client_id: str | None = None
) -> None:
    """Answer a pending record for a person called ``by``.

    ``client_id`` is kept in the record instead of the name, as ``approval.resolve`` does.
    """
    if decision not in DECISIONS:
        raise RpcError("INVALID_REQUEST", "invalid decision")
    if decision not in (*record.request.get("allowedDecisions", DECISIONS), "deny"):
        raise RpcError(
            "INVALID_REQUEST",
            "allow-always is unavailable for this approval",
            details={"reason": "APPROVAL_ALLOW_ALWAYS_UNAVAILABLE"},
        )
    status = "denied" if decision == "deny" else "allowed"
    close(
        world,
        record,
        status,
        "user",
        decision=decision,
        by=by,
        resolver={"kind": "runtime", "id": client_id or by},
    )


def run_gone(world: "World", key: str) -> None:
    """Cancel the approvals of an aborted run; April leaves them as orphans."""
    if not world.september:
        return
    for record in list(world.approvals.values()):
        if record.session_key == key and record.run_bound:
            by = "approval-scope-closed"
            close(
                world,
                record,
                "cancelled",
                "run-aborted",
                by=by,
                resolver={"kind": "system", "id": by},
            )


def expire(world: "World") -> None:
    """Drop what has run out of time."""
    for record in list(world.approvals.values()):
        if record.expires_at <= world.now():
            close(world, record, "expired", "timeout")


def find(world: "World", ident: str, kind: str) -> Approval:
    """Find a pending record by id or unique prefix, else raise the gateway's error.

    An answered one is remembered for 15 s on April and for good on September.
    """
    hits = [r for r in world.approvals.values() if r.kind == kind and r.id.startswith(ident)]
    if len(hits) == 1 or (hits and hits[0].id == ident):
        return hits[0]
    for record in world.resolved:
        fresh = world.september or world.now() - (record.resolved_at or 0) < 15_000
        if record.id == ident and fresh and record.reason != "timeout":
            return record
    raise RpcError(
        "INVALID_REQUEST",
        "unknown or expired approval id",
        details={"reason": "APPROVAL_NOT_FOUND", "remediation": NOT_FOUND},
    )


def resolve(world: "World", record: Approval, decision: str, by: str) -> None:
    """Answer once; the same answer again is fine, another one is refused."""
    if record.status == "pending":
        decide(world, record, decision, by)
    elif record.decision != decision:
        raise RpcError(
            "INVALID_REQUEST",
            "approval already resolved",
            details={"reason": "APPROVAL_ALREADY_RESOLVED"},
        )


def record_of(record: Approval) -> Obj:
    """Return September's durable record, as ``approval.get`` and ``approval.history`` do."""
    result: Obj = {
        "id": record.id,
        "status": record.status,
        "presentation": _shown(record),
        "urlPath": f"/approve/{record.id}",
        "createdAtMs": record.created_at,
        "expiresAtMs": record.expires_at,
    }
    optional = {
        "source": None if record.status == "pending" else _source(record),
        "resolvedAtMs": record.resolved_at,
        "decision": record.decision,
        "reason": record.reason,
        "resolver": record.resolver,
    }
    return result | {k: v for k, v in optional.items() if v is not None}


def _shown(record: Approval) -> Obj:
    """What a person is shown of a record."""
    request = record.request
    names: tuple[str, ...] = ("host", "nodeId", "agentId", "warningText")
    own = {"commandText": request.get("command"), "commandPreview": None}
    if record.kind == "plugin":
        names = ("title", "description", "pluginId", "toolName", "agentId")
        own = {"severity": request.get("severity") or "warning"}
    shown: Obj = {"kind": record.kind} | own | {name: request.get(name) for name in names}
    return shown | {"allowedDecisions": request.get("allowedDecisions", list(DECISIONS))}


def _source(record: Approval) -> Obj:
    """Who asked, as far as it is known."""
    known = {"agentId": record.request.get("agentId"), "sessionKey": record.session_key}
    return {name: value for name, value in known.items() if value is not None}


def plugin_request(world: "World", fields: Obj) -> Obj:
    """Return the ``request`` object of a plugin approval in the generation's layout."""
    names = PLUGIN_FIELDS + (PLUGIN_SEPTEMBER if world.september else ())
    return dict.fromkeys(names) | {k: v for k, v in fields.items() if k in names}


def build(
    world: "World",
    kind: str,
    request: Obj,
    ident: str | None,
    ms: int | None,
    owner: int | None = None,
) -> Approval:
    """Make a pending record with the default lifetime: 30 min exec, 2 min plugin."""
    now = world.now()
    if kind == "plugin":
        ident = ident or f"plugin:{new_id()}"
        return Approval(ident, "plugin", request, now, now + (ms or PLUGIN_MS), owner=owner)
    if kind == "system-agent":
        return Approval(ident or new_id(), "system-agent", request, now, now + (ms or EXEC_MS))
    return Approval(ident or new_id(), "exec", request, now, now + (ms or EXEC_MS), owner=owner)
