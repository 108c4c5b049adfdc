"""The picture as text: one block a panel, readable without colour, ids never cut."""

from __future__ import annotations

from collections.abc import Iterable

from clawtop.cli.incident_text import incident_block
from clawtop.incidents.incident import Incident
from clawtop.picture.companion import companion_word
from clawtop.picture.coverage import NOT_COUNTED, is_route
from clawtop.picture.document import task_verdict
from clawtop.picture.records import Approval, Lock, Recovery, SystemEvent, Verdict
from clawtop.picture.seen import seen, why_unseen
from clawtop.picture.store import Store
from clawtop.picture.tasks import Task
from clawtop.picture.worst import lock_order
from clawtop.text import age, count, mask, plain

MORE = 6  # lines of one kind before the rest is only counted


def picture_text(store: Store, incidents: list[Incident] | None = None) -> str:
    """The whole picture, for a person who pipes it into a pager or a ticket.

    ``incidents``: worst first; None when nobody looked for any.
    """
    blocks = [
        _header(store),
        incident_block(incidents, store) if incidents is not None and store.facts else [],
        _events(store),
        _locks(store),
        _approvals(store),
        _recoveries(store),
        _others(store),
    ]
    return "\n".join("\n".join(block) + "\n" for block in blocks if block)


def _header(store: Store) -> list[str]:
    facts = store.facts
    if facts is None:
        return ["clawtop  not connected"]
    address = facts.url.split("://", 1)[-1].rstrip("/")
    name = [] if facts.name == address else [plain(facts.name)]
    words = ["clawtop", *name, address, plain(facts.version or "version unknown")]
    words.append("read-only" if facts.read_only else "can act")
    words.append("APPROVAL ROUTE" if is_route(facts) else "passive")
    words.append(companion_word(store.companion))
    if store.draining:
        words.append("DRAINING")
    if store.event_loop_degraded:
        words.append("event loop degraded")
    return ["  ".join(words)]


def _why(store: Store, part: str, title: str, has: bool) -> list[str] | None:
    """The block of a part that cannot be seen, or that nothing was told of and that is empty for
    it; None for others."""
    found = store.coverage()[part]
    if found.level == "none":
        return [f"{title}: not visible ({found.why})"]
    if has or seen(store, part):
        return None
    return [f"{title}: not known ({plain(why_unseen(store, part))})"]


def _events(store: Store) -> list[str]:
    hidden = _why(store, "system_events", "SYSTEM EVENTS", bool(store.queue.events))
    if hidden:
        return hidden
    queue = store.queue
    queues = f"in {count(len(queue.queues), 'queue')}" if queue.queues else "all sessions"
    where = queues if queue.exact else "main sessions only"
    lines = [f"SYSTEM EVENTS  {queue.total} pending, {where}"]
    for one in queue.queues:
        key = plain(one.session_key or "main session")
        if one.at_cap:
            lines.append(f"  {key}: at the cap of {one.count}, older ones may be gone")
        elif queue.exact:
            lines.append(f"  {key}: {one.count}")
        lines += [_event(event, store.now_ms) for event in queue.of(one.session_key)]
    if queue.total > len(queue.events):
        lines.append(f"  and {queue.total - len(queue.events)} more, not told one by one")
    return lines


def _event(event: SystemEvent, now_ms: int) -> str:
    seen = age(now_ms - event.seen_since_ms, at_least=event.queued_at_ms is None)
    copy = f"  copy of #{event.copy_of}" if event.copy_of is not None else ""
    word = "seen" if event.queued_at_ms is None else "queued"
    return f"  #{event.position:<3} {word} {seen}{copy}  {plain(mask(event.text)[0])}"


def _locks(store: Store) -> list[str]:
    hidden = _why(store, "locks", "LOCKS", bool(store.held.locks))
    if hidden:
        return hidden
    locks = sorted(store.held.locks.values(), key=lock_order)
    held = [lock for lock in locks if lock.verdict != Verdict.GHOST]
    title = f"LOCKS  {len(held)} held"
    unattributed = store.held.anonymous.number()
    if unattributed:
        title += f" + {unattributed} that no session can be named for"
    if not store.held.anonymous.counted:
        title += f" ({NOT_COUNTED})"
    return [title, *(line for lock in locks for line in _lock(lock, store.now_ms))]


