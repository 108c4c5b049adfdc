"""What an incident's ways out mean on this gateway now: calls, losses, and whether they work."""

from __future__ import annotations

import shlex

from clawtop.errors import RefusedError
from clawtop.incidents.incident import Act, Incident, Remedy, Way, document_fields
from clawtop.picture.records import Approval, Lock
from clawtop.picture.store import Store
from clawtop.remedies.drop import METHOD, plan_drop_event
from clawtop.remedies.ladder import ladder
from clawtop.remedies.plan import ReleasePlan, plan_cancel
from clawtop.remedies.scopes import scopes_for
from clawtop.remedies.steps import Offer, Step

LAST_RESORTS = (Step.RESET, Step.RESTART)


def remedies(incident: Incident, store: Store) -> list[Remedy]:
    """Every way out, the least destructive first, usable now or not."""
    return [remedy for way in incident.ways for remedy in _expand(way, store)]


def incident_document(incident: Incident, store: Store) -> dict[str, object]:
    """The JSON object of one incident, remedies included."""
    ways = [remedy.document() for remedy in remedies(incident, store)]
    return {**document_fields(incident), "remedies": ways}


def _expand(way: Way, store: Store) -> list[Remedy]:
    match way.act:
        case Act.RELEASE:
            return _release(way, store)
        case Act.DENY_COPIES:
            return _deny(way, store)
        case Act.CANCEL_TASK:
            return _cancel(way, store)
        case Act.DROP_EVENT:
            return [_drop(way, store)]
        case _:
            return [_advice(way)]


def _advice(way: Way) -> Remedy:
    return Remedy("advice", way.text, (), (), (), True, None, None)


def _release(way: Way, store: Store) -> list[Remedy]:
    """The ladder of that lock: every step that is offered, and why the others are not.

    A reset or a restart that is not offered is no news.
    """
    lock = store.held.locks.get(way.target)
    if lock is None:
        return []
    offers = [one for one in ladder(lock, store) if one.available or one.step not in LAST_RESORTS]
    return [_step(offer, lock, store) for offer in offers]


def _step(offer: Offer, lock: Lock, store: Store) -> Remedy:
    plan = ReleasePlan.of(lock, offer, store)
    return Remedy(
        step=str(offer.step),
        label=offer.label,
        calls=plan.methods,
        loses=(*offer.loses, *offer.lost_messages),
        needs=scopes_for(plan.methods) if plan.methods else (),
        available=offer.available and _may(store) is None,
        why_not=offer.why_not or _may(store),
        command=plan.command() if offer.available else None,
        act=Act.RELEASE,
        target=lock.session_key,
    )


def _may(store: Store) -> str | None:
    """Why nothing at all may be done; None when something may."""
    if store.facts is not None and store.facts.read_only:
        return "this is read-only"
    return None


def _deny(way: Way, store: Store) -> list[Remedy]:
    group = store.backlog.group(way.target)
    why_not = _may(store) or (None if group else "none of them is pending any more")
    first = group[0] if group else None
    return [
        Remedy(
            step="deny",
            label="deny the copies, keep one (you choose which)",
            calls=("exec.approval.resolve",),
            loses=_denied(group),
            needs=scopes_for(("exec.approval.resolve",)),
            available=why_not is None,
            why_not=why_not,
            command=_deny_command(first) if first else None,
            act=Act.DENY_COPIES,
            target=way.target,
        )
    ]


def _denied(group: tuple[Approval, ...]) -> tuple[str, ...]:
    copies = max(len(group) - 1, 0)
    return (f"{copies} of {len(group)} requests; the asking run goes on and may ask again",)


def _deny_command(first: Approval) -> str:
    return f"clawtop deny --duplicates --keep {shlex.quote(first.id)}"


def _drop(way: Way, store: Store) -> Remedy:
    """One younger copy of a queued line, through the companion."""
    plan, why_not = None, _may(store)
    try:
        plan = plan_drop_event(store, way.target)
    except RefusedError as error:
        why_not = why_not or error.sentence()
    return Remedy(
        step=Act.DROP_EVENT,
        label="drop the younger copy of the line; the older one stays",
        calls=(METHOD,),
        loses=tuple(plan.loses) if plan else (),
        needs=scopes_for((METHOD,)),
        available=why_not is None,
        why_not=why_not,
        command=plan.command() if plan and why_not is None else None,
        act=Act.DROP_EVENT,
        target=way.target,
    )


def _cancel(way: Way, store: Store) -> list[Remedy]:
    plan, missing = plan_cancel(store, [way.target])
    why_not = _may(store) or ("that task is over" if missing else None)
    return [
        Remedy(
            step="cancel-task",
            label="cancel the younger copy of the task",
            calls=("tasks.cancel",),
            loses=tuple(plan.loses),
            needs=scopes_for(("tasks.cancel",)),
            available=why_not is None,
            why_not=why_not,
            command=f"clawtop cancel-task {shlex.quote(way.target)}",
            act=Act.CANCEL_TASK,
            target=way.target,
        )
    ]
