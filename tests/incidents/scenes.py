"""A picture with an engine on it, told things at given seconds, in the words of a test."""

from collections.abc import Sequence
from typing import Any

from clawtop.incidents.engine import Change, Engine
from clawtop.incidents.incident import Incident, Remedy
from clawtop.incidents.registry import ALL
from clawtop.incidents.scene import Kind
from clawtop.incidents.ways import remedies
from clawtop.picture import changes as c
from tests.picture.builders import Picture, at_ms


class Watch(Picture):
    """A store and its incidents; every ``tell`` and ``wait_until`` looks again."""

    def __init__(
        self,
        generation: str = "september",
        *,
        stale_after_ms: int = 600_000,
        kinds: Sequence[Kind] = ALL,
    ) -> None:
        self.changes: list[Change] = []
        self.engine: Engine | None = None
        super().__init__(generation, stale_after_ms=stale_after_ms)
        self.engine = Engine(self.store, kinds)

    def tell(self, *changes: c.Change, at: float = 0) -> "Watch":
        super().tell(*changes, at=at)
        return self.look()

    def wait_until(self, at: float) -> "Watch":
        super().wait_until(at)
        return self.look()

    def look(self) -> "Watch":
        if self.engine is not None:
            self.changes += self.engine.refresh()
        return self

    def found(self, incident_id: str) -> list[Incident]:
        assert self.engine is not None
        return [one for one in self.engine.incidents() if one.id == incident_id]

    def one(self, incident_id: str) -> Incident:
        """The only incident of that id."""
        found = self.found(incident_id)
        assert len(found) == 1, [one.summary for one in self.all()]
        return found[0]

    def all(self) -> list[Incident]:
        assert self.engine is not None
        return self.engine.incidents()

    def ids(self) -> set[str]:
        return {one.id for one in self.all()}

    def remedies(self, incident: Incident) -> list[Remedy]:
        return remedies(incident, self.store)


def logged(message: str, *, at: float, level: str = "WARN") -> c.LogRead:
    """One log line."""
    return c.LogRead([c.LogLine(at_ms(at), level, message)])


def stuck_line(key: str, *, age_s: int, head: str = "stuck session", **pairs: Any) -> str:
    """What the gateway logs about a session that makes no progress."""
    told = {"state": "processing", "age": f"{age_s}s", "queueDepth": 1} | pairs
    words = " ".join(f"{name}={value}" for name, value in told.items())
    return f"{head}: sessionId=s-1 sessionKey={key} {words} recovery=checking"


def event_texts(*texts: str) -> c.StatusRead:
    return c.StatusRead(events=list(texts), agent_ids=["main"])


def lane(name: str = "main", *, active: int, queued: int, limit: int = 8, **more: Any) -> c.LaneRow:
    return c.LaneRow(name, active, queued, limit, **{"draining": False, "blocked_by": None} | more)


def task(
    task_id: str, title: str = "write the report", *, made: float = 0, **more: Any
) -> c.TaskRow:
    told: dict[str, Any] = {
        "task_id": task_id,
        "title": title,
        "runtime": "subagent",
        "status": "running",
        "owner_key": "agent:main:main",
        "created_at": at_ms(made),
        "updated_at": at_ms(made),
        "started_at": at_ms(made),
    }
    return c.TaskRow(**told | more)


def ring(*events: c.StabilityEvent) -> c.StabilityRead:
    return c.StabilityRead(list(events), 1, max(event.seq for event in events))


def requested(seq: int, *, at: float, age_s: int = 360, depth: int = 1) -> c.StabilityEvent:
    kind = "session.recovery.requested"
    return c.StabilityEvent(seq, at_ms(at), kind, age_ms=age_s * 1000, queue_depth=depth)


def completed(
    seq: int, *, at: float, outcome: str = "aborted", age_s: int = 360, reason: str | None = None
) -> c.StabilityEvent:
    kind = "session.recovery.completed"
    told = {"outcome": outcome, "age_ms": age_s * 1000, "reason": reason}
    return c.StabilityEvent(seq, at_ms(at), kind, action="abort_embedded_run", **told)