def _lock(lock: Lock, now_ms: int) -> Iterable[str]:
    since = None if lock.since_ms is None else now_ms - lock.since_ms
    idle = None if lock.idle_since_ms is None else now_ms - lock.idle_since_ms
    least = "≥" if lock.waiting_is == "at_least" else ""
    waiting = "?" if lock.waiting is None else f"{least}{lock.waiting}"
    yield (
        f"  {lock.verdict:<17} {age(since, at_least=lock.age_is == 'at_least'):<8}"
        f" idle {age(idle, at_least=lock.idle_is == 'at_least'):<8} {lock.holder:<9}"
        f" waiting {waiting:<3} {lock.proof}  {plain(lock.session_key)}"
    )
    if lock.run_id:
        yield f"      run {plain(lock.run_id)}"
    yield f"      {plain('; '.join(lock.why))}"


def _approvals(store: Store) -> list[str]:
    hidden = _why(store, "approvals", "APPROVALS", len(store.backlog) > 0)
    if hidden:
        return hidden
    groups = sorted(store.backlog.groups(), key=lambda group: -len(group))
    repeated = sum(1 for group in groups if len(group) > 1)
    title = f"APPROVALS  {len(store.backlog)} pending"
    if repeated:
        title += f", {count(repeated, 'group')} of copies"
    return [title, *(line for group in groups for line in _group(group, store.now_ms))]


def _group(group: tuple[Approval, ...], now_ms: int) -> Iterable[str]:
    first = group[0]
    since = None if first.created_at_ms is None else now_ms - first.created_at_ms
    left = None if first.expires_at_ms is None else first.expires_at_ms - now_ms
    copies = f"×{len(group)}" if len(group) > 1 else ""
    yield (
        f"  {copies:<4} {age(since):<8} expires in {age(left):<8}"
        f" {plain(first.session_key or 'no session')}"
    )
    yield f"      {plain(mask(first.wanted)[0])}"
    for approval in group:
        yield f"      id {plain(approval.id)}"


def _recoveries(store: Store) -> list[str]:
    hidden = _why(store, "recoveries", "RECOVERY", bool(store.recoveries()))
    if hidden:
        return hidden
    attempts = store.recoveries()
    lines = [f"RECOVERY  {count(len(attempts), 'attempt')}"]
    lines += [_recovery(one, store.now_ms) for one in attempts[: MORE * 2]]
    if len(attempts) > MORE * 2:
        lines.append(f"  and {len(attempts) - MORE * 2} older")
    return lines


def _recovery(one: Recovery, now_ms: int) -> str:
    at = one.requested_at_ms or one.completed_at_ms
    since = None if at is None else now_ms - at
    released = "?" if one.released is None else str(one.released)
    return (
        f"  {one.verdict.replace('_', ' '):<10} {age(since):<8} ago  released {released}"
        f"  {plain(one.session_key or 'session not named')}  {plain(one.reason or '')}"
    ).rstrip()


def _others(store: Store) -> list[str]:
    lines = _switch(store)
    for lane in store.lanes.values():
        if lane.queued or (lane.max and lane.active >= lane.max):
            lines.append(
                f"LANE {plain(lane.lane)}: {lane.active} of {lane.max} active, {lane.queued} queued"
            )
    lines += _tasks(store)
    if store.missed_frames:
        lines.append(f"{count(store.missed_frames, 'frame')} missed: this terminal was too slow")
    return lines


def _switch(store: Store) -> list[str]:
    """The reminder of a pause; what is only not known is said by ``heartbeats status``."""
    switch = store.switch
    if switch.since_ms is None:
        return [f"HEARTBEATS: {plain(switch.why)}"] if store.heartbeats.ours.problem else []
    since = age(store.now_ms - switch.since_ms)
    return [f"{switch.word.upper()} {since}: {plain(switch.why)}"]


def _tasks(store: Store) -> Iterable[str]:
    """How many tasks run, and those that are stale or there twice."""
    tasks = store.tasks.all()
    if not tasks:
        return
    told = [(task, task_verdict(task, store)) for task in tasks]
    shown = [(task, verdict) for task, verdict in told if task.copies > 1 or verdict == "stale"]
    yield f"TASKS  {len(tasks)} active"
    for task, verdict in shown[: MORE * 2]:
        yield from _task(task, verdict, store.now_ms)
    if len(shown) > MORE * 2:
        yield f"  and {len(shown) - MORE * 2} more that are stale or there twice"


def _task(task: Task, verdict: str, now_ms: int) -> Iterable[str]:
    began = task.started_at_ms or task.created_at_ms
    since = None if began is None else now_ms - began
    copy = f"  copy of {plain(task.copy_of)}" if task.copy_of else ""
    copies = f"×{task.copies}" if task.copies > 1 else ""
    yield f"  {copies:<4} {verdict:<8} {age(since):<8} {plain(mask(task.title)[0])}"
    yield f"      id {plain(task.task_id)}{copy}  for {plain(task.session_key or 'no session')}"
