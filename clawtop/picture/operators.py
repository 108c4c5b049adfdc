"""The gateway's other clients, and which of them could answer an approval."""

from __future__ import annotations

from clawtop.picture.changes import PresenceRead
from clawtop.picture.records import Operator

ANSWERERS = frozenset({"operator.admin", "operator.approvals"})


def operators_of(change: PresenceRead) -> tuple[Operator, ...]:
    """Those who are connected; the gateway lists itself as well, and who has left."""
    return tuple(
        Operator(
            host=one.host,
            mode=one.mode,
            scopes=tuple(one.scopes or ()),
            can_answer_approvals=not ANSWERERS.isdisjoint(one.scopes or ()),
        )
        for one in change.entries
        if one.reason != "disconnect" and one.mode != "gateway"
    )
