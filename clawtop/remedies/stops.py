"""The rungs that any operator of the gateway has: aborts, the channel's stop, and patience."""

from __future__ import annotations

from clawtop.picture.records import Verdict
from clawtop.picture.store import Store
from clawtop.remedies.kinds import DEAD, Kind, other_id
from clawtop.remedies.situation import Situation, lost_messages
from clawtop.remedies.steps import (
    PATIENCE_APRIL_S,
    PATIENCE_RECOVERY_S,
    PATIENCE_SEPTEMBER_S,
    Call,
    Offer,
    Step,
)
from clawtop.text import count

DELIVERY = "if only its reply hangs this does not help, and the lock ends by itself in a minute"
UNDELIVERED = "its reply is never delivered: only a restart of the gateway mends that"
ABORTED = "an abort was asked already; the gateway releases it within a minute of that"
LANE_STAYS = "on some gateways its lane stays taken (2026.8.2): then only a restart helps"
STOP_TEXT = "[clawtop] /stop"
STOP_LOSSES = ("child runs it started", "two visible messages stay in the transcript")
ALIVE_RPC = frozenset({Kind.LIVE_RPC})


def patience(later: bool) -> float:
    """How long what works on that generation takes, in seconds."""
    return PATIENCE_SEPTEMBER_S if later else PATIENCE_APRIL_S


def abort_run(case: Situation) -> Offer:
    """One run by its id, and nothing beside it."""
    calls: tuple[Call, ...] = ()
    why_not = None
    if case.run_id is None:
        why_not = "the run's id is not known"
    elif case.kinds != ALIVE_RPC:
        why_not = "only a run that an RPC started can be aborted by its id"
    elif not _started(case):
        why_not = "that run was not seen to start: it may be a waiting message"
    elif case.later and case.aborted:
        why_not = ABORTED
    else:
        calls = (Call("sessions.abort", {"key": case.key, "runId": case.run_id}),)
    return Offer(
        Step.ABORT_RUN,
        calls,
        patience(case.later),
        why_not=why_not,
        waiting=case.foretell(Step.ABORT_RUN),
    )


def _started(case: Situation) -> bool:
    """On earlier gateways a waiting message passes for the run and would be killed instead; what
    was seen at work, or holds the session by the gateway's own tables, is none."""
    run = case.facts.run if case.facts is not None else None
    return case.later or case.lock.run_id is None or (run is not None and run.via == "agent")


def abort_session(case: Situation) -> Offer:
    """Whatever the session runs, by its key."""
    why_not, warnings = _no_abort(case), []
    told = case.foretell(Step.ABORT_SESSION)
    losses, lost = lost_messages(told)
    if case.later:
        children = case.children()
        if children:
            losses.append(count(len(children), "child run"))
            lost += len(children)
        if case.lock.verdict == Verdict.ABORTING:
            warnings.append(ABORTED)
        if case.lock.layer == "delivery":
            warnings.append(DELIVERY)
        if case.is_only(*DEAD) and Kind.HOOK in case.kinds:
            warnings.append(LANE_STAYS)
    else:
        warnings.append("if another run holds the session, a waiting message is cancelled instead")
        if case.lock.token is None:
            losses, lost = _april_losses(case.store)
    return Offer(
        Step.ABORT_SESSION,
        (Call("sessions.abort", {"key": case.key}),),
        patience(case.later),
        tuple(losses),
        lost or None,
        tuple(warnings),
        why_not,
        run=case.run,
        waiting=told,
    )


def _no_abort(case: Situation) -> str | None:
    if case.is_only(Kind.LANE):
        return "no lock is held any more: only its lane is taken"
    if not case.later:
        if Kind.LIVE_RPC in case.kinds and case.lock.row_running and case.lock.row_active:
            return None
        why = "on this gateway it reaches only runs that an RPC started, and can kill a waiting"
        return f"{why} message instead"
    if case.is_only(Kind.OTHER_ID):
        return "the lock has another session id: an abort does not find it"
    if case.is_only(Kind.UNDELIVERED):
        return UNDELIVERED
    return ABORTED if case.aborted else None


def _april_losses(store: Store) -> tuple[list[str], int]:
    """Nobody lists waiting messages there; unanswered ones beyond the runs bound their number."""
    replies = store.pending_replies
    if replies is None:
        return ["messages that wait behind it (how many is not known)"], 0
    beyond = replies - store.held.held_count
    if beyond <= 0:
        return [], 0
    return [f"up to {count(beyond, 'waiting message')} (gateway-wide)"], beyond


def wait_for_recovery(case: Situation) -> Offer:
    """Nothing is sent: the gateway frees some leaks by itself."""
    warning = "each new message to the session restarts the gateway's clock"
    return Offer(
        Step.WAIT_FOR_RECOVERY,
        (),
        PATIENCE_RECOVERY_S,
        warnings=(warning,),
        why_not=_no_recovery(case),
        waiting=case.foretell(Step.WAIT_FOR_RECOVERY),
    )


def _no_recovery(case: Situation) -> str | None:
    """It acts on a running lock of the stored session, and only with a message waiting (measured
    on 2026.5.28)."""
    lock = case.lock
    if case.later:
        return "this gateway's recovery does not see sessions whose messages are parked"
    if not case.kinds & {Kind.HOOK, Kind.ORPHAN}:
        return "the gateway's recovery is for sessions whose owner is gone"
    if lock.token is None:
        return None
    if lock.phase != "running" or (case.facts is not None and other_id(lock, case.facts)):
        return "the gateway's recovery frees only a running lock of the stored session"
    if lock.waiting == 0:
        return "the gateway's recovery looks only at sessions with a message waiting"
    return None


def channel_stop(case: Situation) -> Offer:
    """What a person would type into the chat: it goes by the session's key."""
    params = {"sessionKey": case.key, "message": STOP_TEXT}
    told = case.foretell(Step.CHANNEL_STOP)
    losses, lost = lost_messages(told)
    if case.lock.waiting is None:
        losses, lost = ["messages that wait behind it (how many is not known)"], 0
    return Offer(
        Step.CHANNEL_STOP,
        (Call("chat.send", params),),
        patience(case.later),
        (*losses, *STOP_LOSSES),
        lost or None,
        why_not=_no_channel_stop(case),
        run=case.run,
        waiting=told,
    )


def _no_channel_stop(case: Situation) -> str | None:
    if case.later:
        if case.is_only(Kind.OTHER_ID):
            return None
        if case.is_only(Kind.UNDELIVERED):
            return UNDELIVERED
        return "abort-session does the same here and keeps what channels wait for"
    queued = case.lock.token is not None and case.lock.phase == "queued"
    if case.is_only(Kind.LIVE_OTHER) or case.is_only(Kind.UNDELIVERED):
        return None
    if queued and case.is_only(Kind.ORPHAN, Kind.UNDELIVERED):
        return None
    return "here it is known to help only with live runs, queued locks and undelivered replies"
