"""The rungs below: the companion, the reset, the restart. Each needs operator.admin."""

from __future__ import annotations

from clawtop.picture.records import Verdict
from clawtop.picture.store import Store
from clawtop.remedies.fate import waiting_behind
from clawtop.remedies.inside import SWITCHED_OFF
from clawtop.remedies.kinds import LIVE, Kind
from clawtop.remedies.situation import Situation, lost_messages
from clawtop.remedies.steps import (
    PATIENCE_COMPANION_S,
    PATIENCE_RESTART_S,
    PATIENCE_SEPTEMBER_S,
    Call,
    Offer,
    Step,
)
from clawtop.text import count, plain

RELEASE = "clawtop.release"
ABSENT = "this gateway has no companion: clawtop companion install --allow-release"
ALIVE = "if its owner is alive after all, a second run begins beside it on one transcript"
NAMED = 3  # other sessions that a restart interrupts are named one by one up to here
NORMAL = "the gateway puts it off while work is active, a leak included, for up to five minutes"
AT_ONCE = "work that goes on after five minutes is cut off"
DRAINS = "a leaked lock can hold up its drain for five minutes more"
INSIDE = (
    "one that restarts inside its process can keep the lock (2026.5.28): stop and start it then"
)


def companion_release(case: Situation) -> Offer:
    """Exactly that operation, from inside the gateway."""
    told = case.foretell(Step.COMPANION_RELEASE)
    losses, lost = lost_messages(told)
    return Offer(
        Step.COMPANION_RELEASE,
        (Call(RELEASE, {"key": _registry_key(case), "token": case.lock.token}),),
        PATIENCE_COMPANION_S,
        tuple(losses),
        lost or None,
        (ALIVE,) if case.kinds & {Kind.HOOK, *LIVE} else (),
        _no_companion(case.store) or _no_release(case),
        run=case.run,
        waiting=told,
    )


def _registry_key(case: Situation) -> str:
    """The key as the registry has it, which may differ from the row's in case."""
    sight = case.facts.exact if case.facts is not None else None
    return sight.lock.key if sight is not None else case.key


def _no_companion(store: Store) -> str | None:
    """Why the companion of this gateway releases nothing."""
    if store.facts is None or RELEASE not in store.facts.methods:
        return ABSENT
    companion = store.companion
    if companion is None:
        return "the companion of this gateway does not answer: see clawtop doctor"
    if not companion.reads("locks"):
        why = plain(companion.why["locks"])
        return f"the companion cannot read the locks of this gateway: {why}"
    return None if companion.can_release else ": ".join(SWITCHED_OFF)


def _no_release(case: Situation) -> str | None:
    """By the kind of hold. September frees what has a lane task only by an abort and its minute:
    after a force clear the slot stays taken, and messages sent meanwhile are never answered."""
    if case.lock.token is None:
        return "the gateway's own registry lists no lock of it now"
    if not case.later:
        alone = case.is_only(Kind.LIVE_RPC)
        return "an abort of the run does less and works" if alone else None
    if case.is_only(Kind.UNDELIVERED):
        return "the next message would hang in delivery as well"
    if not case.is_only(Kind.ORPHAN, Kind.OTHER_ID):
        if case.lock.verdict == Verdict.ABORTING:
            return "it is being aborted: the gateway releases it within a minute of that"
        return "not before its owner is known to be gone; an abort and 75 s do better"
    return None


def reset(case: Situation) -> Offer:
    """A new life of the session, under the same key."""
    told = case.foretell(Step.RESET)
    losses, lost = lost_messages(told)
    events = len(case.store.queue.of(case.key)) if case.store.queue.exact else None
    if events is None:
        losses.append("system events queued for it (how many is not known)")
    elif events:
        losses.append(f"{count(events, 'queued system event')}")
    children = case.children()
    if children:
        losses.append(count(len(children), "child run"))
    params = {"key": case.key, "expectedSessionId": case.lock.session_id}
    return Offer(
        Step.RESET,
        (Call("sessions.reset", params),),
        PATIENCE_SEPTEMBER_S,
        ("the session's context: it begins anew", *losses),
        1 + lost + (events or 0) + len(children),
        why_not=_no_reset(case),
        run=case.run,
        waiting=told,
    )


