"""The page of ``5``: lanes, and the task guard: what runs, what is stale, second copies."""

from __future__ import annotations

from rich.text import Text

from clawtop.picture.document import task_verdict
from clawtop.picture.records import Lane
from clawtop.picture.seen import seen, why_unseen
from clawtop.picture.store import Store
from clawtop.picture.tasks import Task
from clawtop.screen.page import Page
from clawtop.text import age, count, mask

MOST_TASKS = 200


def lanes_page(store: Store) -> Text:
    """Lanes and their queues, then the tasks."""
    page = Page("LANES AND TASKS")
    _lanes(page, store)
    _tasks(page, store)
    return page.text


def _lanes(page: Page, store: Store) -> None:
    page.section("LANES")
    part = store.coverage()["lanes"]
    if part.level == "none":
        page.line(f"  not visible: {part.why}")
        return
    if not store.lanes and not seen(store, "lanes"):
        page.line(f"  not known: {why_unseen(store, 'lanes')}")
        return
    page.line(f"  {'LANE':<22} {'ACTIVE':>6} {'QUEUED':>6} {'MAX':>4}  BLOCKED BY", "bold")
    for lane in sorted(store.lanes.values(), key=lambda one: (-one.queued, -one.active, one.lane)):
        page.line(_lane(lane))


def _lane(lane: Lane) -> str:
    limit = "?" if lane.max is None else str(lane.max)
    blocked = lane.blocked_by or ("draining" if lane.draining else "")
    return f"  {lane.lane:<22} {lane.active:>6} {lane.queued:>6} {limit:>4}  {blocked}"


def _tasks(page: Page, store: Store) -> None:
    tasks = store.tasks.all()
    copies = sum(1 for task in tasks if task.copy_of is not None)
    also = f", {count(copies, 'second copy', 'second copies')} (X cancels)" if copies else ""
    page.section(f"TASKS  {len(tasks)} active{also}")
    if "tasks" not in store.listed:
        page.line(f"  not visible: {_why_no_tasks(store)}")
        return
    if not tasks:
        page.line("  no task is queued or running")
        return
    page.line(f"  {'STATE':<8} {'AGE':>7}  {'RUNTIME':<9} TITLE", "bold")
    for task in tasks[:MOST_TASKS]:
        _task(page, task, store)
    if len(tasks) > MOST_TASKS:
        page.line(f"  and {len(tasks) - MOST_TASKS} more", "dim")


def _why_no_tasks(store: Store) -> str:
    if store.facts is not None and "tasks.list" not in store.facts.methods:
        return "this gateway has no tasks.list"
    return store.failed.get("tasks", "not asked yet")


def _task(page: Page, task: Task, store: Store) -> None:
    began = task.started_at_ms or task.created_at_ms
    passed = None if began is None else store.now_ms - began
    state = "queued" if task.status == "queued" else task_verdict(task, store)
    title = mask(task.title)[0] or "untitled"
    odd = task.copy_of is not None or state == "stale"
    row = f"  {state:<8} {age(passed):>7}  {task.runtime or '-':<9} {title}"
    page.line(row, "bold" if odd else "")
    if task.copy_of is not None:
        page.line(f"           a second copy of {task.copy_of}", "bold")
    where = f"  in {task.child_session_key}" if task.child_session_key else ""
    page.line(f"           {task.task_id}  for {task.session_key or 'nobody named'}{where}", "dim")
