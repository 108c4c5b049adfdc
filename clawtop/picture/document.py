"""The picture as plain data for machines: ``clawtop.picture/1``.

Times stay the gateway's; ages are taken at ``taken_at_ms``. Unknown is None, a part we may not
see is None and never an empty list. Secrets in commands and texts are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import structs

from clawtop.picture.coverage import grants, is_route
from clawtop.picture.records import (
    Approval,
    Lane,
    Lock,
    Operator,
    Part,
    Recovery,
    SystemEvent,
    Waiting,
)
from clawtop.picture.seen import NOT_TOLD, seen
from clawtop.picture.store import Store
from clawtop.picture.tasks import Task
from clawtop.text import iso, mask

SCHEMA = "clawtop.picture/1"

Document = dict[str, Any]


def document(store: Store, incidents: Sequence[Document] | None = None) -> Document:
    """The whole picture at ``store.now_ms``.

    ``incidents``: their documents, worst first; None when nobody looked for any.
    """
    coverage = store.coverage()
    return {
        "schema": SCHEMA,
        "taken_at_ms": store.now_ms,
        "taken_at": iso(store.now_ms),
        "gateway": gateway_document(store),
        "coverage": {name: _coverage(store, name, part) for name, part in coverage.items()},
        "system_events": _system_events(store, coverage),
        "system_event_queues": _queues(store, coverage),
        "locks": _locks(store, coverage),
        "unattributed_locks": store.held.anonymous.number(),
        "waiting": _waiting(store, coverage),
        "approvals": _approvals(store),
        "recoveries": _recoveries(store, coverage),
        "lanes": _lanes(store, coverage),
        "tasks": _tasks(store),
        "operators": _operators(store),
        "heartbeats": heartbeats_document(store),
        "incidents": None if incidents is None else list(incidents),
    }


def gateway_document(store: Store) -> Document | None:
    """What is known of the gateway itself; None before the first handshake."""
    facts = store.facts
    if facts is None:
        return None
    return {
        "name": facts.name,
        "url": facts.url,
        "version": facts.version,
        "boot_id": facts.boot_id,
        "uptime_ms": facts.uptime_ms,
        "latency_ms": store.latency_ms,
        "clock_offset_ms": store.clock_offset_ms,
        "scopes": list(facts.scopes),
        "read_only": facts.read_only,
        "approval_route": is_route(facts),
        "draining": store.draining,
        "event_loop_degraded": store.event_loop_degraded,
        "companion": _companion(store),
        "sessions_total": store.rows_total,
        "sees_approvals": grants(facts, "operator.admin"),
    }


def _companion(store: Store) -> Document | None:
    """The plugin inside the gateway, as its last answer told; None without one."""
    known = store.companion
    if known is None:
        return None
    return {
        "version": known.version,
        "can_release": known.can_release,
        "instance": known.instance,
        "read_at_ms": known.at_ms,
        "cannot_read": dict(known.why),
    }


def _coverage(store: Store, name: str, part: Part) -> Document:
    """The level of a part; one that could be seen and was not says so."""
    missing = name != "heartbeats" and part.level != "none" and not seen(store, name)
    why = "; ".join(told for told in (part.why, NOT_TOLD) if told) if missing else part.why
    return {"level": part.level, "why": why}


def _known(store: Store, name: str, rows: list[Document]) -> list[Document] | None:
    """The rows of a part that may be seen; no row is none only where an answer said so."""
    return rows if rows or seen(store, name) else None


def _seen(coverage: dict[str, Part], name: str) -> bool:
    return coverage[name].level != "none"


def _system_events(store: Store, coverage: dict[str, Part]) -> list[Document] | None:
    if not _seen(coverage, "system_events"):
        return None
    return _known(store, "system_events", [event_document(one) for one in store.queue.events])


def event_document(event: SystemEvent) -> Document:
    text, masked = mask(event.text)
    row = structs.asdict(event)
    row["text"] = text
    return _marked(row, masked)


def _marked(row: Document, masked: bool) -> Document:
    if masked:
        row["masked"] = True
    return row


def _queues(store: Store, coverage: dict[str, Part]) -> list[Document] | None:
    if not _seen(coverage, "system_events"):
        return None
    queues = [structs.asdict(queue) for queue in store.queue.queues if queue.count]
    return _known(store, "system_events", queues)


def _locks(store: Store, coverage: dict[str, Part]) -> list[Document] | None:
    if not _seen(coverage, "locks"):
        return None
    locks = sorted(store.held.locks.values(), key=lambda one: (one.since_ms or 0, one.session_key))
    return _known(store, "locks", [lock_document(lock, store.now_ms) for lock in locks])


def lock_document(lock: Lock, now_ms: int) -> Document:
    """One lock, with its ages at ``now_ms``."""
    since, idle = lock.since_ms, lock.idle_since_ms
    return {
        "session_key": lock.session_key,
        "session_id": lock.session_id,
        "run_id": lock.run_id,
        "agent_id": lock.agent_id,
        "holder": str(lock.holder),
        "phase": lock.phase,
        "layer": lock.layer,
        "since_ms": since,
        "age_ms": None if since is None else max(now_ms - since, 0),
        "age_is": lock.age_is,
        "idle_ms": None if idle is None else max(now_ms - idle, 0),
        "idle_is": lock.idle_is,
        "waiting": lock.waiting,
        "waiting_is": lock.waiting_is,
        "children": None if lock.children is None else list(lock.children),
        "verdict": str(lock.verdict),
        "proof": str(lock.proof),
        "why": list(lock.why),
    }


def _waiting(store: Store, coverage: dict[str, Part]) -> list[Document] | None:
    if not _seen(coverage, "waiting"):
        return None
    return _known(store, "waiting", [waiting_document(one) for one in store.held.waiting()])


def waiting_document(one: Waiting) -> Document:
    preview, masked = mask(one.preview)
    row = {
        "session_key": one.session_key,
        "run_id": one.run_id,
        "from": one.sender,
        "channel": one.channel,
        "received_at_ms": one.received_at_ms,
        "state": one.state,
        "preview": preview,
    }
    return _marked(row, masked)


def _approvals(store: Store) -> list[Document] | None:
    if not seen(store, "approvals"):
        return None
    return [approval_document(one) for one in store.backlog.all()]


def approval_document(one: Approval) -> Document:
    """One approval; its command and its description masked."""
    row = structs.asdict(one)
    command, masked = mask(one.command)
    description, told_masked = mask(one.description or "")
    row["command"], row["description"] = command or None, description or None
    return _marked(row, masked or told_masked)


def _recoveries(store: Store, coverage: dict[str, Part]) -> list[Document] | None:
    if not _seen(coverage, "recoveries"):
        return None
    return _known(store, "recoveries", [recovery_document(one) for one in store.recoveries()])


def recovery_document(one: Recovery) -> Document:
    row = structs.asdict(one)
    row.pop("id")
    return row


def _lanes(store: Store, coverage: dict[str, Part]) -> list[Document] | None:
    if not _seen(coverage, "lanes"):
        return None
    return _known(store, "lanes", [lane_document(lane) for lane in store.lanes.values()])


def lane_document(lane: Lane) -> Document:
    return structs.asdict(lane)


def _tasks(store: Store) -> list[Document] | None:
    if not seen(store, "tasks"):
        return None
    return [task_document(task, store) for task in store.tasks.all()]


def task_document(task: Task, store: Store) -> Document:
    """One active task; how it does is told by the session it runs in, where that is held."""
    title, masked = mask(task.title)
    began = task.started_at_ms or task.created_at_ms
    row = {
        "task_id": task.task_id,
        "title": title,
        "runtime": task.runtime,
        "status": task.status,
        "agent_id": task.agent_id,
        "session_key": task.session_key,
        "child_session_key": task.child_session_key,
        "run_id": task.run_id,
        "created_at_ms": task.created_at_ms,
        "started_at_ms": task.started_at_ms,
        "age_ms": None if began is None else max(store.now_ms - began, 0),
        "copies": task.copies,
        "copy_of": task.copy_of,
        "verdict": task_verdict(task, store),
    }
    return _marked(row, masked)


def task_verdict(task: Task, store: Store) -> str:
    """working, quiet, stale or unknown."""
    child = store.held.locks.get(task.child_session_key or "")
    return store.tasks.verdict(task, str(child.verdict) if child else None, store.now_ms)


def _operators(store: Store) -> list[Document] | None:
    return _known(store, "operators", [operator_document(one) for one in store.operators])


def operator_document(one: Operator) -> Document:
    return structs.asdict(one)


def heartbeats_document(store: Store) -> Document:
    """No gateway tells whether they are paused: what clawtop did, and when one was last due."""
    last = store.heartbeats.last
    switch = store.switch
    return {
        "state": switch.state,
        "paused_at_ms": None if switch.possible else switch.since_ms,
        "perhaps_since_ms": switch.since_ms if switch.possible else None,
        "paused_by": switch.operator,
        "why": switch.why,
        "last_at_ms": last.at_ms if last else None,
        "last_status": last.status if last else None,
        "last_reason": mask(last.reason)[0] if last and last.reason else None,
    }