def _no_reset(case: Situation) -> str | None:
    """Offered only where it was measured to free the lock at once (2026.9.6)."""
    if not case.later:
        return "on this gateway it fails after 15 s, having emptied the session's queues"
    if case.is_only(Kind.OTHER_ID):
        return "it would say ok and leave a lock with another session id"
    if not case.is_only(Kind.ORPHAN):
        return "unless its owner is proved to be gone it can fail after destroying things"
    if case.lock.phase == "queued":
        return "abort-session frees a queued lock at once, and destroys less"
    return None if case.lock.session_id else "its session id is not known, so it cannot be pinned"


def restart(case: Situation, *, now: bool = False) -> Offer:
    """The whole gateway. ``now``: without waiting for what is at work."""
    params: dict[str, object] = {"reason": "clawtop: a session cannot be released otherwise"}
    if now:
        params["skipDeferral"] = True
    return Offer(
        Step.RESTART,
        (Call("gateway.restart.request", params),),
        PATIENCE_RESTART_S,
        _restart_losses(case),
        warnings=(AT_ONCE if now else NORMAL, DRAINS, *(() if case.later else (INSIDE,))),
        why_not=_no_restart(case),
        run=case.run,
        waiting=case.foretell(Step.RESTART),
        by_name=True,
    )


def _no_restart(case: Situation) -> str | None:
    """The last resort, for kinds that nothing else is sure to free."""
    facts = case.store.facts
    if facts is None or "gateway.restart.request" not in facts.methods:
        return "this gateway has no gateway.restart.request"
    if case.lock.verdict == Verdict.ABORTING:
        return "an abort of this session is not confirmed yet: wait for that first"
    if case.kinds & LIVE or not case.kinds:
        return "less than a restart helps, or it is not known that nothing else does"
    helps = {Kind.HOOK, Kind.UNDELIVERED, Kind.LANE}
    if not case.later:
        helps = {Kind.HOOK, Kind.ORPHAN, Kind.OTHER_ID, Kind.LANE}
    return None if case.kinds & helps else "less than a restart frees such a lock"


def _restart_losses(case: Situation) -> tuple[str, ...]:
    """What is in flight on the whole gateway, as far as it is counted and named."""
    store = case.store
    others = sorted(
        lock.session_key
        for lock in store.held.locks.values()
        if lock.session_key != case.key and lock.verdict != Verdict.GHOST
    )
    losses = [f"the run of {plain(key)}" for key in others[:NAMED]]
    if len(others) > NAMED:
        losses.append(f"{count(len(others) - NAMED, 'more run')} of other sessions")
    unnamed = store.held.anonymous.number()
    if unnamed:
        losses.append(f"{count(unnamed, 'lock')} that no session is known for")
    messages = sum(len(waiting_behind(key, store)) for key in others)
    if messages:
        losses.append(f"{count(messages, 'message')} waiting in other sessions")
    losses += _counted(store)
    return (*losses, "every queued system event, and approvals that are pending")


def _counted(store: Store) -> list[str]:
    """The gateway's own count of what a restart would interrupt."""
    told = store.preflight
    if told is None:
        return ["what else is at work: this gateway's count of it is not known"]
    counts = [
        (told.embedded_runs, "run or lock", "runs or locks"),
        (told.queue_size, "task in its lanes", "tasks in its lanes"),
        (told.pending_replies, "reply pending", "replies pending"),
    ]
    words = [count(number, one, many) for number, one, many in counts if number is not None]
    return [f"counted by the gateway: {', '.join(words)}"] if words else []
