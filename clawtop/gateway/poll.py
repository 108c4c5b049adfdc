"""What to ask, and how often: a budget, not a loop. Pure; seconds are monotonic.

Every question has a shortest interval; the slower the gateway answers, the longer the pause, so
that all our questions together take no more than a twentieth of its time each. Never two of the
same question are under way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from clawtop.picture.changes import GatewayFacts
from clawtop.picture.coverage import Wishes, grants, is_september

SHARE = 20  # a question that took 1 s is asked again after 20 s at the soonest
SLOWEST_S = 60.0
PROBE = "chat.history"


@dataclass(frozen=True)
class Question:
    """One thing to ask: the method, the shortest interval in seconds, and what it is for."""

    name: str
    method: str
    every_s: float
    part: str
    why: str


INSIDE = "clawtop.snapshot"

QUESTIONS = (
    Question("companion", INSIDE, 2, "companion", "locks, queues, recoveries from inside"),
    Question("rows", "sessions.list", 5, "locks", "session rows and their flags"),
    Question("preflight", "gateway.restart.preflight", 5, "counts", "how many locks there are"),
    Question("approvals.exec", "exec.approval.list", 3, "approvals", "pending commands"),
    Question("approvals.plugin", "plugin.approval.list", 6, "approvals", "pending plugin asks"),
    Question("approvals.agent", "openclaw.approval.list", 10, "approvals", "system agent asks"),
    Question("approvals.decided", "approval.history", 3, "decided", "asks between two looks"),
    Question("status", "status", 5, "system_events", "queued system events"),
    Question("stability", "diagnostics.stability", 5, "recoveries", "recovery attempts"),
    Question("logs", "logs.tail", 5, "logs", "names of recoveries, stalls"),
    Question("lanes", "diagnostics.lanes", 5, "lanes", "lanes and their queues"),
    Question("tasks", "tasks.list", 10, "tasks", "background tasks and their copies"),
    Question("heartbeat", "last-heartbeat", 30, "heartbeats", "when a heartbeat last ran"),
    Question("health", "health", 60, "delivery", "dead letters, ingress pressure"),
    Question("presence", "system-presence", 30, "operators", "who else is connected"),
)
PROBE_QUESTION = Question("probe", PROBE, 2, "locks", "one suspect at a time")
APPROVAL_KINDS = {
    "approvals.exec": "exec",
    "approvals.plugin": "plugin",
    "approvals.agent": "system-agent",
}


@dataclass
class Slot:
    """When a question may be asked next, and how the last answer went. Latency in seconds."""

    question: Question
    due_at: float = 0.0
    in_flight: bool = False
    asked: int = 0
    latency_s: float | None = None
    failed: str | None = None

    def interval_s(self) -> float:
        """The pause now: the shortest one, or longer for a slow gateway."""
        slow = (self.latency_s or 0.0) * SHARE
        return min(max(self.question.every_s, slow), SLOWEST_S)


@dataclass
class Budget:
    """The questions of one link."""

    slots: dict[str, Slot] = field(default_factory=dict)

    @classmethod
    def for_gateway(cls, facts: GatewayFacts, wishes: Wishes, now: float) -> Budget:
        """The questions this gateway can answer with what it granted us."""
        asked = [one for one in QUESTIONS if may_ask(one, facts, wishes)]
        if PROBE in facts.methods and grants(facts, "operator.read"):
            asked.append(PROBE_QUESTION)
        return cls({one.name: Slot(one, due_at=now) for one in asked})

    def due(self, now: float) -> list[Question]:
        """What to ask now. The probe is not among them: it wants a suspect."""
        return [
            slot.question
            for slot in self.slots.values()
            if not slot.in_flight and slot.due_at <= now and slot.question is not PROBE_QUESTION
        ]

    def probe_due(self, now: float) -> bool:
        slot = self.slots.get(PROBE_QUESTION.name)
        return slot is not None and not slot.in_flight and slot.due_at <= now

    def next_due(self) -> float | None:
        times = [slot.due_at for slot in self.slots.values() if not slot.in_flight]
        return min(times) if times else None

    def asked(self, name: str) -> None:
        slot = self.slots[name]
        slot.in_flight = True
        slot.asked += 1

    def answered(self, name: str, now: float, took_s: float, failed: str | None = None) -> None:
        """An answer came, or none will. Latency is smoothed so that one hiccup passes."""
        slot = self.slots[name]
        slot.in_flight = False
        slot.failed = failed
        known = slot.latency_s
        slot.latency_s = took_s if known is None else max(took_s * 0.5 + known * 0.5, took_s * 0.5)
        slot.due_at = now + slot.interval_s()

    def rate_per_minute(self) -> float:
        """How many questions a minute this makes now, the probe left out."""
        calm = [slot for slot in self.slots.values() if slot.question is not PROBE_QUESTION]
        return sum(60 / slot.interval_s() for slot in calm)

    def all_now(self, now: float) -> None:
        """Ask everything again as soon as it is not already under way."""
        for slot in self.slots.values():
            slot.due_at = min(slot.due_at, now)


def may_ask(question: Question, facts: GatewayFacts, wishes: Wishes) -> bool:
    """Whether this gateway has the method and we may use it."""
    if question.method not in facts.methods:
        return False
    if question.name == "health" and not is_september(facts):
        return False  # earlier gateways count no delivery queues
    if question.name.startswith("approvals."):
        return not wishes.approvals_why and (
            grants(facts, "operator.admin") or grants(facts, "operator.approvals")
        )
    return grants(facts, "operator.read")
