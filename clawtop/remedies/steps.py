"""The steps, as data: what each sends, how long to be patient, what it needs.

Measured on 2026.5.28 and 2026.9.6 (and on versions between): later gateways release an aborted
run within 60 s, earlier ones at once or never.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clawtop.remedies.fate import Fate, Foretold


class Step(StrEnum):
    """The rungs of the ladder."""

    ABORT_RUN = "abort-run"
    ABORT_SESSION = "abort-session"
    CHANNEL_STOP = "channel-stop"
    WAIT_FOR_RECOVERY = "wait-for-recovery"
    COMPANION_RELEASE = "companion-release"
    RESET = "reset"
    RESTART = "restart"


LABELS = {
    Step.ABORT_RUN: "abort this run",
    Step.ABORT_SESSION: "abort whatever the session runs",
    Step.CHANNEL_STOP: "send /stop into the session as a message",
    Step.WAIT_FOR_RECOVERY: "wait for the gateway's own recovery",
    Step.COMPANION_RELEASE: "release exactly this lock through the companion",
    Step.RESET: "reset the session",
    Step.RESTART: "restart the whole gateway",
}

PATIENCE_SEPTEMBER_S = 75.0  # it force-releases 60 s after an abort; then the next poll
PATIENCE_APRIL_S = 20.0  # what works there works within seconds
PATIENCE_RECOVERY_S = 480.0  # 360 s, a 30 s tick, a 15 s settle, and some air
PATIENCE_COMPANION_S = 30.0  # it is done with the answer; the rest is for the next message
PATIENCE_RESTART_S = 480.0  # a leak holds up its drain by 315 s (2026.9.6); then it starts
ANSWERS_IN_S = {"sessions.reset": 25.0}  # a failing one answers after 15 s


@dataclass(frozen=True)
class Call:
    """One request of a plan. A message's idempotency key is made when it is sent."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """As a person reads it in a plan."""
        return f"{self.method} {json.dumps(self.params, ensure_ascii=True)}"


THE_RUN = "the run that holds the session"
NO_RUN = "whatever still holds the session (no run is named)"


@dataclass(frozen=True)
class Offer:
    """One step for one lock on this gateway now. ``losses`` go beyond the run itself.

    ``waiting``: what is foretold of each waiting message. ``by_name``: it is done only when it is
    named, never chosen by itself.
    """

    step: Step
    calls: tuple[Call, ...]
    patience_s: float
    losses: tuple[str, ...] = ()
    loss_count: int | None = None
    warnings: tuple[str, ...] = ()
    why_not: str | None = None
    run: str = THE_RUN
    waiting: tuple[Foretold, ...] = ()
    by_name: bool = False

    @property
    def lost_messages(self) -> tuple[str, ...]:
        """The waiting messages that it costs, one by one, or may cost."""
        lost = (Fate.CANCELLED, Fate.UNKNOWN)
        return tuple(one.text() for one in self.waiting if one.fate in lost)

    @property
    def available(self) -> bool:
        return self.why_not is None

    @property
    def label(self) -> str:
        return LABELS[self.step]

    @property
    def beyond(self) -> bool:
        """Whether it reaches beyond the one session."""
        return self.step is Step.RESTART

    @property
    def loses(self) -> tuple[str, ...]:
        """Everything it destroys, the run first."""
        run = () if self.step is Step.WAIT_FOR_RECOVERY else (self.run,)
        return run + self.losses
