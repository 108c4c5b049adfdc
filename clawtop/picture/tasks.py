"""Background tasks: which run, which have gone quiet, and which are a second copy of another."""

from __future__ import annotations

from msgspec import structs

from clawtop.picture.changes import TaskRow, TasksRead
from clawtop.picture.records import Record, Verdict
from clawtop.picture.sessions import whole

ACTIVE = frozenset({"queued", "running"})
KEEP = 1_000
GENERIC = frozenset({"", "task", "subagent", "untitled"})  # titles that name nothing
_BAD = (Verdict.STALE, Verdict.LEAKED)


class Task(Record, frozen=True, gc=False):
    """One task that is queued or running. ``copy_of``: the oldest of equal title and owner."""

    task_id: str
    title: str
    runtime: str | None
    status: str
    agent_id: str | None
    session_key: str | None
    child_session_key: str | None
    run_id: str | None
    created_at_ms: int | None
    started_at_ms: int | None
    updated_at_ms: int | None
    copies: int = 1
    copy_of: str | None = None

    @property
    def lane(self) -> str:
        """The lane its runtime's work runs in."""
        return "cron" if self.runtime == "cron" else "subagent"


class TaskBoard:
    """Tasks by id; only what is queued or running is kept."""

    def __init__(self, stale_after_ms: int) -> None:
        self.stale_after_ms = stale_after_ms
        self._by_id: dict[str, Task] = {}
        self._marked: list[Task] | None = []

    def read(self, change: TasksRead) -> bool:
        """A fresh listing; True when anything shown changes."""
        fresh = {}
        for row in change.tasks[:KEEP]:
            task = _task_of(row)
            if task is not None and task.status in ACTIVE:
                fresh[task.task_id] = task
        changed = fresh != self._by_id
        if changed:
            self._by_id, self._marked = fresh, None
        return changed

    def put(self, row: TaskRow) -> bool:
        """One task was made or changed."""
        task = _task_of(row)
        if task is None or self._by_id.get(task.task_id) == task:
            return False
        if task.status in ACTIVE and len(self._by_id) < KEEP:
            self._by_id[task.task_id] = task
        elif self._by_id.pop(task.task_id, None) is None:
            return False
        self._marked = None
        return True

    def clear(self) -> None:
        self._by_id, self._marked = {}, []

    def get(self, task_id: str) -> Task | None:
        return next((task for task in self.all() if task.task_id == task_id), None)

    def all(self) -> list[Task]:
        """Active tasks, oldest first, copies marked."""
        if self._marked is None:
            self._marked = _with_copies(sorted(self._by_id.values(), key=_age_order))
        return self._marked

    def groups(self) -> list[list[Task]]:
        """Tasks of equal title, owner and runtime, where there is more than one."""
        found: dict[tuple[str | None, ...], list[Task]] = {}
        for task in self.all():
            if task.copies > 1:
                found.setdefault(_same(task), []).append(task)
        return list(found.values())

    def verdict(self, task: Task, child_verdict: str | None, now_ms: int) -> str:
        """working, quiet, stale or unknown; a held child session knows best."""
        if child_verdict in _BAD:
            return "stale"
        if child_verdict == Verdict.QUIET:
            return "quiet"
        if child_verdict == Verdict.WORKING:
            return "working"
        newest = task.updated_at_ms or task.started_at_ms
        if newest is None:
            return "unknown"
        return "working" if now_ms - newest < self.stale_after_ms else "quiet"


def _task_of(row: TaskRow) -> Task | None:
    task_id = row.task_id or row.id
    if not task_id:
        return None
    return Task(
        task_id=task_id,
        title=row.title or "",
        runtime=row.runtime,
        status=row.status or "",
        agent_id=row.agent_id,
        session_key=row.owner_key or row.session_key,
        child_session_key=row.child_session_key,
        run_id=row.run_id,
        created_at_ms=whole(row.created_at),
        started_at_ms=whole(row.started_at),
        updated_at_ms=whole(row.updated_at),
    )


def _age_order(task: Task) -> tuple[int, str]:
    return task.created_at_ms or task.started_at_ms or 0, task.task_id


def _same(task: Task) -> tuple[str | None, ...]:
    return task.title, task.session_key, task.runtime, task.agent_id


def _with_copies(tasks: list[Task]) -> list[Task]:
    """Mark second copies; a title that names nothing makes no copies."""
    groups: dict[tuple[str | None, ...], list[Task]] = {}
    for task in tasks:
        if task.title.strip().lower() not in GENERIC and task.session_key:
            groups.setdefault(_same(task), []).append(task)
    marked = {}
    for group in groups.values():
        for task in group if len(group) > 1 else ():
            first = group[0].task_id
            marked[task.task_id] = structs.replace(
                task, copies=len(group), copy_of=None if task.task_id == first else first
            )
    return [marked.get(task.task_id, task) for task in tasks]
