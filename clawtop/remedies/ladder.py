"""Which steps exist for this lock on this gateway, in order, and why the others do not.

The generation and the kind of hold decide (measured, see ``kinds``). Where the kind is not
known, only steps harmless for every kind that fits are offered; steps known not to work are not.
"""

from __future__ import annotations

from dataclasses import replace

from clawtop.picture.records import Lock, Verdict
from clawtop.picture.store import Store
from clawtop.remedies import frees, stops
from clawtop.remedies.kinds import Kind
from clawtop.remedies.situation import Situation
from clawtop.remedies.steps import Offer, Step

ASKS = 3  # the same request so often is one intent that asks again
HEALTHY = "nothing shows that it is stuck: this may be healthy work"
YOUNG = "it may still be preparing: nothing at work was seen for it, but not for long"
ORDER = (
    stops.abort_run,
    stops.abort_session,
    frees.companion_release,
    stops.wait_for_recovery,
    stops.channel_stop,
    frees.reset,
)


def ladder(lock: Lock, store: Store, *, now: bool = False) -> list[Offer]:
    """Every step for this lock, least destructive first, offered or not.

    ``now``: the restart is asked for without waiting for what is at work.
    """
    case = Situation.of(lock, store)
    offers = [rung(case) for rung in ORDER] + [frees.restart(case, now=now)]
    warning = _warning(case)
    if warning:
        offers = [replace(offer, warnings=(warning, *offer.warnings)) for offer in offers]
    blocked = _blocked(lock, store)
    return [_closed(offer, blocked) for offer in offers] if blocked else offers


def only_restart(lock: Lock, store: Store) -> str | None:
    """Why nothing but a restart of the gateway helps; None where something else does, or may."""
    offered = [offer.step for offer in ladder(lock, store) if offer.available]
    if offered != [Step.RESTART]:
        return None
    case = Situation.of(lock, store)
    if case.is_only(Kind.UNDELIVERED):
        return "its reply is never delivered, and the next message would hang in the same way"
    if case.is_only(Kind.LANE):
        return "its lane is taken by an owner that is gone, and no lock is left to release"
    return "no other step is known to free this kind of hold on this gateway"


def _warning(case: Situation) -> str | None:
    if case.lock.verdict == Verdict.WORKING:
        return HEALTHY
    facts = case.facts
    sight = facts.exact if facts is not None else None
    dead = sight is not None and sight.taskless_ms is not None
    return YOUNG if dead and case.lock.verdict == Verdict.UNKNOWN else None


def _blocked(lock: Lock, store: Store) -> str | None:
    """What makes any step the wrong one."""
    if lock.verdict == Verdict.GHOST:
        return "no lock is held: the row only says so"
    if lock.verdict == Verdict.WAITING_APPROVAL and not _asks_again(lock, store):
        return "it waits for an approval: answering that is the remedy"
    return None


def _asks_again(lock: Lock, store: Store) -> bool:
    """A run that asks for the same again and again: an answer is no end of it."""
    found = [store.backlog.get(one) for one in store.backlog.of_session(lock.session_key)]
    return any(one is not None and len(store.backlog.asks(one.group)) >= ASKS for one in found)


def _closed(offer: Offer, why: str) -> Offer:
    return Offer(offer.step, offer.calls, offer.patience_s, why_not=why, by_name=offer.by_name)
