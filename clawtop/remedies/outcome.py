"""What an action says of itself: ``clawtop.action/1``, for the shell, the screen and the log."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from clawtop.remedies.judge import Progress
from clawtop.remedies.plan import CancelPlan, DenyPlan, ReleasePlan

SCHEMA = "clawtop.action/1"

EXIT = {
    "planned": 0,
    "done": 0,
    "nothing_to_do": 0,
    "refused": 1,
    "unknown": 4,
    "not_released": 5,
    "not_effective": 5,
}
WORST = ("unknown", "not_effective", "not_released", "refused", "done")


class Item(Struct):
    """One approval of a denial, or one task of a cancellation (``recorded_status``)."""

    id: str
    outcome: str
    recorded_decision: str | None = None
    decided_by: str | None = None
    reason: str = ""
    recorded_status: str | None = None

    def document(self, action: str) -> dict[str, Any]:
        """The JSON object: what the gateway's own record says depends on the action."""
        record: dict[str, Any] = {"recorded_status": self.recorded_status}
        if action == "deny":
            record = {"recorded_decision": self.recorded_decision, "decided_by": self.decided_by}
        return {"id": self.id, "outcome": self.outcome, **record, "reason": self.reason}


class Action(Struct):
    """One action from its plan to its end. Times are gateway ms, durations ms."""

    action: str
    gateway: str
    target: dict[str, Any]
    step: str
    plan: list[str]
    loses: list[str]
    started_at_ms: int
    operator: str
    outcome: str = "planned"
    requested: bool = False
    accepted: bool | None = None
    released: bool | None = None
    queue_moving: bool | None = None
    layer: str | None = None
    reason: str = ""
    next: str | None = None
    took_ms: int = 0
    reason_given: str | None = None
    items: list[Item] | None = None
    waiting: list[dict[str, object]] | None = None
    foretold: tuple[str, ...] = ()  # of each waiting message, for people

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        body: dict[str, Any] = {
            "schema": SCHEMA,
            "action": self.action,
            "gateway": self.gateway,
            "target": self.target,
            "step": self.step or None,
            "plan": self.plan,
            "loses": self.loses,
            "requested": self.requested,
            "accepted": self.accepted,
            "released": self.released,
            "queue_moving": self.queue_moving,
            "layer": self.layer,
            "outcome": self.outcome,
            "reason": self.reason,
            "next": self.next,
            "started_at_ms": self.started_at_ms,
            "took_ms": self.took_ms,
            "operator": self.operator,
            "reason_given": self.reason_given,
        }
        if self.waiting is not None:
            body["waiting"] = self.waiting
        if self.items is not None:
            body["items"] = [item.document(self.action) for item in self.items]
        return body

    @property
    def title(self) -> str:
        """What is done, in one or two words."""
        return self.action if self.step in ("", self.action) else f"{self.action} {self.step}"

    @property
    def exit_code(self) -> int:
        return EXIT[self.outcome]


def release_action(
    plan: ReleasePlan, started_at_ms: int, operator: str, reason_given: str | None
) -> Action:
    """A release before anything was sent."""
    lock = plan.lock
    return Action(
        action="release",
        gateway=plan.gateway,
        target={
            "session_key": lock.session_key,
            "session_id": lock.session_id,
            "run_id": lock.run_id,
            "holder": str(lock.holder),
            "verdict": str(lock.verdict),
            "proof": str(lock.proof),
        },
        step=str(plan.offer.step),
        plan=plan.calls_text,
        loses=list(plan.loses),
        waiting=[one.document() for one in plan.offer.waiting],
        foretold=tuple(plan.waiting_text),
        started_at_ms=started_at_ms,
        operator=operator,
        reason="; ".join(plan.offer.warnings),
        next=plan.next_step,
        reason_given=reason_given,
    )


def deny_action(
    plan: DenyPlan, started_at_ms: int, operator: str, reason_given: str | None
) -> Action:
    """A denial before anything was sent."""
    ids = [one.id for one in plan.targets]
    kept = [one.id for one in plan.kept]
    return _batch_action("deny", plan, ids, kept, started_at_ms, operator, reason_given)


def cancel_action(
    plan: CancelPlan, started_at_ms: int, operator: str, reason_given: str | None
) -> Action:
    """A cancellation of tasks before anything was sent."""
    ids = [one.task_id for one in plan.targets]
    kept = [one.task_id for one in plan.kept]
    return _batch_action("cancel-task", plan, ids, kept, started_at_ms, operator, reason_given)


def _batch_action(
    name: str,
    plan: DenyPlan | CancelPlan,
    ids: list[str],
    kept: list[str],
    started_at_ms: int,
    operator: str,
    reason_given: str | None,
) -> Action:
    return Action(
        action=name,
        gateway=plan.gateway,
        target={"ids": ids, "kept": kept},
        step=name,
        plan=plan.calls_text,
        loses=plan.loses if ids else [],
        started_at_ms=started_at_ms,
        operator=operator,
        reason_given=reason_given,
        items=[],
    )


def foretell_items(action: Action, missing: list[str], why_not: str) -> None:
    """What a batch would come to, before anything is sent; ``missing``: ids that are not there.
    The outcome is the worst item's here, too."""
    action.items = [Item(one, "planned") for one in action.target["ids"]]
    action.items += [Item(one, "refused", reason=why_not) for one in missing]
    action.target["ids"] += missing
    if missing:
        action.outcome = "refused"


def conclude_release(action: Action, progress: Progress) -> None:
    """Fill in the outcome from what was seen. Nothing is taken for done from an answer alone."""
    action.released, action.queue_moving = progress.released, progress.moving
    notes = [progress.evidence, progress.note]
    if progress.released and progress.unsure:
        action.outcome = "unknown"
    elif progress.released and progress.moving is not False:
        action.outcome, action.next = "done", None
    elif progress.released:
        action.outcome, action.layer = "not_released", progress.layer or "lane"
        action.next = progress.next_step or action.next
    elif action.accepted is None and action.requested:
        action.outcome, action.released = "unknown", None
        notes.append("no answer came: look before repeating it")
    else:
        action.outcome, action.layer = "not_released", action.layer or "lock"
        notes.append("the lock was still held when the time was up")
    action.reason = "; ".join(part for part in [action.reason, *notes] if part)


def conclude_items(action: Action) -> None:
    """The document's outcome is its worst item's."""
    found = {item.outcome for item in action.items or ()}
    action.outcome = next((word for word in WORST if word in found), "nothing_to_do")
    answered = [item for item in action.items or () if item.outcome != "refused"]
    action.requested = bool(answered)
    if action.outcome == "unknown":
        action.accepted = None
    elif answered:
        action.accepted = all(item.outcome == "done" for item in answered)
