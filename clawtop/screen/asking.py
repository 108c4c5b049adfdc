"""The texts of the confirmation dialogs, and how heavy each is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from clawtop.picture.records import Approval
from clawtop.picture.tasks import Task
from clawtop.remedies.plan import CancelPlan, DenyPlan, ReleasePlan
from clawtop.text import age, count, mask, plain

GROWING_MS = 60_000
FEW = 6


def release_text(plan: ReleasePlan, now_ms: int) -> Text:
    """A release: the loss first where there is one, then target and exact calls."""
    lock, offer = plan.lock, plan.offer
    text = Text()
    for loss in _few(offer.losses):
        text.append(f"LOSES {plain(loss)}\n", "bold red")
    text.append(f"{offer.step}: {offer.label}\n\n", "bold")
    since = None if lock.since_ms is None else now_ms - lock.since_ms
    held = age(since, at_least=lock.age_is == "at_least")
    rows = [
        ("gateway", plan.gateway),
        ("session", lock.session_key),
        ("held by", f"{lock.holder}, {held}, {lock.verdict} ({lock.proof})"),
        ("run", lock.run_id or "not known"),
        *(("loses", loss) for loss in plan.loses if loss not in offer.losses),
        *(("waits", one) for one in _few(plan.waiting_text)),
        *(("warning", warning) for warning in offer.warnings),
        *(("sends", call) for call in plan.calls_text or ["nothing; it only watches"]),
    ]
    for name, value in rows:
        text.append(f"{name:<9}", "dim")
        text.append(plain(value) + "\n")
    return text


def _few(lines: Sequence[str]) -> list[str]:
    """As many as a small screen holds beside the rest."""
    if len(lines) <= FEW:
        return list(lines)
    return [*lines[: FEW - 1], f"and {len(lines) - FEW + 1} more: Esc, then Enter shows all"]


def word_for(plan: ReleasePlan) -> str | None:
    """What has to be typed: nothing when only the run is lost, else the count of what is."""
    if not plan.offer.losses:
        return None
    count_known = plan.offer.loss_count
    return "unknown" if count_known is None else str(count_known)


def deny_choices(
    selected: Approval, group: tuple[Approval, ...], gateway: str, now_ms: int
) -> tuple[Text, tuple[tuple[str, str, Text], ...], dict[str, DenyPlan]]:
    """The question, its choices (key, label, text), and the plan behind each key."""
    oldest = group[0]
    others = tuple(one for one in group if one.id != selected.id)
    plans = {"o": DenyPlan(gateway, (selected,), others)}
    labels = {"o": "only this one"}
    if others:
        plans["c"] = DenyPlan(gateway, others, (selected,))
        labels["c"] = f"all copies but this one ({len(others)})"
        plans["a"] = DenyPlan(gateway, group, ())
        labels["a"] = f"all {len(group)}"
    question = _deny_head(oldest, group, now_ms)
    choices = tuple((key, labels[key], _deny_text(plan)) for key, plan in plans.items())
    return question, choices, plans


def _deny_head(first: Approval, group: tuple[Approval, ...], now_ms: int) -> Text:
    text = Text()
    newest = max((one.created_at_ms or 0) for one in group)
    if len(group) > 1 and now_ms - newest < GROWING_MS:
        ago = age(now_ms - newest)
        text.append(f"THE GROUP IS GROWING: a copy came {ago} ago.\n", "bold red")
        text.append("A denial makes the run ask again. Abort the asking run first (K in 2).\n\n")
    text.append(f"Deny {count(len(group), 'request')}: {plain(first.command)}\n", "bold")
    text.append(f"session   {plain(first.session_key or 'none')}\n")
    text.append(f"cwd       {plain(first.cwd or 'not known')}\n")
    text.append("The asking run goes on without it. clawtop never allows.\n")
    return text


def _deny_text(plan: DenyPlan) -> Text:
    text = Text().append(f"Deny {count(len(plan.targets), 'request')}\n\n", "bold")
    text.append(f"gateway   {plain(plan.gateway)}\n", "")
    for one in plan.targets[:8]:
        text.append(f"deny      {plain(one.id)}\n")
    if len(plan.targets) > 8:
        text.append(f"          and {len(plan.targets) - 8} more\n")
    for one in plan.kept[:3]:
        text.append(f"keep      {plain(one.id)}\n")
    text.append(f"command   {plain(plan.targets[0].command)}\n")
    return text


def cancel_text(plan: CancelPlan, now_ms: int) -> Text:
    """Cancelling tasks: which, how old, and what is lost with them."""
    text = Text().append(f"Cancel {count(len(plan.targets), 'task')}\n\n", "bold")
    text.append(f"gateway   {plain(plan.gateway)}\n")
    for task in plan.targets[:6]:
        text.append(f"task      {plain(_task(task, now_ms))}\n")
        text.append(f"          {plain(task.task_id)}\n", "dim")
    if len(plan.targets) > 6:
        text.append(f"          and {len(plan.targets) - 6} more\n")
    for task in plan.kept[:3]:
        text.append(f"keep      {plain(_task(task, now_ms))}\n")
    text.append("loses     what they have done so far; their runs end\n")
    for call in plan.calls_text[:3]:
        text.append(f"sends     {plain(call)}\n")
    return text


def _task(task: Task, now_ms: int) -> str:
    began = task.started_at_ms or task.created_at_ms
    passed = age(None if began is None else now_ms - began)
    return f"{mask(task.title)[0] or task.task_id}, {passed}, for {task.session_key or 'nobody'}"
