"""The approval backlog: who asks for what, and which requests are the same request again."""

from __future__ import annotations

import heapq
from bisect import insort
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct, structs

from clawtop.picture.changes import ApprovalRequest, ApprovalRow, Decided
from clawtop.picture.records import Approval
from clawtop.picture.sessions import whole

NOTHING_TOLD = ApprovalRequest()


def approval_of(row: ApprovalRow, kind: str) -> Approval:
    """The record of one pending approval. One that does not say what it is for equals no other."""
    request = row.request or NOTHING_TOLD
    command = request.command or request.title or request.tool_name or ""
    where = (request.agent_id, request.session_key, request.host, request.node_id, request.cwd)
    what = (command, request.description, request.tool_name, request.plugin_id)
    return Approval(
        id=row.id,
        kind=row.approval_kind or kind,
        command=command,
        cwd=request.cwd,
        host=request.host,
        node_id=request.node_id,
        agent_id=request.agent_id,
        session_key=request.session_key,
        run_id=request.run_id,
        created_at_ms=whole(row.created_at_ms),
        expires_at_ms=whole(row.expires_at_ms),
        group=group_of(kind, *where, *(what if command else (row.id,))),
        description=request.description,
    )


@lru_cache(maxsize=1024)
def group_of(*parts: str | None) -> str:
    """A short digest of everything that makes two requests equal, exact to the letter."""
    import hashlib  # loads OpenSSL, for which the first frame does not wait

    text = "".join("-" if part is None else f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _age_order(approval: Approval) -> tuple[int, str]:
    return approval.created_at_ms or 0, approval.id


class Ask(Struct, frozen=True, gc=False):
    """One request as it was asked, whatever became of it. ``decision`` None: pending, or untold."""

    id: str
    at_ms: int
    run_id: str | None
    decision: str | None = None


ASKS = 64  # remembered for a group
GROUPS = 5_000
SPARE = 1_000  # deadlines of approvals that are gone, before they are swept


class Backlog:
    """Pending approvals by id, their groups, and who waits for one. Cost follows the group."""

    def __init__(self) -> None:
        self._asks: OrderedDict[str, dict[str, Ask]] = OrderedDict()
        self._latest: dict[str, Approval] = {}
        self._seen: dict[str, str] = {}  # the group of every ask that is remembered
        self._folders: dict[tuple[str | None, ...], set[str]] = {}
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
        self._note_ask(approval)
        group = self._groups.setdefault(approval.group, [])
        insort(group, approval.id, key=lambda one: _age_order(self._by_id[one]))
        self._note_expiry(approval)
        if approval.session_key:
            self._by_session.setdefault(approval.session_key, []).append(approval.id)
        return True

    def _note_expiry(self, approval: Approval) -> None:
        """Those that were decided leave theirs behind: from time to time only the rest is kept."""
        if approval.expires_at_ms is None:
            return
        heapq.heappush(self._expiries, (approval.expires_at_ms, approval.id))
        if len(self._expiries) > 2 * len(self._by_id) + SPARE:
            known = self._by_id.values()
            self._expiries = [(one.expires_at_ms, one.id) for one in known if one.expires_at_ms]
            heapq.heapify(self._expiries)

    def _note_ask(self, approval: Approval) -> None:
        """Remember that this was asked: a run that asks again after each denial has one pending."""
        asks = self._asks.setdefault(approval.group, {})
        asks[approval.id] = Ask(approval.id, approval.created_at_ms or 0, approval.run_id)
        self._seen[approval.id] = approval.group
        self._latest[approval.group] = approval
        self._folders.setdefault(_loose(approval), set()).add(approval.group)
        self._bound(approval.group, asks)

    def _bound(self, group: str, asks: dict[str, Ask]) -> None:
        """Forget the oldest asks of a group, and the groups that nobody asked for lately."""
        while len(asks) > ASKS:
            self._seen.pop(next(iter(asks)), None)
            del asks[next(iter(asks))]
        self._asks.move_to_end(group)
        while len(self._asks) > GROUPS:
            oldest = next(iter(self._asks))
            if oldest in self._groups:
                self._asks.move_to_end(oldest)
                break
            self._forget_asks(oldest)

    def _forget_asks(self, group: str) -> None:
        for one in self._asks.pop(group):
            self._seen.pop(one, None)
        latest = self._latest.pop(group, None)
        if latest is not None:
            loose = _loose(latest)
            self._folders.get(loose, set()).discard(group)
            if not self._folders.get(loose):
                self._folders.pop(loose, None)

    def decided(self, one: Decided) -> str | None:
        """A request told by the history; its group, where that is news.

        The history tells no folder: where exactly one known group fits the rest, it is of that.
        """
        known = self._asks.get(self._seen.get(one.id, ""), {}).get(one.id)
        if known is not None and known.decision == one.decision:
            return None
        group = self._seen[one.id] if known is not None else self._group_for(one)
        asks = self._asks.setdefault(group, {})
        run_id = known.run_id if known else None
        asks[one.id] = Ask(one.id, one.created_at_ms or 0, run_id, one.decision)
        self._seen[one.id] = group
        self._bound(group, asks)
        return group

    def _group_for(self, one: Decided) -> str:
        """The one known group that it fits but for the folder, else one without a folder."""
        loose = _loose(one)
        fits = self._folders.get(loose, set())
        if len(fits) == 1:
            return next(iter(fits))
        bare = approval_of(_as_row(one), one.kind)
        self._latest.setdefault(bare.group, bare)
        self._folders.setdefault(loose, set()).add(bare.group)
        return bare.group

    def asked(self, group: str) -> int:
        """How often it is known to have been asked in these words."""
        return len(self._asks.get(group, ()))

    def asks(self, group: str) -> list[Ask]:
        """Everything known to have been asked in these words, oldest first."""
        return sorted(self._asks.get(group, {}).values(), key=lambda ask: (ask.at_ms, ask.id))

    def asked_groups(self) -> list[str]:
        """Groups of which anything is remembered, the one asked for latest last."""
        return list(self._asks)

    def recall(self, group: str, asks: list[Ask]) -> None:
        """Requests that an earlier look saw, of a group that is pending now."""
        known = self._asks.get(group)
        if known is None or group not in self._groups:
            return
        earlier = {ask.id: ask for ask in asks[-ASKS:] if ask.id not in known}
        self._asks[group] = dict(list({**earlier, **known}.items())[-ASKS:])

    def latest(self, group: str) -> Approval | None:
        """The newest request of a group, pending or not."""
        return self._latest.get(group)

    def drop(self, approval_id: str, decision: str | None = None) -> Approval | None:
        """Forget one, decided or gone; its record, or None when it was not here."""
        approval = self._by_id.pop(approval_id, None)
        if approval is None:
            return None
        _remove(self._groups, approval.group, approval_id)
        ask = self._asks.get(approval.group, {}).get(approval_id)
        if ask is not None and decision is not None:
            decided = structs.replace(ask, decision=decision)
            self._asks[approval.group][approval_id] = decided
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


def _loose(one: Approval | Decided) -> tuple[str | None, ...]:
    """Everything that makes two requests equal but the folder."""
    return one.kind, one.agent_id, one.session_key, one.host, one.node_id, one.command


def _as_row(one: Decided) -> ApprovalRow:
    request = ApprovalRequest(
        command=one.command,
        host=one.host,
        node_id=one.node_id,
        agent_id=one.agent_id,
        session_key=one.session_key,
    )
    return ApprovalRow(one.id, request, one.created_at_ms)


def _remove(table: dict[str, list[str]], key: str, value: str) -> None:
    rest = [one for one in table.get(key, ()) if one != value]
    if rest:
        table[key] = rest
    else:
        table.pop(key, None)
