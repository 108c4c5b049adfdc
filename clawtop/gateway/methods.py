"""Which methods each kind of link may send. The sender checks here, where frames are made.

The watching link knows read methods only, whatever scopes it was given; an action's own short
connection knows exactly the methods of its plan.
"""

from __future__ import annotations

from collections.abc import Iterable

READ = "operator.read"
WRITE = "operator.write"
APPROVALS = "operator.approvals"
ADMIN = "operator.admin"

READ_METHODS = frozenset(
    {
        "status",
        "health",
        "sessions.subscribe",
        "sessions.list",
        "sessions.describe",
        "chat.history",
        "gateway.restart.preflight",
        "diagnostics.stability",
        "diagnostics.lanes",
        "logs.tail",
        "system-presence",
        "tasks.list",
        "last-heartbeat",
        "exec.approval.list",
        "exec.approval.get",
        "plugin.approval.list",
        "openclaw.approval.list",
        "approval.get",
        "approval.history",
    }
)

# What an action may send beside reading, and the scope each needs (2026.5.28 and 2026.9.6).
ACTING = {
    "sessions.abort": WRITE,
    "chat.send": WRITE,
    "exec.approval.resolve": APPROVALS,
    "plugin.approval.resolve": APPROVALS,
    "approval.resolve": APPROVALS,
}


def allowed_for(methods: Iterable[str]) -> frozenset[str]:
    """The allow-list of an action's link: reading, and the methods of its plan."""
    wanted = frozenset(methods)
    unknown = wanted - READ_METHODS - ACTING.keys()
    if unknown:
        raise ValueError(f"no plan may send {sorted(unknown)}")
    return READ_METHODS | wanted


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
