"""The gateway's other clients, and which of them could answer an approval."""

from __future__ import annotations

from clawtop.picture.changes import Presence, PresenceRead
from clawtop.picture.records import Operator

ANSWERERS = frozenset({"operator.admin", "operator.approvals"})


def operators_of(change: PresenceRead, ours: str | None = None) -> tuple[Operator, ...]:
    """Those who are connected; the gateway lists itself as well, and who has left.

    ``ours``: the instance id that clawtop signs in with, which 2026.5.28 lists among the others.
    """
    return tuple(
        _operator(one)
        for one in change.entries
        if one.reason != "disconnect" and one.mode != "gateway" and not _is(one, ours)
    )


def _is(one: Presence, instance_id: str | None) -> bool:
    return instance_id is not None and one.instance_id == instance_id


def _operator(one: Presence) -> Operator:
    scopes = None if one.scopes is None else tuple(one.scopes)
    can_answer = None if scopes is None else not ANSWERERS.isdisjoint(scopes)
    return Operator(one.host, one.mode, scopes, can_answer)
