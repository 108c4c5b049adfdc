"""The companion's answers, in test words."""

from typing import Any

from clawtop.picture import changes as c
from clawtop.picture import companion as k
from tests.picture.builders import KEY, Picture, at_ms, gateway


def seeing(generation: str = "september", *, stale_after_ms: int = 600_000) -> Picture:
    """A picture of a gateway that has a companion."""
    picture = Picture(generation, stale_after_ms=stale_after_ms)
    facts = gateway(generation)
    methods = facts.methods | {"clawtop.snapshot", "clawtop.release", "clawtop.dropEvent"}
    return picture.tell(c.LinkUp(gateway(generation, methods=methods), at_ms(0)))


def entry(key: str = KEY, *, began: float | None = None, **more: Any) -> k.ExactLock:
    """A registry entry of an orphan: running, no task, no run. ``began``: September only."""
    told: dict[str, Any] = {
        "session_id": f"id-of-{key}",
        "phase": "running",
        "token": f"token-{key}",
        "started_at_ms": None if began is None else at_ms(began),
        "last_activity_at_ms": None if began is None else at_ms(began),
        "waiters": 0,
        "lane_task": False,
        "lane_queued": 0,
        "embedded_run": False,
    }
    return k.ExactLock(key, **told | more)


def working(key: str = KEY, *, began: float | None = None, **more: Any) -> k.ExactLock:
    """A registry entry of a healthy run: its session lane has a task at work."""
    return entry(key, began=began, **{"lane_task": True, "embedded_run": True} | more)


def queued(key: str, *texts: str, at: float = 0, cap: int | None = None) -> k.EventsOf:
    """The lines of one queue; ``text|context`` gives a line a context key."""
    events = []
    for number, one in enumerate(texts):
        text, _, context = one.partition("|")
        token = f"{key}-{text}-{context}-{number}"
        events.append(
            k.QueuedEvent(token=token, text=text, at=at_ms(at), context_key=context or None)
        )
    return k.EventsOf(key, count=len(events) if cap is None else cap, events=events)


def lane(key: str, *, active: int = 1, waiting: int = 0) -> k.ExactLane:
    return k.ExactLane(f"session:{key}", key=key, active=active, queued=waiting, max=1)


def named(
    seq: int, kind: str, key: str, *, at: float, age: float = 120, **more: Any
) -> k.NamedRecovery:
    age_ms = round(age * 1000)
    event = f"session.recovery.{kind}"
    return k.NamedRecovery(seq=seq, at=at_ms(at), type=event, key=key, age_ms=age_ms, **more)


def told(
    *locks: k.ExactLock,
    at: float = 0,
    events: list[k.EventsOf] | None = None,
    lanes: list[k.ExactLane] | None = None,
    followups: list[k.Followups] | None = None,
    runs: list[k.RpcRun] | None = None,
    recoveries: list[k.NamedRecovery] | None = None,
    total: int | None = None,
    cannot: dict[str, str] | None = None,
    can_release: bool = True,
) -> k.CompanionRead:
    """One answer of the companion at ``at`` seconds. ``cannot``: parts it cannot read, and why."""
    queues = events or []
    answer = k.CompanionRead(
        version="1.0.0",
        instance="instance-1",
        at=at_ms(at),
        can_release=can_release,
        locks=k.Locks(supported=True, total=len(locks) if total is None else total),
        followups=k.FollowupsPart(supported=True, items=followups or []),
        system_events=k.EventsPart(
            supported=True, total=sum(one.count for one in queues), items=queues
        ),
        lanes=k.LanesPart(supported=True, items=lanes or []),
        runs=k.RunsPart(supported=True, items=runs or []),
        recoveries=k.RecoveriesPart(supported=True, items=recoveries or []),
    )
    answer.locks.items = list(locks)
    for part, why in (cannot or {}).items():
        one = getattr(answer, part)
        one.supported, one.why = False, why
    return answer
