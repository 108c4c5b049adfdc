"""What a detector is given: the picture, the time, and a way to be asked again later."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from msgspec import Struct

from clawtop.incidents.incident import Incident, Severity, Way
from clawtop.picture.records import Exactness, Lock, Proof
from clawtop.picture.sessions import SessionFacts
from clawtop.picture.store import Store


class Subject(Enum):
    """What one look is about; the engine looks again when it changed."""

    SESSION = auto()  # a session key
    GROUP = auto()  # a group of equal approvals
    LANE = auto()  # a lane's name
    GATEWAY = auto()  # the gateway as a whole: one subject, named ""
    QUEUE = auto()  # the system-event queue: one subject, named ""
    HEARTBEATS = auto()  # heartbeats: one subject, named ""


class Finding(Struct):
    """What a detector found; the engine adds the id, the name and the stable key.

    ``about``: what tells it from another of its kind in the same session (a run, an exec id).
    """

    severity: Severity
    certainty: Proof
    summary: str
    evidence: list[str]
    ruled_out: list[str]
    ways: list[Way]
    session_key: str | None = None
    run_id: str | None = None
    about: str | None = None
    since_ms: int | None = None
    since_is: Exactness = "at_least"
    references: tuple[str, ...] | None = None


Look = Callable[["Scene", str], "Finding | None"]


class Kind(Struct, frozen=True):
    """One entry of the catalogue: its id, its name, what it is about, and the look for it."""

    id: str
    name: str
    subject: Subject
    look: Look
    references: tuple[str, ...] = ()


class Scene:
    """The picture as detectors read it, at ``now_ms`` (gateway time)."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._again: int | None = None

    @property
    def now_ms(self) -> int:
        return self.store.now_ms

    @property
    def heard_ms(self) -> int:
        """Until when silence means something: now, or when the link went."""
        return self.now_ms if self.store.link_up else self.store.fresh_at_ms or 0

    @property
    def stale_ms(self) -> int:
        """Every "ten minutes" of a rule: ``--stale-after``, in ms."""
        return self.store.held.stale_after_ms

    @property
    def gateway(self) -> str:
        return self.store.facts.name if self.store.facts else ""

    def lock(self, session_key: str) -> Lock | None:
        return self.store.held.locks.get(session_key)

    def facts(self, session_key: str) -> SessionFacts | None:
        return self.store.held.sessions.get(session_key)

    def age(self, since_ms: int | None) -> int:
        """How long since then, in ms; 0 for what is not known."""
        return 0 if since_ms is None else max(self.now_ms - since_ms, 0)

    def again(self, at_ms: int) -> None:
        """Ask this detector again at that time, although nothing may have changed."""
        if at_ms > self.now_ms and (self._again is None or at_ms < self._again):
            self._again = at_ms

    def take_again(self) -> int | None:
        """When the detector just asked wants to be asked again."""
        again, self._again = self._again, None
        return again

    def incident(self, kind: Kind, finding: Finding) -> Incident:
        """The finding as an incident, with its stable key."""
        about = finding.about or finding.run_id or ""
        parts = (kind.id, self.gateway, finding.session_key or "", about)
        return Incident(
            id=kind.id,
            key="|".join(part.replace("|", "/") for part in parts),
            name=kind.name,
            severity=str(finding.severity),
            certainty=str(finding.certainty),
            summary=finding.summary,
            session_key=finding.session_key,
            run_id=finding.run_id,
            since_ms=finding.since_ms,
            since_is=finding.since_is,
            evidence=tuple(finding.evidence),
            ruled_out=tuple(finding.ruled_out),
            references=finding.references if finding.references is not None else kind.references,
            ways=tuple(finding.ways),
        )
