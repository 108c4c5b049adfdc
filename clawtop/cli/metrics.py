"""The figures of ``check``: what each counts, its limits, and how it stands in the first line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from clawtop.cli.metric_names import METRICS
from clawtop.errors import UsageError
from clawtop.incidents.incident import Incident, Severity
from clawtop.picture.records import Verdict
from clawtop.picture.seen import seen, told
from clawtop.picture.store import Store
from clawtop.text import duration_ms, plain

Figures = dict[str, int | None]

SECONDS = frozenset({"oldest_lock"})
FAILED = ("failed", "lost", "no_effect")
WAITS = ("parked", "queued")  # else it was cancelled, or nobody answers it any more
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?\Z")


class Limit(Struct, frozen=True):
    """A figure above ``most`` is a warning or worse. ``text`` is how it was given."""

    metric: str
    most: float
    severity: Severity


def limits_of(warning: Iterable[str], critical: Iterable[str]) -> list[Limit]:
    """``--warning`` and ``--critical``. Raises UsageError."""
    wanted = [(text, Severity.WARNING) for one in warning for text in one.split(",")]
    wanted += [(text, Severity.CRITICAL) for one in critical for text in one.split(",")]
    return [_limit(text, severity) for text, severity in wanted]


def _limit(text: str, severity: Severity) -> Limit:
    metric, equals, number = text.strip().partition("=")
    if metric not in METRICS or not equals:
        raise UsageError(
            f"{plain(text)!r} is not METRIC=N", f"The metrics are {', '.join(METRICS)}"
        )
    if _NUMBER.match(number):
        return Limit(metric, float(number), severity)
    if metric in SECONDS:
        return Limit(metric, duration_ms(number) / 1000, severity)
    raise UsageError(f"{plain(number)!r} is not a number", f"Write it like --warning {metric}=5")


def figures_of(store: Store, incidents: Iterable[Incident]) -> Figures:
    """Every figure now; None for what cannot be seen here."""
    held, backlog = store.held, store.backlog
    approvals = _seen(store, "approvals")
    waiting = sum(1 for one in held.waiting() if one.state in WAITS)
    figures: Figures = {
        "approvals": len(backlog) if approvals else None,
        "unnamed_locks": held.anonymous.number(),
        "copies": max((size for size, _ in backlog.sizes()), default=0) if approvals else None,
        "waiting": waiting if waiting or seen(store, "waiting") else None,
        "tasks": len(store.tasks.all()) if "tasks" in store.listed else None,
        "incidents": sum(1 for one in incidents if one.severity != Severity.INFO),
        **_locks(store),
        **_queues(store),
    }
    return {name: figures[name] for name in METRICS}


def _locks(store: Store) -> Figures:
    if not _seen(store, "locks"):
        return dict.fromkeys(("locks", "stale", "leaked", "oldest_lock"))
    held = store.held
    return {
        "locks": held.held_count,
        "stale": len(held.stuck),
        "leaked": held.verdicts[Verdict.LEAKED],
        # one without a name may be older
        "oldest_lock": _oldest_s(store) if held.anonymous.number() == 0 else None,
    }


def at_least(store: Store) -> dict[str, int]:
    """Figures that are surely as large, also where they cannot be told."""
    oldest = _oldest_s(store) if _seen(store, "locks") else None
    return {} if oldest is None else {"oldest_lock": oldest}


def _queues(store: Store) -> Figures:
    events = len(store.queue.events)
    failed = sum(1 for one in store.recoveries() if one.verdict in FAILED)
    queued = sum(lane.queued for lane in store.lanes.values())
    return {
        "system_events": events if _seen(store, "system_events") else None,
        "recoveries_failed": failed if _seen(store, "recoveries") else None,
        "lane_queue": queued if _seen(store, "lanes") else None,
    }


def _seen(store: Store, part: str) -> bool:
    """The part can be seen, and the gateway told it."""
    return store.coverage()[part].level != "none" and told(store, part)


def _oldest_s(store: Store) -> int | None:
    """The longest a named session is known to be held, in seconds; 0 when none is."""
    held = [lock for lock in store.held.locks.values() if lock.verdict != Verdict.GHOST]
    ages = [store.now_ms - lock.since_ms for lock in held if lock.since_ms is not None]
    if not ages:
        return None if held else 0
    return max(max(ages) // 1000, 0)


def performance(figures: Figures, limits: list[Limit]) -> str:
    """``locks=3;;;0 oldest_lock=1020s``: value, warning, critical, least."""
    return " ".join(_figure(name, value, limits) for name, value in figures.items())


def _figure(name: str, value: int | None, limits: list[Limit]) -> str:
    unit = "s" if name in SECONDS else ""
    told = "U" if value is None else f"{value}{unit}"
    warning, critical = (
        _most(limits, name, severity) for severity in (Severity.WARNING, Severity.CRITICAL)
    )
    if unit and not (warning or critical):
        return f"{name}={told}"
    return f"{name}={told};{warning};{critical};0"


def _most(limits: list[Limit], name: str, severity: Severity) -> str:
    found = [one.most for one in limits if one.metric == name and one.severity == severity]
    return f"{min(found):g}" if found else ""
