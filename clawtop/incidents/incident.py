"""An incident: a named failure with its evidence, what it was told apart from, and ways out."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from clawtop.picture.records import Exactness


class Severity(StrEnum):
    """How much it needs a person."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


WORST_FIRST = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Act(StrEnum):
    """What a way out starts, if clawtop can start it."""

    RELEASE = "release"
    DENY_COPIES = "deny-copies"
    CANCEL_TASK = "cancel-task"
    DROP_EVENT = "drop-event"
    ADVICE = "advice"


class Way(Struct, frozen=True, gc=False):
    """A way out as the incident names it; ``ways.remedies`` works out what it means now.

    ``target``: a session key, an approval group, a task id or the id of a queued line.
    ``text``: what advice says.
    """

    act: str
    target: str = ""
    text: str = ""


class Incident(Struct, frozen=True, gc=False):
    """One named failure. Equal content is an equal incident; times are gateway ms.

    ``key`` stays the same over polls and restarts of clawtop. ``summary`` says no ages: they are
    taken from ``since_ms`` when it is shown.
    """

    id: str
    key: str
    name: str
    severity: str
    certainty: str
    summary: str
    session_key: str | None = None
    run_id: str | None = None
    since_ms: int | None = None
    since_is: Exactness = "at_least"
    evidence: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()


class Remedy(Struct, frozen=True):
    """One way out as it can be used now. ``command`` does the same from a shell."""

    step: str
    label: str
    calls: tuple[str, ...]
    loses: tuple[str, ...]
    needs: tuple[str, ...]
    available: bool
    why_not: str | None
    command: str | None
    act: str = Act.ADVICE
    target: str = ""

    def document(self) -> dict[str, Any]:
        """The JSON object."""
        return {
            "step": self.step,
            "label": self.label,
            "calls": list(self.calls),
            "loses": list(self.loses),
            "needs": list(self.needs),
            "available": self.available,
            "why_not": self.why_not,
            "command": self.command,
        }


def document_fields(incident: Incident) -> dict[str, Any]:
    """The JSON object without its remedies."""
    return {
        "id": incident.id,
        "key": incident.key,
        "name": incident.name,
        "severity": incident.severity,
        "certainty": incident.certainty,
        "session_key": incident.session_key,
        "run_id": incident.run_id,
        "since_ms": incident.since_ms,
        "since_is": incident.since_is,
        "summary": incident.summary,
        "evidence": list(incident.evidence),
        "ruled_out": list(incident.ruled_out),
        "references": list(incident.references),
    }


def order(incident: Incident) -> tuple[int, int, int, str]:
    """Worst first, then the surer, then the older."""
    sure = ("proved", "likely", "possible")
    rank = sure.index(incident.certainty) if incident.certainty in sure else 3
    return (
        WORST_FIRST.get(Severity(incident.severity), 3),
        rank,
        incident.since_ms or 0,
        incident.key,
    )
