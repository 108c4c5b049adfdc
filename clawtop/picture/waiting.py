"""Messages that no turn has taken yet, from every source that can tell of them."""

from __future__ import annotations

from clawtop.picture.companion import Followups, RpcRun
from clawtop.picture.records import Waiting
from clawtop.picture.sessions import SessionFacts, whole

SAME_MS = 2_000  # one message, listed by the gateway and by the companion


def waiting_of_session(key: str, facts: SessionFacts, followups: Followups | None) -> list[Waiting]:
    """Those the gateway lists itself (parked RPC messages), those the companion finds parked, and
    on earlier gateways the accepted runs that have not begun."""
    if not facts.pending and followups is None and facts.exact is None:
        return []  # nearly all of ten thousand
    listed = [
        Waiting(
            id=item.id,
            session_key=key,
            run_id=item.run_id,
            sender=item.origin,
            channel=None,
            received_at_ms=item.accepted_at,
            state="parked" if item.state == "queued" else item.state,
            preview=item.preview,
        )
        for item in facts.pending
    ]
    return listed + _parked(key, followups, listed) + _accepted(key, facts, listed)


def _parked(key: str, followups: Followups | None, listed: list[Waiting]) -> list[Waiting]:
    found = []
    for number, message in enumerate(followups.messages if followups is not None else ()):
        at_ms = whole(message.at)
        if any(_same(one, at_ms, message.text) for one in listed):
            continue
        found.append(
            Waiting(
                id=f"parked-{key}-{number}-{at_ms}",
                session_key=key,
                run_id=None,
                sender=message.sender,
                channel=message.channel,
                received_at_ms=at_ms,
                state="parked",
                preview=message.text,
            )
        )
    return found


def _same(one: Waiting, at_ms: int | None, text: str) -> bool:
    alike = bool(text) and one.preview[:60] == text[:60]
    near = at_ms is not None and abs((one.received_at_ms or 0) - at_ms) <= SAME_MS
    return alike or (near and not text)


def _accepted(key: str, facts: SessionFacts, listed: list[Waiting]) -> list[Waiting]:
    """Runs that an RPC asked for and that have not begun: the lock is somebody else's."""
    sight = facts.exact
    if sight is None or facts.tells_pending:
        return []
    holder = facts.run.run_id if facts.run is not None else None
    if holder is None and sight.taskless_ms is None:
        return []  # one of them may hold it
    known = {one.run_id for one in listed} | {holder}
    return [accepted(key, run) for run in sight.runs if run.run_id not in known]


def accepted(key: str, run: RpcRun) -> Waiting:
    """A run that an RPC asked for while another holds the session, as a waiting message."""
    return Waiting(
        id=run.run_id,
        session_key=key,
        run_id=run.run_id,
        sender=None,
        channel=None,
        received_at_ms=whole(run.started_at_ms),
        state="queued",
        preview="",
    )
