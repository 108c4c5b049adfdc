"""The approval backlog: who asks for what, and which requests are the same request again."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from functools import lru_cache

from msgspec import structs

from clawtop.picture.changes import ApprovalRow
from clawtop.picture.records import Approval
from clawtop.picture.sessions import whole


def approval_of(row: ApprovalRow, kind: str) -> Approval:
    """The record of one pending approval."""
    request = row.request
    command = ""
    if request is not None:
        command = request.command or request.title or request.tool_name or ""
    fields = (
        (request.agent_id, request.session_key, request.host, request.node_id, request.cwd)
        if request is not None
        else (None,) * 5
    )
    agent_id, session_key, host, node_id, cwd = fields
    return Approval(
        id=row.id,
        kind=row.approval_kind or kind,
        command=command,
        cwd=cwd,
        host=host,
        node_id=node_id,
        agent_id=agent_id,
        session_key=session_key,
        run_id=request.run_id if request is not None else None,
        created_at_ms=whole(row.created_at_ms),
        expires_at_ms=whole(row.expires_at_ms),
        group=group_of(kind, *fields, command),
    )


@lru_cache(maxsize=4096)
def group_of(*parts: str | None) -> str:
    """A short digest of (kind, agent, session, host, node, cwd, command), exact to the letter."""
    text = "".join("-" if part is None else f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _age_order(approval: Approval) -> tuple[int, str]:
    return approval.created_at_ms or 0, approval.id


class Backlog:
    """Pending approvals by id, their groups, and who waits for one. Cost follows the group."""

    def __init__(self) -> None:
        self._by_id: dict[str, Approval] = {}
        self._groups: dict[str, list[str]] = {}
        self._by_session: dict[str, list[str]] = {}
        self._expiries: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, approval_id: object) -> bool:
        return approval_id in self._by_id

    def put(self, approval: Approval) -> bool:
        """Add or replace one; False when nothing changed."""
        known = self._by_id.get(approval.id)
        if known == approval:
            return False
        if known is not None:
            self.drop(approval.id)
        self._by_id[approval.id] = approval
        group = self._groups.setdefault(approval.group, [])
        group.append(approval.id)
        group.sort(key=lambda one: _age_order(self._by_id[one]))
        if approval.expires_at_ms is not None:
            heapq.heappush(self._expiries, (approval.expires_at_ms, approval.id))
        if approval.session_key:
            self._by_session.setdefault(approval.session_key, []).append(approval.id)
        return True

    def drop(self, approval_id: str) -> Approval | None:
        """Forget one; its record, or None when it was not here."""
        approval = self._by_id.pop(approval_id, None)
        if approval is None:
            return None
        _remove(self._groups, approval.group, approval_id)
        if approval.session_key:
            _remove(self._by_session, approval.session_key, approval_id)
        return approval

    def get(self, approval_id: str) -> Approval | None:
        """One approval with its place in its group filled in."""
        approval = self._by_id.get(approval_id)
        if approval is None:
            return None
        group = self._groups[approval.group]
        return structs.replace(
            approval,
            copies=len(group),
            copy_of=None if group[0] == approval_id else group[0],
        )

    def ids(self, kind: str | None = None) -> list[str]:
        return [one for one, row in self._by_id.items() if kind is None or row.kind == kind]

    def of_session(self, session_key: str) -> tuple[str, ...]:
        return tuple(self._by_session.get(session_key, ()))

    def group(self, group: str) -> tuple[Approval, ...]:
        """The copies of one request, oldest first."""
        ids = self._groups.get(group, ())
        return tuple(found for one in ids if (found := self.get(one)) is not None)

    def groups(self) -> Iterator[tuple[Approval, ...]]:
        """Every group, oldest copy first in each."""
        return (self.group(name) for name in list(self._groups))

    def sizes(self) -> Iterator[tuple[int, Approval]]:
        """How many copies each group has, with its oldest, without making their records."""
        return ((len(ids), self._by_id[ids[0]]) for ids in self._groups.values())

    def all(self) -> list[Approval]:
        """Every approval, oldest first."""
        found = [self.get(one) for one in self._by_id]
        return sorted((one for one in found if one is not None), key=_age_order)

    def expired(self, now_ms: int) -> list[str]:
        """Ids past their lifetime: 2026.5.28 sends no event when one expires."""
        found = []
        while self._expiries and self._expiries[0][0] <= now_ms:
            expires_at_ms, approval_id = heapq.heappop(self._expiries)
            known = self._by_id.get(approval_id)
            if known is not None and known.expires_at_ms == expires_at_ms:
                found.append(approval_id)
        return found


def _remove(table: dict[str, list[str]], key: str, value: str) -> None:
    rest = [one for one in table.get(key, ()) if one != value]
    if rest:
        table[key] = rest
    else:
        table.pop(key, None)
