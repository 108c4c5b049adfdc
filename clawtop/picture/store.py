"""The one store: typed changes in, records out. Cost follows what changed, not how much there is.

``apply`` writes facts and marks what they touch, ``refresh`` brings the records up to date,
``take_touched`` says which ids changed in which panel. No clock (``now_ms`` is handed in,
gateway time), no I/O.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from clawtop.picture import changes as c
from clawtop.picture import sight
from clawtop.picture.approvals import Backlog, approval_of
from clawtop.picture.companion import Companion, CompanionRead
from clawtop.picture.completions import Completions
from clawtop.picture.coverage import Wishes, coverage_of, is_september
from clawtop.picture.delivery import DeliveryBook
from clawtop.picture.events import EventQueue
from clawtop.picture.failures import Failures
from clawtop.picture.follow import Follower
from clawtop.picture.heartbeats import Heartbeats
from clawtop.picture.held import HeldSessions
from clawtop.picture.lanes import LaneBook, lanes_of
from clawtop.picture.logbook import LogBook
from clawtop.picture.logs import GATEWAY_HEADS, LANE_HEADS, STALL_HEADS, Note, note_of
from clawtop.picture.operators import operators_of
from clawtop.picture.pace import Pace
from clawtop.picture.pause import Switch
from clawtop.picture.records import Lane, Operator, Part, Recovery, Verdict
from clawtop.picture.recoveries import Ledger
from clawtop.picture.tasks import TaskBoard

LOG_LINES = 5_000
MOST_APPROVALS = 10_000  # pending at once; what comes beyond is counted and left out
NOT_YET = "not connected yet"
NO_EVENTS = "this gateway tells of no queue of system events in its status"


class Store:
    """Everything known, by id."""

    def __init__(self, *, stale_after_ms: int = 600_000, wishes: Wishes | None = None) -> None:
        self.wishes = wishes or Wishes()
        self.version = 0
        self.now_ms = 0
        self.facts: c.GatewayFacts | None = None
        self.started_ms: int | None = None  # of the gateway's process, where it tells its uptime
        self.link_up = False
        self.link_why = NOT_YET
        self.fresh_at_ms: int | None = None
        self.missed_frames = 0
        self.left_out = 0  # approvals beyond the most that are kept
        self.latency_ms: int | None = None
        self.clock_offset_ms: int | None = None
        self.draining = False
        self._shut_down = False
        self.event_loop_degraded: bool | None = None
        self.pending_replies: int | None = None
        self.preflight: c.PreflightRead | None = None  # the last count of what is in flight
        self.boots = 0  # restarts of the gateway that were seen
        self.companion: Companion | None = None
        self.rows_total: int | None = None
        self._failures = Failures()
        self.listed: set[str] = set()
        self.backlog = Backlog()
        self.held = HeldSessions(stale_after_ms, self.backlog)
        self.queue = EventQueue()
        self.ledger = Ledger()
        self.lanes: dict[str, Lane] = {}
        self.operators: tuple[Operator, ...] = ()
        self.our_instance: str | None = None  # what clawtop signs in with: it is no other operator
        self.log: deque[c.LogLine] = deque(maxlen=LOG_LINES)
        self._recoveries: list[Recovery] | None = None
        self.lane_book = LaneBook()
        self.logbook = LogBook()
        self.tasks = TaskBoard(stale_after_ms)
        self.completions = Completions()
        self.heartbeats = Heartbeats()
        self.delivery = DeliveryBook()
        self.pace = Pace()
        self._screen = Follower()
        self._followers = [self._screen]
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            c.RowsListed: self._rows_listed,
            c.SessionChanged: self.held.changed,
            c.RunActivity: self.held.activity,
            c.ChatActivity: self.held.chat,
            c.SessionMessage: self._message,
            c.HistoryRead: self._history_read,
            c.ProbeFailed: self.held.probe_failed,
            c.AbortAsked: self.held.abort_asked,
            c.PreflightRead: self._preflight_read,
            c.ApprovalsListed: self._approvals_listed,
            c.ApprovalRequested: self._approval_requested,
            c.ApprovalResolved: self._approval_resolved,
            c.ApprovalHistory: self._approval_history,
            c.StatusRead: self._status_read,
            c.LanesRead: self._lanes_read,
            c.TasksRead: self._tasks_read,
            c.TaskChanged: self._task_changed,
            c.HeartbeatSeen: self._heartbeat_seen,
            c.StabilityRead: self._stability_read,
            c.LogRead: self._log_read,
            c.PresenceRead: self._presence_read,
            c.Health: self._health,
            c.Suspension: self._suspension,
            c.Shutdown: self._shutdown,
            c.LinkUp: self._up,
            c.LinkDown: self._down,
            c.Missed: self._missed,
            c.Latency: self._latency,
            c.Answered: self._answered,
            c.Tick: self._tick,
            c.PartFailed: self._part_failed,
            CompanionRead: self._companion_read,
            c.PauseKnown: self._pause_known,
        }

    # -- in

    def apply(self, change: c.Change, now_ms: int) -> None:
        """Take one change at gateway time ``now_ms``. Never raises for odd content."""
        if now_ms != self.now_ms:
            self.now_ms = self.held.keep_time(now_ms, anew=type(change) is c.LinkUp)
        if self.link_up and type(change) not in c.OURS:
            self.fresh_at_ms = self.now_ms
        handler = self._handlers.get(type(change))
        if handler is not None:
            handler(change)

    def follow(self) -> Follower:
        """A follower of its own, to whom everything is new."""
        follower = Follower()
        follower.touch_all()
        self._followers.append(follower)
        return follower

    def unfollow(self) -> None:
        """Only the screen follows from here on, and everything is new to it."""
        self._followers = [self._screen]
        self._screen.touch_all()

    def _touch(self, panel: str, *ids: str) -> None:
        for follower in self._followers:
            follower.touch(panel, ids)

    def _rows_listed(self, change: c.RowsListed) -> None:
        self.held.rows_listed(change)
        self.rows_total = change.total
        self.listed.add("rows")
        self._touch("gateway")

    def _history_read(self, change: c.HistoryRead) -> None:
        self.held.history(change)
        self._touch("waiting", change.session_key)
        self._completed(change.session_key, change.completions)

    def _message(self, change: c.SessionMessage) -> None:
        self.held.message(change)
        self._completed(change.session_key, change.completions)

    def _completed(self, key: str, completions: tuple[c.Completion, ...]) -> None:
        if completions and self.completions.turns(key, completions):
            self._touch("system_events", "*")

    def _preflight_read(self, change: c.PreflightRead) -> None:
        self.pending_replies, self.preflight = change.pending_replies, change
        counts_twice = self.facts is None or not is_september(self.facts)
        self._touch("locks", *self.held.counted(change, counts_twice=counts_twice))
        self._derive_main_lane()
        self.listed.add("preflight")
        self._touch("gateway")

    def _derive_main_lane(self) -> None:
        """Earlier gateways list no lanes: what runs and what waits for a slot tells as much."""
        exact = self.companion is not None and self.companion.reads("lanes")
        if self.facts is None or exact or "diagnostics.lanes" in self.facts.methods:
            return
        running = waiting = 0
        for lock in self.held.locks.values():
            running += lock.row_running and lock.verdict != Verdict.GHOST
            waits = bool(lock.row_active) and not lock.row_running and lock.run_id is None
            waiting += waits and not self.held.waits_for_owner(lock)
        if self.lane_book.derived(self.now_ms, running, waiting):
            self._touch("lanes", "*")

    def _approvals_listed(self, change: c.ApprovalsListed) -> None:
        listed = {row.id for row in change.rows}
        for one in self.backlog.ids(change.kind):
            if one not in listed:
                self._drop_approval(one)
        for row in change.rows:
            self._put_approval(row, change.kind)
        self.listed.add(f"approvals.{change.kind}")
        self._touch("gateway")

    def _put_approval(self, row: c.ApprovalRow, kind: str) -> None:
        approval = approval_of(row, kind)
        if approval.expires_at_ms is not None and approval.expires_at_ms <= self.now_ms:
            return
        if len(self.backlog) >= MOST_APPROVALS and approval.id not in self.backlog:
            self.left_out += 1
            return
        if self.backlog.put(approval):
            self._touch("approvals", approval.id, approval.group)
            self.held.mark(approval.session_key)

    def _drop_approval(self, approval_id: str, decision: str | None = None) -> None:
        gone = self.backlog.drop(approval_id, decision)
        if gone is not None:
            self._touch("approvals", gone.id, gone.group)
            self.held.waited(gone.session_key)

    def _approval_requested(self, change: c.ApprovalRequested) -> None:
        self._put_approval(change.row, change.kind)

    def _approval_resolved(self, change: c.ApprovalResolved) -> None:
        self._drop_approval(change.id, change.decision)

    def _approval_history(self, change: c.ApprovalHistory) -> None:
        """Requests that came and went between two looks."""
        groups = {group for one in change.items if (group := self.backlog.decided(one))}
        if groups:
            self._touch("approvals", *groups)

    def _status_read(self, change: c.StatusRead) -> None:
        main = self.facts.main_session_key if self.facts else None
        if change.events is None:
            self._part_failed(c.PartFailed("system_events", NO_EVENTS, "status.events"))
        else:
            self._failures.answered("status.events")
            self.listed.add("system_events")
        if not self.queue.exact and self.queue.read(change, main, self.now_ms):
            self._touch("system_events", "*")
        self._loop(change.degraded)
        if self.heartbeats.configured(change.heartbeats):
            self._touch("heartbeats", "*")
        self._touch("gateway")

    def _lanes_read(self, change: c.LanesRead) -> None:
        lanes = lanes_of(change)
        moved = self.lane_book.read(self.now_ms, lanes.values())
        if lanes != self.lanes or moved:
            self.lanes = lanes
            self._touch("lanes", "*")
        self.listed.add("lanes")

    def _tasks_read(self, change: c.TasksRead) -> None:
        if self.tasks.read(change):
            self._touch("tasks", "*")
        self.listed.add("tasks")

    def _task_changed(self, change: c.TaskChanged) -> None:
        if change.task is not None and self.tasks.put(change.task):
            self._touch("tasks", "*")

    def _heartbeat_seen(self, change: c.HeartbeatSeen) -> None:
        if self.heartbeats.seen(change, self.now_ms):
            self._touch("heartbeats", "*")

    def _pause_known(self, change: c.PauseKnown) -> None:
        if self.heartbeats.know(change):
            self._touch("heartbeats", "*")
            self._touch("gateway")

    def _stability_read(self, change: c.StabilityRead) -> None:
        self.ledger.read_ms = self.now_ms
        if self.ledger.read(change):
            self._recoveries_moved()
        self.listed.add("recoveries")

    def _companion_read(self, change: CompanionRead) -> None:
        if sight.take(self, change, self._touch):
            self._recoveries_moved()
        self.listed.add("companion")

    def _recoveries_moved(self) -> None:
        self._recoveries = None
        self._touch("recoveries", "*")

    def _log_read(self, change: c.LogRead) -> None:
        self.log.extend(change.lines)
        for line in change.lines:
            note = note_of(line)
            if note is None:
                continue
            if self.ledger.note(note):
                self._recoveries_moved()
            if note.head in STALL_HEADS:
                self.held.stalled(note)
            self._touch("logs", self._file(note))
        self.listed.add("logs")

    def _file(self, note: Note) -> str:
        """Keep the note where it belongs; the session it is about, or nothing."""
        key = note.session_key or self.held.key_of_run(note.run_id)
        self.logbook.add(note, key)
        if note.head in LANE_HEADS:
            self._touch("lanes", "*")
        if note.head in GATEWAY_HEADS:
            self._touch("gateway")
        return key or ""

    def _presence_read(self, change: c.PresenceRead) -> None:
        operators = operators_of(change, self.our_instance)
        if operators != self.operators:
            self.operators = operators
            self._touch("gateway")
        self.listed.add("operators")

    def _health(self, change: c.Health) -> None:
        if change.event_loop is not None:
            self._loop(change.event_loop.degraded)
        self.delivery.read(change.delivery_queues, self.now_ms)
        self._touch("gateway")

    def _loop(self, degraded: bool | None) -> None:
        self.event_loop_degraded = degraded
        self.pace.loop(degraded, self.now_ms)

    def _suspension(self, change: c.Suspension) -> None:
        self.draining = change.phase in ("preparing", "draining", "prepared")
        self._touch("gateway")

    def _shutdown(self, change: c.Shutdown) -> None:
        self.draining = self._shut_down = True
        self._touch("gateway")

    # -- the link

    def _up(self, change: c.LinkUp) -> None:
        if self.facts is not None and self._restarted(self.facts, change.facts):
            self._forget_gateway()
        self._shut_down = False
        self.pace.clear()
        self.facts = change.facts
        uptime_ms = change.facts.uptime_ms
        self.started_ms = None if uptime_ms is None else change.at_ms - uptime_ms
        self.link_up, self.link_why = True, ""
        self.draining = change.facts.draining
        self.fresh_at_ms = change.at_ms
        self.listed.clear()
        self._failures.clear()
        self.held.watch_again(change.at_ms)
        if "clawtop.snapshot" not in change.facts.methods:
            sight.lose(self, self._touch)
        self._touch("gateway")

    def _restarted(self, old: c.GatewayFacts, new: c.GatewayFacts) -> bool:
        """A new boot: by its id, else by an announced shutdown or an uptime that went back.

        2026.5.28 restarts inside its process, so the uptime may go on (measured).
        """
        if old.boot_id or new.boot_id:
            return old.boot_id != new.boot_id
        return self._shut_down or (new.uptime_ms or 0) < (old.uptime_ms or 0)

    def _forget_gateway(self) -> None:
        """Runs, locks, queues and approvals lived in the gateway's memory; the ring too."""
        self.boots += 1
        sight.lose(self, self._touch)
        self.held.clear()
        for one in self.backlog.ids():
            self._drop_approval(one)
        self.queue.clear()
        self.ledger.restarted()
        self.lanes.clear()
        self.lane_book.clear()
        self.tasks.clear()
        self.completions.clear()
        self.heartbeats.clear()
        self.delivery.clear()
        self._recoveries = None
        for follower in self._followers:
            follower.touch_all()

    def _down(self, change: c.LinkDown) -> None:
        self.link_up, self.link_why = False, change.why
        self.pace.down(change.why, self.now_ms)
        self._touch("gateway")

    def _missed(self, change: c.Missed) -> None:
        self.missed_frames += change.count
        self.listed.discard("rows")  # list all of them again, not just the newest page
        self.held.watch_again(self.now_ms)
        self._touch("gateway")

    def _latency(self, change: c.Latency) -> None:
        self.latency_ms = change.latency_ms
        self.clock_offset_ms = change.clock_offset_ms

    def _answered(self, change: c.Answered) -> None:
        slower = self.pace.answered(change.method, change.took_ms, self.now_ms)
        back = change.took_ms is not None and self._failures.answered(change.method)
        if slower or back:
            self._touch("gateway")

    def _tick(self, change: c.Tick) -> None:
        self.pace.heard_ms = self.now_ms

    def _part_failed(self, change: c.PartFailed) -> None:
        if self._failures.failed(change.part, change.method or change.part, change.why):
            self._touch("gateway")

    # -- out

    def refresh(self, now_ms: int, limit: int | None = None) -> None:
        """Bring the records up to ``now_ms``. Anybody may call it, as often as they like.

        ``limit``: judge at most so many sessions now; ``held.backlog_of_work`` tells the rest.
        """
        if now_ms != self.now_ms:
            self.now_ms = self.held.keep_time(now_ms)
        for approval_id in self.backlog.expired(self.now_ms):
            self._drop_approval(approval_id)
        if self.link_up:
            sight.lapse(self, self._touch)
        changed = self.held.settle(limit)
        if changed:
            self._touch("locks", *changed)
        judged, self.held.judged = self.held.judged, set()
        if judged:
            self._touch("sessions", *judged)

    @property
    def switch(self) -> Switch:
        """Whether heartbeats are paused, as far as that can be said."""
        return self.heartbeats.switch(self.facts, self.started_ms)

    def take_touched(self) -> dict[str, set[str]]:
        """The ids touched in each panel since the last call; for the one who shows them."""
        touched = self._screen.take()
        if touched:
            self.version += 1
        return touched

    def recoveries(self) -> list[Recovery]:
        """Attempts, newest first. An open one changes its reading with time."""
        if self._recoveries is None or any(one.verdict == "running" for one in self._recoveries):
            self._recoveries = self.ledger.records(self.now_ms)
        return self._recoveries

    def lane_names(self) -> set[str]:
        """Lanes that anything is known of, listed or only logged."""
        tasks = {task.lane for group in self.tasks.groups() for task in group}
        return set(self.lane_book.names()) | self.logbook.lanes() | tasks

    @property
    def failed(self) -> dict[str, str]:
        """Why a part could not be read when it was asked for last, by part."""
        return self._failures.all

    def coverage(self) -> dict[str, Part]:
        """Every part's level and why it is not more."""
        return coverage_of(self.facts, self.wishes, self._failures, self.companion)
