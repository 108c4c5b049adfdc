"""What the requests of a release were answered, as facts; whether it worked is judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Raw

from clawtop.errors import GatewayError, RefusedError
from clawtop.gateway import frames
from clawtop.remedies.inside import SWITCHED_OFF
from clawtop.remedies.plan import ReleasePlan
from clawtop.remedies.steps import Step
from clawtop.text import plain

NO_RUN = "the gateway answered no-active-run: neither success nor proof of health"
DEFERRED = "the gateway put the restart off until its work has ended, for at most five minutes"
EMPTIED = "its queues and system events may be gone already"
FIRST = "another operator may have been first"
LOOK = "Look again, then decide"
UNCLEAR = "its answer was not understood"
CHANGED_ID = "the session has another session id now"


@dataclass(frozen=True)
class Said:
    """One answer. ``next_step``: what helps where this did not. ``scheduled``: the gateway will
    restart, and says nothing while it drains. ``accepted`` is None for an answer that says
    neither yes nor no."""

    accepted: bool | None
    note: str = ""
    abort_asked: bool = False
    deferred: bool = False
    scheduled: bool = False
    next_step: str | None = None


class RefusedInside(RefusedError):
    """The companion looked once more and did nothing."""

    def __init__(self, message: str, next_step: str, step: Step | None = None) -> None:
        super().__init__(message, next_step)
        self.step = step


def said(plan: ReleasePlan, answer: Raw) -> Said:
    """An answer without error. Raises RefusedInside where the companion declined."""
    body = _object(answer)
    if not _says(body):
        return Said(None, UNCLEAR)
    match plan.offer.step:
        case Step.COMPANION_RELEASE:
            return _companion_said(body)
        case Step.RESTART:
            deferred = body.get("status") == "deferred"
            scheduled = body.get("status") == "scheduled"
            note = DEFERRED if deferred else ""
            return Said(True, note, deferred=deferred, scheduled=scheduled)
        case Step.RESET:
            return Said(body.get("ok") is True)
        case _:
            return _abort_said(plan, body)


def _says(body: dict[str, object]) -> bool:
    """Whether it answers anything: every answer has ``ok`` or a ``status``, and a refusal of the
    companion has a ``code``."""
    words = (body.get("status"), body.get("code"))
    return isinstance(body.get("ok"), bool) or any(isinstance(word, str) for word in words)


def _abort_said(plan: ReleasePlan, body: dict[str, object]) -> Said:
    if body.get("status") == "no-active-run":
        return Said(False, NO_RUN)
    named, mine, note = body.get("abortedRunId"), plan.run_id, ""
    if isinstance(named, str) and mine and named != mine:
        note = f"the gateway says it aborted {plain(named)}, not {plain(mine)}"
    return Said(True, note, abort_asked=plan.offer.step in (Step.ABORT_RUN, Step.ABORT_SESSION))


def _companion_said(body: dict[str, object]) -> Said:
    if body.get("ok") is True:
        renewed = "its session lane was renewed as well" if body.get("laneRenewed") else ""
        return Said(True, renewed)
    code, why = body.get("code"), plain(str(body.get("why") or "it does not say why"))[:200]
    match code:
        case "changed":
            raise RefusedInside(f"another operation holds it now: {FIRST}", LOOK)
        case "gone":
            raise RefusedInside(f"nothing holds it any more: {FIRST}", LOOK)
        case "switched-off":
            raise RefusedInside(*SWITCHED_OFF)
        case "owner-in-lane":
            text = f"the companion refused: {why}"
            raise RefusedInside(text, "Abort it with --step abort-session", Step.ABORT_SESSION)
        case "failed":
            return Said(False, f"the companion tried and it did not go: {why}")
        case _:
            raise RefusedInside(f"the companion refused: {why}", "See clawtop doctor")


def said_no(plan: ReleasePlan, error: GatewayError) -> Said:
    """The gateway's own refusal. Raises RefusedInside where the target is another one now."""
    text = f"the gateway said no: {plain(error.gateway_message)[:200]}"
    if plan.offer.step is Step.RESET:
        if error.reason == "session-changed":
            raise RefusedInside(CHANGED_ID, LOOK)
        return Said(False, f"{text}; {EMPTIED}")
    return Said(False, text)


def _object(raw: Raw) -> dict[str, object]:
    try:
        value = frames.plain_value(raw)
    except frames.UNREADABLE:
        return {}
    return value if isinstance(value, dict) else {}
