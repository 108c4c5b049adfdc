"""Pausing and resuming heartbeats: two acts for the whole gateway, and what each one means."""

from __future__ import annotations

from dataclasses import dataclass

from clawtop.errors import RefusedError
from clawtop.picture.pause import OFF
from clawtop.picture.store import Store
from clawtop.remedies.outcome import Action
from clawtop.remedies.steps import Call
from clawtop.text import count

METHOD = "set-heartbeats"
PAUSE, RESUME = "pause", "resume"

# Wakes were measured on 2026.5.28 and 2026.9.6; the others are read in their code, where one
# switch stands before them all.
STOPS = (
    "timed heartbeats of every agent",
    "wakes: their lines stay queued until a message comes",
    "turns that begin because a background command ended",
    "cron jobs that write into the main session",
    "what ACP sub-agents report to the session that started them",
)
LASTS = "until it is resumed or the gateway's process ends; a restart inside it does not end it"
PILES = "lines queued meanwhile pile up: of more than 20 in a session the oldest are lost"
NO_PROOF = "no gateway tells whether they are, so this cannot be checked"


@dataclass(frozen=True)
class SwitchPlan:
    """One of the two acts on one gateway. ``agents``: how many have a heartbeat."""

    gateway: str
    act: str
    loses: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def enabled(self) -> bool:
        """What is asked of the gateway."""
        return self.act == RESUME

    @property
    def call(self) -> Call:
        return Call(METHOD, {"enabled": self.enabled})


def plan_switch(store: Store, act: str, cannot_remember: str | None) -> SwitchPlan:
    """The act as it would be now. ``cannot_remember``: why no reminder could be kept.

    Raises RefusedError where the gateway has no such switch.
    """
    facts = store.facts
    if facts is None:
        raise RefusedError("not connected yet", "Try again when it is")
    if METHOD not in facts.methods:
        raise RefusedError(
            f"this gateway has no {METHOD}", "Set heartbeat.every to 0m in its own configuration"
        )
    warnings = [cannot_remember] if cannot_remember else []
    if act == RESUME:
        if not store.switch.reminds:
            warnings.append("clawtop on this host knows of no pause of its own here")
        return SwitchPlan(facts.name, act, (), tuple(warnings))
    if store.switch.state == OFF:
        warnings.append("clawtop on this host has paused them already")
    enabled = sum(1 for one in store.heartbeats.agents if one.enabled)
    first = f"{STOPS[0]} ({count(enabled, 'agent')})" if enabled else STOPS[0]
    return SwitchPlan(facts.name, act, (first, *STOPS[1:]), (*warnings, PILES))


def switch_action(
    plan: SwitchPlan, started_at_ms: int, operator: str, reason_given: str | None
) -> Action:
    """The act before anything was sent."""
    return Action(
        action="heartbeats",
        gateway=plan.gateway,
        target={"gateway": plan.gateway},
        step=plan.act,
        plan=[plan.call.text()],
        loses=list(plan.loses),
        started_at_ms=started_at_ms,
        operator=operator,
        reason="; ".join(plan.warnings),
        reason_given=reason_given,
    )
