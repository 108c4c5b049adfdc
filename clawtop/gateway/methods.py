"""Which methods each kind of link may send. The sender checks here, where frames are made.

The watching link knows read methods only, whatever scopes it was given; an action's own short
connection knows exactly the methods of its plan.
"""

from __future__ import annotations

from collections.abc import Iterable

from clawtop.remedies.scopes import ACTING, ADMIN, APPROVALS, READ, WRITE, scopes_for

__all__ = (
    "ACTING",
    "ADMIN",
    "APPROVALS",
    "READ",
    "READ_METHODS",
    "WRITE",
    "allowed_for",
    "scopes_for",
)

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
        "clawtop.snapshot",
    }
)


def allowed_for(methods: Iterable[str]) -> frozenset[str]:
    """The allow-list of an action's link: reading, and the methods of its plan."""
    wanted = frozenset(methods)
    unknown = wanted - READ_METHODS - ACTING.keys()
    if unknown:
        raise ValueError(f"no plan may send {sorted(unknown)}")
    return READ_METHODS | wanted
