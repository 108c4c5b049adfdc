"""The steps, as data: what each sends, how long to be patient, what it needs.

Measured on 2026.5.28 and 2026.9.6 (and on versions between): later gateways release an aborted
run within 60 s, earlier ones at once or never.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Step(StrEnum):
    """The rungs of the ladder. The last three are not built yet."""

    ABORT_RUN = "abort-run"
    ABORT_SESSION = "abort-session"
    CHANNEL_STOP = "channel-stop"
    WAIT_FOR_RECOVERY = "wait-for-recovery"
    COMPANION_RELEASE = "companion-release"
    RESET = "reset"
    RESTART = "restart"


BUILT = (Step.ABORT_RUN, Step.ABORT_SESSION, Step.CHANNEL_STOP, Step.WAIT_FOR_RECOVERY)

LABELS = {
    Step.ABORT_RUN: "abort this run",
    Step.ABORT_SESSION: "abort whatever the session runs",
    Step.CHANNEL_STOP: "send /stop into the session as a message",
    Step.WAIT_FOR_RECOVERY: "wait for the gateway's own recovery",
    Step.COMPANION_RELEASE: "release exactly this lock through the companion",
    Step.RESET: "reset the session",
    Step.RESTART: "restart the gateway",
}

PATIENCE_SEPTEMBER_S = 75.0  # it force-releases 60 s after an abort; then the next poll
PATIENCE_APRIL_S = 20.0  # what works there works within seconds
PATIENCE_RECOVERY_S = 480.0  # 360 s, a 30 s tick, a 15 s settle, and some air


@dataclass(frozen=True)
class Call:
    """One request of a plan. A channel stop's idempotency key is made when it is sent."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """As a person reads it in a plan."""
        return f"{self.method} {json.dumps(self.params, ensure_ascii=True)}"


THE_RUN = "the run that holds the session"
NO_RUN = "whatever still holds the session (no run is named)"


@dataclass(frozen=True)
class Offer:
    """One step for one lock on this gateway now. ``losses`` go beyond the run itself."""

    step: Step
    calls: tuple[Call, ...]
    patience_s: float
    losses: tuple[str, ...] = ()
    loss_count: int | None = None
    warnings: tuple[str, ...] = ()
    why_not: str | None = None
    run: str = THE_RUN

    @property
    def available(self) -> bool:
        return self.why_not is None

    @property
    def label(self) -> str:
        return LABELS[self.step]

    @property
    def loses(self) -> tuple[str, ...]:
        """Everything it destroys, the run first."""
        run = () if self.step is Step.WAIT_FOR_RECOVERY else (self.run,)
        return run + self.losses
