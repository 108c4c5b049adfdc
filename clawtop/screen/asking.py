"""The texts of the confirmation dialogs, and how heavy each is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from clawtop.picture.records import Approval
from clawtop.picture.tasks import Task
from clawtop.remedies.plan import CancelPlan, DenyPlan, ReleasePlan
from clawtop.text import age, count, mask, plain, utc

GROWING_MS = 60_000
FEW = 6
MOST_IDS = 4
ABORT_FIRST = "k"

Choice = tuple[str, str, Text | None]  # key, label, what is asked then (None: it leads elsewhere)


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
        ("held by", f"{lock.holder}, {held}, {lock.verdict} ({lock.proof}) at {utc(now_ms)}"),
        ("run", lock.run_id or "not known"),
        *(("loses", loss) for loss in plan.loses if loss not in offer.losses),
        *(("warning", warning) for warning in offer.warnings),
        *(("waits", one) for one in _few(plan.waiting_text)),
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
    selected: Approval, group: tuple[Approval, ...], gateway: str, now_ms: int, *, held: bool
) -> tuple[Text, tuple[Choice, ...], dict[str, DenyPlan]]:
    """The question, its choices (key, label, text), and the plan behind each key.

    ``held``: the asking session is held, and its run can be aborted. While the group grows
    that comes first, as `ABORT_FIRST`: a denial makes the run ask again.
    """
    others = tuple(one for one in group if one.id != selected.id)
    plans = {"o": DenyPlan(gateway, (selected,), others)}
    labels = {"o": "only this one"}
    if others:
        plans["c"] = DenyPlan(gateway, others, (selected,))
        labels["c"] = f"all copies but this one ({len(others)})"
        plans["a"] = DenyPlan(gateway, group, ())
        labels["a"] = f"all {len(group)}"
    growing = _growing(group, now_ms)
    question = _deny_head(group, growing, held=held)
    choices: list[Choice] = [(ABORT_FIRST, "first abort the run that asks", None)]
    choices = choices if growing and held else []
    for key, plan in plans.items():
        choices.append((key, labels[key], _deny_text(plan, growing, now_ms)))
    return question, tuple(choices), plans


def _growing(group: tuple[Approval, ...], now_ms: int) -> str:
    """That a copy came within the last minute; empty when none did."""
    newest = max((one.created_at_ms or 0) for one in group)
    if len(group) < 2 or now_ms - newest >= GROWING_MS:
        return ""
    return f"THE GROUP IS GROWING: a copy came {age(now_ms - newest)} ago.\n"


def _deny_head(group: tuple[Approval, ...], growing: str, *, held: bool) -> Text:
    text = Text(growing, "bold red")
    if growing:
        first = ": abort that run first" if held else ""
        text = Text.assemble(text, f"A denial makes the run ask again{first}.\n\n")
    text.append(f"Deny {count(len(group), 'request')}: {plain(group[0].wanted)}\n", "bold")
    text.append(f"session   {plain(group[0].session_key or 'none')}\n")
    text.append(f"cwd       {plain(group[0].cwd or 'not known')}\n")
    text.append("The asking run goes on without it. clawtop never allows.\n")
    return text


def _deny_text(plan: DenyPlan, growing: str, now_ms: int) -> Text:
    text = Text(growing, "bold red")
    text = Text.assemble(text, (f"Deny {count(len(plan.targets), 'request')}\n\n", "bold"))
    first = plan.targets[0]
    rows = [
        ("gateway", plan.gateway),
        ("session", first.session_key or "none"),
        ("command", first.wanted),
        *(("deny", _asked(one, now_ms)) for one in plan.targets[:MOST_IDS]),
        *_more(len(plan.targets) - MOST_IDS, "more"),
        *(("keep", _asked(one, now_ms)) for one in plan.kept[:1]),
        *_more(len(plan.kept) - 1, "more"),
        *(("loses", loss) for loss in plan.loses),
        ("sends", plan.calls_text[0]),
        *_more(len(plan.targets) - 1, "more like it, each with its id"),
    ]
    for name, value in rows:
        text.append(f"{name:<9}", "dim")
        text.append(plain(value) + "\n")
    return text


def _asked(one: Approval, now_ms: int) -> str:
    since = None if one.created_at_ms is None else now_ms - one.created_at_ms
    return f"{one.id}  asked {age(since)} ago"


def _more(number: int, what: str) -> list[tuple[str, str]]:
    return [("", f"and {number} {what}")] if number > 0 else []


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
