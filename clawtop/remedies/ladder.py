"""Which steps exist for this lock on this gateway, in order, and why the others do not.

The generation and the kind of hold decide (measured, see ``kinds``). Where the kind is not
known, only steps harmless for every kind that fits are offered; steps known not to work are not.
"""

from __future__ import annotations

from dataclasses import replace

from clawtop.picture.coverage import is_september
from clawtop.picture.records import Lock, Verdict
from clawtop.picture.store import Store
from clawtop.remedies.kinds import DEAD, Kind, kinds_of
from clawtop.remedies.steps import (
    NO_RUN,
    PATIENCE_APRIL_S,
    PATIENCE_RECOVERY_S,
    PATIENCE_SEPTEMBER_S,
    THE_RUN,
    Call,
    Offer,
    Step,
)
from clawtop.text import count

ASKS = 3  # the same request so often is one intent that asks again
DELIVERY = "if only its reply hangs this does not help, and the lock ends by itself in a minute"
HEALTHY = "it made progress lately: this may be healthy work"
STOP_TEXT = "[clawtop] /stop"
_STOP_LOSSES = (
    "messages that wait behind it (how many is not known)",
    "child runs it started",
    "two visible messages stay in the transcript",
)
_NOT_BUILT = {
    Step.COMPANION_RELEASE: "the companion plugin is not part of this version of clawtop",
    Step.RESET: "resetting is not part of this version of clawtop",
    Step.RESTART: "restarting is not part of this version of clawtop",
}


def ladder(lock: Lock, store: Store) -> list[Offer]:
    """Every step for this lock, least destructive first, offered or not."""
    kinds = kinds_of(lock, store)
    later = store.facts is not None and is_september(store.facts)
    offers = [
        _abort_run(lock, store, kinds, later),
        _abort_session(lock, store, kinds, later),
        _wait_for_recovery(lock, kinds, later),
        _channel_stop(lock, kinds, later),
    ]
    if lock.verdict == Verdict.WORKING:
        offers = [replace(offer, warnings=(HEALTHY, *offer.warnings)) for offer in offers]
    blocked = _blocked(lock, store)
    if blocked:
        offers = [_closed(offer, blocked) for offer in offers]
    return offers + [Offer(step, (), 0, why_not=why) for step, why in _NOT_BUILT.items()]


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
    return Offer(offer.step, offer.calls, offer.patience_s, why_not=why)


def _patience(later: bool) -> float:
    return PATIENCE_SEPTEMBER_S if later else PATIENCE_APRIL_S


def _abort_run(lock: Lock, store: Store, kinds: frozenset[Kind], later: bool) -> Offer:
    calls: tuple[Call, ...] = ()
    why_not = None
    if lock.run_id is None:
        why_not = "the run's id is not known"
    elif kinds != {Kind.LIVE_RPC}:
        why_not = "only a run that an RPC started can be aborted by its id"
    elif not _started(lock, store, later):
        why_not = "that run was not seen to start: it may be a waiting message"
    else:
        calls = (Call("sessions.abort", {"key": lock.session_key, "runId": lock.run_id}),)
    return Offer(Step.ABORT_RUN, calls, _patience(later), why_not=why_not)


def _started(lock: Lock, store: Store, later: bool) -> bool:
    """On earlier gateways a waiting message passes for the run and would be killed instead."""
    facts = store.held.sessions.get(lock.session_key)
    run = facts.run if facts is not None else None
    return later or (run is not None and run.via == "agent")


def _abort_session(lock: Lock, store: Store, kinds: frozenset[Kind], later: bool) -> Offer:
    calls = (Call("sessions.abort", {"key": lock.session_key}),)
    if later:
        losses, lost = _september_losses(lock, store)
        run = NO_RUN if kinds <= DEAD else THE_RUN
        hint = (DELIVERY,) if lock.layer == "delivery" else ()
        return Offer(Step.ABORT_SESSION, calls, _patience(later), losses, lost, hint, run=run)
    if Kind.LIVE_RPC not in kinds or not (lock.row_running and lock.row_active):
        why = "on this gateway it reaches only runs that an RPC started, and can kill a waiting"
        return Offer(Step.ABORT_SESSION, calls, _patience(later), why_not=f"{why} message instead")
    losses, lost = _april_losses(store)
    warning = "if another run holds the session, a waiting message is cancelled instead"
    return Offer(Step.ABORT_SESSION, calls, _patience(later), losses, lost, (warning,))


def _september_losses(lock: Lock, store: Store) -> tuple[tuple[str, ...], int | None]:
    """By key it cancels parked RPC messages and child runs; channel messages survive."""
    losses, total = [], 0
    if lock.waiting:
        losses.append(f"{count(lock.waiting, 'waiting message')} (cancelled by the gateway)")
        total += lock.waiting
    children = [key for key in lock.children or () if key in store.held.locks]
    if children:
        losses.append(f"{count(len(children), 'child run')}")
        total += len(children)
    return tuple(losses), total if losses else None


def _april_losses(store: Store) -> tuple[tuple[str, ...], int | None]:
    """Nobody lists waiting messages there; unanswered ones beyond the runs bound their number."""
    replies = store.pending_replies
    held = store.held.held_count
    if replies is None:
        return ("messages that wait behind it (how many is not known)",), None
    beyond = replies - held
    if beyond <= 0:
        return (), None
    return (f"up to {count(beyond, 'waiting message')} (gateway-wide)",), beyond


def _wait_for_recovery(lock: Lock, kinds: frozenset[Kind], later: bool) -> Offer:
    why_not = None
    if later:
        why_not = "this gateway's recovery does not see sessions whose messages are parked"
    elif not kinds & DEAD:
        why_not = "the gateway's recovery is for sessions whose owner is gone"
    warning = "each new message to the session restarts the gateway's clock"
    return Offer(
        Step.WAIT_FOR_RECOVERY, (), PATIENCE_RECOVERY_S, warnings=(warning,), why_not=why_not
    )


def _channel_stop(lock: Lock, kinds: frozenset[Kind], later: bool) -> Offer:
    params = {"sessionKey": lock.session_key, "message": STOP_TEXT}
    why_not = None
    if later:
        why_not = "abort-session does the same here and keeps what channels wait for"
    elif kinds != {Kind.LIVE_OTHER}:
        why_not = "it is known to help only with a live run that no RPC started"
    calls = (Call("chat.send", params),)
    return Offer(Step.CHANNEL_STOP, calls, _patience(later), _STOP_LOSSES, None, why_not=why_not)
