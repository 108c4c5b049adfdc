"""What is known of one session: its row, its run, its last probe. Facts only; ``locks`` judges.

Facts may arrive in any order (events, listings, probes answer on their own schedules), so
each carries the gateway's time and an older one never overwrites a newer one.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct

from clawtop.picture.changes import HistoryRead, Row, RunActivity, SessionChanged, SessionMessage

if TYPE_CHECKING:
    from clawtop.picture.exact import Sight

ABSURD_MS = 999_999_999_999_999
AHEAD_MS = 60_000  # a time of the gateway's that lies further ahead of its own clock is none
# A listing may be built just before the event that overtook it; within this we trust the event.
OVERLAP_MS = 2_000
QUEUED = "queued"  # its run waits for a slot of a lane (2026.9.6)
UNANSWERED_STATUS = frozenset({"failed", "killed", "timeout"})
ENDED_STATUS = frozenset({"done", "failed", "killed", "timeout"})
PHASE_STREAMS = frozenset({"lifecycle", "run_status"})  # the streams that tell a run's phase


class RunFacts(Struct, gc=False):
    """The run believed to hold a session now. ``via``: agent, changed (rows) or probe."""

    run_id: str
    via: str
    started_ms: int | None = None
    accepted_ms: int | None = None
    progress_ms: int | None = None
    seen_start: bool = False
    heartbeat: bool | None = None
    abortable: bool | None = None
    phase: str | None = None
    approval_id: str | None = None
    probe_text: int = 0


class Stall(Struct, frozen=True):
    """What the gateway's own log last said about a session's progress."""

    at_ms: int
    head: str
    reason: str | None
    progress_ms: int | None
    work_kind: str | None


class Overlap(Struct, frozen=True):
    """Two runs of one session seen at work by turns, so often, from and until then."""

    runs: frozenset[str]
    since_ms: int
    last_ms: int
    turns: int


class SessionFacts:
    """Everything seen of one session. Mutable; lives inside the store only.

    There may be many: what is rarely known has its default here, and takes room only in a session
    of which it is known.
    """

    abort_asked_ms: int | None = None
    no_run_probes: int = 0
    no_run_seen_ms: int = 0
    no_run_since_ms: int | None = None
    overlap: Overlap | None = None
    pending: tuple[Any, ...] = ()
    pending_total: int | None = None
    probed_ms: int | None = None
    restart_status: str | None = None
    stall: Stall | None = None
    tells_pending: bool | None = None
    undelivered: int | None = None
    waited_ms: int = 0  # until when an approval of its own was pending

    __slots__ = (
        "__dict__",
        "active",
        "active_run_ids",
        "agent_id",
        "answered_ms",
        "answered_run",
        "answers",
        "channel",
        "children",
        "ended_ms",
        "ended_run",
        "exact",
        "first_held_ms",
        "has_turn",
        "key",
        "kind",
        "parent",
        "progress_ms",
        "row_at_ms",
        "row_ended_ms",
        "run",
        "session_id",
        "started_ms",
        "status",
        "touched_ms",
        "updated_ms",
        "worked_ms",
        "written_ms",
    )

    def __init__(self, key: str) -> None:
        self.key = key
        self.session_id: str | None = None
        self.agent_id: str | None = agent_of(key)
        self.kind: str | None = None
        self.status: str | None = None
        self.active: bool | None = None
        self.active_run_ids: tuple[str, ...] | None = None
        self.started_ms: int | None = None
        self.updated_ms: int | None = None
        self.channel: str | None = None
        self.parent: str | None = None
        self.children: tuple[str, ...] | None = None
        self.row_at_ms = 0
        self.row_ended_ms: int | None = None
        self.run: RunFacts | None = None
        self.ended_run: str | None = None
        self.ended_ms: int | None = None
        self.answered_run: str | None = None
        self.answered_ms: int | None = None
        self.progress_ms: int | None = None
        self.first_held_ms: int | None = None
        self.has_turn: bool | None = None
        self.written_ms = 0
        self.touched_ms = 0
        self.worked_ms: int | None = None  # the newest work of the run that ended last
        self.answers: tuple[int, ...] = ()  # when the newest few answers came
        self.exact: Sight | None = None  # its lock as the registry has it, where that is read

    @property
    def odd(self) -> bool:
        """Something about it is worth a look even while it works."""
        several = self.active_run_ids is not None and len(self.active_run_ids) > 1
        marked = self.restart_status is not None or self.undelivered is not None
        beats = self.run is not None and self.run.heartbeat is True
        return several or marked or beats or self.overlap is not None

    # -- rows

    def take_row(self, row: Row, at_ms: int) -> None:
        """Merge a row built at ``at_ms``; volatile fields of an older row are ignored."""
        self._take_identity(row)
        if at_ms < self.row_at_ms:
            return
        self.row_at_ms = at_ms
        if row.status is not UNSET:
            self.status = row.status and intern(row.status)
        if row.has_active_run is not UNSET:
            self.active = row.has_active_run
        self._take_times(row, at_ms + AHEAD_MS)
        self._take_marks(row)
        self._take_run_ids(row)
        self._drop_run_if_over(at_ms)
        self._take_flag(at_ms)

    def _take_identity(self, row: Row) -> None:
        if row.session_id is not UNSET and row.session_id:
            self.session_id = row.session_id
        if row.agent_id is not UNSET and row.agent_id:
            self.agent_id = intern(row.agent_id)  # a few words that all sessions share
        if row.kind is not UNSET:
            self.kind = row.kind and intern(row.kind)
        channel = row.channel if row.channel is not UNSET and row.channel else row.last_channel
        if channel is not UNSET and channel:
            self.channel = intern(channel)
        parent = row.parent_session_key or row.spawned_by
        if parent is not UNSET and parent:
            self.parent = parent
        if row.child_sessions is not UNSET:
            self.children = _names(row.child_sessions)

    def _take_times(self, row: Row, latest_ms: int) -> None:
        """What lies after ``latest_ms`` is no time at all: of it no age can be told."""
        updated_ms, ended_ms = whole(row.updated_at, latest_ms), whole(row.ended_at, latest_ms)
        spoken_ms = whole(row.last_interaction_at, latest_ms)
        started_ms = whole(row.started_at, latest_ms)
        if row.started_at is not UNSET:
            self.started_ms = started_ms
        if row.updated_at is not UNSET and row.updated_at:
            self.updated_ms = updated_ms
        if row.ended_at is not UNSET:
            self.row_ended_ms = ended_ms
            self.has_turn = self.has_turn or bool(row.ended_at)
        if row.last_activity_at is not UNSET:
            self.note_progress(whole(row.last_activity_at, latest_ms))
        for at in (updated_ms, spoken_ms, ended_ms, started_ms):
            if at is not None and at > self.written_ms:
                self.written_ms = at

    def _take_marks(self, row: Row) -> None:
        """Marks of a restart that interrupted it, and of a reply that was never delivered."""
        if row.restart_recovery_status is not UNSET:
            status = row.restart_recovery_status or None
            if status != self.restart_status:
                self.restart_status = status
        if row.pending_final_delivery is not UNSET:
            tries = row.pending_final_delivery_attempt_count
            held = bool(row.pending_final_delivery)
            undelivered = (tries if isinstance(tries, int) else 0) if held else None
            if undelivered != self.undelivered:
                self.undelivered = undelivered

    def _take_run_ids(self, row: Row) -> None:
        if row.active_run_ids is UNSET:
            if row.has_active_run is not UNSET:
                self.active_run_ids = None
        else:
            self.active_run_ids = tuple(row.active_run_ids or ())

    def _drop_run_if_over(self, at_ms: int) -> None:
        """A row that is newer than the run's last sign and says idle ends it: we missed the end."""
        run = self.run
        if run is None or self.active or (self.active is None and self.status == "running"):
            return
        newest = max(run.progress_ms or 0, run.started_ms or 0, run.accepted_ms or 0)
        over = self.status in ENDED_STATUS or (self.active is False and run.via == "agent")
        if over and at_ms > newest + OVERLAP_MS:
            self.end_run(run.run_id, at_ms)

    def _take_flag(self, at_ms: int) -> None:
        """Flagged as held while its last run is over: a lock, or a waiting message, and no run."""
        if not self.active or self.status == QUEUED:
            self._has_run()
        elif self.run is None and (self.status in ENDED_STATUS or self._last_run_over()):
            self._no_run(at_ms)

    def _has_run(self) -> None:
        """Nothing tells any more that it is held by no run."""
        if self.no_run_since_ms is not None or self.no_run_probes:
            self.no_run_since_ms, self.no_run_probes = None, 0

    def _last_run_over(self) -> bool:
        """The row keeps the end of its last run until the next one starts (2026.9.6), also where
        it calls itself running because a lock is held."""
        return self.row_ended_ms is not None and self.row_ended_ms >= (self.started_ms or 0)

    def _no_run(self, at_ms: int) -> None:
        if self.no_run_since_ms is None:
            self.no_run_since_ms, self.no_run_seen_ms = at_ms, 0
        if at_ms > self.no_run_seen_ms:  # one answer seen from two sides is one sighting
            self.no_run_probes, self.no_run_seen_ms = self.no_run_probes + 1, at_ms

    # -- runs

    def take_activity(self, change: RunActivity, at_ms: int) -> None:
        """A sign of life of a run of this session."""
        phase = change.data.phase if change.data else None
        if change.stream == "lifecycle" and phase in ("end", "error"):
            aborted = change.data is not None and change.data.aborted
            self.end_run(change.run_id, at_ms, answered=phase == "end" and not aborted)
            return
        started = change.stream == "lifecycle" and phase == "start"
        late = not started or at_ms <= (self.ended_ms or 0)
        again = self.run is not None and self.run.run_id == change.run_id
        if change.run_id == self.ended_run and late and not again:
            return  # events of one run may overtake each other
        self._note_overlap(change.run_id, at_ms)
        run = self._run_for(change.run_id, "agent")
        run.via = "agent"
        run.progress_ms = max(run.progress_ms or 0, at_ms)
        self.note_progress(at_ms)
        if change.is_heartbeat is not None:
            run.heartbeat = change.is_heartbeat
        if started:
            run.seen_start = True
            run.started_ms = whole(change.data.started_at if change.data else None) or at_ms
        if change.stream in PHASE_STREAMS:
            self._take_phase(run, phase, change.data.approval_id if change.data else None)
        elif run.phase != "waiting_approval":
            run.phase = "running"

    def take_progress(self, change: RunActivity, at_ms: int) -> bool:
        """One more sign of life of the run that is known to work, and nothing new in it: the short
        way to what ``take_activity`` does. False, and nothing is done, for anything else."""
        run = self.run
        if run is None or run.run_id != change.run_id or change.stream in PHASE_STREAMS:
            return False
        if run.phase != "running":  # only what a run itself sends sets that
            return False
        if change.is_heartbeat is not None and change.is_heartbeat != run.heartbeat:
            return False
        if at_ms > (run.progress_ms or 0):
            run.progress_ms = at_ms
        if at_ms > (self.progress_ms or 0):
            self.progress_ms = at_ms
        return True

    def _note_overlap(self, run_id: str, at_ms: int) -> None:
        """Two runs that take turns in being at work, neither of them over, run side by side."""
        last = self.run
        if last is None or last.via != "agent" or last.run_id == run_id:
            return
        before, now = self.overlap, {last.run_id, run_id}
        same = before is not None and before.runs == now
        worked = last.progress_ms or 0
        if at_ms < worked or (same and before is not None and worked < before.last_ms):
            return  # an older event only came late
        turns = before.turns + 1 if before is not None and same else 1
        began = before.since_ms if before is not None and same else at_ms
        self.overlap = Overlap(frozenset(now), began, at_ms, turns)

    def _take_phase(self, run: RunFacts, phase: str | None, approval_id: str | None) -> None:
        if phase == "waiting-approval":
            run.phase, run.approval_id = "waiting_approval", approval_id
        elif phase == "approval-resolved":
            run.phase, run.approval_id = "running", None
        elif phase and run.phase != "waiting_approval":
            run.phase = "preparing" if phase.startswith("preparing") else "running"

    def _run_for(self, run_id: str, via: str) -> RunFacts:
        if self.run is None or self.run.run_id != run_id:
            named = (one for one in self.active_run_ids or () if one == run_id)
            self.run = RunFacts(next(named, run_id), via)  # one string for one id
            self._has_run()
            if self.abort_asked_ms is not None:
                self.abort_asked_ms = None
        return self.run

    def end_run(self, run_id: str, at_ms: int, *, answered: bool = False) -> None:
        """This run is over; whatever the row still says belongs to somebody else."""
        self.has_turn = True
        if answered:
            self.note_answer(run_id, at_ms)
        if self.run is not None and self.run.run_id == run_id:
            self.worked_ms = self.run.progress_ms
            self.run = None
        if self.overlap is not None and run_id in self.overlap.runs:
            self.overlap = None
        self.ended_run = run_id
        self.ended_ms = max(self.ended_ms or 0, at_ms)
        self.note_progress(at_ms)

    def take_changed(self, change: SessionChanged, at_ms: int) -> None:
        """``sessions.changed``: the row now, and perhaps a run that started or ended."""
        worked = self.run is not None and self.run.run_id == change.run_id
        if change.row is not None:
            self.take_row(change.row, at_ms)
        if change.reason == "abort":
            self.abort_asked_ms = at_ms
        if not change.run_id:
            return
        if change.phase in ("end", "error"):
            answered = change.phase == "end" and self._has_answered(change.row, worked=worked)
            self.end_run(change.run_id, at_ms, answered=answered)
            if change.row is None or change.row.has_active_run is UNSET:
                self.active = None  # 2026.5.28 leaves the flag out here; the old one is stale
        elif change.phase == "start" and change.run_id != self.ended_run and not self._idle_row():
            run = self._run_for(change.run_id, "changed")
            run.seen_start = True
            run.started_ms = run.started_ms or at_ms
            self.note_progress(at_ms)

    @staticmethod
    def _has_answered(row: Row | None, *, worked: bool) -> bool:
        """A waiting message that is cancelled ends without ever having worked, while the row tells
        of the one that holds the session (measured on 2026.9.6)."""
        status = UNSET if row is None else row.status
        if status == "running":
            return worked
        return status not in UNANSWERED_STATUS

    def _idle_row(self) -> bool:
        """2026.9.6 sends a channel run's start only with its end; the row already says idle."""
        return self.active is False and self.status in ENDED_STATUS

    def take_message(self, change: SessionMessage, at_ms: int) -> None:
        """A transcript line: an answer or a tool result is progress, a question is not."""
        if change.role != "user":
            self.note_progress(at_ms)

    def note_answer(self, run_id: str, at_ms: int) -> None:
        """A run reached its end, or a final answer with a body."""
        if at_ms >= (self.answered_ms or 0):
            self.answered_run, self.answered_ms = run_id, at_ms
            if at_ms != (self.answers[-1] if self.answers else None):
                self.answers = (*self.answers[-3:], at_ms)

    def note_progress(self, at_ms: int | None) -> None:
        if at_ms is not None:
            self.progress_ms = max(self.progress_ms or 0, at_ms)

    # -- probes

    def take_history(self, change: HistoryRead) -> None:
        """An answer to ``chat.history``: what waits, and which run the gateway can name."""
        if change.row is not None:
            self.take_row(change.row, change.at_ms)
        began = (self.run.started_ms if self.run else None) or self.started_ms
        if change.answered_at is not None and began is not None and change.answered_at < began:
            self.has_turn = True  # an answer of this very turn would not say so
        self.probed_ms = change.at_ms
        self.tells_pending = change.tells_pending
        self.pending = tuple(change.pending)
        self.pending_total = change.pending_total
        self._take_in_flight(change)

    def _take_in_flight(self, change: HistoryRead) -> None:
        flight = change.in_flight
        waiting_ids = {item.run_id for item in change.pending}
        if flight is None:
            self._no_run_named(change)
            return
        if flight.run_id in waiting_ids or flight.run_id == self.ended_run:
            return  # a waiting message stands in for the holder: it proves nothing (9.6)
        self._has_run()
        run = self._run_for(flight.run_id, "probe")
        run.accepted_ms = flight.started_at or run.accepted_ms
        run.abortable = flight.abortable
        if flight.text_size > run.probe_text:
            run.probe_text = flight.text_size
            run.progress_ms = max(run.progress_ms or 0, flight.newest_event_at or change.at_ms)
        if flight.newest_event_at:
            run.progress_ms = max(run.progress_ms or 0, flight.newest_event_at)
        self.note_progress(run.progress_ms)

    def _no_run_named(self, change: HistoryRead) -> None:
        """Held, and the gateway names no run: preparing, or a lock whose owner is gone."""
        if not change.tells_pending or not self.active or self.status == QUEUED:
            return
        if self.run is not None and change.at_ms > (self.run.progress_ms or 0) + OVERLAP_MS:
            self.run = None
        if self.run is None:
            self._no_run(change.at_ms)


def agent_of(key: str) -> str | None:
    """The agent in a session key (``agent:<id>:…``), or None."""
    parts = key.split(":", 2)
    return intern(parts[1]) if len(parts) > 1 and parts[0] == "agent" and parts[1] else None


def whole(value: object, latest_ms: int = ABSURD_MS) -> int | None:
    """A gateway time as whole ms; None for what is no usable time, or lies after ``latest_ms``."""
    if type(value) is int and 0 < value <= latest_ms:
        return value
    if (
        value is UNSET
        or value is None
        or isinstance(value, bool)
        or not isinstance(value, int | float)
    ):
        return None
    if value != value or not 0 < value <= latest_ms:  # NaN, infinite, absurd
        return None
    return int(value)


def _names(children: list[Any] | None) -> tuple[str, ...] | None:
    if children is None:
        return None
    return tuple(child for child in children if isinstance(child, str))
