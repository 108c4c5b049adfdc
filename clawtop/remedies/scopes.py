"""What an action may send beside reading, and the scopes that needs."""

from __future__ import annotations

from collections.abc import Iterable

READ = "operator.read"
WRITE = "operator.write"
APPROVALS = "operator.approvals"
ADMIN = "operator.admin"

# Every acting method and its own scope (2026.5.28 and 2026.9.6).
ACTING = {
    "sessions.abort": WRITE,
    "chat.send": WRITE,
    "tasks.cancel": WRITE,
    "exec.approval.resolve": APPROVALS,
    "plugin.approval.resolve": APPROVALS,
    "approval.resolve": APPROVALS,
    "sessions.reset": ADMIN,
    "gateway.restart.request": ADMIN,
    "set-heartbeats": ADMIN,
    "clawtop.release": ADMIN,
    "clawtop.dropEvent": ADMIN,
}


def scopes_for(methods: Iterable[str]) -> tuple[str, ...]:
    """The scopes a plan's methods need, reading included.

    Two need admin beside their own scope, measured on 2026.5.28 and 2026.9.6: resolving an
    approval that an agent run asked for (without it the gateway does not know the approval),
    and aborting a run that another client started (without it: "unauthorized").
    """
    methods = tuple(methods)
    needed = {READ} | {ACTING[method] for method in methods if method in ACTING}
    if APPROVALS in needed or "sessions.abort" in methods:
        needed.add(ADMIN)
    return tuple(sorted(needed))
