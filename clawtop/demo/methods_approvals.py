"""Answers to the approval methods; what a client may not see does not exist for it."""

from clawtop.demo import approvals
from clawtop.demo.methods import Call, Handler
from clawtop.demo.model import Approval, Obj, RpcError


def _visible(call: Call, kind: str) -> list[Approval]:
    """Pending records this client may see: all for admins, else only its own."""
    return [r for r in call.world.approvals.values() if r.kind == kind and call.peer.sees(r.owner)]


def _found(call: Call, kind: str) -> Approval:
    """Find the named record among the visible ones."""
    record = approvals.find(call.world, call.params["id"], kind)
    if not call.peer.sees(record.owner):
        raise _unknown()
    return record


def _unknown() -> RpcError:
    """Return the error for an id that the client may not know."""
    return RpcError(
        "INVALID_REQUEST",
        "unknown or expired approval id",
        details={"reason": "APPROVAL_NOT_FOUND", "remediation": approvals.NOT_FOUND},
    )


def lister(kind: str) -> Handler:
    """Make the list method of one kind; it returns a bare array."""
    return lambda call: [approvals.row(call.world, r) for r in _visible(call, kind)]


def resolver(kind: str) -> Handler:
    """Make the resolve method of one kind."""

    def resolve(call: Call) -> object:
        record = _found(call, kind)
        approvals.resolve(call.world, record, call.params["decision"], call.peer.name)
        return {"ok": True}

    return resolve


def exec_get(call: Call) -> object:
    """``exec.approval.get``: pending ones only."""
    record = _found(call, "exec")
    if record.status != "pending":
        raise _unknown()
    request = record.request
    return {
        "id": record.id,
        "commandText": request["command"],
        "commandPreview": request.get("commandPreview"),
        "allowedDecisions": request["allowedDecisions"],
        "host": request["host"],
        "nodeId": request["nodeId"],
        "agentId": request["agentId"],
        "expiresAtMs": record.expires_at,
    }


def requester(kind: str) -> Handler:
    """Make the request method of one kind; always answers as in two-phase mode."""

    def request(call: Call) -> object:
        known = ("timeoutMs", "twoPhase", "id", "command", "sessionKey", "env")
        fields: Obj = dict.fromkeys(approvals.NOT_SAID)
        fields |= {k: v for k, v in call.params.items() if k not in known}
        text = call.params.get("command") or call.params.get("title", "")
        ident = call.world.request_approval(
            text,
            call.params.get("sessionKey"),
            kind=kind,
            id=call.params.get("id"),
            ttl_ms=call.params.get("timeoutMs"),
            owner=call.peer.number,
            **fields,
        )
        record = call.world.approvals[ident]
        result: Obj = {
            "status": "accepted",
            "id": ident,
            "createdAtMs": record.created_at,
            "expiresAtMs": record.expires_at,
        }
        return result | ({"deliveryRoute": "approval-client"} if call.world.september else {})

    return request


def _any(call: Call) -> Approval:
    """Find a record of any kind by exact id, answered or not."""
    pool = [*call.world.approvals.values(), *call.world.resolved]
    for record in pool:
        if record.id == call.params["id"] and call.peer.sees(record.owner):
            return record
    raise RpcError(
        "INVALID_REQUEST", "approval not found", details={"reason": "APPROVAL_NOT_FOUND"}
    )


def approval_get(call: Call) -> object:
    """``approval.get``, September only."""
    return {"approval": approvals.record_of(_any(call))}


def approval_resolve(call: Call) -> object:
    """``approval.resolve``: the first answer wins, later ones are told who was first.

    A pending record is denied when the kind is not its own (measured on 2026.9.6).
    """
    record = _any(call)
    pending = record.status == "pending"
    fits = record.kind == call.params["kind"]
    if pending:
        decision = call.params["decision"] if fits else "deny"
        approvals.decide(call.world, record, decision, call.peer.name, call.peer.client_id)
    if pending and not fits:
        record.reason = "malformed-verdict"
    return {"applied": pending, "approval": approvals.record_of(record)}


def approval_history(call: Call) -> object:
    """``approval.history``: answered records, newest first, 100 a page."""
    kind, limit = call.params.get("kind"), min(call.params.get("limit", 100), 100)
    start = int(call.params.get("cursor") or 0)
    found = [r for r in call.world.resolved if kind in (None, r.kind)]
    found = [r for r in found if call.peer.sees(r.owner)]
    page = [approvals.record_of(r) for r in found[start : start + limit]]
    more = start + limit < len(found)
    return {"items": page} | ({"nextCursor": str(start + limit)} if more else {})


HANDLERS: dict[str, Handler] = {
    "exec.approval.list": lister("exec"),
    "plugin.approval.list": lister("plugin"),
    "openclaw.approval.list": lister("system-agent"),
    "exec.approval.get": exec_get,
    "exec.approval.resolve": resolver("exec"),
    "plugin.approval.resolve": resolver("plugin"),
    "exec.approval.request": requester("exec"),
    "plugin.approval.request": requester("plugin"),
    "approval.get": approval_get,
    "approval.resolve": approval_resolve,
    "approval.history": approval_history,
}
